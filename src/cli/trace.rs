//! `ringwall trace`: follows one packet.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::{
    model::Name,
    network::Plugin,
    report::{self, Report, TraceFormat},
    rules::Environment,
    snapshot::Snapshot,
    source::{Locate, nearest::nearest},
    trace::{self, Question, Surroundings, Target, TraceError, Verdict, Who},
};

use super::{
    exit, inputs,
    manifests::{self, Places},
    output, plugin, ruleset,
};

/// Follow one packet: each hop, and what lets it pass or stops it
///
/// FROM is a workload (shop/frontend, or with its kind: deployment/shop/frontend, pod/shop/frontend-x), an address, or
/// ingress-controller.
///
/// TO is a workload, a Service (svc/shop/db, or svc/db in the source's namespace) or an address, with :PORT behind it: a number,
/// or the name that the Service or the Pod has for the port. /UDP or /SCTP behind the port choose the protocol.
///
/// Exits with 0 when the packet is allowed, with 1 when it is denied or not proved to be allowed, and with 2 when that could not
/// be judged. What would allow it is printed ready for `kubectl apply -f -`.
#[derive(Args)]
pub(super) struct Trace {
    /// Who connects: [KIND/]NAMESPACE/NAME, an address, or ingress-controller
    #[arg(value_name = "FROM")]
    source: Who,
    /// To whom: [KIND/]NAMESPACE/NAME:PORT[/PROTOCOL], svc/NAME:PORT, ADDRESS:PORT or [ADDRESS]:PORT
    #[arg(value_name = "TO:PORT")]
    target: Target,
    /// Files, folders (all *.yaml, *.yml and *.json below them), or - for standard input
    #[arg(value_name = "PATH")]
    #[cfg_attr(feature = "cluster", arg(required_unless_present = "cluster"))]
    #[cfg_attr(not(feature = "cluster"), arg(required = true))]
    paths: Vec<PathBuf>,
    /// The namespace of names and of objects that name none
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// How the trace is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: FormatName,
    /// The ruleset, for its environment
    #[arg(long, value_name = "FILE")]
    ruleset: Option<PathBuf>,
    #[command(flatten)]
    plugin: plugin::NetworkPlugin,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    live: Live,
}

/// The cluster that the packet goes through.
#[cfg(feature = "cluster")]
#[derive(Args)]
struct Live {
    /// Follow the packet through the running cluster; files are laid on it
    #[arg(long)]
    cluster: bool,
    /// The kubeconfig; without it, the usual one or the Pod's service account
    #[arg(long, value_name = "FILE", requires = "cluster")]
    kubeconfig: Option<PathBuf>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum FormatName {
    /// For people
    #[default]
    Text,
    /// As docs/trace.schema.json describes it
    Json,
}

impl Trace {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let rules = self.ruleset.as_deref().map(ruleset::load).transpose()?.unwrap_or_default();
        let (sources, mut errors) = inputs::read(&self.paths);
        let (manifests, wrong) = manifests::load(&sources, &self.namespace);
        errors.extend(wrong);
        #[cfg(feature = "cluster")]
        let snapshot = if self.live.cluster {
            let below = super::live::load(self.live.kubeconfig.as_deref())?;
            errors.extend(super::live::unseen(&below).0);
            let written = manifests.origins.objects().filter_map(|key| manifests.snapshot.object(key).found());
            super::live::laid_on(&below, written)
        } else {
            manifests.snapshot.clone()
        };
        #[cfg(not(feature = "cluster"))]
        let snapshot = manifests.snapshot.clone();
        if !errors.is_empty() {
            // A packet that was followed through half of the objects was not followed.
            let report = Report::of_errors(errors);
            output::complain(&report.render(report::Format::Text { colour: false }));
            return Ok(exit::failure());
        }
        let chosen = self.plugin.chosen(&rules.environment.plugin, &snapshot)?;
        if chosen.assumed.is_some() || chosen.plugin.enforces_nothing() {
            output::complain(&format!("note: {}\n", report::plugin_note(&chosen.plugin, chosen.assumed.as_deref())));
        }
        self.follow(&snapshot, &chosen.plugin, &rules.environment, &Places(&manifests.origins))
    }

    fn follow(
        &self,
        snapshot: &Snapshot,
        plugin: &Plugin,
        environment: &Environment,
        locate: &dyn Locate,
    ) -> anyhow::Result<ExitCode> {
        let namespace = Name::from(self.namespace.as_str());
        let controllers = environment.controllers();
        let surroundings = Surroundings { plugin, vouched: environment.vouched(), mesh: &environment.mesh };
        let question = Question {
            source: &self.source,
            target: &self.target,
            namespace: &namespace,
            controllers: &controllers,
            surroundings: Some(surroundings),
            now: Timestamp::now(),
        };
        let found = match trace::trace(snapshot, plugin, question) {
            Ok(found) => found,
            Err(error) => bail!(explained(&error)),
        };
        let format = match self.format {
            FormatName::Text => TraceFormat::Text,
            FormatName::Json => TraceFormat::Json,
        };
        output::print(&report::trace(&found, Some(locate), format))?;
        Ok(match found.verdict {
            Verdict::Allowed => ExitCode::SUCCESS,
            Verdict::Denied | Verdict::MayBeAllowed => exit::findings(),
            Verdict::Unknown => exit::failure(),
        })
    }
}

/// The error with what was probably meant.
fn explained(error: &TraceError) -> anyhow::Error {
    const SHOWN: usize = 8;
    let (word, candidates) = error.candidates();
    let mut help = Vec::new();
    if let Some(meant) = nearest(word, candidates.iter().map(String::as_str)) {
        help.push(format!("did you mean {meant}?"));
    } else if !candidates.is_empty() {
        let more = if candidates.len() > SHOWN { ", ..." } else { "" };
        let shown: Vec<&str> = candidates.iter().take(SHOWN).map(String::as_str).collect();
        help.push(format!("there is {}{more}", shown.join(", ")));
    }
    if let TraceError::NoWorkload { service: Some(service), .. } = error {
        help.push(format!("there is a Service of that name: {service}"));
    }
    if help.is_empty() { anyhow!("{error}") } else { anyhow!("{error}; {}", help.join("; ")) }
}
