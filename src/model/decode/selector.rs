//! `LabelSelector`.

use serde::Deserialize;

use super::wire::{List, labels, nullable, wrong};
use crate::model::{Labels, Name, Selector};

/// A `LabelSelector`, already in the form that decisions read. Missing and `{}` match everything.
#[derive(Deserialize)]
#[serde(from = "WireLabelSelector")]
pub(super) struct LabelSelector(pub(super) Selector);

impl Default for LabelSelector {
    fn default() -> Self {
        Self(Selector::everything())
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireLabelSelector {
    #[serde(deserialize_with = "labels")]
    pub(super) match_labels: Labels,
    #[serde(deserialize_with = "nullable")]
    pub(super) match_expressions: Vec<Expression>,
}

pub(super) struct Expression(Selector);

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct WireExpression {
            #[serde(deserialize_with = "nullable")]
            key: Name,
            #[serde(deserialize_with = "nullable")]
            operator: Name,
            values: List<Name>,
        }
        let WireExpression { key, operator, values } = WireExpression::deserialize(from)?;
        let List(values) = values;
        Ok(Self(match (operator.as_str(), values.is_empty()) {
            ("In", false) => Selector::In(key, values),
            ("NotIn", false) => Selector::Not(Box::new(Selector::In(key, values))),
            ("Exists", true) => Selector::Has(key),
            ("DoesNotExist", true) => Selector::Not(Box::new(Selector::Has(key))),
            _ => return Err(wrong(&"In or NotIn with values, or Exists or DoesNotExist without")),
        }))
    }
}

impl From<WireLabelSelector> for LabelSelector {
    fn from(wire: WireLabelSelector) -> Self {
        let labels = wire.match_labels.iter().map(|(key, value)| Selector::In(key.clone(), vec![value.clone()]));
        let expressions = wire.match_expressions.into_iter().map(|expression| expression.0);
        Self(Selector::All(labels.chain(expressions).collect()))
    }
}
