//! The formats for programs.

use insta::assert_snapshot;
use serde_json::Value;

use crate::{ringwall, schema::complaints};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../docs/findings.schema.json")).unwrap()
}

#[test]
fn json_is_what_the_schema_says() {
    for arguments in
        ["good", "bad", "bad duplicate inputs/typo.yaml", "inputs/broken.yaml", "exempt --ruleset exempt.yaml"]
    {
        let report = ringwall(&format!("check {arguments} --format json")).json();
        assert_eq!(complaints(&schema(), &report), [""; 0], "{arguments}");
    }
}

#[test]
fn the_schema_holds_against_what_it_does_not_describe() {
    let mut report = ringwall("check bad --format json").json();
    report["findings"][0]["outcome"] = "maybe".into();
    report["findings"][0]["extra"] = 1.into();
    report["summary"]["refused"] = Value::Null;
    assert_eq!(complaints(&schema(), &report).len(), 3);
}

#[test]
fn json_looks_so() {
    assert_snapshot!(ringwall("check bad --format json"));
}

#[test]
fn github_annotations_look_so() {
    assert_snapshot!(ringwall("check bad duplicate --format github"));
}

#[test]
fn sarif_is_what_code_scanning_reads() {
    let log = ringwall("check bad duplicate --format sarif").json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "ringwall");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["help"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(rule["shortDescription"]["text"].is_string() && rule["fullDescription"]["text"].is_string());
    }
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(result["partialFingerprints"]["ringwallFinding/v1"].is_string());
        let location = &result["locations"][0]["physicalLocation"];
        assert!(location["artifactLocation"]["uri"].as_str().unwrap().starts_with("bad/"));
        assert!(location["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(location["region"]["endColumn"].as_u64() > location["region"]["startColumn"].as_u64());
    }
    let mut fingerprints: Vec<_> = results.iter().map(|result| result["partialFingerprints"].to_string()).collect();
    fingerprints.sort();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), results.len());
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "error");
}

#[test]
fn sarif_looks_so() {
    let mut log = ringwall("check bad --format sarif").json();
    log["runs"][0]["tool"]["driver"]["rules"] = "[all rules]".into();
    log["runs"][0]["tool"]["driver"]["semanticVersion"] = "[version]".into();
    for result in log["runs"][0]["results"].as_array_mut().unwrap() {
        // It moves with every rule that is added to the catalogue.
        result["ruleIndex"] = "[index]".into();
    }
    assert_snapshot!(serde_json::to_string_pretty(&log).unwrap());
}
