//! `charts/ringwall`: what lists kinds or values there is generated, and what names metrics names those that exist.
//!
//! `RINGWALL_UPDATE=1 cargo test --test install` writes the files again. What needs helm is in `tests/cluster/chart.rs`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy's allowances for tests do not reach the functions that tests call"
)]

mod certificates;
mod definitions;
mod monitoring;
mod rights;
mod roles;
mod values;
mod webhook;

use std::path::{Path, PathBuf};

use serde_json::Value;

#[test]
fn the_roles_read_every_kind_of_the_table_and_no_more() {
    is_current("files/roles.yaml", &roles::render());
}

#[test]
fn secrets_are_never_listed_without_being_asked() {
    let roles = parse(&roles::render());
    let text = |section: &str| roles[section].to_string();
    assert!(!text("watched").contains("\"secrets\"") && !text("read").contains("\"secrets\""), "{roles}");
    assert_eq!(roles["secrets"][0]["verbs"], serde_json::json!(["get"]));
    assert_eq!(roles["followed"][0]["verbs"], serde_json::json!(["list", "watch"]));
}

#[test]
fn the_webhook_configuration_asks_about_every_operation_of_the_table() {
    is_current("files/webhooks.yaml", &webhook::render());
}

#[test]
fn a_namespace_is_deleted_without_asking() {
    for entry in parse(&webhook::render())["webhooks"].as_array().unwrap() {
        let text = entry.to_string();
        if text.contains("\"DELETE\"") {
            assert!(text.contains("not-the-namespace-controller"), "{text}");
        }
        if entry["name"] == "namespaces.ringwall.dev" {
            assert!(!text.contains("\"DELETE\""), "{text}");
        }
    }
}

#[test]
fn what_others_rest_on_is_asked_about_when_the_garbage_collector_deletes_it_and_nothing_else() {
    let names = |spared: bool| -> Vec<String> {
        let entries = parse(&webhook::render());
        let entries = entries["webhooks"].as_array().unwrap().iter();
        entries
            .filter(|entry| entry["rules"].to_string().contains("\"DELETE\""))
            .filter(|entry| entry["matchConditions"].to_string().contains("not-the-garbage-collector") == spared)
            .map(|entry| entry["name"].as_str().unwrap().trim_end_matches(".ringwall.dev").to_owned())
            .collect()
    };
    let asked = ["policies", "cluster-policies", "cilium-policies", "calico-policies", "certificates", "mesh"];
    assert_eq!(names(false), asked);
    assert_eq!(names(true), ["ingresses", "gateways", "traefik", "nginx", "gke"]);
}

#[test]
fn the_table_of_values_says_what_the_values_say() {
    let path = chart("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(values::BEGIN).expect("the beginning of the table");
    let (_, after) = rest.split_once(values::END).expect("the end of the table");
    let table = values::table(&std::fs::read_to_string(chart("values.yaml")).unwrap());
    is_current("README.md", &format!("{before}{}{table}{}{after}", values::BEGIN, values::END));
}

#[test]
fn the_schema_knows_every_value_and_no_other() {
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(chart("values.schema.json")).unwrap()).unwrap();
    values::compare("", &yaml("values.yaml"), &schema);
}

#[test]
fn the_chart_is_as_old_as_the_program() {
    let chart = yaml("Chart.yaml");
    for field in ["version", "appVersion"] {
        assert_eq!(chart[field], env!("CARGO_PKG_VERSION"), "{field} of Chart.yaml");
    }
}

/// A file of the chart, read as YAML.
fn yaml(name: &str) -> Value {
    let text = std::fs::read_to_string(chart(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    parse(&text)
}

fn parse(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

fn is_current(name: &str, generated: &str) {
    let path = chart(name);
    if std::env::var("RINGWALL_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, generated).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == generated,
        "charts/ringwall/{name} is not what the code says; RINGWALL_UPDATE=1 cargo test --test install writes it again. \
         It should be:\n{generated}"
    );
}

fn chart(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/ringwall").join(name)
}
