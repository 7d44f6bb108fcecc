//! The state that reachability is told of: files, a cluster, or files on top of a cluster.

use std::path::PathBuf;

#[cfg(feature = "cluster")]
use clap::Args;

use crate::{
    network::{
        Plugin,
        reach::{Filter, Flow, Reach},
    },
    report::ReportError,
    snapshot::Snapshot,
};

use super::{
    super::{inputs, manifests},
    Question,
};

/// The namespace of objects that name none.
const NAMESPACE: &str = "default";

/// A cluster to look at.
#[cfg(feature = "cluster")]
#[derive(Args)]
pub(super) struct Live {
    /// The running cluster; files are laid on it
    #[arg(long)]
    pub(super) cluster: bool,
    /// The kubeconfig; without it, the usual one or the Pod's service account
    #[arg(long, value_name = "FILE", requires = "cluster")]
    pub(super) kubeconfig: Option<PathBuf>,
}

/// A state, and what could not be read of it.
pub(super) struct Input {
    pub(super) snapshot: Snapshot,
    pub(super) errors: Vec<ReportError>,
    pub(super) hints: Vec<String>,
}

impl Question {
    /// The state that the files make, on top of the cluster where one is asked for.
    pub(super) fn input(&self, paths: &[PathBuf]) -> anyhow::Result<Input> {
        #[cfg(feature = "cluster")]
        if self.live.cluster {
            let below = self.cluster()?;
            return Ok(laid_on(below, paths));
        }
        Ok(files(paths))
    }

    /// What runs.
    #[cfg(feature = "cluster")]
    pub(super) fn cluster(&self) -> anyhow::Result<Input> {
        let snapshot = super::super::live::load(self.live.kubeconfig.as_deref())?;
        let (errors, hints) = super::super::live::unseen(&snapshot);
        Ok(Input { snapshot, errors, hints })
    }
}

/// The state that files make.
pub(super) fn files(paths: &[PathBuf]) -> Input {
    let (sources, mut errors) = inputs::read(paths);
    let (manifests, wrong) = manifests::load(&sources, NAMESPACE);
    errors.extend(wrong);
    if errors.is_empty() && manifests.origins.objects().next().is_none() {
        let file = paths.first().map(|path| path.to_string_lossy().as_ref().into()).unwrap_or_default();
        let reason = "there is no Kubernetes object in it that Ringwall reads".to_owned();
        errors.push(ReportError { file, position: None, reason, suggestion: None });
    }
    Input { snapshot: manifests.snapshot, errors, hints: Vec::new() }
}

/// The state that files make on top of another.
#[cfg(feature = "cluster")]
pub(super) fn laid_on(below: Input, paths: &[PathBuf]) -> Input {
    if paths.is_empty() {
        return below;
    }
    let Input { snapshot, mut errors, hints } = below;
    let (sources, unread) = inputs::read(paths);
    let (manifests, wrong) = manifests::load(&sources, NAMESPACE);
    errors.extend(unread);
    errors.extend(wrong);
    let objects = manifests.origins.objects().filter_map(|key| manifests.snapshot.object(key).found());
    let (snapshot, _) = snapshot.with(objects.map(crate::snapshot::Edit::Put));
    Input { snapshot, errors, hints }
}

/// A state whose flows can be told, those that come in through Services among them.
pub(super) struct State {
    pub(super) reach: Reach,
}

impl State {
    /// The flows that are asked for.
    pub(super) fn flows(&self, filter: &Filter, visit: &mut dyn FnMut(Flow)) {
        self.reach.flows(filter, visit);
    }
}

/// What is told of policies that do not count.
pub(super) fn ignored(plugin: &Plugin, snapshot: &Snapshot) -> Vec<String> {
    let hint = |(family, count)| {
        let (name, family) = (plugin.name, crate::network::Family::name(family));
        let objects = if count == 1 { "object does" } else { "objects do" };
        format!(
            "{count} {family} {objects} not count, for {name} does not enforce them; --network-option enforces=... says otherwise"
        )
    };
    plugin.ignored(snapshot).into_iter().map(hint).collect()
}
