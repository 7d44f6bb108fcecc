//! The values of the chart: their table from their comments, and their schema.

use std::fmt::Write as _;

use serde_json::Value;

pub(crate) const BEGIN: &str =
    "<!-- values: generated from values.yaml by RINGWALL_UPDATE=1 cargo test --test install -->\n";
pub(crate) const END: &str = "<!-- end of values -->\n";

/// The table: one row for each value with a comment that begins with `# --`.
pub(crate) fn table(text: &str) -> String {
    let defaults: Value = serde_saphyr::from_str(text).unwrap();
    let mut table = String::from("| value | default | what it is |\n| --- | --- | --- |\n");
    // The keys above the line, with how far they are indented.
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut told: Option<String> = None;
    for line in text.lines() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        if let Some(begun) = content.strip_prefix("# -- ") {
            told = Some(begun.to_owned());
        } else if let (Some(told), Some(more)) = (&mut told, content.strip_prefix("# ")) {
            told.push(' ');
            told.push_str(more);
        } else if let Some((key, _)) = content.split_once(':').filter(|_| !content.starts_with('#')) {
            above.retain(|(other, _)| *other < indent);
            above.push((indent, key));
            let Some(told) = told.take() else { continue };
            let path: Vec<_> = above.iter().map(|(_, key)| *key).collect();
            let default = path.iter().fold(&defaults, |value, key| &value[*key]);
            writeln!(table, "| `{}` | `{default}` | {} |", path.join("."), told.replace('|', "\\|")).unwrap();
        }
    }
    table
}

/// Fails unless the schema's properties are the values' keys, down to where the schema leaves the rest to Kubernetes.
pub(crate) fn compare(path: &str, values: &Value, schema: &Value) {
    let Some(properties) = schema["properties"].as_object() else {
        assert!(!schema["type"].is_null() || !schema["enum"].is_null(), "the schema says nothing of {path}");
        return;
    };
    assert_eq!(schema["additionalProperties"], false, "a misspelt key below {path:?} must be an error");
    let values = values.as_object().unwrap_or_else(|| panic!("{path} is no map in values.yaml"));
    for key in properties.keys() {
        // `global` is Helm's own, for charts that hold this one.
        assert!(
            values.contains_key(key) || key == "global" || path.ends_with("issuerRef"),
            "{path}.{key} is only in the schema"
        );
    }
    for (key, value) in values {
        let part = properties.get(key).unwrap_or_else(|| panic!("{path}.{key} is not in the schema"));
        compare(&format!("{path}.{key}"), value, part);
    }
}
