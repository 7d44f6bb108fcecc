//! Reading a ruleset's tree: every step checks a type, and every error is kept with its path instead of ending the reading.

use serde_json::Value;

use crate::{model::FieldPath, rules::Given, source::nearest::nearest};

use super::RulesetError;

/// A value, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: FieldPath,
}

/// The errors so far.
pub(super) type Errors = Vec<RulesetError>;

impl<'a> Node<'a> {
    /// The whole document.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: FieldPath::root() }
    }

    /// A part of a document, by the field that it is in.
    pub(super) fn at(value: &'a Value, field: &str) -> Self {
        Self { value, path: FieldPath::root().field(field) }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Says what is wrong with it.
    pub(super) fn fail(&self, errors: &mut Errors, reason: impl Into<String>) {
        errors.push(RulesetError { path: self.path.clone(), reason: reason.into(), suggestion: None });
    }

    /// Says what is wrong with a field that is missing or should not be there.
    pub(super) fn fail_at(&self, errors: &mut Errors, field: &str, reason: impl Into<String>) {
        errors.push(RulesetError { path: self.path.field(field), reason: reason.into(), suggestion: None });
    }

    /// The field of that name. A null is absent, as it is to the API server.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Self { value, path: self.path.field(name) })
    }

    /// The entries of a mapping; nothing, and an error, when it is none.
    pub(super) fn entries(&self, errors: &mut Errors) -> Vec<(&'a str, Self)> {
        let Value::Object(map) = self.value else {
            self.fail(errors, format!("must be a mapping, not {}", kind(self.value)));
            return Vec::new();
        };
        let entry = |(key, value): (&'a String, &'a Value)| (key.as_str(), Self { value, path: self.path.field(key) });
        map.iter().filter(|(_, value)| !value.is_null()).map(entry).collect()
    }

    /// Checks that it is a mapping with no other keys than these.
    pub(super) fn only(&self, errors: &mut Errors, known: &[&str]) {
        for (key, node) in self.entries(errors) {
            if !known.contains(&key) {
                node.unknown(errors, &format!("unknown field {key}"), key, known.iter().copied());
            }
        }
    }

    /// The items of a list; nothing, and an error, when it is none.
    pub(super) fn items(&self, errors: &mut Errors) -> Vec<Self> {
        let Value::Array(items) = self.value else {
            self.fail(errors, format!("must be a list, not {}", kind(self.value)));
            return Vec::new();
        };
        let item = |(index, value)| Self { value, path: self.path.index(index) };
        items.iter().enumerate().map(item).collect()
    }

    /// A text that is not empty.
    pub(super) fn text(&self, errors: &mut Errors) -> Option<&'a str> {
        match self.value {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            Value::String(_) => {
                self.fail(errors, "must not be empty");
                None
            }
            other => {
                self.fail(errors, format!("must be a text, not {}", kind(other)));
                None
            }
        }
    }

    /// A text, or what a bare `yes` or `no` is in YAML.
    pub(super) fn word(&self, errors: &mut Errors) -> Option<&'a str> {
        match self.value {
            Value::Bool(true) => Some("yes"),
            Value::Bool(false) => Some("no"),
            _ => self.text(errors),
        }
    }

    /// The text of a field that must be there.
    pub(super) fn required(&self, errors: &mut Errors, name: &str, reason: &str) -> Option<&'a str> {
        let Some(node) = self.get(name) else {
            self.fail_at(errors, name, reason);
            return None;
        };
        node.text(errors)
    }

    /// The value of a rule's parameter, whatever it is.
    pub(super) fn given(&self) -> Given<'a> {
        match self.value {
            Value::Number(number) => number.as_u64().map_or(Given::Other, Given::Number),
            Value::String(text) => Given::Text(text),
            Value::Array(items) => {
                items.iter().map(Value::as_str).collect::<Option<_>>().map_or(Given::Other, Given::Texts)
            }
            _ => Given::Other,
        }
    }

    /// One of some names.
    pub(super) fn one_of<T>(&self, errors: &mut Errors, choices: &[(&'a str, T)]) -> Option<T>
    where
        T: Clone,
    {
        let text = self.text(errors)?;
        if let Some((_, chosen)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(chosen.clone());
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.unknown(errors, &format!("{text} is none of {}", names.join(", ")), text, names);
        None
    }

    /// Says that a name is not known, and which one was probably meant.
    pub(super) fn unknown<'b>(
        &self,
        errors: &mut Errors,
        reason: &str,
        name: &str,
        known: impl IntoIterator<Item = &'b str>,
    ) {
        let suggestion = nearest(name, known).map(|meant| format!("did you mean {meant}?"));
        errors.push(RulesetError { path: self.path.clone(), reason: reason.to_owned(), suggestion });
    }
}

/// What a value is, as people say it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
