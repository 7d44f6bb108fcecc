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

/// Whom an exemption exempts. What is left out matches everyone; labels need explicit namespaces, for whoever may write a Pod
/// chooses its labels.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ExemptionMatch {
    /// The namespaces.
    pub namespaces: Vec<Name>,
    /// The kinds: of the object, or of the top controller it is shown as.
    pub kinds: Vec<Kind>,
    /// The labels of the workload or object.
    pub labels: Labels,
    /// The name of the object, or of the top controller it is shown as.
    pub names: Vec<Name>,
}

impl ExemptionMatch {
    /// Whether it matches a subject: the kind and name of the object or of what it is shown as, its namespace and labels.
    pub fn matches(&self, kinds: [&str; 2], names: [&str; 2], namespace: Option<&Name>, labels: &Labels) -> bool {
        let namespaces = || namespace.is_some_and(|name| self.namespaces.contains(name));
        let of_kind = |kind: &Kind| kinds.contains(&kind.name());
        let is_called = |name: &Name| names.contains(&name.as_str());
        let labelled = || self.labels.iter().all(|(key, value)| labels.value(key) == Some(value));
        // Labels are self-service: whoever may write a Pod chooses them. Without namespaces they exempt nobody.
        let honest = self.labels.is_empty() || !self.namespaces.is_empty();
        honest
            && (self.namespaces.is_empty() || namespaces())
            && (self.kinds.is_empty() || self.kinds.iter().any(of_kind))
            && (self.names.is_empty() || self.names.iter().any(is_called))
            && labelled()
    }
}
