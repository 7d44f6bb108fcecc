//! Rules that the decision applies itself, because they speak of a change or of the ruleset and not of one state:
//! `lowered-enforcement`, `expired-exemption`,
//! `unmarked-workload`, `invalid-settings`. They stand in the catalogue, judge nothing, and explain what the decision found.

use crate::snapshot::Need;

use super::{Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject};

/// `lowered-enforcement`.
pub(super) struct LoweredEnforcement;

/// `expired-exemption`.
pub(super) struct ExpiredExemption;

/// `unmarked-workload`.
pub(super) struct UnmarkedWorkload;

/// `invalid-settings`.
pub(super) struct InvalidSettings;

/// The name of `invalid-settings`.
pub const INVALID_SETTINGS: RuleId = RuleId("invalid-settings");

/// The name of `unmarked-workload`.
pub const UNMARKED_WORKLOAD: RuleId = RuleId("unmarked-workload");

/// The name of `lowered-enforcement`.
pub const LOWERED_ENFORCEMENT: RuleId = RuleId("lowered-enforcement");

/// The name of `expired-exemption`.
pub const EXPIRED_EXEMPTION: RuleId = RuleId("expired-exemption");

static LOWERED: RuleInfo = RuleInfo {
    id: LOWERED_ENFORCEMENT,
    family: Family("lowered-enforcement"),
    level: Level::Hint,
    what: "A Namespace change that lowers its enforced profile while it has workloads, or sets it below the ruleset's floor.",
    why: "Whoever may label a Namespace can switch enforcement off; below the floor that is refused, above it it is said aloud.",
    sources: &[],
    parameters: &[],
    aspect: "the label",
    extent: "1",
    breaks: "",
    keeps: "",
    mend: "Keep the label, or set the ruleset's floor to the lowest profile that namespaces may choose.",
};

static EXPIRED: RuleInfo = RuleInfo {
    id: EXPIRED_EXEMPTION,
    family: Family("expired-exemption"),
    level: Level::Baseline,
    what: "An exemption past its date, wherever it would have applied.",
    why: "An exemption that has ended exempts nothing; whoever relied on it learns so by name.",
    sources: &[],
    parameters: &[],
    aspect: "the exemption",
    extent: "1",
    breaks: "",
    keeps: "",
    mend: "Mend the finding, or give the exemption a new date in the ruleset.",
};

static UNMARKED: RuleInfo = RuleInfo {
    id: UNMARKED_WORKLOAD,
    family: Family("unmarked-workload"),
    level: Level::Hint,
    what: "A change that takes the mark of sensitive workloads (`environment.sensitive`) off a Pod, a Pod template or a Namespace, after which \
           they are sensitive no more.",
    why: "Whoever may write the mark may take it off, and with it goes what is refused for sensitive workloads alone: that is said aloud.",
    sources: &[],
    parameters: &[],
    aspect: "the label",
    extent: "1",
    breaks: "",
    keeps: "",
    mend: "Keep the mark, or put it on the Namespace, where those who write its workloads cannot take it off.",
};

static INVALID: RuleInfo = RuleInfo {
    id: INVALID_SETTINGS,
    family: Family("invalid-settings"),
    level: Level::Always,
    what: "A Ruleset or an Exemption with a mistake: an unknown rule, key or value, no reason, no owner, a date that is past.",
    why: "What cannot be read is never put in force, so that whoever wrote it would believe in something that does not hold; it is \
          refused whatever the mode.",
    sources: &[],
    parameters: &[],
    aspect: "the field",
    extent: "the mistakes",
    breaks: "",
    keeps: "",
    mend: "Correct the field that the message names.",
};

impl Rule for InvalidSettings {
    fn info(&self) -> &'static RuleInfo {
        &INVALID
    }

    fn judge(&self, _: &Context<'_>, _: &Subject, _: &mut Vec<Breach>) {}

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let subject = breach.subject.reference(context.snapshot);
        Finding {
            rule: INVALID.id,
            message: format!("{subject} has a mistake"),
            subject,
            aspect: breach.aspect.to_string(),
            why: INVALID.why.to_owned(),
            fix: Fix::Words(INVALID.mend.to_owned()),
            places: Vec::new(),
        }
    }
}

impl Rule for UnmarkedWorkload {
    fn info(&self) -> &'static RuleInfo {
        &UNMARKED
    }

    fn judge(&self, _: &Context<'_>, _: &Subject, _: &mut Vec<Breach>) {}

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let subject = breach.subject.reference(context.snapshot);
        let mark = match &breach.aspect {
            Aspect::Label(key) => key.clone(),
            _ => "".into(),
        };
        Finding {
            rule: UNMARKED.id,
            message: format!("{subject} is sensitive no more: the mark {mark} is taken off"),
            subject,
            aspect: breach.aspect.to_string(),
            why: UNMARKED.why.to_owned(),
            fix: Fix::Words(format!("keep the label {mark}, or put it on the Namespace")),
            places: Vec::new(),
        }
    }
}

impl Rule for LoweredEnforcement {
    fn info(&self) -> &'static RuleInfo {
        &LOWERED
    }

    fn judge(&self, _: &Context<'_>, _: &Subject, _: &mut Vec<Breach>) {}

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let subject = breach.subject.reference(context.snapshot);
        let name = subject.name.clone();
        Finding {
            rule: LOWERED.id,
            message: format!("Namespace {name} lowers what is enforced for its workloads"),
            subject,
            aspect: breach.aspect.to_string(),
            why: LOWERED.why.to_owned(),
            fix: Fix::Words("keep the label, or change what breaks the profile".to_owned()),
            places: Vec::new(),
        }
    }
}

impl Rule for ExpiredExemption {
    fn info(&self) -> &'static RuleInfo {
        &EXPIRED
    }

    fn judge(&self, _: &Context<'_>, _: &Subject, _: &mut Vec<Breach>) {}

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let subject = breach.subject.reference(context.snapshot);
        let name = match &breach.aspect {
            Aspect::Exemption(name) => name.clone(),
            _ => "".into(),
        };
        Finding {
            rule: EXPIRED.id,
            message: format!("the exemption {name}, which {subject} relied on, has ended"),
            subject,
            aspect: breach.aspect.to_string(),
            why: EXPIRED.why.to_owned(),
            fix: Fix::Words(format!("mend the finding, or give the exemption {name} a new date in the ruleset")),
            places: Vec::new(),
        }
    }
}
