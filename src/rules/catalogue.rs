//! The catalogue: every rule, once.

use super::Rule;

/// Every rule, in the order of the catalogue.
static RULES: [&dyn Rule; 0] = [];

/// Every rule, in the order of the catalogue.
pub fn all() -> impl Iterator<Item = &'static dyn Rule> {
    RULES.iter().copied()
}

/// The rule of that name.
pub fn rule(name: &str) -> Option<&'static dyn Rule> {
    all().find(|rule| rule.info().id.0 == name)
}
