//! Changes of policies, judged by who would lose cover.

use ringwall::ruleset::{Profile, Ruleset};
use serde_json::{Value, json};

use crate::world::*;

fn baseline() -> Ruleset {
    enforcing(Profile::Baseline)
}

/// A Deployment with two Pods, and the objects above them.
fn shop_with(extra: &[Value]) -> Vec<Value> {
    let mut all = vec![
        namespace("shop", &[]),
        deployment("web", "web"),
        replica_set("web-1", "web", "web"),
        owned("web-1-a", "web", "web-1"),
        owned("web-1-b", "web", "web-1"),
    ];
    all.extend(extra.iter().cloned());
    all
}

fn open(name: &str, ingress: &Value) -> Value {
    policy(
        name,
        &json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": ingress}),
    )
}

#[test]
fn deleting_the_last_policy_is_refused_and_names_the_workload() {
    let last = isolating("web", "web");
    let shop = snapshot(&shop_with(std::slice::from_ref(&last)));
    let decision = delete(&shop, &last, &baseline());
    assert_eq!(refusals(&decision), ["unisolated-ingress"]);
    let text = lines(&decision);
    assert!(text.contains("Deployment shop/web (2 Pods)"), "{text}");
    assert!(text.contains("delete its workload first"), "{text}");
}

#[test]
fn deleting_one_of_two_policies_is_admitted() {
    let (one, two) = (isolating("one", "web"), isolating("two", "web"));
    let shop = snapshot(&shop_with(&[one.clone(), two]));
    assert!(delete(&shop, &one, &baseline()).allow);
}

#[test]
fn deleting_the_last_policy_is_admitted_when_nothing_runs() {
    let last = isolating("web", "web");
    let shop = snapshot(&[namespace("shop", &[]), deployment("web", "web"), last.clone()]);
    let decision = delete(&shop, &last, &baseline());
    assert!(decision.allow, "a template without Pods warns only: {}", lines(&decision));
    assert_eq!(warnings(&decision), ["unisolated-ingress"]);
}

#[test]
fn pods_whose_owner_is_gone_or_going_do_not_hold_a_policy_back() {
    let last = isolating("web", "web");
    let orphaned = snapshot(&[namespace("shop", &[]), owned("web-1-a", "web", "web-1"), last.clone()]);
    assert!(delete(&orphaned, &last, &baseline()).allow, "the ReplicaSet is gone");
    let mut going = deployment("web", "web");
    going["metadata"]["deletionTimestamp"] = json!("2026-11-22T11:59:59Z");
    going["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
    let set = replica_set("web-1", "web", "web");
    let world = [namespace("shop", &[]), going.clone(), set.clone(), owned("web-1-a", "web", "web-1"), last.clone()];
    assert!(delete(&snapshot(&world), &last, &baseline()).allow, "the Deployment is going");
    for (finalizers, why) in [
        (json!(["orphan", "foregroundDeletion"]), "its Pods are left behind"),
        (json!(["example.com/hold"]), "somebody holds it, and its Pods run on"),
    ] {
        going["metadata"]["finalizers"] = finalizers;
        let pod = owned("web-1-a", "web", "web-1");
        let world = [namespace("shop", &[]), going.clone(), set.clone(), pod, last.clone()];
        assert!(!delete(&snapshot(&world), &last, &baseline()).allow, "{why}");
    }
}

#[test]
fn a_replica_set_that_somebody_holds_keeps_its_pods_when_its_deployment_is_gone() {
    let last = isolating("web", "web");
    let mut set = replica_set("web-1", "web", "web");
    set["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let pod = owned("web-1-a", "web", "web-1");
    let world = [namespace("shop", &[]), set.clone(), pod.clone(), last.clone()];
    assert!(!delete(&snapshot(&world), &last, &baseline()).allow);
    set["metadata"]["finalizers"] = json!([]);
    assert!(delete(&snapshot(&[namespace("shop", &[]), set, pod, last.clone()]), &last, &baseline()).allow);
}

#[test]
fn owners_in_a_circle_and_in_crowds_are_judged_and_keep_each_other() {
    let last = isolating("web", "web");
    let sets = 40;
    let owners = |of: usize| -> Value {
        let one = |n: usize| json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("set-{n}"), "uid": format!("set-set-{n}")});
        (0..sets).filter(|n| *n != of).map(one).collect::<Vec<_>>().into()
    };
    let mut world = vec![namespace("shop", &[]), last.clone(), owned("web-a", "web", "set-0")];
    for n in 0..sets {
        let mut set = replica_set(&format!("set-{n}"), "web", "web");
        set["metadata"]["ownerReferences"] = owners(n);
        world.push(set);
    }
    assert!(!delete(&snapshot(&world), &last, &baseline()).allow);
}

