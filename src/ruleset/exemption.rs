//! Exemptions: findings let through on purpose.

use std::fmt;

use jiff::civil::Date;

use crate::{
    model::{Kind, Labels, Name},
    rules::RuleId,
};

/// A finding let through on purpose: what, where, why, who owns it, until when.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemption {
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub source: ExemptionSource,
    /// The rules that it exempts from.
    pub rules: Vec<RuleId>,
    /// Whom it exempts.
    pub matches: ExemptionMatch,
    /// Why.
    pub reason: Name,
    /// Who answers for it.
    pub owner: Name,
    /// The last day on which it holds (UTC); `None` for no end.
    pub expires: Option<Date>,
}

/// Where an exemption stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ExemptionSource {
    /// In a list of a ruleset.
    Entry,
    /// It is an object of its own.
    Object,
}

/// Which exemption: an entry and an object may bear the same name. It is shown by its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ExemptionId {
    /// Its name.
    pub name: Name,
    /// Where it stands.
    pub source: ExemptionSource,
}

impl Exemption {
    /// Which one it is.
    pub fn id(&self) -> ExemptionId {
        ExemptionId { name: self.name.clone(), source: self.source }
    }
}

impl ExemptionId {
    /// That of the object of that name.
    pub fn of_object(name: Name) -> Self {
        Self { name, source: ExemptionSource::Object }
    }

    /// That of the entry of that name.
    pub fn of_entry(name: Name) -> Self {
        Self { name, source: ExemptionSource::Entry }
    }
}

impl fmt::Display for ExemptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// Whom an exemption exempts. What is left out matches everyone; labels and names need explicit namespaces, for whoever may write
/// an object chooses both.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ExemptionMatch {
    /// The namespaces.
    pub namespaces: Vec<Name>,
    /// The kinds: of the object, or of its top controller.
    pub kinds: Vec<Kind>,
    /// The labels of the workload or object.
    pub labels: Labels,
    /// The names: of the object, or of its top controller; where kinds are given, of the one that is of such a kind.
    pub names: Vec<Name>,
}

impl ExemptionMatch {
    /// Whether it matches a subject: what it is by kind and name (itself, and the controller that was found above it), its
    /// namespace and labels. A name is `None` where a subject stands for Pods of several names.
    pub fn matches(&self, is: &[(Kind, Option<&Name>)], namespace: Option<&Name>, labels: &Labels) -> bool {
        let is_here = || namespace.is_some_and(|name| self.namespaces.contains(name));
        let is_meant = |(kind, name): &(Kind, Option<&Name>)| {
            (self.kinds.is_empty() || self.kinds.contains(kind))
                && (self.names.is_empty() || name.is_some_and(|name| self.names.contains(name)))
        };
        let labelled = || self.labels.iter().all(|(key, value)| labels.value(key) == Some(value));
        // Labels and names are self-service: whoever may write a Pod chooses them. Without namespaces they exempt nobody.
        let honest = !self.namespaces.is_empty() || (self.labels.is_empty() && self.names.is_empty());
        honest && (self.namespaces.is_empty() || is_here()) && is.iter().any(is_meant) && labelled()
    }
}
