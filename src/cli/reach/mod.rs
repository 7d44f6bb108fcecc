//! `ringwall reach`: who may reach whom.

mod diff;
mod input;
mod pattern;

use std::{fmt::Write, path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::{
    network::reach::{End, Filter, WorkloadIsolation, WorkloadName},
    report::{ReachFormat, ReachFrame, plugin_note, reach},
    ruleset::Ruleset,
};

use super::{
    exit,
    output::{self, Out},
    plugin, ruleset,
};
use input::{Input, State};

/// Tell who may reach whom, and how every workload is isolated
///
/// Policies decide by themselves: whether somebody listens is another matter. Exits with 0, and with 2 when something could not
/// be read.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct ReachArguments {
    /// Files, folders (all *.yaml, *.yml and *.json below them), or - for standard input
    #[cfg_attr(feature = "cluster", arg(required_unless_present = "cluster"))]
    #[cfg_attr(not(feature = "cluster"), arg(required = true))]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    question: Question,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Diff(diff::Diff),
}

/// What is asked, of one state or of two.
#[derive(Args)]
struct Question {
    /// Only flows from: NAMESPACE, NAMESPACE/NAME, KIND/NAMESPACE/NAME, an address, or ingress-controller
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,
    /// Only flows to: written as for --from
    #[arg(long, value_name = "DESTINATION")]
    to: Option<String>,
    /// Only flows with an end in this namespace
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// The ruleset, for its environment
    #[arg(long, value_name = "FILE")]
    ruleset: Option<PathBuf>,
    #[command(flatten)]
    plugin: plugin::NetworkPlugin,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    live: input::Live,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// As docs/reach.schema.json describes it
    Json,
    /// For Graphviz
    Dot,
    /// For pull requests
    Markdown,
}

impl ReachArguments {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Some(Command::Diff(diff)) => diff.run(),
            None => tell(&self.paths, &self.question),
        }
    }
}

/// Tells of one state.
fn tell(paths: &[PathBuf], question: &Question) -> anyhow::Result<ExitCode> {
    let rules = question.ruleset()?;
    let now = Timestamp::now();
    let Input { snapshot, mut errors, wrong, mut hints } = question.input(paths)?;
    errors.extend(wrong);
    let chosen = question.plugin.chosen(&rules.environment.plugin, &snapshot)?;
    let controllers = rules.environment.controllers();
    let state = State::new(&snapshot, &chosen.plugin, &controllers, now);
    let isolation = state.reach.isolation();
    let workloads: Vec<WorkloadName> = isolation.iter().map(|it| it.workload.clone()).collect();
    let filter = question.filter(&workloads)?;
    hints.extend(input::ignored(&chosen.plugin, &snapshot));
    hints.extend(input::hints(&snapshot, workloads.len(), &controllers));
    let asked: Vec<WorkloadIsolation> =
        isolation.into_iter().filter(|it| filter.concerns(&End::Workload(it.workload.clone()))).collect();
    let frame =
        ReachFrame { plugin: &chosen.plugin, assumed: chosen.assumed.as_deref(), workloads: &workloads, hints: &hints };
    question.say_aside(frame, &errors);
    let mut out = Out::new();
    let written = reach(frame, &asked, &|visit| state.flows(&filter, visit), question.format.into(), &mut out);
    out.finish(written)?;
    Ok(exit::of_reading(errors.is_empty()))
}

impl Question {
    fn ruleset(&self) -> anyhow::Result<Ruleset> {
        Ok(self.ruleset.as_deref().map(ruleset::load).transpose()?.unwrap_or_default())
    }

    /// What is asked for, among workloads that are there.
    fn filter(&self, workloads: &[WorkloadName]) -> anyhow::Result<Filter> {
        let pattern = |flag: &str, text: &Option<String>| {
            text.as_ref().map(|text| pattern::pattern(flag, text, workloads)).transpose()
        };
        let namespace = self.namespace.as_ref().map(|name| pattern::namespace("--namespace", name, workloads));
        Ok(Filter {
            from: pattern("--from", &self.from)?,
            to: pattern("--to", &self.to)?,
            namespace: namespace.transpose()?,
        })
    }

    /// What could not be read.
    fn say_errors(errors: &[crate::report::ReportError]) {
        if !errors.is_empty() {
            output::complain(&format!("error: {}\n", ruleset::shown(errors).replace('\n', "\nerror: ")));
        }
    }

    /// What belongs to standard error: what could not be read, and for the formats that are not read by people what they must know.
    fn say_aside(&self, frame: ReachFrame<'_>, errors: &[crate::report::ReportError]) {
        Self::say_errors(errors);
        let mut text = String::new();
        if self.format != Format::Text {
            if frame.assumed.is_some() || frame.plugin.enforces_nothing() {
                let _ = writeln!(text, "note: {}", plugin_note(frame.plugin, frame.assumed));
            }
            for hint in frame.hints {
                let _ = writeln!(text, "hint: {hint}");
            }
        }
        output::complain(&text);
    }
}

impl From<Format> for ReachFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Dot => Self::Dot,
            Format::Markdown => Self::Markdown,
        }
    }
}
