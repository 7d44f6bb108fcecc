//! Policies of other kinds than NetworkPolicy, and what they make of the labels of Namespaces.

use ringwall::{
    decision::decide,
    model::{Kind, ObjectKey},
    network::{Plugin, PluginName},
    ruleset::{Profile, Ruleset},
    snapshot::{Blind, Edit, Need, Scope, Snapshot},
};
use serde_json::{Value, json};

use crate::world::*;

fn with(plugin: PluginName) -> Ruleset {
    let mut ruleset = enforcing(Profile::Baseline);
    ruleset.environment.plugin = Plugin::of(plugin);
    ruleset
}

fn reference() -> Ruleset {
    with(PluginName::Reference)
}

/// Denies everybody, for the namespaces with these labels.
fn denying(name: &str, namespaces: &Value) -> Value {
    cluster_policy(name, "Baseline", "Deny", namespaces)
}

fn cluster_policy(name: &str, tier: &str, action: &str, namespaces: &Value) -> Value {
    let rules = json!([{"action": action, "from": [{"namespaces": {}}]}]);
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy", "metadata": {"name": name},
        "spec": {"tier": tier, "priority": 10, "subject": {"namespaces": namespaces}, "ingress": rules},
    })
}

/// A Cilium policy of the whole cluster that isolates the Pods of namespaces with `guarded=yes`.
fn guarding() -> Value {
    json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": {"name": "guard"},
        "spec": {
            "endpointSelector": {"matchLabels": {"io.cilium.k8s.namespace.labels.guarded": "yes"}},
            "ingress": [{"fromEndpoints": [{"matchLabels": {"app": "front"}}]}],
        },
    })
}

fn guarded_shop(labels: &[(&str, &str)]) -> Snapshot {
    snapshot(&[namespace("shop", labels), pod("web", "web"), guarding()])
}

#[test]
fn a_namespace_does_not_leave_the_policy_that_isolates_its_pods() {
    let before = [("guarded", "yes")];
    let world = guarded_shop(&before);
    let relabelled = |labels: &[(&str, &str)], ruleset: &Ruleset| {
        update(&world, &namespace("shop", &before), &namespace("shop", labels), ruleset)
    };
    let cilium = with(PluginName::Cilium);
    assert_eq!(refusals(&relabelled(&[], &cilium)), ["unisolated-ingress"]);
    assert!(relabelled(&[("guarded", "yes"), ("team", "a")], &cilium).allow);
    // To lower the profile at the same time is no way out.
    let lowered = [("ringwall.dev/enforce", "privileged")];
    assert!(!relabelled(&lowered, &cilium).allow);
    // What is not enforced is not refused.
    let mut warning = cilium;
    warning.defaults.enforce = Profile::Privileged;
    assert!(relabelled(&[], &warning).allow);
}

#[test]
fn a_namespace_without_running_pods_may_be_relabelled_freely() {
    let before = namespace("shop", &[("guarded", "yes")]);
    let world = snapshot(&[before.clone(), deployment("web", "web"), guarding()]);
    assert!(update(&world, &before, &namespace("shop", &[]), &with(PluginName::Cilium)).allow);
}

#[test]
fn a_namespace_is_not_relabelled_into_what_accepts_everybody() {
    let before = namespace("shop", &[]);
    let open = cluster_policy("open", "Admin", "Accept", &json!({"matchLabels": {"open": "yes"}}));
    let world = snapshot(&[before.clone(), pod("web", "web"), isolating("web", "web"), open]);
    let decision = update(&world, &before, &namespace("shop", &[("open", "yes")]), &reference());
    assert_eq!(refusals(&decision), ["open-ingress"], "{}", lines(&decision));
}

#[test]
fn relabelling_reads_what_a_broken_watch_may_hide_and_other_changes_of_a_namespace_do_not() {
    let before = namespace("shop", &[("guarded", "yes")]);
    let kind = Kind::CiliumClusterwideNetworkPolicy;
    let stale = Edit::Cover(Scope { kind, namespace: None }, Err(Blind::Stale(kind)));
    let world = guarded_shop(&[("guarded", "yes")]).with([stale]).0;
    let cilium = with(PluginName::Cilium);
    let need = Need::List(kind, None);
    assert!(update(&world, &before, &namespace("shop", &[("a", "b")]), &cilium).needs.contains(&need));
    let mut annotated = before.clone();
    annotated["metadata"]["annotations"] = json!({"a": "b"});
    assert!(!update(&world, &before, &annotated, &cilium).needs.contains(&need));
}

