//! The reads that could change an answer.

use ringwall::{
    decision::decide,
    model::{Kind, ObjectKey},
    ruleset::Profile,
    snapshot::{Blind, Edit, Need, Scope},
};

use crate::world::*;

fn policies() -> Need {
    Need::List(Kind::NetworkPolicy, Some("shop".into()))
}

#[test]
fn a_refusal_asks_for_what_it_rests_on_once() {
    let shop = snapshot(&[namespace("shop", &[])]);
    let ruleset = enforcing(Profile::Baseline);
    let mut request = change(None, Some(&pod("web", "web")));
    let decision = decide(&shop, &request, &ruleset, now());
    assert!(!decision.allow && decision.needs.contains(&policies()), "{:?}", decision.needs);
    request.confirmed.extend(decision.needs);
    assert!(decide(&shop, &request, &ruleset, now()).needs.is_empty());
}

#[test]
fn an_admission_that_rests_on_what_is_known_asks_for_nothing() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web")]);
    assert!(create(&shop, &pod("web", "web"), &enforcing(Profile::Baseline)).needs.is_empty());
}

#[test]
fn a_namespace_that_the_snapshot_does_not_know_is_read_before_any_verdict() {
    let need = Need::Get(ObjectKey::cluster(Kind::Namespace, "shop"));
    let decision = create(&snapshot(&[]), &pod("web", "web"), &enforcing(Profile::Privileged));
    assert!(decision.allow && decision.needs.contains(&need), "{:?}", decision.needs);
}

#[test]
fn a_broken_watch_of_namespaces_is_made_up_for_by_a_read_of_the_one() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web")]);
    let scope = Scope { kind: Kind::Namespace, namespace: None };
    let (stale, _) = shop.with([Edit::Cover(scope, Err(Blind::Stale(Kind::Namespace)))]);
    let decision = create(&stale, &pod("web", "web"), &enforcing(Profile::Baseline));
    let need = Need::Get(ObjectKey::cluster(Kind::Namespace, "shop"));
    assert!(decision.needs.contains(&need), "{:?}", decision.needs);
}

#[test]
fn a_broken_watch_is_made_up_for_by_a_read() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web")]);
    let scope = Scope { kind: Kind::NetworkPolicy, namespace: None };
    let (stale, _) = shop.with([Edit::Cover(scope, Err(Blind::Stale(Kind::NetworkPolicy)))]);
    let decision = create(&stale, &pod("web", "web"), &enforcing(Profile::Baseline));
    assert!(decision.needs.contains(&policies()), "{:?}", decision.needs);
}

#[test]
fn a_pod_that_rests_on_a_policy_that_may_be_gone_is_confirmed() {
    let last = isolating("web", "web");
    let shop = snapshot(&[namespace("shop", &[]), last.clone()]);
    let mut request = change(None, Some(&pod("web", "web")));
    request.doubted.insert(object(&last).key(), None);
    let decision = decide(&shop, &request, &enforcing(Profile::Baseline), now());
    assert!(decision.allow && decision.needs.contains(&policies()), "{:?}", decision.needs);
}

#[test]
fn an_owner_that_is_not_seen_yet_is_read_before_a_policy_goes() {
    let last = isolating("web", "web");
    let shop = snapshot(&[namespace("shop", &[]), owned("web-1-a", "web", "web-1"), last.clone()]);
    let decision = delete(&shop, &last, &enforcing(Profile::Baseline));
    let need = Need::Get(ObjectKey::namespaced(Kind::ReplicaSet, "shop", "web-1"));
    assert!(decision.allow && decision.needs.contains(&need), "{:?}", decision.needs);
}

#[test]
fn the_owners_of_many_workloads_are_read_as_one_list() {
    let everything = policy("deny", &serde_json::json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
    let mut objects = vec![namespace("shop", &[]), everything.clone()];
    for number in 0..50 {
        let (app, set) = (format!("app-{number}"), format!("app-{number}-1"));
        objects.extend([deployment(&app, &app), replica_set(&set, &app, &app), owned(&format!("{set}-a"), &app, &set)]);
    }
    let (shop, ruleset) = (snapshot(&objects), enforcing(Profile::Baseline));
    let decision = delete(&shop, &everything, &ruleset);
    let list = |kind| Need::List(kind, Some("shop".into()));
    assert!(!decision.allow && decision.needs.len() < 10, "{:?}", decision.needs);
    assert!(decision.needs.contains(&list(Kind::ReplicaSet)) && decision.needs.contains(&list(Kind::Deployment)));
    let mut request = change(Some(&everything), None);
    request.confirmed.extend(decision.needs);
    assert!(decide(&shop, &request, &ruleset, now()).needs.is_empty());
}

#[test]
fn what_rbac_forbids_cannot_be_proved_and_is_not_read_for() {
    let shop = snapshot(&[namespace("shop", &[])]);
    let scope = Scope { kind: Kind::NetworkPolicy, namespace: None };
    let (blind, _) = shop.with([Edit::Cover(scope, Err(Blind::Forbidden(Kind::NetworkPolicy)))]);
    let decision = create(&blind, &pod("web", "web"), &enforcing(Profile::Baseline));
    assert!(decision.allow && lines(&decision).contains("cannot prove"), "{}", lines(&decision));
    assert!(decision.needs.is_empty(), "{:?}", decision.needs);
}
