//! Exemptions.

use ringwall::{
    decision::{Templates, survey, unused_exemptions},
    model::Kind,
    rules::RuleId,
    ruleset::{Exemption, ExemptionMatch, Profile, Ruleset},
};

use crate::world::*;

fn exempting(matches: ExemptionMatch, expires: Option<&str>) -> Ruleset {
    let mut ruleset = enforcing(Profile::Baseline);
    ruleset.exemptions.push(Exemption {
        name: "legacy".into(),
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
fn an_exemption_that_nothing_needs_is_known() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web"), pod("web", "web")]);
    let ruleset = exempting(in_shop(), None);
    let found = survey(&shop, &ruleset, Templates::AsTemplates, now());
    assert_eq!(unused_exemptions(&found, &ruleset, now()).len(), 1);
    let bare = snapshot(&[namespace("shop", &[]), pod("web", "web")]);
    let found = survey(&bare, &ruleset, Templates::AsTemplates, now());
    assert!(unused_exemptions(&found, &ruleset, now()).is_empty());
}
