//! Mutual TLS inside: policies of meshes change while workloads rest on them.

use std::collections::BTreeMap;

use ringwall::{
    decision::{Actor, Change, Decision, decide},
    ruleset::{Profile, Ruleset},
    snapshot::Snapshot,
};
use serde_json::{Value, json};

use crate::world::*;

/// Refuses what baseline holds against, isolation aside.
fn ruleset(profile: Profile) -> Ruleset {
    let mut ruleset = enforcing(profile);
    for rule in ringwall::rules::all().filter(|rule| {
        let name = rule.info().id.0;
        !["disabled-mtls", "permissive-mtls", "outside-mesh", "unauthenticated-peers", "unmarked-workload"]
            .contains(&name)
    }) {
        ruleset.modes.insert(rule.info().id, ringwall::ruleset::Mode::Audit);
    }
    ruleset
}

fn baseline() -> Ruleset {
    ruleset(Profile::Baseline)
}

fn sidecar(name: &str, app: &str, sensitive: bool) -> Value {
    let mut pod = pod(name, app);
    pod["spec"]["containers"] = json!([{"name": "main", "ports": [{"containerPort": 8080}]}, {"name": "istio-proxy"}]);
    if sensitive {
        pod["metadata"]["labels"]["ringwall.dev/data"] = json!("sensitive");
    }
    pod
}

fn peers(namespace: &str, name: &str, created: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": format!("2026-01-{created}T00:00:00Z")}, "spec": spec,
    })
}

fn mode(mode: &str) -> Value {
    json!({"mtls": {"mode": mode}})
}

fn world(more: &[Value]) -> Snapshot {
    let home = [namespace("shop", &[]), namespace("istio-system", &[])];
    snapshot(&home.iter().chain(more).cloned().collect::<Vec<_>>())
}

#[test]
fn the_strict_policy_of_a_sensitive_workload_cannot_be_deleted_or_weakened() {
    let strict = peers("shop", "all", "01", &mode("STRICT"));
    let stored = world(&[strict.clone(), sidecar("db", "db", true), sidecar("web", "web", false)]);
    let deleted = delete(&stored, &strict, &baseline());
    assert_eq!(refusals(&deleted), ["permissive-mtls"], "{}", lines(&deleted));
    let text = lines(&deleted);
    assert!(text.contains("Pod shop/db, which is marked sensitive, accepts plaintext on every port"), "{text}");
    assert!(text.contains("no PeerAuthentication says STRICT") && text.contains("delete its workload first"), "{text}");
    assert!(!text.contains("shop/web"), "baseline asks it of sensitive workloads alone: {text}");
    for weaker in [
        mode("PERMISSIVE"),
        mode("UNSET"),
        json!({"mtls": {"mode": "STRICT"}, "selector": {"matchLabels": {"app": "web"}}}),
    ] {
        let updated = update(&stored, &strict, &peers("shop", "all", "01", &weaker), &baseline());
        assert_eq!(refusals(&updated), ["permissive-mtls"], "{weaker}: {}", lines(&updated));
    }
    let disabled = update(&stored, &strict, &peers("shop", "all", "01", &mode("DISABLE")), &baseline());
    assert_eq!(refusals(&disabled), ["disabled-mtls", "permissive-mtls"], "{}", lines(&disabled));
    let restricted = delete(&stored, &strict, &ruleset(Profile::Restricted));
    assert!(lines(&restricted).contains("Pod shop/web accepts plaintext"), "{}", lines(&restricted));
}

#[test]
fn the_garbage_collector_does_not_take_a_mesh_policy_away_either() {
    let strict = peers("shop", "all", "01", &mode("STRICT"));
    let stored = world(&[strict.clone(), sidecar("db", "db", true)]);
    let user = "system:serviceaccount:kube-system:generic-garbage-collector".into();
    let request = Change { actor: Some(Actor { user, groups: Vec::new() }), ..change(Some(&strict), None) };
    let decision = decide(&stored, &request, &baseline(), now());
    assert_eq!(refusals(&decision), ["permissive-mtls"], "{}", lines(&decision));
}

