//! The values that a ruleset sets for rules, checked against what the rules declare.

use std::collections::BTreeMap;

use super::{ParameterKind, RuleId, RuleInfo};

/// Parameters of all rules. What is not set has the rule's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    integers: BTreeMap<(RuleId, &'static str), u64>,
}

/// Why a parameter cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The rule has none of that name.
    #[error("the rule {rule} has no parameter {name}{known}")]
    Unknown {
        /// The rule.
        rule: RuleId,
        /// What was set.
        name: String,
        /// The ones it has, as text.
        known: String,
    },
    /// The value is out of bounds.
    #[error("{name} of {rule} must be a whole number from {least} to {most}")]
    OutOfBounds {
        /// The rule.
        rule: RuleId,
        /// The parameter.
        name: &'static str,
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
}

impl Parameters {
    /// The value of an integer parameter that the rule declares; 0 for one it does not.
    pub fn integer(&self, rule: &RuleInfo, name: &str) -> u64 {
        let declared = rule.parameters.iter().find(|parameter| parameter.name == name);
        declared.map_or(0, |parameter| {
            let ParameterKind::Integer { default, .. } = parameter.kind;
            self.integers.get(&(rule.id, parameter.name)).copied().unwrap_or(default)
        })
    }

    /// Sets a parameter.
    pub fn set(&mut self, rule: &'static RuleInfo, name: &str, value: Option<u64>) -> Result<(), ParameterError> {
        let Some(parameter) = rule.parameters.iter().find(|parameter| parameter.name == name) else {
            let names: Vec<_> = rule.parameters.iter().map(|parameter| parameter.name).collect();
            let known = if names.is_empty() { String::new() } else { format!("; it has {}", names.join(", ")) };
            return Err(ParameterError::Unknown { rule: rule.id, name: name.to_owned(), known });
        };
        let ParameterKind::Integer { least, most, .. } = parameter.kind;
        let value = value.filter(|value| (least..=most).contains(value));
        let value = value.ok_or(ParameterError::OutOfBounds { rule: rule.id, name: parameter.name, least, most })?;
        self.integers.insert((rule.id, parameter.name), value);
        Ok(())
    }
}
