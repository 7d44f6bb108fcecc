//! What a rule is.

use std::fmt;

use crate::snapshot::Need;

use super::{Breach, Context, Family, Finding, Subject};

/// The name of a rule: kebab-case, and states the fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleId(pub &'static str);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// The profiles that a rule is in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// In `baseline`, and so in `restricted`.
    Baseline,
    /// In `restricted` only.
    Restricted,
    /// In both, as a hint: it warns and never refuses unless a ruleset raises it.
    Hint,
    /// In every profile, and refused whatever the mode: it guards the profiles themselves.
    Always,
}

/// What the catalogue tells of a rule.
#[derive(Debug)]
pub struct RuleInfo {
    /// Its name.
    pub id: RuleId,
    /// The breaches that it shares one scale with.
    pub family: Family,
    /// The profiles that it is in; where that depends on what is found ([`Rule::level`]), the widest.
    pub level: Level,
    /// One sentence: what it holds against.
    pub what: &'static str,
    /// One sentence: why.
    pub why: &'static str,
    /// The specifications, RFCs or files that its facts rest on.
    pub sources: &'static [&'static str],
    /// What can be set in the ruleset.
    pub parameters: &'static [Parameter],
    /// What tells its breaches of one subject apart.
    pub aspect: &'static str,
    /// What its extent counts.
    pub extent: &'static str,
    /// Manifests that break it.
    pub breaks: &'static str,
    /// The neighbouring manifests that keep it.
    pub keeps: &'static str,
    /// How to mend a finding, in words.
    pub mend: &'static str,
}

/// A value that a ruleset may set for a rule.
#[derive(Debug)]
pub struct Parameter {
    /// Its key in the ruleset.
    pub name: &'static str,
    /// What values it takes.
    pub kind: ParameterKind,
    /// One sentence: what it means.
    pub what: &'static str,
}

/// The values that a parameter takes.
#[derive(Debug)]
pub enum ParameterKind {
    /// A whole number between bounds.
    Integer {
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
        /// Where nothing is set.
        default: u64,
    },
    /// One of some words.
    OneOf {
        /// The words.
        choices: &'static [&'static str],
        /// Where nothing is set.
        default: &'static str,
    },
    /// A list of names; none where nothing is set.
    Names {
        /// What they name, as sentences name one: "cipher suite".
        of: &'static str,
        /// Whether there is one of that name.
        is_known: fn(&str) -> bool,
    },
}

/// A rule. It judges one subject in one snapshot.
pub trait Rule: Sync {
    /// What the catalogue tells of it.
    fn info(&self) -> &'static RuleInfo;

    /// Whether a change of network policies can alter its breaches: those of what is encrypted at the edge it leaves as they are.
    fn minds_policies(&self) -> bool {
        true
    }

    /// Adds the breaches of the subject; none when the rule does not apply to it.
    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>);

    /// The profiles in which this breach counts: those of the rule, but for rules that hold some subjects to more than others. Never
    /// wider than what [`RuleInfo::level`] says. What counts nowhere (`None`) is still what was there before: whoever comes to be held to
    /// more is told so, and refused only for what he makes worse.
    fn level(&self, _: &Context<'_>, _: &Breach) -> Option<Level> {
        Some(self.info().level)
    }

    /// The reads that would confirm a breach.
    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need>;

    /// Whether something that is to come mends a breach by itself: the order in which objects come is nobody's fault. Such a breach
    /// warns, unless the very request takes away what was there.
    fn awaits(&self, _: &Context<'_>, _: &Breach) -> bool {
        false
    }

    /// The text and the fix; made only for what is shown.
    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding;
}
