//! What Ringwall is never in the way of.

use ringwall::{
    decision::{Actor, Change, decide},
    ruleset::{Profile, Ruleset},
};
use serde_json::json;

use crate::world::*;

fn baseline() -> Ruleset {
    enforcing(Profile::Baseline)
}

fn by(user: &str, groups: &[&str], change: Change) -> Change {
    let actor = Actor { user: user.into(), groups: groups.iter().map(|group| (*group).into()).collect() };
    Change { actor: Some(actor), ..change }
}

#[test]
fn nothing_is_judged_in_a_terminating_namespace() {
    let mut shop = namespace("shop", &[]);
    shop["metadata"]["deletionTimestamp"] = json!("2026-11-22T11:59:00Z");
    let last = isolating("web", "web");
    let world = snapshot(&[shop, pod("web", "web"), last.clone()]);
    assert!(delete(&world, &last, &baseline()).allow);
}

#[test]
fn the_namespace_controllers_deletions_pass_and_the_collectors_of_policies_are_judged() {
    let last = isolating("web", "web");
    let world = snapshot(&[namespace("shop", &[]), pod("web", "web"), last.clone()]);
    let asked = |user: &str| decide(&world, &by(user, &[], change(Some(&last), None)), &baseline(), now()).allow;
    assert!(asked("system:serviceaccount:kube-system:namespace-controller"));
    assert!(!asked("system:serviceaccount:kube-system:generic-garbage-collector"));
    assert!(!asked("system:kube-controller-manager"));
}

#[test]
fn a_mirror_pod_of_a_node_warns_and_the_same_mark_from_anybody_else_is_judged() {
    let world = snapshot(&[namespace("shop", &[])]);
    let mut mirror = pod("static", "web");
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "hash"});
    let request = || change(None, Some(&mirror));
    let node = decide(&world, &by("system:node:one", &["system:nodes"], request()), &baseline(), now());
    assert!(node.allow);
    assert_eq!(warnings(&node), ["unisolated-ingress"]);
    assert!(!decide(&world, &request(), &baseline(), now()).allow);
}

#[test]
fn kube_system_and_ringwalls_own_namespace_are_left_alone() {
    let mut web = pod("web", "web");
    web["metadata"]["namespace"] = json!("kube-system");
    let world = snapshot(&[namespace("kube-system", &[]), namespace("ringwall", &[])]);
    assert!(create(&world, &web, &baseline()).allow);
    let mut ruleset = baseline();
    ruleset.environment.own_namespace = Some("ringwall".into());
    web["metadata"]["namespace"] = json!("ringwall");
    assert!(create(&world, &web, &ruleset).allow);
    assert!(!create(&world, &web, &baseline()).allow);
}
