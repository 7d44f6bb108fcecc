//! Cipher suites beside versions of TLS: two rules that are in doubt together, and each in force by itself.

use ringwall::{
    decision::{Decision, Templates, survey},
    edge::ControllerSettings,
    model::{Kind, ObjectKey},
    rules::RuleId,
    ruleset::{Exemption, ExemptionMatch, ExemptionSource, Mode, Profile, Ruleset},
    snapshot::{Blind, Edit, Need, Scope, Snapshot},
};
use serde_json::{Value, json};

use crate::world::*;

const VERSIONS: &str = "weak-tls-version";
const SUITES: &str = "weak-cipher";

/// Enforces what holds against suites alone; versions have this mode.
fn ruleset(versions: Mode) -> Ruleset {
    let mut ruleset = enforcing(Profile::Baseline);
    for rule in ringwall::rules::all() {
        ruleset.modes.insert(rule.info().id, Mode::Audit);
    }
    ruleset.modes.insert(RuleId(VERSIONS), versions);
    ruleset.modes.insert(RuleId(SUITES), Mode::Enforce);
    ruleset
}

fn config_map() -> ObjectKey {
    ObjectKey::namespaced(Kind::ConfigMap, "edge", "controller")
}

/// With the word that the controller is configured by that `ConfigMap`.
fn configured(mut ruleset: Ruleset) -> Ruleset {
    let settings = ControllerSettings { config_map: Some(config_map()), ..ControllerSettings::default() };
    ruleset.environment.edge.controllers.insert("k8s.io/ingress-nginx".into(), settings);
    ruleset
}

/// A cluster in which nobody watches `ConfigMaps`.
fn unread() -> Snapshot {
    let scope = Scope { kind: Kind::ConfigMap, namespace: None };
    let stored = snapshot(&[namespace("shop", &[]), nginx()]);
    stored.with([Edit::Cover(scope, Err(Blind::NotWatched(Kind::ConfigMap)))]).0
}

fn web() -> Value {
    ingress("shop", "web", &["shop.example.com"], &["shop.example.com"])
}

/// The findings of both rules: outcome and rule.
fn told(decision: &Decision) -> Vec<String> {
    let both = decision.findings.iter().filter(|(finding, _)| [VERSIONS, SUITES].contains(&finding.rule.0));
    both.map(|(finding, outcome)| format!("{} {}", outcome.name(), finding.rule)).collect()
}

#[test]
fn a_rule_in_force_has_read_what_it_rests_on_whatever_the_mode_of_the_other() {
    let ciphers = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "controller", "namespace": "edge"}, "data": {"ssl-ciphers": "RC4-SHA"},
    });
    let read = unread().with([Edit::Put(object(&ciphers))]).0;
    for mode in [Mode::Audit, Mode::Warn, Mode::Enforce] {
        let ruleset = configured(ruleset(mode));
        let decision = create(&unread(), &web(), &ruleset);
        assert!(decision.allow && decision.needs.contains(&Need::Get(config_map())), "{mode:?}: {:?}", decision.needs);
        assert_eq!(refusals(&create(&read, &web(), &ruleset)), [SUITES], "{mode:?}");
    }
}

#[test]
fn one_doubt_is_told_once_unless_it_goes_further_of_the_suites() {
    for (mode, expected) in [
        (Mode::Enforce, vec!["warn weak-tls-version"]),
        (Mode::Warn, vec!["warn weak-tls-version"]),
        (Mode::Audit, vec!["warn weak-cipher", "audit weak-tls-version"]),
    ] {
        let ruleset = configured(ruleset(mode));
        assert_eq!(told(&create(&unread(), &web(), &ruleset)), expected, "{mode:?}");
        let stored = unread().with([Edit::Put(object(&web()))]).0;
        let found = survey(&stored, &ruleset, Templates::AsTemplates, now());
        let mut rules: Vec<_> = found.iter().map(|judgement| judgement.breach.rule.0).collect();
        rules.retain(|rule| [VERSIONS, SUITES].contains(rule));
        assert_eq!(rules.len(), expected.len(), "{mode:?}: {rules:?}");
    }
}

#[test]
fn an_exemption_of_the_one_rule_exempts_from_nothing_of_the_other() {
    let mut ruleset = ruleset(Mode::Enforce);
    ruleset.environment.refuses_unknown_controllers = true;
    let mut snippet = web();
    snippet["metadata"]["annotations"] =
        json!({"nginx.ingress.kubernetes.io/server-snippet": "ssl_protocols TLSv1; ssl_ciphers ALL;"});
    let world = snapshot(&[namespace("shop", &[]), nginx()]);
    assert_eq!(refusals(&create(&world, &snippet, &ruleset)), [SUITES, VERSIONS]);
    ruleset.exemptions.push(Exemption {
        source: ExemptionSource::Entry,
        name: "old".into(),
        rules: vec![RuleId(VERSIONS)],
        matches: ExemptionMatch { namespaces: vec!["shop".into()], ..ExemptionMatch::default() },
        reason: "old clients".into(),
        owner: "shop".into(),
        expires: None,
    });
    assert_eq!(refusals(&create(&world, &snippet, &ruleset)), [SUITES]);
}
