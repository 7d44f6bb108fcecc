//! `ringwall audit`: judges a running cluster once.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use jiff::Timestamp;

use crate::{
    decision::{self, Templates},
    model::Kind,
    report::{Judged, Report},
    rules::Context,
    ruleset::Ruleset,
};

use super::{exit, live, output, plugin, ruleset};

/// Judge a running cluster once
///
/// Exits with 0 when there is nothing that enforce mode would refuse if it came anew, with 1 when there is, and with 2 when the
/// cluster could not be judged.
#[derive(Args)]
pub(super) struct Audit {
    /// The kubeconfig; without it, the usual one or the Pod's service account
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The ruleset; without it, the cluster's own, or what is built in
    #[arg(long, value_name = "FILE")]
    ruleset: Option<PathBuf>,
    /// Which findings make the command fail
    #[arg(long, value_enum, default_value_t)]
    fail_on: exit::FailOn,
    #[command(flatten)]
    plugin: plugin::NetworkPlugin,
    #[command(flatten)]
    output: output::Output,
}

impl Audit {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let given = match self.ruleset.as_deref().map(ruleset::load).transpose() {
            Ok(given) => given,
            Err(error) => return self.write(&Report::of_errors(error.0)),
        };
        let snapshot = live::load(self.kubeconfig.as_deref())?;
        let is_given = given.is_some();
        // What is wrong with the cluster's own settings the survey tells.
        let (mut rules, _) = Ruleset::of_snapshot(&snapshot, given);
        rules.environment.plugin = self.plugin.over(&rules.environment.plugin)?;
        let now = Timestamp::now();
        let judgements = decision::survey(&snapshot, &rules, Templates::AsTemplates, now);
        let (errors, mut hints) = live::unseen(&snapshot);
        let unused = decision::unused_exemptions(&judgements, &rules, now)
            .into_iter()
            .map(|exemption| format!("the exemption {} exempts nothing (owner: {})", exemption.name, exemption.owner));
        hints.extend(unused);
        hints.extend(ruleset::in_force_by_objects(&snapshot, is_given));
        let context = Context {
            snapshot: &snapshot,
            environment: &rules.environment,
            parameters: &rules.parameters,
            now,
            shared: None,
        };
        self.write(&Report::new(Judged {
            context,
            judgements,
            locate: None,
            objects: Kind::all().map(|kind| snapshot.count(kind)).sum(),
            errors,
            skipped: Vec::new(),
            hints,
            layers: self.output.layers(&context),
        }))
    }

    fn write(&self, report: &Report) -> anyhow::Result<ExitCode> {
        output::print(&report.render(self.output.format()))?;
        Ok(exit::of(report, self.fail_on))
    }
}