#[test]
fn a_policy_does_not_go_right_after_its_namespace_has_come_to_rest_on_it() {
    let before = [("guarded", "yes")];
    let world = snapshot(&[namespace("shop", &before), pod("web", "web"), guarding(), isolating("web", "web")]);
    let cilium = with(PluginName::Cilium);
    assert!(update(&world, &namespace("shop", &before), &namespace("shop", &[]), &cilium).allow);
    let mut request = change(Some(&isolating("web", "web")), None);
    assert!(decide(&world, &request, &cilium, now()).allow);
    let shop = ObjectKey::cluster(Kind::Namespace, "shop");
    request.doubted.insert(shop.clone(), Some(object(&namespace("shop", &[]))));
    assert!(!decide(&world, &request, &cilium, now()).allow);
    // And a Pod is judged by the labels that are there.
    let mut request = change(None, Some(&pod("new", "new")));
    request.doubted.insert(shop.clone(), Some(object(&namespace("shop", &[]))));
    assert!(decide(&world, &request, &cilium, now()).needs.contains(&Need::Get(shop)));
}

#[test]
fn a_policy_of_the_cluster_is_not_held_back_by_a_terminating_namespace_nor_by_kube_system() {
    let mut going = namespace("shop", &[("guarded", "yes")]);
    going["metadata"]["deletionTimestamp"] = json!("2026-11-22T11:59:00Z");
    let mut system = pod("dns", "dns");
    system["metadata"]["namespace"] = json!("kube-system");
    let world =
        snapshot(&[going, pod("web", "web"), namespace("kube-system", &[("guarded", "yes")]), system, guarding()]);
    let decision = delete(&world, &guarding(), &with(PluginName::Cilium));
    assert!(decision.allow && decision.findings.is_empty(), "{}", lines(&decision));
    assert!(!delete(&guarded_shop(&[("guarded", "yes")]), &guarding(), &with(PluginName::Cilium)).allow);
}

#[test]
fn a_policy_of_the_cluster_holds_for_each_namespace_what_that_one_enforces() {
    let mut lax = reference();
    lax.defaults.enforce = Profile::Privileged;
    let guard = json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumClusterwideNetworkPolicy", "metadata": {"name": "guard"},
        "spec": {"endpointSelector": {}, "ingress": [{"fromEndpoints": [{"matchLabels": {"app": "front"}}]}]},
    });
    lax.environment.plugin = Plugin::of(PluginName::Cilium);
    let world = |labels: &[(&str, &str)]| snapshot(&[namespace("shop", labels), pod("web", "web"), guard.clone()]);
    assert!(delete(&world(&[]), &guard, &lax).allow);
    assert!(!delete(&world(&[("ringwall.dev/enforce", "baseline")]), &guard, &lax).allow);
}

#[test]
fn denying_a_port_or_pods_alone_covers_for_no_policy() {
    let only = isolating("web", "web");
    let mut port = denying("port", &json!({}));
    port["spec"]["ingress"][0]["protocols"] = json!([{"tcp": {"destinationPort": {"number": 22}}}]);
    for other in [port, denying("pods", &json!({}))] {
        let world = snapshot(&[namespace("shop", &[]), pod("web", "web"), only.clone(), other]);
        let decision = delete(&world, &only, &reference());
        assert!(!decision.allow, "{}", lines(&decision));
    }
}

#[test]
fn a_pass_opens_nothing_that_the_next_tier_closes_and_closes_nothing() {
    let only = isolating("web", "web");
    let pass = cluster_policy("pass", "Admin", "Pass", &json!({}));
    let world = snapshot(&[namespace("shop", &[]), pod("web", "web"), only.clone()]);
    assert!(create(&world, &pass, &reference()).allow);
    let world = snapshot(&[namespace("shop", &[]), pod("web", "web"), only.clone(), pass]);
    assert!(!delete(&world, &only, &reference()).allow);
}

#[test]
fn where_nothing_is_enforced_no_policy_is_needed_to_go_and_a_pod_is_told_why_it_is_refused() {
    let only = isolating("web", "web");
    let none = with(PluginName::None);
    let world = snapshot(&[namespace("shop", &[]), pod("web", "web"), only.clone()]);
    assert!(delete(&world, &only, &none).allow, "nobody was isolated before");
    let decision = create(&world, &pod("new", "web"), &none);
    assert!(!decision.allow && lines(&decision).contains("enforces no policies"), "{}", lines(&decision));
}
