//! The catalogue: every rule, once.

use super::{
    Rule,
    of_the_decision::{ExpiredExemption, LoweredEnforcement},
    plaintext_ingress::PlaintextIngress,
    uncovered_host::UncoveredHost,
    unknown_profile::UnknownProfile,
};

/// Every rule, in the order of the catalogue.
static RULES: &[&dyn Rule] =
    &[&PlaintextIngress, &UncoveredHost, &UnknownProfile, &LoweredEnforcement, &ExpiredExemption];

/// Every rule, in the order of the catalogue.
pub fn all() -> impl Iterator<Item = &'static dyn Rule> {
    RULES.iter().copied()
}

/// The rule of that name.
pub fn rule(name: &str) -> Option<&'static dyn Rule> {
    all().find(|rule| rule.info().id.0 == name)
}