#[test]
fn two_policies_that_cover_for_each_other_do_not_go_one_right_after_the_other() {
    let (one, two) = (isolating("one", "web"), isolating("two", "web"));
    let shop = snapshot(&shop_with(&[one.clone(), two.clone()]));
    let mut request = change(Some(&two), None);
    let elsewhere = isolating("one", "other");
    for becomes in [None, Some(object(&elsewhere))] {
        request.doubted.insert(object(&one).key(), becomes);
        let decision = ringwall::decision::decide(&shop, &request, &baseline(), now());
        assert_eq!(refusals(&decision), ["unisolated-ingress"]);
    }
}

#[test]
fn classes_of_one_workload_are_one_subject_and_their_pods_add_up() {
    let last = isolating("web", "web");
    let mut world = shop_with(std::slice::from_ref(&last));
    world.push(replica_set("web-2", "web", "web"));
    world.push(owned("web-2-a", "web", "web-2"));
    let decision = delete(&snapshot(&world), &last, &baseline());
    assert_eq!(decision.findings.len(), 1);
    assert!(lines(&decision).contains("Deployment shop/web (3 Pods) accepts"), "{}", lines(&decision));
}

#[test]
fn an_owner_of_an_unknown_kind_proves_nothing() {
    let last = isolating("web", "web");
    let mut web = pod("web", "web");
    web["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "example.com/v1", "kind": "Gone", "name": "gone", "uid": "made-up", "controller": true}]);
    let shop = snapshot(&[namespace("shop", &[]), web, last.clone()]);
    assert!(!delete(&shop, &last, &baseline()).allow);
}

#[test]
fn ended_and_terminating_pods_do_not_count_but_a_grace_period_of_a_year_does() {
    let last = isolating("web", "web");
    let mut ended = pod("ended", "web");
    ended["status"]["phase"] = json!("Succeeded");
    let mut going = pod("going", "web");
    going["metadata"]["deletionTimestamp"] = json!("2026-11-22T12:00:30Z");
    let shop = snapshot(&[namespace("shop", &[]), ended, going.clone(), last.clone()]);
    assert!(delete(&shop, &last, &baseline()).allow);
    going["metadata"]["deletionTimestamp"] = json!("2027-11-22T12:00:00Z");
    let shop = snapshot(&[namespace("shop", &[]), going, last.clone()]);
    assert!(!delete(&shop, &last, &baseline()).allow);
}

#[test]
fn from_unisolated_to_open_and_back_is_not_worse() {
    let first = open("web", &json!([{}]));
    let bare = snapshot(&shop_with(&[]));
    let decision = create(&bare, &first, &baseline());
    assert!(decision.allow, "{}", lines(&decision));
    let covered = snapshot(&shop_with(std::slice::from_ref(&first)));
    let decision = delete(&covered, &first, &baseline());
    assert!(decision.allow, "{}", lines(&decision));
}

#[test]
fn widening_is_refused_and_narrowing_is_not() {
    let network = |cidr: &str| open("web", &json!([{"from": [{"ipBlock": {"cidr": cidr}}]}]));
    let shop = snapshot(&shop_with(&[network("10.0.0.0/8")]));
    let decision = update(&shop, &network("10.0.0.0/8"), &network("0.0.0.0/0"), &baseline());
    assert_eq!(refusals(&decision), ["open-ingress"], "{}", lines(&decision));
    let shop = snapshot(&shop_with(&[network("0.0.0.0/0")]));
    assert!(update(&shop, &network("0.0.0.0/0"), &network("10.0.0.0/8"), &baseline()).allow);
}

#[test]
fn a_different_hole_is_worse_even_when_it_is_smaller() {
    let ports = |first: u16, last: u16| open("web", &json!([{"ports": [{"port": first, "endPort": last}]}]));
    let shop = snapshot(&shop_with(&[ports(1, 3000)]));
    assert!(update(&shop, &ports(1, 3000), &ports(1, 2000), &baseline()).allow, "a smaller one of the same");
    assert!(!update(&shop, &ports(1, 3000), &ports(5000, 6500), &baseline()).allow, "another one");
}

#[test]
fn a_selector_that_moves_away_is_refused_with_the_way_to_do_it() {
    let before = isolating("web", "web");
    let mut after = before.clone();
    after["spec"]["podSelector"] = json!({"matchLabels": {"app": "web-2"}});
    let shop = snapshot(&shop_with(std::slice::from_ref(&before)));
    let decision = update(&shop, &before, &after, &baseline());
    assert_eq!(refusals(&decision), ["unisolated-ingress"]);
    assert!(lines(&decision).contains("keep a second policy"), "{}", lines(&decision));
}

#[test]
fn a_policy_with_rules_that_do_not_count_is_refused() {
    let ignored = policy(
        "web",
        &json!({
            "podSelector": {}, "policyTypes": ["Ingress"],
            "ingress": [], "egress": [{"to": [{"podSelector": {}}]}],
        }),
    );
    let shop = snapshot(&[namespace("shop", &[])]);
    assert_eq!(refusals(&create(&shop, &ignored, &baseline())), ["ignored-rules"]);
}

#[test]
fn removing_the_default_deny_is_refused_where_restricted_is_enforced() {
    let deny = policy("deny", &json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let own = policy(
        "web",
        &json!({
            "podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}], "egress": [{"to": [{"podSelector": {}}]}],
        }),
    );
    let shop = snapshot(&shop_with(&[deny.clone(), own.clone()]));
    let restricted = enforcing(Profile::Restricted);
    assert_eq!(refusals(&delete(&shop, &deny, &restricted)), ["no-default-deny"]);
    // The first Pod of a namespace without one is told, and not refused.
    let shop = snapshot(&[namespace("shop", &[]), own]);
    let decision = create(&shop, &pod("web", "web"), &restricted);
    assert!(decision.allow, "{}", lines(&decision));
    assert_eq!(warnings(&decision), ["no-default-deny"]);
}

#[test]
fn a_replica_set_that_its_deployment_left_to_the_collector_does_not_hold_the_default_deny_back() {
    let deny = policy("default-deny", &json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let restricted = enforcing(Profile::Restricted);
    let left = [namespace("shop", &[]), replica_set("web-1", "web", "web"), deny.clone()];
    let decision = delete(&snapshot(&left), &deny, &restricted);
    assert!(decision.allow, "{}", lines(&decision));
    let owned = [&left[..], &[deployment("web", "web")]].concat();
    assert_eq!(refusals(&delete(&snapshot(&owned), &deny, &restricted)), ["no-default-deny"]);
}

#[test]
fn the_first_egress_policy_narrows_even_if_it_reaches_the_metadata() {
    let to = |cidr: &str| {
        let egress = json!([{"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"port": 80}, {"port": 443}]}]);
        policy(
            "out",
            &json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], "egress": egress}),
        )
    };
    let restricted = enforcing(Profile::Restricted);
    let bare = snapshot(&shop_with(&[]));
    let decision = create(&bare, &to("0.0.0.0/0"), &restricted);
    assert!(decision.allow, "{}", lines(&decision));
    assert!(warnings(&decision).contains(&"metadata-endpoint"), "{}", lines(&decision));
    // Where egress was narrow before, it is worse.
    let narrow = to("10.1.0.0/16");
    let shop = snapshot(&shop_with(std::slice::from_ref(&narrow)));
    assert_eq!(refusals(&update(&shop, &narrow, &to("169.254.0.0/16"), &restricted)), ["metadata-endpoint"]);
}
