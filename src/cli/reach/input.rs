//! The state that reachability is told of: files, a cluster, or files on top of a cluster.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

#[cfg(feature = "cluster")]
use clap::Args;
use jiff::Timestamp;

use crate::{
    model::{Kind, Object},
    network::{
        Controllers, Plugin, Server,
        reach::{Difference, End, Filter, Flow, Precision, Reach, difference, entrances},
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
    /// What of the cluster could not be seen.
    pub(super) errors: Vec<ReportError>,
    /// What of the files could not be read.
    pub(super) wrong: Vec<ReportError>,
    pub(super) hints: Vec<String>,
}

impl Input {
    /// A state of which everything could be read.
    pub(super) fn of(snapshot: Snapshot) -> Self {
        Self { snapshot, errors: Vec::new(), wrong: Vec::new(), hints: Vec::new() }
    }
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
        Ok(Input { errors, hints, ..Input::of(snapshot) })
    }
}

/// The state that files make.
pub(super) fn files(paths: &[PathBuf]) -> Input {
    let (sources, mut wrong) = inputs::read(paths);
    let (manifests, more) = manifests::load(&sources, NAMESPACE);
    wrong.extend(more);
    if wrong.is_empty() && manifests.origins.objects().next().is_none() {
        let file = paths.first().map(|path| path.to_string_lossy().as_ref().into()).unwrap_or_default();
        let reason = "there is no Kubernetes object in it that Ringwall reads".to_owned();
        wrong.push(ReportError { file, position: None, reason, suggestion: None });
    }
    Input { wrong, ..Input::of(manifests.snapshot) }
}

/// The state that files make on top of another.
#[cfg(feature = "cluster")]
pub(super) fn laid_on(below: Input, paths: &[PathBuf]) -> Input {
    if paths.is_empty() {
        return below;
    }
    let (sources, mut wrong) = inputs::read(paths);
    let (manifests, more) = manifests::load(&sources, NAMESPACE);
    wrong.extend(more);
    let objects = manifests.origins.objects().filter_map(|key| manifests.snapshot.object(key).found());
    let snapshot = super::super::live::laid_on(&below.snapshot, objects);
    Input { snapshot, wrong, ..below }
}

/// What should be known of a state before its flows are believed.
pub(super) fn hints(snapshot: &Snapshot, workloads: usize, controllers: &Controllers) -> Vec<String> {
    let mut hints = Vec::new();
    let policies: usize =
        Kind::all().filter(|kind| kind.is_policy()).map(|kind| snapshot.list(kind, None).count()).sum();
    if workloads == 0 && policies > 0 {
        hints.push(
            "there are policies and no workload: flows have workloads at their ends; name their files as well"
                .to_owned(),
        );
    }
    let unsaid = snapshot.list(Kind::Ingress, None).any(|object| match object {
        Object::Ingress(ingress) => match controllers.of_ingress(snapshot, ingress) {
            Server::Controller(name) => controllers.namespace(&name).is_none(),
            Server::Unseen => true,
            Server::Nobody => false,
        },
        _ => false,
    });
    if workloads > 0 && unsaid {
        hints.push(
            "nobody knows which Pods the ingress controller is: environment.ingressControllers.NAME.namespace of the ruleset says \
             where it runs"
                .to_owned(),
        );
    }
    hints
}

/// A state whose flows can be told, with those that come in through Services.
pub(super) struct State {
    pub(super) reach: Reach,
    /// By ends, what comes in through Services.
    entrances: BTreeMap<(End, End), Vec<Flow>>,
}

impl State {
    pub(super) fn new(snapshot: &Snapshot, plugin: &Plugin, controllers: &Controllers, now: Timestamp) -> Self {
        let mut by_ends: BTreeMap<(End, End), Vec<Flow>> = BTreeMap::new();
        for flow in entrances(snapshot, plugin, controllers, now) {
            // Workloads reach what they reach, whether they serve Ingresses or not.
            if !matches!(flow.source, End::Workload(_)) {
                by_ends.entry((flow.source.clone(), flow.destination.clone())).or_default().push(flow);
            }
        }
        Self { reach: Reach::new(snapshot, plugin, now), entrances: by_ends }
    }

    /// The flows that are asked for, in order, with one flow of each precision for two ends.
    pub(super) fn flows(&self, filter: &Filter, visit: &mut dyn FnMut(Flow)) {
        let mut entrances =
            self.entrances.iter().filter(|((source, destination), _)| filter.admits(source, destination)).peekable();
        let mut pair: Option<((End, End), Vec<Flow>)> = None;
        let mut emit = |ends: (End, End), mut flows: Vec<Flow>, visit: &mut dyn FnMut(Flow)| {
            while let Some((_, earlier)) = entrances.next_if(|(other, _)| **other < ends) {
                earlier.iter().cloned().for_each(&mut *visit);
            }
            if let Some((_, more)) = entrances.next_if(|(other, _)| **other == ends) {
                flows = merged(flows, more);
            }
            flows.into_iter().for_each(visit);
        };
        self.reach.flows(filter, &mut |flow| match &mut pair {
            Some((ends, flows)) if ends.0 == flow.source && ends.1 == flow.destination => flows.push(flow),
            _ => {
                let next = ((flow.source.clone(), flow.destination.clone()), vec![flow]);
                if let Some((ends, flows)) = pair.replace(next) {
                    emit(ends, flows, visit);
                }
            }
        });
        if let Some((ends, flows)) = pair {
            emit(ends, flows, visit);
        }
        entrances.for_each(|(_, flows)| flows.iter().cloned().for_each(&mut *visit));
    }

    /// What differs, flows through Services included.
    pub(super) fn difference(&self, after: &Self, filter: &Filter) -> Difference {
        let mut found = difference(&self.reach, &after.reach, filter);
        let none = Vec::new();
        let pairs: BTreeSet<&(End, End)> = self.entrances.keys().chain(after.entrances.keys()).collect();
        for ends in pairs.into_iter().filter(|ends| filter.admits(&ends.0, &ends.1)) {
            let of = |state: &Self| state.entrances.get(ends).unwrap_or(&none).clone();
            found.note(of(self), of(after));
        }
        found.added.sort();
        found.added.dedup();
        found.removed.sort();
        found.removed.dedup();
        found.changed.sort();
        found.changed.dedup();
        found
    }
}

/// The flows of two ends, one for each precision; what is certain is not possible besides.
fn merged(flows: Vec<Flow>, more: &[Flow]) -> Vec<Flow> {
    let mut by_precision: BTreeMap<Precision, Flow> = BTreeMap::new();
    for flow in flows.into_iter().chain(more.iter().cloned()) {
        let ports = flow.ports.clone();
        let entry = by_precision.entry(flow.precision).or_insert(flow);
        entry.ports = entry.ports.union(&ports);
    }
    if let Some(certain) = by_precision.get(&Precision::Exact).map(|flow| flow.ports.clone())
        && let Some(possible) = by_precision.get_mut(&Precision::AtMost)
    {
        possible.ports = possible.ports.difference(&certain);
    }
    by_precision.into_values().filter(|flow| !flow.ports.is_empty()).collect()
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
