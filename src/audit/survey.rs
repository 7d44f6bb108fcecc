//! Everything that is wrong now, counted.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    decision::{self, Outcome, Templates},
    ruleset::{ExemptionId, Ruleset},
    snapshot::Snapshot,
    telemetry::Metrics,
};

/// Findings by rule and outcome.
pub(super) type Summary = BTreeMap<(&'static str, &'static str), usize>;

/// What a survey found that others ask for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Surveyed {
    /// How many findings each exemption lets through, of those that were in force.
    pub let_through: BTreeMap<ExemptionId, usize>,
}

pub(super) fn summary(snapshot: &Snapshot, ruleset: &Ruleset, now: Timestamp) -> (Summary, Surveyed) {
    let mut summary = Summary::new();
    let mut let_through: BTreeMap<ExemptionId, usize> =
        ruleset.exemptions.iter().map(|exemption| (exemption.id(), 0)).collect();
    for judgement in decision::survey(snapshot, ruleset, Templates::AsTemplates, now) {
        if let Outcome::Exempt(exemption) = &judgement.outcome {
            *let_through.entry(exemption.clone()).or_default() += 1;
        }
        *summary.entry((judgement.breach.rule.0, judgement.outcome.name())).or_default() += 1;
    }
    (summary, Surveyed { let_through })
}

pub(super) fn report(summary: &Summary, metrics: &Metrics) {
    metrics.audit_findings(summary);
    let with = |outcome: &Outcome| {
        summary.iter().filter(|((_, name), _)| *name == outcome.name()).map(|(_, count)| count).sum::<usize>()
    };
    let rules: Vec<String> =
        summary.iter().map(|((rule, outcome), count)| format!("{rule} {outcome} {count}")).collect();
    tracing::info!(
        target: "ringwall::audit",
        refused_anew = with(&Outcome::Refuse),
        warnings = with(&Outcome::Warn(decision::Reason::Mode)),
        audited = with(&Outcome::Audit(decision::Reason::Mode)),
        exempt = with(&Outcome::Exempt(ExemptionId::of_entry("".into()))),
        findings = rules.join(", "),
        "the cluster as it is now"
    );
}
