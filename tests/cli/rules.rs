//! `ringwall rules` and `docs/rules.md`, and the small commands.

use insta::assert_snapshot;

use crate::ringwall;

#[test]
fn one_rule_is_explained_whole() {
    assert_snapshot!(ringwall("rules unisolated-ingress"));
}

#[test]
fn an_unknown_rule_is_answered_with_the_nearest() {
    assert_snapshot!(ringwall("rules unisolated-ingres"));
    assert_eq!(ringwall("fix unisolated-ingres").code, 2);
}

#[test]
fn the_table_has_every_rule() {
    let table = ringwall("rules").stdout;
    assert_eq!(table.lines().count(), ringwall::rules::all().count());
    assert_eq!(ringwall("rules --format json").json().as_array().unwrap().len(), ringwall::rules::all().count());
}

#[test]
fn the_page_of_rules_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    let made = ringwall("rules --format markdown").stdout;
    assert!(stored == made, "docs/rules.md is not current: {}", ringwall::report::catalogue::COMMAND);
}

#[test]
fn the_page_of_network_plugins_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/network-plugins.md");
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    let made = ringwall("plugins").stdout;
    assert!(stored == made, "docs/network-plugins.md is not current: {}", ringwall::report::plugins::COMMAND);
}

#[test]
fn the_page_of_ingress_controllers_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ingress-controllers.md");
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    let made = ringwall("controllers").stdout;
    assert!(stored == made, "docs/ingress-controllers.md is not current: {}", ringwall::report::controllers::COMMAND);
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = ringwall(&format!("completions {shell}"));
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("ringwall"), "{shell}");
    }
}

#[test]
fn wrong_usage_is_told_with_code_two() {
    assert_eq!(ringwall("check").code, 2);
    assert_eq!(ringwall("check good --format xml").code, 2);
}
