//! What the schema of the custom resources takes from the code: every rule with its mode and its parameters, every option of network
//! plugins. JSON Schema as Kubernetes wants it: structural.

use serde_json::{Map, Value, json};

use crate::{
    network::PluginOption,
    rules::{self, Parameter, ParameterKind, RuleInfo},
};

use super::{Mode, keys};

/// The schema of `spec.rules`: a field for each rule.
pub fn rules() -> Value {
    let rules: Map<String, Value> =
        rules::all().map(|rule| (rule.info().id.0.to_owned(), rule_schema(rule.info()))).collect();
    object("Single rules: another mode, and parameters (ringwall rules NAME lists them).", rules)
}

/// The schema of `spec.environment.networkOptions`: a field for each option.
pub fn network_options() -> Value {
    let option = |option: &PluginOption| {
        let what = format!("{}: {}", option.what, option.values);
        // `yes` and `no` are texts to some parsers of YAML, and true and false to others.
        (option.name.to_owned(), json!({"description": what, "x-kubernetes-preserve-unknown-fields": true}))
    };
    object(
        "Options of the network plugin that are not as it is installed.",
        PluginOption::ALL.iter().map(option).collect(),
    )
}

fn rule_schema(info: &RuleInfo) -> Value {
    let modes: Vec<&str> = Mode::ALL.into_iter().map(Mode::name).collect();
    let mode = json!({"type": "string", "enum": modes, "description": "What a finding of this rule does."});
    let parameters = info.parameters.iter().map(|parameter| (parameter.name.to_owned(), parameter_schema(parameter)));
    object(info.what, std::iter::once((keys::MODE.to_owned(), mode)).chain(parameters).collect())
}

fn parameter_schema(parameter: &Parameter) -> Value {
    let mut schema = match parameter.kind {
        ParameterKind::Integer { least, most, .. } => {
            json!({"type": "integer", "format": "int64", "minimum": least, "maximum": most})
        }
        ParameterKind::OneOf { choices, .. } => json!({"type": "string", "enum": choices}),
        ParameterKind::Names { .. } => json!({"type": "array", "items": {"type": "string"}}),
    };
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".to_owned(), Value::from(parameter.what));
    }
    schema
}

fn object(description: &str, properties: Map<String, Value>) -> Value {
    json!({"type": "object", "description": description, "properties": Value::Object(properties)})
}
