//! The definitions of Ringwall's own kinds, `Ruleset` and `Exemption`: what `ringwall crd` prints and the API server validates by.
//!
//! The schema is that of the file: types here, filled up with what only the catalogue of rules knows. It is structural, and closed: what
//! the API server does not know it refuses (or drops, with a warning, where the client did not ask to be strict). That the keys are those of
//! the parser is kept by a test. What a schema cannot say (there is no such rule, a date is past) the webhook says.

mod exemption;
mod ruleset;
mod status;

use kube::CustomResourceExt as _;
use serde_json::Value;

/// The parts of the schema that come from the catalogue of rules and the table of plugins' options.
#[derive(Clone, Debug)]
pub struct Parts {
    /// `spec.rules`.
    pub rules: Value,
    /// `spec.environment.networkOptions`.
    pub network_options: Value,
}

/// The `CustomResourceDefinition` of `Ruleset`, and that of `Exemption`.
pub fn definitions(parts: Parts) -> [Value; 2] {
    let value = |definition| serde_json::to_value(definition).unwrap_or_default();
    let mut ruleset: Value = value(ruleset::Ruleset::crd());
    let mut exemption: Value = value(exemption::Exemption::crd());
    for definition in [&mut ruleset, &mut exemption] {
        if let Some(schema) = definition.pointer_mut(SCHEMA) {
            given_or_left_out(schema);
        }
    }
    if let Some(schema) = ruleset.pointer_mut(SCHEMA) {
        // All of it can be left out: what is, is as built in.
        schema.as_object_mut().map(|root| root.remove("required"));
        let spec = "/properties/spec/properties";
        put(schema, &format!("{spec}/rules"), parts.rules);
        put(schema, &format!("{spec}/environment/properties/networkOptions"), parts.network_options);
    }
    [ruleset, exemption]
}

/// Where the schema is in a definition.
const SCHEMA: &str = "/spec/versions/0/schema/openAPIV3Schema";

fn put(schema: &mut Value, pointer: &str, part: Value) {
    if let Some(place) = schema.pointer_mut(pointer) {
        *place = part;
    }
}

/// A field is given or left out, never null.
fn given_or_left_out(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("nullable");
            if let Some(Value::Array(words)) = fields.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            fields.values_mut().for_each(given_or_left_out);
        }
        Value::Array(items) => items.iter_mut().for_each(given_or_left_out),
        _ => {}
    }
}
