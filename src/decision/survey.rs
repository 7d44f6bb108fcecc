//! Everything judged once: what `ringwall check` and audits report.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    rules,
    ruleset::{Exemption, Ruleset},
    snapshot::Snapshot,
};

use super::{
    Judgement, Outcome, Reason,
    judge::{Judge, Reach, drop_repeated_doubts, drop_shadowed_templates, drop_what_secrets_say},
};

/// How templates are judged by [`survey`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Templates {
    /// As the Pods that they make: files, where there are no Pods yet.
    AsPods,
    /// As templates, whose Pods are judged anyway: a running cluster.
    AsTemplates,
}

/// Judges every subject once, in order. [`Outcome::Refuse`] is what enforce mode would refuse if it came anew.
pub fn survey(snapshot: &Snapshot, ruleset: &Ruleset, templates: Templates, now: Timestamp) -> Vec<Judgement> {
    let mut judge = Judge::new(None, snapshot, ruleset, now);
    judge.to_come = templates == Templates::AsPods;
    let mut verdicts = Vec::new();
    for subject in rules::everything(snapshot) {
        // What a file says of its object's state is not applied: everything in files is to come.
        let is_over = judge.is_terminating(&subject) || !judge.counts(&subject);
        if is_over && templates == Templates::AsTemplates {
            continue;
        }
        let template = templates == Templates::AsTemplates && subject.kind().is_workload();
        let reach = if template { Reach::Warn(Reason::Template) } else { Reach::Full };
        judge.subject(&subject, reach, &mut verdicts);
    }
    drop_shadowed_templates(&mut verdicts);
    drop_what_secrets_say(&mut verdicts);
    drop_repeated_doubts(&mut verdicts);
    verdicts.into_iter().map(|verdict| verdict.judgement).collect()
}

/// The exemptions that exempt nothing of what a survey found, the ended ones aside.
pub fn unused_exemptions<'a>(judgements: &[Judgement], ruleset: &'a Ruleset, now: Timestamp) -> Vec<&'a Exemption> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let used: BTreeSet<_> = judgements
        .iter()
        .filter_map(|judgement| match &judgement.outcome {
            Outcome::Exempt(exemption) => Some(exemption),
            _ => None,
        })
        .collect();
    let is_over = |exemption: &Exemption| exemption.expires.is_some_and(|last| last < today);
    ruleset.exemptions.iter().filter(|exemption| !used.contains(&exemption.id()) && !is_over(exemption)).collect()
}
