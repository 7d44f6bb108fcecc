//! Exemptions: findings let through on purpose.

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
