//! `ringwall check`: judges manifests, by themselves or on top of a running cluster.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::{
    decision::{self, Judgement, Templates},
    manifest::Loaded,
    model::Object,
    report::{Judged, Report, ReportError},
    rules::Context,
    ruleset::{Mode, Profile, Ruleset},
    snapshot::Snapshot,
};

#[cfg(feature = "cluster")]
use super::live;
use super::{
    exit, inputs,
    manifests::{self, Places},
    output, plugin, ruleset,
};

/// Judge manifests: files, folders, standard input
///
/// Templates are judged as the Pods that they make. Exits with 0 when there is nothing that enforce mode would refuse, with 1
/// when there is, and with 2 when something could not be judged.
#[derive(Args)]
pub(super) struct Check {
    /// Files, folders (all *.yaml, *.yml and *.json below them), or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The ruleset; without it, the Ruleset named default among what is checked, or what is built in
    #[arg(long, value_name = "FILE")]
    ruleset: Option<PathBuf>,
    /// What is enforced in namespaces that carry no label ringwall.dev/enforce
    #[arg(long, value_enum)]
    profile: Option<EnforcedProfile>,
    /// The namespace of objects that name none
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// Which findings make the command fail
    #[arg(long, value_enum, default_value_t)]
    fail_on: exit::FailOn,
    #[command(flatten)]
    plugin: plugin::NetworkPlugin,
    #[command(flatten)]
    output: output::Output,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    live: Live,
}

/// The cluster that the manifests are laid on.
#[cfg(feature = "cluster")]
#[derive(Args)]
struct Live {
    /// Lay the manifests on the running cluster, and report what they affect
    #[arg(long)]
    cluster: bool,
    /// The kubeconfig; without it, the usual one or the Pod's service account
    #[arg(long, value_name = "FILE", requires = "cluster")]
    kubeconfig: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum EnforcedProfile {
    Baseline,
    Restricted,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (sources, unread) = inputs::read(&self.paths);
        let given = match self.ruleset.as_deref().map(ruleset::load).transpose() {
            Ok(given) => given,
            // Without its ruleset nothing can be judged rightly, so nothing is.
            Err(error) => return self.write(&Report::of_errors(error.0)),
        };
        let mut errors = unread;
        let is_given = given.is_some();
        let (manifests, wrong) = manifests::load(&sources, &self.namespace);
        errors.extend(wrong);
        let objects = written(&manifests).count();
        if errors.is_empty() && objects == 0 && manifests.skipped.is_empty() {
            errors.push(self.nothing());
        }
        let now = Timestamp::now();
        let (snapshot, rules, judgements) = self.judge(&manifests, given, now)?;
        let context = Context {
            snapshot: &snapshot,
            environment: &rules.environment,
            parameters: &rules.parameters,
            now,
            shared: None,
        };
        let hint = if objects == 0 { None } else { hint(&manifests, &snapshot, &rules) };
        let (unseen, mut hints) = self.unseen(&snapshot);
        errors.extend(unseen);
        hints.extend(hint);
        hints.extend(ruleset::in_force_by_objects(&snapshot, is_given));
        self.write(&Report::new(Judged {
            context,
            judgements,
            locate: Some(&Places(&manifests.origins)),
            objects,
            errors,
            skipped: manifests.skipped.iter().map(|(kind, count)| (kind.as_str().into(), *count)).collect(),
            hints,
            layers: self.output.layers(&context),
        }))
    }

    /// Paths that could be read and hold no object are most likely the wrong paths.
    fn nothing(&self) -> ReportError {
        let file = self.paths.first().map(|path| path.to_string_lossy().as_ref().into()).unwrap_or_default();
        let reason = "there is no Kubernetes object in it".to_owned();
        ReportError { file, position: None, reason, suggestion: None }
    }

    /// The state that the manifests make, the ruleset in force in it, and what comes of it.
    fn judge(
        &self,
        manifests: &Loaded,
        given: Option<Ruleset>,
        now: Timestamp,
    ) -> anyhow::Result<(Snapshot, Ruleset, Vec<Judgement>)> {
        #[cfg(feature = "cluster")]
        if self.live.cluster {
            let rules = |snapshot: &Snapshot| self.rules(given, snapshot);
            return live::judge(self.live.kubeconfig.as_deref(), written(manifests), rules, now);
        }
        let snapshot = manifests.snapshot.clone();
        let rules = self.rules(given, &snapshot)?;
        let judgements = decision::survey(&snapshot, &rules, Templates::AsPods, now);
        Ok((snapshot, rules, judgements))
    }

    /// The ruleset in force: the one that is given, or else what the objects say; exemptions among them count either way, as in a cluster.
    fn rules(&self, given: Option<Ruleset>, snapshot: &Snapshot) -> anyhow::Result<Ruleset> {
        // What is wrong with them the survey tells.
        let (mut rules, _) = Ruleset::of_snapshot(snapshot, given);
        if let Some(profile) = self.profile {
            rules.defaults.enforce = profile.into();
        }
        rules.environment.plugin = self.plugin.over(&rules.environment.plugin)?;
        Ok(rules)
    }

    /// What could not be seen of the cluster, as errors and as hints.
    #[cfg_attr(not(feature = "cluster"), allow(clippy::unused_self, reason = "there is no cluster to see"))]
    fn unseen(&self, snapshot: &Snapshot) -> (Vec<ReportError>, Vec<String>) {
        #[cfg(feature = "cluster")]
        if self.live.cluster {
            return live::unseen(snapshot);
        }
        let _ = snapshot;
        (Vec::new(), Vec::new())
    }

    fn write(&self, report: &Report) -> anyhow::Result<ExitCode> {
        output::print(&report.render(self.output.format()))?;
        Ok(exit::of(report, self.fail_on))
    }
}

impl From<EnforcedProfile> for Profile {
    fn from(profile: EnforcedProfile) -> Self {
        match profile {
            EnforcedProfile::Baseline => Self::Baseline,
            EnforcedProfile::Restricted => Self::Restricted,
        }
    }
}

/// The objects that are written in the files, without the Namespaces that are there only because others name them.
fn written(manifests: &Loaded) -> impl Iterator<Item = Object> {
    manifests.origins.objects().filter_map(|key| manifests.snapshot.object(key).found())
}

/// What a reader must know who sees nothing refused: that nothing could have been.
fn hint(manifests: &Loaded, snapshot: &Snapshot, rules: &Ruleset) -> Option<String> {
    let refuses = written(manifests).any(|object| {
        let key = object.key();
        let namespace = key.governing_namespace().and_then(|name| snapshot.namespace(name).found());
        let labels = namespace.map(|namespace| namespace.meta.labels.clone()).unwrap_or_default();
        rules.modes_of(&labels).enforce != Profile::Privileged
    });
    (!refuses).then(|| {
        let label = Mode::Enforce.label();
        format!("nothing can be refused: no namespace here has {label}; use --profile baseline")
    })
}
