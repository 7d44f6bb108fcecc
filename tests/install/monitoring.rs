//! The alerts and the dashboard: their metrics exist, and every alert is explained.

use std::{collections::BTreeSet, path::Path};

use super::{chart, yaml};

/// What others tell: kube-state-metrics and the API server.
const OTHERS: &[&str] = &["kube_deployment_", "apiserver_admission_webhook_"];

#[test]
fn every_metric_of_alerts_and_dashboard_is_one_of_ours() {
    let known = registered();
    let alerts = std::fs::read_to_string(chart("files/alerts.yaml")).unwrap();
    let dashboard = std::fs::read_to_string(chart("files/dashboard.json")).unwrap();
    let used: BTreeSet<_> = metrics_in(&alerts).chain(metrics_in(&dashboard)).collect();
    assert!(used.len() > 10, "{used:?}");
    let unknown: Vec<_> = used.iter().filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "nobody tells {unknown:?}; there are {known:?}");
}

#[test]
fn alerts_say_how_bad_it_is_and_what_it_means() {
    let alerts = yaml("files/alerts.yaml");
    let mut names = BTreeSet::new();
    for alert in alerts["alerts"].as_array().unwrap() {
        let name = alert["alert"].as_str().unwrap();
        assert!(name.starts_with("Ringwall") && names.insert(name.to_owned()), "{name} twice, or by another name");
        assert!(["warning", "critical"].contains(&alert["labels"]["severity"].as_str().unwrap()), "{name}");
        for annotation in ["summary", "description"] {
            assert!(alert["annotations"][annotation].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        }
        let expression = alert["expr"].as_str().unwrap();
        assert!(
            expression.contains("namespace=\"$NAMESPACE\"") || OTHERS.iter().any(|other| expression.contains(other)),
            "{name} is about any Ringwall anywhere"
        );
    }
}

#[test]
fn every_alert_is_explained_and_nothing_else_is() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md")).unwrap();
    let explained: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let alerts = yaml("files/alerts.yaml");
    let names: Vec<&str> =
        alerts["alerts"].as_array().unwrap().iter().map(|alert| alert["alert"].as_str().unwrap()).collect();
    assert_eq!(explained, names);
}

/// The metrics that an expression may name, with the suffixes that the text format gives them.
fn registered() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telemetry");
    let mut names = BTreeSet::new();
    for file in std::fs::read_dir(source).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for call in text.split(".register").skip(1) {
            let Some((_, name)) = call.split_once('"') else { continue };
            let Some((name, _)) = name.split_once('"') else { continue };
            // What is no more than a word of a comment in between is none.
            if name.contains(|letter: char| !letter.is_ascii_lowercase() && letter != '_') {
                continue;
            }
            for suffix in ["", "_total", "_seconds", "_seconds_bucket"] {
                names.insert(format!("ringwall_{name}{suffix}"));
            }
        }
    }
    names
}

/// The words of a text that are names of our metrics.
fn metrics_in(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with("ringwall_"))
        .map(str::to_owned)
}
