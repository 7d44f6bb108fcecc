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

/// A workload that nothing isolates, and settings beside it.
const SETTINGS: &str = "apiVersion: v1
kind: Pod
metadata: {name: ftp, namespace: legacy, labels: {app: ftp}}
spec: {containers: [{name: main, image: ftp}]}
---
apiVersion: ringwall.dev/v1alpha1
kind: Ruleset
metadata: {name: default}
spec: {defaults: {enforce: baseline}}
";

const EXEMPTION: &str = "---
apiVersion: ringwall.dev/v1alpha1
kind: Exemption
metadata: {name: legacy-ftp}
spec: {rules: [unisolated-ingress], match: {namespaces: [legacy]}, reason: it goes, owner: me}
";

#[test]
fn settings_among_the_manifests_are_in_force_as_in_a_cluster_and_it_is_said() {
    let check = |text: &str, more: &[&str]| with_input(&[&["check", "-"], more].concat(), text);
    let alone = check(SETTINGS, &[]);
    assert_eq!(alone.code, 1, "{alone}");
    assert!(alone.stdout.contains("judged by the Ruleset default, found among the objects"), "{alone}");
    let exempted = check(&format!("{SETTINGS}{EXEMPTION}"), &[]);
    assert_eq!(exempted.code, 0, "{exempted}");
    assert!(exempted.stdout.contains("the Ruleset default and 1 Exemption"), "{exempted}");
    assert!(exempted.stdout.contains("legacy-ftp"), "still reported: {exempted}");
    // A file goes before the Ruleset, and not before Exemptions.
    let given = check(&format!("{SETTINGS}{EXEMPTION}"), &["--ruleset", "exempt.yaml"]);
    assert!(given.stdout.contains("judged by 1 Exemption, found among the objects"), "{given}");
}

#[test]
fn a_mistake_in_settings_among_the_manifests_is_an_error_with_its_line() {
    let wrong = SETTINGS.replace("enforce: baseline", "enforce: basline");
    let wrong = format!("{wrong}{}", EXEMPTION.replace("unisolated-ingress", "unisolated-ingres"));
    let run = with_input(&["check", "-", "--format", "json"], &wrong);
    assert_eq!(run.code, 1, "{run}");
    let report = run.json();
    let found = report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "invalid-settings");
    let told: Vec<String> = found.map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{report}");
    assert!(
        told.iter().any(|finding| finding.contains("spec.defaults.enforce") && finding.contains("\"line\":9")),
        "{told:#?}"
    );
    assert!(told.iter().any(|finding| finding.contains("did you mean unisolated-ingress?")), "{told:#?}");
}
