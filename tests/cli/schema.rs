//! As much of JSON Schema 2020-12 as the schemas in `docs/` use. A keyword that is not known here is a failure, so that
//! the schema cannot promise what nothing checks.

use serde_json::Value;

/// What in the value does not follow the schema; empty when all does.
pub(crate) fn complaints(schema: &Value, value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    check(schema, schema, value, "$", &mut out);
    out
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let fine = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").expect("references go to $defs");
                check(root, &root["$defs"][name], value, at, out);
                true
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| is_of(name, value)),
                name => is_of(name, value),
            },
            "oneOf" => {
                let holds = |schema: &&Value| {
                    let mut complaints = Vec::new();
                    check(root, schema, value, at, &mut complaints);
                    complaints.is_empty()
                };
                rule.as_array().unwrap().iter().filter(holds).count() == 1
            }
            "required" => {
                let keys = rule.as_array().unwrap();
                !value.is_object() || keys.iter().all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "minProperties" => value.as_object().is_none_or(|fields| fields.len() as u64 >= rule.as_u64().unwrap()),
            "maxProperties" => value.as_object().is_none_or(|fields| fields.len() as u64 <= rule.as_u64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                value.as_object().is_none_or(|fields| fields.keys().all(|key| known.contains_key(key)))
            }
            "properties" => {
                for (key, schema) in rule.as_object().unwrap() {
                    if let Some(field) = value.get(key) {
                        check(root, schema, field, &format!("{at}.{key}"), out);
                    }
                }
                true
            }
            "items" => {
                for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, entry, &format!("{at}[{index}]"), out);
                }
                true
            }
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => {
                value.as_str().is_none_or(|text| text.chars().count() >= rule.as_u64().unwrap().try_into().unwrap())
            }
            "pattern" => {
                assert_eq!(rule, "^[a-z]+(-[a-z]+)*$", "the one pattern that is known here");
                let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
                value.as_str().is_none_or(|text| text.split('-').all(is_word))
            }
            other => panic!("the keyword {other} is not known"),
        };
        if !fine {
            out.push(format!("{at}: {keyword} {rule} does not hold for {value}"));
        }
    }
}

fn is_of(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known"),
    }
}