#[test]
fn one_of_two_may_go_and_not_the_other_right_after_it() {
    let (mesh, own) =
        (peers("istio-system", "mesh", "01", &mode("STRICT")), peers("shop", "all", "02", &mode("STRICT")));
    let stored = world(&[mesh.clone(), own.clone(), sidecar("db", "db", true)]);
    assert!(delete(&stored, &own, &baseline()).allow);
    let request = Change { doubted: BTreeMap::from([(object(&own).key(), None)]), ..change(Some(&mesh), None) };
    let decision = decide(&stored, &request, &baseline(), now());
    assert_eq!(refusals(&decision), ["permissive-mtls"], "{}", lines(&decision));
}

#[test]
fn an_older_policy_goes_before_a_newer_one() {
    let (strict, lax) = (peers("shop", "b", "01", &mode("STRICT")), peers("shop", "a", "02", &mode("PERMISSIVE")));
    let stored = world(&[strict.clone(), sidecar("db", "db", true)]);
    let mut new = lax.clone();
    new["metadata"]["creationTimestamp"] = Value::Null;
    assert!(create(&stored, &new, &baseline()).allow, "a new one is the youngest");
    let both = world(&[strict.clone(), lax.clone(), sidecar("db", "db", true)]);
    assert!(delete(&both, &lax, &baseline()).allow);
    assert_eq!(refusals(&delete(&both, &strict, &baseline())), ["permissive-mtls"]);
}

#[test]
fn a_sensitive_pod_is_refused_outside_the_mesh_and_where_plaintext_is_accepted() {
    let strict = peers("shop", "all", "01", &mode("STRICT"));
    let refused = |more: &[Value], pod: &Value| -> Vec<&'static str> {
        let decision = create(&world(more), pod, &baseline());
        refusals(&decision)
    };
    let mut outside = pod("db", "db");
    outside["metadata"]["labels"]["ringwall.dev/data"] = json!("sensitive");
    assert_eq!(refused(std::slice::from_ref(&strict), &outside), ["outside-mesh"]);
    assert_eq!(refused(&[], &sidecar("db", "db", true)), ["permissive-mtls"]);
    assert!(refused(&[strict], &sidecar("db", "db", true)).is_empty());
    assert!(refused(&[], &sidecar("web", "web", false)).is_empty());
    // The Namespace's mark binds.
    let home = namespace("shop", &[("ringwall.dev/data", "sensitive")]);
    let mut denying = pod("web", "web");
    denying["metadata"]["labels"]["ringwall.dev/data"] = json!("public");
    let decision = create(&snapshot(&[home]), &denying, &baseline());
    assert_eq!(refusals(&decision), ["outside-mesh"], "{}", lines(&decision));
}

#[test]
fn whoever_comes_into_a_mesh_is_not_worse_and_whoever_leaves_it_is() {
    let mut db = pod("db", "db");
    db["metadata"]["labels"]["ringwall.dev/data"] = json!("sensitive");
    let (plain, ambient) = (namespace("shop", &[]), namespace("shop", &[("istio.io/dataplane-mode", "ambient")]));
    let decision = update(&snapshot(&[plain.clone(), db.clone()]), &plain, &ambient, &baseline());
    assert!(decision.allow, "{}", lines(&decision));
    let decision = update(&snapshot(&[ambient.clone(), db.clone()]), &ambient, &plain, &baseline());
    assert_eq!(refusals(&decision), ["outside-mesh"], "{}", lines(&decision));
    // With STRICT it loses more.
    let strict = peers("shop", "all", "01", &mode("STRICT"));
    let decision = update(&snapshot(&[ambient.clone(), strict, db]), &ambient, &plain, &baseline());
    assert_eq!(refusals(&decision), ["outside-mesh"], "{}", lines(&decision));
}

