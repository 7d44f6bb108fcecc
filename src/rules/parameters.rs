//! The values that a ruleset sets for rules, checked against what the rules declare.

use std::collections::BTreeMap;

use crate::model::Name;

use super::{ParameterKind, RuleId, RuleInfo};

/// Parameters of all rules. What is not set has the rule's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    set: BTreeMap<(RuleId, &'static str), Value>,
}

/// A value that was found fit.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Integer(u64),
    Word(&'static str),
    Names(Vec<Name>),
}

/// What a ruleset gives for a parameter, before it is known whether it fits.
#[derive(Clone, Debug, PartialEq)]
pub enum Given<'a> {
    /// A whole number.
    Number(u64),
    /// A text.
    Text(&'a str),
    /// A list of texts.
    Texts(Vec<&'a str>),
    /// Anything else.
    Other,
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
    /// The value is none of the words.
    #[error("{name} of {rule} must be one of {choices}")]
    NoChoice {
        /// The rule.
        rule: RuleId,
        /// The parameter.
        name: &'static str,
        /// The words, quoted.
        choices: String,
    },
    /// The value is no list of names.
    #[error("{name} of {rule} must be a list of names, each that of a {of}")]
    NoList {
        /// The rule.
        rule: RuleId,
        /// The parameter.
        name: &'static str,
        /// What they name.
        of: &'static str,
    },
    /// A name of the list is not known.
    #[error("{name} of {rule}: there is no {of} {given}")]
    NoSuchName {
        /// The rule.
        rule: RuleId,
        /// The parameter.
        name: &'static str,
        /// What it should name.
        of: &'static str,
        /// What was given.
        given: String,
    },
}

impl Parameters {
    /// The value of an integer parameter that the rule declares; 0 for one it does not.
    pub fn integer(&self, rule: &RuleInfo, name: &str) -> u64 {
        let Some(parameter) = rule.parameters.iter().find(|parameter| parameter.name == name) else { return 0 };
        match (self.set.get(&(rule.id, parameter.name)), &parameter.kind) {
            (Some(Value::Integer(value)), _) => *value,
            (_, ParameterKind::Integer { default, .. }) => *default,
            _ => 0,
        }
    }

    /// The word that a parameter is set to; empty for one that the rule does not declare.
    pub fn word(&self, rule: &RuleInfo, name: &str) -> &'static str {
        let Some(parameter) = rule.parameters.iter().find(|parameter| parameter.name == name) else { return "" };
        match (self.set.get(&(rule.id, parameter.name)), &parameter.kind) {
            (Some(Value::Word(word)), _) => word,
            (_, ParameterKind::OneOf { default, .. }) => default,
            _ => "",
        }
    }

    /// The names that a parameter lists.
    pub fn names(&self, rule: &RuleInfo, name: &'static str) -> &[Name] {
        match self.set.get(&(rule.id, name)) {
            Some(Value::Names(names)) => names,
            _ => &[],
        }
    }

    /// Sets a parameter.
    pub fn set(&mut self, rule: &'static RuleInfo, name: &str, given: &Given<'_>) -> Result<(), ParameterError> {
        let Some(parameter) = rule.parameters.iter().find(|parameter| parameter.name == name) else {
            let names: Vec<_> = rule.parameters.iter().map(|parameter| parameter.name).collect();
            let known = if names.is_empty() { String::new() } else { format!("; it has {}", names.join(", ")) };
            return Err(ParameterError::Unknown { rule: rule.id, name: name.to_owned(), known });
        };
        let (rule, name) = (rule.id, parameter.name);
        let value = match (&parameter.kind, given) {
            (ParameterKind::Integer { least, most, .. }, Given::Number(value)) if (least..=most).contains(&value) => {
                Value::Integer(*value)
            }
            (ParameterKind::Integer { least, most, .. }, _) => {
                return Err(ParameterError::OutOfBounds { rule, name, least: *least, most: *most });
            }
            (ParameterKind::OneOf { choices, .. }, given) => {
                let chosen = choices.iter().find(|choice| matches!(given, Given::Text(text) if text == *choice));
                let quoted = || choices.iter().map(|choice| format!("{choice:?}")).collect::<Vec<_>>().join(", ");
                Value::Word(chosen.ok_or_else(|| ParameterError::NoChoice { rule, name, choices: quoted() })?)
            }
            (ParameterKind::Names { of, is_known }, Given::Texts(texts)) => {
                if let Some(given) = texts.iter().find(|text| !is_known(text)) {
                    return Err(ParameterError::NoSuchName { rule, name, of, given: (*given).to_owned() });
                }
                Value::Names(texts.iter().map(|text| Name::from(*text)).collect())
            }
            (ParameterKind::Names { of, .. }, _) => return Err(ParameterError::NoList { rule, name, of }),
        };
        self.set.insert((rule, name), value);
        Ok(())
    }
}
