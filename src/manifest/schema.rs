//! The fields that the API server knows, and what may stand in them.
//!
//! `fields.txt` lists the types of Kubernetes 1.37 that decisions read, field by field. A field that is not in the list is a
//! slip, and a dangerous one: `podSelecter` would leave an empty selector, which selects everything.

use std::sync::LazyLock;

use serde_json::Value;

use super::cursor::{At, Faults};
use crate::{model::Kind, source::nearest::nearest};

static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| read(include_str!("fields.txt")));

struct Type {
    name: &'static str,
    fields: Vec<(&'static str, Shape)>,
}

enum Shape {
    /// Not looked into.
    Any,
    Text,
    /// A mapping from texts to texts.
    Texts,
    Bool,
    Integer,
    /// A number or a name.
    Port,
    List(Box<Self>),
    Object(usize),
}

/// Checks that all fields are known and hold what they should.
pub(super) fn check(kind: Kind, object: &At<'_>, faults: &mut Faults) {
    if let Some(index) = TYPES.iter().position(|known| known.name == kind.name()) {
        check_shape(&Shape::Object(index), object, faults);
    }
}

fn check_shape(shape: &Shape, at: &At<'_>, faults: &mut Faults) {
    match (shape, at.value) {
        (Shape::Any, _)
        | (_, Value::Null)
        | (Shape::Text | Shape::Port, Value::String(_))
        | (Shape::Bool, Value::Bool(_)) => {}
        (Shape::Integer | Shape::Port, Value::Number(number)) if number.is_i64() => {}
        (Shape::Texts, Value::Object(_)) => {
            at.fields().for_each(|(_, value)| check_shape(&Shape::Text, &value, faults));
        }
        (Shape::List(entry), Value::Array(_)) => at.entries().for_each(|value| check_shape(entry, &value, faults)),
        (Shape::Object(index), Value::Object(_)) => {
            let Some(known) = TYPES.get(*index) else { return };
            for (name, value) in at.fields() {
                match known.fields.iter().find(|(field, _)| *field == name) {
                    Some((_, shape)) => check_shape(shape, &value, faults),
                    None => unknown(known, name, &value, faults),
                }
            }
        }
        (Shape::Text, Value::Bool(_) | Value::Number(_)) => {
            faults.add(at, "must be a text");
            faults.suggest("put the value into quotes");
        }
        (Shape::Integer, Value::String(_)) => {
            faults.add(at, "must be a number");
            faults.suggest("write the number without quotes");
        }
        (shape, _) => faults.add(at, format!("must be {}", shape.name())),
    }
}

fn unknown(known: &Type, name: &str, at: &At<'_>, faults: &mut Faults) {
    faults.add(at, format!("{} has no field {name:?}", known.name));
    if let Some(meant) = nearest(name, known.fields.iter().map(|(field, _)| *field)) {
        faults.suggest(format!("did you mean {meant}?"));
    } else if let Some(elsewhere) = TYPES.iter().find(|other| known.holds(other, name)) {
        faults.suggest(format!("it is a field of {}: check the indentation", elsewhere.name));
    }
}

impl Type {
    /// Whether the other type is what one of the fields holds, and has a field of that name.
    fn holds(&self, other: &Self, field: &str) -> bool {
        let is_other = |shape: &Shape| match shape {
            Shape::Object(index) => TYPES.get(*index).is_some_and(|held| held.name == other.name),
            _ => false,
        };
        self.fields.iter().any(|(_, shape)| is_other(shape)) && other.fields.iter().any(|(name, _)| *name == field)
    }
}

impl Shape {
    fn name(&self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Integer => "a whole number",
            Self::Port => "a number or a name",
            Self::List(_) => "a list",
            Self::Texts | Self::Object(_) => "a mapping",
        }
    }

    fn read(text: &str, names: &[&'static str]) -> Self {
        match text {
            "text" => Self::Text,
            "texts" => Self::Texts,
            "bool" => Self::Bool,
            "int" => Self::Integer,
            "port" => Self::Port,
            _ => match text.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')) {
                Some(entry) => Self::List(Box::new(Self::read(entry, names))),
                None => names.iter().position(|name| *name == text).map_or(Self::Any, Self::Object),
            },
        }
    }
}

/// `Name:` at the start of a line, then `field shape` between commas.
fn read(table: &'static str) -> Vec<Type> {
    let names: Vec<&'static str> = table.lines().filter_map(|line| line.strip_suffix(':')).collect();
    let mut types: Vec<Type> = Vec::new();
    let mut pending = "";
    let entries = table.lines().flat_map(|line| match line.strip_suffix(':') {
        Some(name) => vec![Err(name)],
        None => line.split([' ', ',']).filter(|word| !word.is_empty()).map(Ok).collect(),
    });
    for entry in entries {
        match (entry, pending) {
            (Err(name), _) => types.push(Type { name, fields: Vec::new() }),
            (Ok(field), "") => pending = field,
            (Ok(shape), field) => {
                if let Some(last) = types.last_mut() {
                    last.fields.push((field, Shape::read(shape, &names)));
                }
                pending = "";
            }
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_kind_and_every_type_that_it_names() {
        for kind in Kind::all() {
            assert!(TYPES.iter().any(|known| known.name == kind.name()), "{kind}");
        }
        let words = include_str!("fields.txt").split_whitespace().map(|word| word.trim_matches(['[', ']', ',', ':']));
        let is_field = |word: &str| TYPES.iter().any(|known| known.fields.iter().any(|(field, _)| *field == word));
        let types = words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()) && !is_field(word));
        for word in types {
            assert!(TYPES.iter().any(|known| known.name == word), "{word}");
        }
        let pod = TYPES.iter().find(|known| known.name == "PodSpec").unwrap();
        assert!(pod.fields.len() > 40 && pod.fields.iter().any(|(name, _)| *name == "hostNetwork"));
    }
}