#[test]
fn marking_a_namespace_refuses_nothing_and_taking_the_mark_off_is_said_aloud() {
    let (plain, marked) = (namespace("shop", &[]), namespace("shop", &[("ringwall.dev/data", "sensitive")]));
    for running in [pod("web", "web"), sidecar("web", "web", false)] {
        let decision = update(&snapshot(&[plain.clone(), running.clone()]), &plain, &marked, &baseline());
        assert!(decision.allow, "{}", lines(&decision));
        let decision = update(&snapshot(&[marked.clone(), running]), &marked, &plain, &baseline());
        assert!(decision.allow && warnings(&decision).contains(&"unmarked-workload"), "{}", lines(&decision));
    }
    let decision = update(&snapshot(std::slice::from_ref(&marked)), &marked, &plain, &baseline());
    assert!(!warnings(&decision).contains(&"unmarked-workload"), "nobody is in it");
}

#[test]
fn a_template_that_loses_its_mark_is_told_unless_its_namespace_marks_it() {
    let plain = deployment("db", "db");
    let mut marked = plain.clone();
    marked["spec"]["template"]["metadata"]["labels"]["ringwall.dev/data"] = json!("sensitive");
    let told = |home: Value| {
        let decision: Decision = update(&snapshot(&[home, marked.clone()]), &marked, &plain, &baseline());
        warnings(&decision).contains(&"unmarked-workload")
    };
    assert!(told(namespace("shop", &[])));
    assert!(!told(namespace("shop", &[("ringwall.dev/data", "sensitive")])));
}

#[test]
fn what_linkerd_authorizes_is_judged_by_the_workloads_that_it_lets_anyone_to() {
    let mut db = pod("db", "db");
    db["metadata"]["labels"]["ringwall.dev/data"] = json!("sensitive");
    db["metadata"]["annotations"] = json!({"config.linkerd.io/default-inbound-policy": "all-authenticated"});
    db["spec"]["containers"] = json!([{"name": "main"}, {"name": "linkerd-proxy"}]);
    let server = json!({
        "apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server", "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "db"}}, "port": 5432},
    });
    let policy = json!({
        "apiVersion": "policy.linkerd.io/v1alpha1", "kind": "AuthorizationPolicy", "metadata": {"name": "any", "namespace": "shop"},
        "spec": {
            "targetRef": {"group": "policy.linkerd.io", "kind": "Server", "name": "db"},
            "requiredAuthenticationRefs": [{"group": "policy.linkerd.io", "kind": "NetworkAuthentication", "name": "all"}],
        },
    });
    let network = json!({
        "apiVersion": "policy.linkerd.io/v1alpha1", "kind": "NetworkAuthentication", "metadata": {"name": "all", "namespace": "shop"},
        "spec": {"networks": [{"cidr": "0.0.0.0/0"}]},
    });
    let stored = world(&[db.clone(), server.clone(), network.clone()]);
    let decision = create(&stored, &policy, &baseline());
    assert_eq!(refusals(&decision), ["permissive-mtls"], "{}", lines(&decision));
    assert!(lines(&decision).contains("accepts plaintext on TCP 5432"), "{}", lines(&decision));
    // The network alone opens it, where the policy was there before and void.
    let decision = create(&world(&[db, server, policy]), &network, &baseline());
    assert_eq!(refusals(&decision), ["permissive-mtls"], "{}", lines(&decision));
}

#[test]
fn a_mesh_policy_in_doubt_is_read_before_a_pod_that_rests_on_it() {
    let strict = peers("shop", "all", "01", &mode("STRICT"));
    let stored = world(std::slice::from_ref(&strict));
    let key = object(&strict).key();
    let request =
        Change { doubted: BTreeMap::from([(key.clone(), None)]), ..change(None, Some(&sidecar("db", "db", true))) };
    let decision = decide(&stored, &request, &baseline(), now());
    let need = ringwall::snapshot::Need::List(key.kind, key.namespace);
    assert!(decision.needs.contains(&need), "{:?}", decision.needs);
}
