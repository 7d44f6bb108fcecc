//! Text from values.

use serde_json::Value;

/// A value as one YAML document; fields are in the order of their names.
pub fn yaml(value: &Value) -> String {
    // A tree of JSON has nothing that YAML cannot say; JSON is YAML, should it ever fail.
    serde_saphyr::to_string(value).unwrap_or_else(|_| value.to_string())
}
