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
