//! What comes of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::Name,
    rules::{Breach, Finding, RuleId, SubjectReference},
    snapshot::Need,
};

/// What a finding does, the first that fits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The request is refused.
    Refuse,
    /// The client is told.
    Warn(Reason),
    /// It is logged, counted and annotated.
    Audit(Reason),
    /// It is let through on purpose, by the exemption of that name; counted, reported and logged as such.
    Exempt(Name),
}

/// Why a finding does no more than it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its mode says so.
    Mode,
    /// It was there before.
    Before,
    /// It cannot be proved.
    Unproved,
    /// It is on a template, whose Pods are judged anyway.
    Template,
    /// Requests of this kind never refuse for it (mirror Pods, Services that take exposure away).
    Spared,
}

impl Outcome {
    /// The name in reports and metrics: `refuse`, `warn`, `audit`, `exempt`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Warn(_) => "warn",
            Self::Audit(_) => "audit",
            Self::Exempt(_) => "exempt",
        }
    }
}

/// A breach and what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The breach.
    pub breach: Breach,
    /// Who is shown as breaking it.
    pub subject: SubjectReference,
    /// What it does.
    pub outcome: Outcome,
}

/// The answer to a request.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Whether the request is admitted.
    pub allow: bool,
    /// The findings that are shown, refusals first, each with its outcome; the first so many are explained.
    pub findings: Vec<(Finding, Outcome)>,
    /// How many more there are, by rule and the name of the outcome.
    pub more: BTreeMap<(RuleId, &'static str), usize>,
    /// The reads that could change the answer.
    pub needs: BTreeSet<Need>,
}
