//! Rulesets from files.

use insta::assert_snapshot;

use crate::{cases, ringwall, with_input};

#[test]
fn an_exempted_finding_is_still_reported() {
    assert_snapshot!(ringwall("check exempt --ruleset exempt.yaml"));
}

#[test]
fn an_ended_exemption_exempts_nothing_and_is_told() {
    assert_snapshot!(ringwall("check exempt --ruleset ended.yaml"));
}

#[test]
fn a_wrong_ruleset_is_told_with_its_place_and_what_was_meant() {
    assert_snapshot!(ringwall("check good --ruleset wrong.yaml"));
}

#[test]
fn a_missing_ruleset_judges_nothing() {
    assert_snapshot!(ringwall("check bad --ruleset missing.yaml"));
}

#[test]
fn a_wrong_ruleset_is_told_in_the_format_that_was_asked_for() {
    let report = ringwall("check good --ruleset wrong.yaml --format json").json();
    assert_eq!(report["errors"][0]["file"], "wrong.yaml");
    assert!(report["errors"][0]["line"].is_u64());
}

#[test]
fn the_rulesets_default_enforces_without_labels() {
    let text = std::fs::read_to_string(cases().join("inputs/unlabelled.yaml")).unwrap();
    assert_eq!(with_input(&["check", "-", "--ruleset", "exempt.yaml"], &text).code, 1);
}
