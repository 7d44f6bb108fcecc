//! Exemptions.

use ringwall::{
    decision::{Templates, survey, unused_exemptions},
    model::Kind,
    rules::RuleId,
    ruleset::{Exemption, ExemptionMatch, ExemptionSource, Profile, Ruleset},
};

use crate::world::*;

fn exempting(matches: ExemptionMatch, expires: Option<&str>) -> Ruleset {
    let mut ruleset = enforcing(Profile::Baseline);
    ruleset.exemptions.push(Exemption {
        name: "legacy".into(),
        source: ExemptionSource::Entry,
        rules: vec![RuleId("unisolated-ingress")],
        matches,
        reason: "until it is retired".into(),
        owner: "storage".into(),
        expires: expires.map(|date| date.parse().unwrap()),
    });
    ruleset
}

fn in_shop() -> ExemptionMatch {
    ExemptionMatch { namespaces: vec!["shop".into()], kinds: vec![Kind::Pod], ..ExemptionMatch::default() }
}

#[test]
fn an_exempted_finding_is_let_through_and_still_reported() {
    let shop = snapshot(&[namespace("shop", &[])]);
    let decision = create(&shop, &pod("web", "web"), &exempting(in_shop(), Some("2026-11-22")));
    assert!(decision.allow);
    assert_eq!(decision.findings.len(), 1);
    assert_eq!(decision.findings[0].1.name(), "exempt");
}

#[test]
fn an_exemption_past_its_date_exempts_nothing_and_says_so() {
    let shop = snapshot(&[namespace("shop", &[])]);
    let decision = create(&shop, &pod("web", "web"), &exempting(in_shop(), Some("2026-11-21")));
    assert_eq!(refusals(&decision), ["expired-exemption", "unisolated-ingress"]);
    assert!(lines(&decision).contains("legacy"), "{}", lines(&decision));
}

#[test]
fn labels_exempt_nobody_without_a_namespace() {
    let labels = [("app", "web")].into_iter().collect();
    let shop = snapshot(&[namespace("shop", &[])]);
    let anywhere = ExemptionMatch { labels, ..ExemptionMatch::default() };
    assert!(!create(&shop, &pod("web", "web"), &exempting(anywhere.clone(), None)).allow);
    let here = ExemptionMatch { namespaces: vec!["shop".into()], ..anywhere };
    assert!(create(&shop, &pod("web", "web"), &exempting(here, None)).allow);
}

#[test]
fn names_exempt_nobody_without_a_namespace() {
    let shop = snapshot(&[namespace("shop", &[])]);
    let anywhere = ExemptionMatch { kinds: vec![Kind::Pod], names: vec!["ftp".into()], ..ExemptionMatch::default() };
    assert!(!create(&shop, &pod("ftp", "ftp"), &exempting(anywhere.clone(), None)).allow);
    let here = ExemptionMatch { namespaces: vec!["shop".into()], ..anywhere };
    assert!(create(&shop, &pod("ftp", "ftp"), &exempting(here.clone(), None)).allow);
    assert!(!create(&shop, &pod("web", "ftp"), &exempting(here, None)).allow);
}

#[test]
fn a_controller_exempts_its_pods_and_not_those_that_only_claim_it() {
    let matches = ExemptionMatch { kinds: vec![Kind::Deployment], names: vec!["ftp".into()], ..in_shop() };
    let ruleset = exempting(matches, None);
    let above = [namespace("shop", &[]), deployment("ftp", "ftp"), replica_set("ftp-1", "ftp", "ftp")];
    let shop = snapshot(&above);
    assert!(create(&shop, &owned("ftp-1-a", "ftp", "ftp-1"), &ruleset).allow, "its own");
    assert!(!create(&shop, &pod("ftp", "ftp"), &ruleset).allow, "a Pod is no Deployment whatever it is called");
    // A Pod whose owner is gone by its UID does not count as running.
    for (version, uid, surveyed) in [
        ("made.up/v1", "deployment-ftp", Some("refuse")),
        ("apps/v2", "deployment-ftp", Some("refuse")),
        ("apps/v1", "another", None),
    ] {
        let mut claims = pod("claims", "ftp");
        claims["metadata"]["ownerReferences"] = serde_json::json!([{"apiVersion": version, "kind": "Deployment", "name": "ftp", "uid": uid, "controller": true}]);
        assert!(!create(&shop, &claims, &ruleset).allow, "{version} {uid}");
        let stored = snapshot(&[&above[..], &[claims]].concat());
        let found = survey(&stored, &ruleset, Templates::AsTemplates, now());
        let of_the_claim = found.iter().find(|judgement| {
            judgement.breach.rule.0 == "unisolated-ingress" && judgement.breach.subject.kind() == Kind::Pod
        });
        assert_eq!(of_the_claim.map(|judgement| judgement.outcome.name()), surveyed, "{version} {uid}");
    }
}

#[test]
fn the_name_of_one_bare_pod_does_not_exempt_its_equals() {
    let named = ExemptionMatch { names: vec!["a".into()], ..in_shop() };
    let outcome = |pods: &[serde_json::Value]| {
        let stored = snapshot(&[&[namespace("shop", &[])], pods].concat());
        let found = survey(&stored, &exempting(named.clone(), None), Templates::AsTemplates, now());
        found.iter().find(|found| found.breach.rule.0 == "unisolated-ingress").unwrap().outcome.name()
    };
    assert_eq!(outcome(&[pod("a", "web")]), "exempt");
    assert_eq!(outcome(&[pod("a", "web"), pod("b", "web")]), "refuse");
}

#[test]
fn an_exemption_that_nothing_needs_is_known() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web"), pod("web", "web")]);
    let ruleset = exempting(in_shop(), None);
    let found = survey(&shop, &ruleset, Templates::AsTemplates, now());
    assert_eq!(unused_exemptions(&found, &ruleset, now()).len(), 1);
    let bare = snapshot(&[namespace("shop", &[]), pod("web", "web")]);
    let found = survey(&bare, &ruleset, Templates::AsTemplates, now());
    assert!(unused_exemptions(&found, &ruleset, now()).is_empty());
}

#[test]
fn an_object_and_an_entry_of_one_name_are_two_exemptions() {
    let mut ruleset = exempting(in_shop(), None);
    let entry = ruleset.exemptions[0].clone();
    let elsewhere = ExemptionMatch { namespaces: vec!["other".into()], ..ExemptionMatch::default() };
    ruleset.exemptions.push(Exemption { source: ExemptionSource::Object, matches: elsewhere, ..entry });
    let bare = snapshot(&[namespace("shop", &[]), pod("web", "web")]);
    let found = survey(&bare, &ruleset, Templates::AsTemplates, now());
    let unused = unused_exemptions(&found, &ruleset, now());
    assert_eq!(unused.iter().map(|exemption| exemption.source).collect::<Vec<_>>(), [ExemptionSource::Object]);
}
