//! `ringwall reach diff`: what a change alters.

use std::{path::PathBuf, process::ExitCode};

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;

use crate::{
    network::reach::WorkloadName,
    report::{ReachChanges, ReachFrame, reach_changes},
};

use super::{
    Question, exit,
    input::{self, Input, State},
};
use crate::cli::output::Out;

/// Tell what differs between two states: flows that are added, removed or changed, isolation that is gained or lost
///
/// With --cluster the old state is the cluster, and the new one is NEW laid on it.
#[derive(Args)]
pub(super) struct Diff {
    /// OLD and NEW, each a file or a folder; with --cluster, NEW alone
    #[arg(required = true, num_args = 1..=2, value_names = ["OLD", "NEW"])]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    question: Question,
}

impl Diff {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let question = &self.question;
        let rules = question.ruleset()?;
        let now = Timestamp::now();
        let (old, new) = self.states()?;
        if !old.wrong.is_empty() || !new.wrong.is_empty() {
            // What could not be read would be told as taken away, or a policy that counts as one that is not there.
            let wrong: Vec<_> = old.wrong.into_iter().chain(new.wrong).collect();
            Question::say_errors(&wrong);
            return Ok(exit::failure());
        }
        let of_ruleset = &rules.environment.plugin;
        let mut chosen = question.plugin.chosen(of_ruleset, &new.snapshot)?;
        if chosen.assumed.is_some() && chosen.plugin.name == crate::network::PluginName::Reference {
            // What tells of the plugin may be what the change takes away.
            chosen = question.plugin.chosen(of_ruleset, &old.snapshot)?;
        }
        let controllers = rules.environment.controllers();
        let state = |input: &Input| State::new(&input.snapshot, &chosen.plugin, &controllers, now);
        let (before, after) = (state(&old), state(&new));
        let names = |state: &State| state.reach.isolation().into_iter().map(|it| it.workload);
        let workloads: Vec<WorkloadName> = names(&after).collect();
        let mut either: Vec<WorkloadName> = workloads.iter().cloned().chain(names(&before)).collect();
        either.sort();
        either.dedup();
        let filter = question.filter(&either)?;
        let found = before.difference(&after, &filter);
        let errors: Vec<_> = old.errors.into_iter().chain(new.errors).collect();
        let mut hints = new.hints;
        hints.extend(input::ignored(&chosen.plugin, &new.snapshot));
        let frame = ReachFrame {
            plugin: &chosen.plugin,
            assumed: chosen.assumed.as_deref(),
            workloads: &workloads,
            hints: &hints,
        };
        question.say_aside(frame, &errors);
        let changes = ReachChanges {
            added: &found.added,
            removed: &found.removed,
            changed: &found.changed,
            isolation: &found.isolation,
        };
        let mut out = Out::new();
        let written = reach_changes(frame, changes, question.format.into(), &mut out);
        out.finish(written)?;
        Ok(exit::of_reading(errors.is_empty()))
    }

    fn states(&self) -> anyhow::Result<(Input, Input)> {
        #[cfg(feature = "cluster")]
        if self.question.live.cluster {
            let [new] = self.paths.as_slice() else {
                return Err(anyhow!("with --cluster the old state is the cluster: name the new one alone"));
            };
            let below = self.question.cluster()?;
            let old = Input::of(below.snapshot.clone());
            return Ok((old, input::laid_on(below, std::slice::from_ref(new))));
        }
        let [old, new] = self.paths.as_slice() else {
            return Err(anyhow!("name the old state and the new one, each a file or a folder"));
        };
        Ok((input::files(std::slice::from_ref(old)), input::files(std::slice::from_ref(new))))
    }
}
