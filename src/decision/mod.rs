//! The decision: `decide` judges a change, `survey` judges everything. Pure functions.

mod change;
mod outcome;

pub use change::{Actor, Change};
pub use outcome::{Decision, Judgement, Outcome, Reason};

use jiff::Timestamp;

use crate::{rules::Breach, ruleset::Ruleset, snapshot::Snapshot};

/// Judges the subjects that a change can affect.
pub fn decide(snapshot: &Snapshot, change: &Change, ruleset: &Ruleset, now: Timestamp) -> Decision {
    let _ = (snapshot, change, ruleset, now);
    todo!()
}

/// How templates are judged by [`survey`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Templates {
    /// As the Pods that they make: files, where there are no Pods yet.
    AsPods,
    /// As templates, whose Pods are judged anyway: a running cluster.
    AsTemplates,
}

/// Judges every subject once.
pub fn survey(snapshot: &Snapshot, ruleset: &Ruleset, templates: Templates, now: Timestamp) -> Vec<Judgement> {
    let _ = (snapshot, ruleset, templates, now);
    let _: Option<Breach> = None;
    todo!()
}
