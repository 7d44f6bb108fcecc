//! A value and the way to it, so that a fault knows its path and a field without fault costs none.

use serde_json::Value;

use crate::model::FieldPath;

/// A place in an object. Null is absent.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    up: Option<(&'a Self, Step<'a>)>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

/// Something that the API server would refuse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) path: FieldPath,
    pub(super) reason: String,
    pub(super) suggestion: Option<String>,
}

/// What has been found so far.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, at: &At<'_>, reason: impl Into<String>) {
        self.0.push(Fault { path: at.path(), reason: reason.into(), suggestion: None });
    }

    /// A field below is at fault, most often because it is missing.
    pub(super) fn add_field(&mut self, at: &At<'_>, field: &str, reason: impl Into<String>) {
        self.0.push(Fault { path: at.path().field(field), reason: reason.into(), suggestion: None });
    }

    /// What is at that path is at fault.
    pub(super) fn add_at(&mut self, path: FieldPath, reason: impl Into<String>) {
        self.0.push(Fault { path, reason: reason.into(), suggestion: None });
    }

    pub(super) fn suggest(&mut self, suggestion: impl Into<String>) {
        if let Some(fault) = self.0.last_mut() {
            fault.suggestion = Some(suggestion.into());
        }
    }

    /// Adds the reason, if there is one.
    pub(super) fn check(&mut self, at: &At<'_>, reason: Option<impl Into<String>>) {
        if let Some(reason) = reason {
            self.add(at, reason);
        }
    }
}

impl<'a> At<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, up: None }
    }

    pub(super) fn path(&self) -> FieldPath {
        match self.up {
            None => FieldPath::root(),
            Some((up, Step::Field(name))) => up.path().field(name),
            Some((up, Step::Index(index))) => up.path().index(index),
        }
    }

    pub(super) fn field<'b>(&'b self, name: &'b str) -> Option<At<'b>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(At { value, up: Some((self, Step::Field(name))) })
    }

    /// The entries of a list; none if it is something else.
    pub(super) fn entries(&self) -> impl Iterator<Item = At<'_>> {
        let list = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().enumerate().map(|(index, value)| At { value, up: Some((self, Step::Index(index))) })
    }

    /// The fields of a mapping; none if it is something else.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, At<'_>)> {
        self.value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), At { value, up: Some((self, Step::Field(name))) }))
    }

    /// The text, empty if it is something else.
    pub(super) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// The text of a field, empty when missing.
    pub(super) fn text_of(&self, name: &str) -> &'a str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The number of a field, 0 when missing.
    pub(super) fn number_of(&self, name: &str) -> i64 {
        self.value.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|value| !value.is_null())
    }

    /// How many entries or fields there are in a field.
    pub(super) fn len_of(&self, name: &str) -> usize {
        match self.value.get(name) {
            Some(Value::Array(entries)) => entries.len(),
            Some(Value::Object(fields)) => fields.len(),
            _ => 0,
        }
    }
}
