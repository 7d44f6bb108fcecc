//! Ringwall's own settings: a wrong one is refused, whatever the modes.

use ringwall::{
    decision::{Outcome, Templates, survey, worsened},
    model::Name,
    ruleset::{Exemption, ExemptionMatch, Profile, Ruleset},
    snapshot::Edit,
};
use serde_json::{Value, json};

use crate::world::*;

fn ruleset(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "ringwall.dev/v1alpha1", "kind": "Ruleset", "metadata": {"name": name}, "spec": spec})
}

fn exemption(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "ringwall.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": name}, "spec": spec})
}

fn right(expires: &str) -> Value {
    json!({"rules": ["open-ingress"], "reason": "it goes", "owner": "me@example.com", "expires": expires})
}

/// What is said of the mistakes of an object that is created, a line for each.
fn complaints(object: &Value) -> Vec<String> {
    let decision = create(&snapshot(&[]), object, &Ruleset::default());
    assert_eq!(decision.allow, decision.findings.is_empty(), "{}", lines(&decision));
    decision.findings.iter().map(|(finding, _)| finding.line()).collect()
}

#[test]
fn settings_without_a_mistake_are_admitted() {
    let spec = json!({"defaults": {"enforce": "baseline"}, "rules": {"wide-peer": {"mode": "warn", "ipv4Prefix": 12}}});
    assert!(complaints(&ruleset("default", &spec)).is_empty());
    assert!(complaints(&exemption("a", &right("2026-11-22"))).is_empty(), "its last day is today");
    assert!(complaints(&exemption("ringwall-probe-1", &right("2027-01-01"))).is_empty());
}

#[test]
fn every_mistake_is_one_line_with_its_field_and_what_was_meant() {
    let spec = json!({
        "flor": "baseline", "defaults": {"enforce": "strict"},
        "rules": {"open-ingres": {"mode": "warn"}, "wide-peer": {"ipv4Prefix": 99}},
        "environment": {"networkPlugin": "cillium"},
    });
    let told = complaints(&ruleset("default", &spec));
    let expected = [
        "spec.defaults.enforce: strict is none of privileged, baseline, restricted",
        "spec.environment.networkPlugin: cillium is none of",
        "spec.flor: unknown field flor; fix: did you mean floor?",
        "spec.rules.open-ingres: there is no rule open-ingres; fix: did you mean open-ingress?",
        "spec.rules.wide-peer.ipv4Prefix: ",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with("invalid-settings: Ruleset default: "), "{told}");
        assert!(told.contains(expected), "{told} says not {expected}");
        assert!(!told.contains('\n'), "{told}");
    }
}

#[test]
fn an_exemption_needs_a_reason_an_owner_a_rule_and_a_day_to_come() {
    let told = complaints(&exemption("a", &json!({"rules": [], "match": {"labels": {"app": "ftp"}}})));
    for part in ["spec.reason: is missing", "spec.owner: is missing", "spec.rules: must name", "spec.match.labels: "] {
        assert!(told.iter().any(|line| line.contains(part)), "{part} is not in {told:#?}");
    }
    let told = complaints(&exemption("a", &right("2026-11-21")));
    assert!(told[0].contains("spec.expires: 2026-11-21 is past"), "{told:?}");
    assert!(complaints(&exemption("a", &right("tomorrow")))[0].contains("spec.expires: tomorrow is no date"));
    let named =
        complaints(&exemption("a", &json!({"name": "a", "rules": ["open-ingress"], "reason": "r", "owner": "o"})));
    assert!(named[0].contains("spec.name: unknown field name"), "{named:?}");
    let nothing = json!({"apiVersion": "ringwall.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": "a"}});
    assert!(complaints(&nothing)[0].contains("spec: is missing"));
}

#[test]
fn a_ruleset_of_another_name_is_refused_for_it_would_hold_nowhere() {
    let told = complaints(&ruleset("mine", &json!({})));
    assert!(told[0].contains("metadata.name: is mine: the one ruleset in force is named default"), "{told:?}");
}

#[test]
fn a_past_day_in_a_rulesets_list_is_told_by_its_exemption() {
    let mut listed = right("2026-01-01");
    listed["name"] = json!("old");
    let told = complaints(&ruleset("default", &json!({"exemptions": [listed]})));
    assert!(told[0].contains("spec.exemptions[0].expires: 2026-01-01 is past"), "{told:?}");
}

#[test]
fn what_is_stored_with_a_mistake_can_be_mended_in_steps_and_no_new_one_be_added() {
    let before = ruleset("default", &json!({"floor": "baselin", "rules": {"gone": {"mode": "warn"}}}));
    let world = snapshot(std::slice::from_ref(&before));
    let mended = ruleset("default", &json!({"rules": {"gone": {"mode": "warn"}}}));
    let decision = update(&world, &before, &mended, &Ruleset::default());
    assert!(decision.allow, "{}", lines(&decision));
    assert_eq!(warnings(&decision), ["invalid-settings"]);
    let other = ruleset("default", &json!({"floor": "strict", "rules": {"gone": {"mode": "warn"}}}));
    assert!(!update(&world, &before, &other, &Ruleset::default()).allow);
}

#[test]
fn an_exemption_that_has_ended_can_be_annotated_prolonged_and_deleted() {
    let over = exemption("a", &right("2020-01-01"));
    let world = snapshot(std::slice::from_ref(&over));
    let ruleset = Ruleset::default();
    let mut other = over.clone();
    other["spec"]["owner"] = json!("somebody@example.com");
    assert!(update(&world, &over, &other, &ruleset).allow);
    assert!(update(&world, &over, &exemption("a", &right("2027-01-01")), &ruleset).findings.is_empty());
    assert!(!update(&world, &over, &exemption("a", &right("2021-01-01")), &ruleset).allow);
    assert!(delete(&world, &over, &ruleset).allow);
}

#[test]
fn no_exemption_and_no_profile_lets_a_mistake_through() {
    let mut lax = enforcing(Profile::Privileged);
    let rule = ringwall::rules::rule("invalid-settings").unwrap().info().id;
    let name = |text: &str| Name::from(text);
    lax.exemptions.push(Exemption {
        name: name("all"),
        source: ringwall::ruleset::ExemptionSource::Entry,
        rules: vec![rule],
        matches: ExemptionMatch::default(),
        reason: name("r"),
        owner: name("o"),
        expires: None,
    });
    let decision = create(&snapshot(&[]), &ruleset("default", &json!({"floor": "baselin"})), &lax);
    assert_eq!(refusals(&decision), ["invalid-settings"]);
}

#[test]
fn a_survey_finds_mistakes_and_of_a_running_cluster_no_day_that_passed() {
    let wrong = ruleset("default", &json!({"floor": "baselin"}));
    let world = snapshot(&[wrong.clone(), exemption("over", &right("2020-01-01"))]);
    let refused = |templates| {
        let found = survey(&world, &Ruleset::default(), templates, now());
        let refused = found.into_iter().filter(|judgement| judgement.outcome == Outcome::Refuse);
        refused.map(|judgement| judgement.subject.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(refused(Templates::AsTemplates), ["Ruleset default"]);
    assert_eq!(refused(Templates::AsPods), ["Ruleset default", "Exemption over"]);
    // What came while nobody was asked is named by the audit.
    let before = snapshot(&[]);
    let (after, touched) = before.with([Edit::Put(object(&wrong))]);
    assert_eq!(worsened(&before, &after, &touched, &Ruleset::default(), now()).len(), 1);
}
