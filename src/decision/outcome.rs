//! What comes of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    network::Effects,
    rules::{self, Breach, Context, Finding, Fix, RuleId, SubjectReference},
    ruleset::ExemptionId,
    snapshot::Need,
};

use super::settings;

/// What a finding does, the first that fits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The request is refused.
    Refuse,
    /// The client is told.
    Warn(Reason),
    /// It is logged, counted and annotated.
    Audit(Reason),
    /// It is let through on purpose, by that exemption; counted, reported and logged as such.
    Exempt(ExemptionId),
}

/// Why a finding does no more than it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its mode says so.
    Mode,
    /// It was there before.
    Before,
    /// It was there before and a stricter profile of its namespace holds against it now.
    Raised,
    /// It cannot be proved.
    Unproved,
    /// What mends it is to come by itself, or may come next.
    Awaited,
    /// It is on a template, whose Pods are judged anyway.
    Template,
    /// Requests of this kind never refuse for it (mirror Pods, Services that take exposure away).
    Spared,
}

impl Reason {
    /// What a report says of it; empty where the mode speaks for itself.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Mode => "",
            Self::Before => "it was so before",
            Self::Raised => "its replacements and additional Pods will be refused",
            Self::Unproved => "cannot prove",
            Self::Awaited => "what is missing may still come",
            Self::Template => "on a template: its Pods are judged",
            Self::Spared => "requests of this kind are not refused for it",
        }
    }
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

    /// Why it does no more than it does.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Warn(reason) | Self::Audit(reason) => Some(*reason),
            Self::Refuse | Self::Exempt(_) => None,
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
    /// What the decision knows beyond the rule, from the change or the ruleset; empty for nothing.
    pub note: String,
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
    /// What the change alters of who may talk to whom.
    pub effects: Effects,
    /// Whether the client is told what opens: not where its namespace wants to hear of nothing.
    pub tells_effects: bool,
}

/// The text of a judgement: the rule's own explanation, with what is not known and what the decision knows beyond it.
pub fn explain(context: &Context<'_>, judgement: &Judgement) -> Finding {
    if let Some(finding) = settings::explain(context, judgement) {
        return finding;
    }
    let Some(rule) = rules::rule(judgement.breach.rule.0) else {
        // Every breach carries the name of a rule of the catalogue; this keeps the function total.
        return Finding {
            rule: judgement.breach.rule,
            subject: judgement.subject.clone(),
            aspect: judgement.breach.aspect.to_string(),
            message: judgement.note.clone(),
            why: String::new(),
            fix: Fix::Words(String::new()),
            places: Vec::new(),
        };
    };
    let mut finding = rule.explain(context, &judgement.breach);
    // The rule speaks of one class; the judgement may stand for several of one workload.
    if finding.subject.name == judgement.subject.name && finding.subject.pods != judgement.subject.pods {
        let subject = judgement.subject.to_string();
        finding.message = finding.message.replacen(&finding.subject.to_string(), &subject, 1);
        finding.subject = judgement.subject.clone();
    }
    if let Err(blind) = &judgement.breach.certain {
        finding.message = format!("cannot prove ({blind}): {}", finding.message);
    }
    if !judgement.note.is_empty() {
        finding.message = format!("{} ({})", finding.message, judgement.note);
    }
    finding
}
