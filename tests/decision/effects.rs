//! What a change alters of who may talk to whom, told with the answer.

use ringwall::{
    decision::Decision,
    network::{Plugin, PluginName},
    report::effects,
    ruleset::{Profile, Ruleset},
};
use serde_json::{Value, json};

use crate::world::*;

fn told(decision: &Decision) -> Vec<String> {
    assert!(decision.allow && decision.tells_effects);
    effects::all(&decision.effects)
}

fn in_namespace(mut object: Value, namespace: &str) -> Value {
    object["metadata"]["namespace"] = namespace.into();
    object
}

fn admitting(name: &str, app: &str, from: &Value) -> Value {
    policy(
        name,
        &json!({
            "podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [from], "ports": [{"port": 8080}]}],
        }),
    )
}

fn team(team: &str) -> Value {
    json!({"namespaceSelector": {"matchLabels": {"team": team}}})
}

#[test]
fn removing_the_last_policy_opens_to_everybody() {
    let only = isolating("api", "api");
    let world = snapshot(&[namespace("shop", &[]), pod("api", "api"), only.clone()]);
    let decision = delete(&world, &only, &Ruleset::default());
    assert_eq!(told(&decision), ["opens shop/api on all ports to every Pod and address"]);
}

#[test]
fn a_rule_opens_to_the_workloads_that_it_names_and_to_no_others() {
    let other = |name: &str, app: &str| in_namespace(pod(name, app), "web");
    let closed = policy("deny", &json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
    let world = snapshot(&[
        namespace("shop", &[]),
        namespace("web", &[("team", "a")]),
        pod("api", "api"),
        other("one", "front"),
        other("two", "front"),
        other("three", "back"),
        closed,
    ]);
    let peer = json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "front"}}});
    let decision = create(&world, &admitting("allow", "api", &peer), &Ruleset::default());
    assert_eq!(told(&decision), ["opens shop/api on TCP 8080 to web/one, web/two"]);
}

#[test]
fn what_the_other_side_does_not_let_out_is_not_opened() {
    let deny = |types: &[&str]| policy("deny", &json!({"podSelector": {}, "policyTypes": types}));
    let world = snapshot(&[
        namespace("shop", &[]),
        namespace("web", &[("team", "a")]),
        pod("api", "api"),
        in_namespace(pod("one", "front"), "web"),
        in_namespace(deny(&["Egress"]), "web"),
        deny(&["Ingress"]),
    ]);
    let decision = create(&world, &admitting("allow", "api", &team("a")), &Ruleset::default());
    assert_eq!(told(&decision), Vec::<String>::new());
}

#[test]
fn labels_of_a_namespace_open_what_policies_mean_by_them() {
    let before = namespace("web", &[]);
    let world = snapshot(&[
        namespace("shop", &[]),
        before.clone(),
        pod("api", "api"),
        in_namespace(pod("one", "front"), "web"),
        admitting("allow", "api", &team("a")),
    ]);
    let decision = update(&world, &before, &namespace("web", &[("team", "a")]), &Ruleset::default());
    assert_eq!(told(&decision), ["opens shop/api on TCP 8080 to web/one"]);
    let decision = update(&world, &before, &namespace("web", &[("team", "b")]), &Ruleset::default());
    assert_eq!(told(&decision), Vec::<String>::new());
}

#[test]
fn labels_of_a_pod_move_it_out_of_its_policies_and_into_what_others_mean() {
    let before = pod("front", "front");
    let world = snapshot(&[
        namespace("shop", &[]),
        pod("api", "api"),
        before.clone(),
        admitting("api", "api", &json!({"podSelector": {"matchLabels": {"app": "trusted"}}})),
        isolating("front", "front"),
    ]);
    let decision = update(&world, &before, &pod("front", "trusted"), &Ruleset::default());
    assert_eq!(
        told(&decision),
        ["opens shop/front on all ports to every Pod and address", "opens shop/api on TCP 8080 to shop/front"]
    );
}

#[test]
fn what_closes_is_in_the_record_and_is_no_warning() {
    let world = snapshot(&[namespace("shop", &[]), pod("api", "api")]);
    let decision = create(&world, &isolating("api", "api"), &Ruleset::default());
    assert_eq!(told(&decision), ["closes shop/api on all ports to every Pod and address"]);
    assert!(effects::widening(&decision.effects).is_empty());
}

#[test]
fn egress_is_told_from_the_side_of_the_one_who_connects() {
    let out = |name: &str, network: &str| {
        policy(
            name,
            &json!({
                "podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Egress"],
                "egress": [{"to": [{"ipBlock": {"cidr": network}}], "ports": [{"port": 443}]}],
            }),
        )
    };
    let world = snapshot(&[namespace("shop", &[]), pod("api", "api"), out("some", "10.0.0.0/8")]);
    let decision = update(&world, &out("some", "10.0.0.0/8"), &out("some", "10.0.0.0/7"), &Ruleset::default());
    assert_eq!(told(&decision), ["lets shop/api connect to 11.0.0.0-11.255.255.255 on TCP 443"]);
}

#[test]
fn workloads_for_which_the_same_is_altered_share_a_line() {
    let pods = ["a", "b", "c", "d", "e"].map(|name| pod(name, "api"));
    let only = isolating("api", "api");
    let mut world = vec![namespace("shop", &[]), only.clone()];
    world.extend(pods);
    let decision = delete(&snapshot(&world), &only, &Ruleset::default());
    assert_eq!(told(&decision).len(), 1);
}

#[test]
fn a_new_pod_and_an_ordinary_label_alter_nothing_for_others() {
    let shop = namespace("shop", &[]);
    let world = snapshot(&[shop.clone(), pod("api", "api"), isolating("api", "api")]);
    assert!(create(&world, &pod("new", "new"), &Ruleset::default()).effects.list.is_empty());
    assert!(update(&world, &shop, &namespace("shop", &[("tier", "x")]), &Ruleset::default()).effects.list.is_empty());
}

#[test]
fn a_namespace_that_wants_to_hear_of_nothing_is_told_nothing() {
    let quiet = namespace("shop", &[("ringwall.dev/warn", "privileged")]);
    let only = isolating("api", "api");
    let world = snapshot(&[quiet, pod("api", "api"), only.clone()]);
    let mut ruleset = enforcing(Profile::Privileged);
    ruleset.defaults.warn = Profile::Privileged;
    let decision = delete(&world, &only, &ruleset);
    assert!(!decision.tells_effects && decision.effects.list.len() == 1);
}

fn with(plugin: PluginName) -> Ruleset {
    let mut ruleset = Ruleset::default();
    ruleset.environment.plugin = Plugin::of(plugin);
    ruleset
}

/// A Pod of `shop` and one on its node's network, in another namespace.
fn beside_an_agent() -> Vec<Value> {
    let mut agent = in_namespace(pod("agent", "agent"), "infra");
    agent["spec"]["hostNetwork"] = json!(true);
    vec![namespace("shop", &[]), namespace("infra", &[]), pod("api", "api"), agent]
}

fn of_cilium(egress: &Value) -> Value {
    json!({
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "out", "namespace": "shop"},
        "spec": {"endpointSelector": {"matchLabels": {"app": "api"}}, "egress": egress},
    })
}

#[test]
fn rules_for_pods_leave_out_those_on_their_nodes_network_whatever_their_labels() {
    let cilium = with(PluginName::Cilium);
    let not_green = json!({"matchExpressions": [
        {"key": "k8s:io.cilium.k8s.namespace.labels.team", "operator": "NotIn", "values": ["green"]},
    ]});
    let out = of_cilium(&json!([{"toEndpoints": [not_green]}, {"toEntities": ["world"]}]));
    let mut world = beside_an_agent();
    let decision = create(&snapshot(&world), &out, &cilium);
    assert_eq!(told(&decision), ["keeps shop/api from infra/agent on all ports"]);
    // Nodes among them, nothing closes.
    let all = of_cilium(&json!([{"toEntities": ["cluster", "world"]}]));
    assert_eq!(told(&create(&snapshot(&world), &all, &cilium)), Vec::<String>::new());
    world.push(out.clone());
    let decision = delete(&snapshot(&world), &out, &cilium);
    assert_eq!(told(&decision), ["lets shop/api connect to infra/agent on all ports"]);
}

#[test]
fn what_a_network_means_of_nodes_is_the_plugins_matter() {
    let everywhere = json!([
        {"namespaceSelector": {}}, {"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}},
    ]);
    let out = policy("out", &json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": everywhere}]}));
    let world = snapshot(&beside_an_agent());
    let told = |plugin| told(&create(&world, &out, &with(plugin)));
    assert_eq!(told(PluginName::Cilium), ["keeps shop/api from infra/agent on all ports"]);
    assert_eq!(told(PluginName::Reference), Vec::<String>::new());
}

#[test]
fn what_closes_to_every_address_is_not_told_of_each_pod_on_a_node_besides() {
    let out = policy(
        "out",
        &json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"namespaceSelector": {}}]}]}),
    );
    for plugin in [PluginName::Cilium, PluginName::Reference] {
        let decision = create(&snapshot(&beside_an_agent()), &out, &with(plugin));
        assert_eq!(told(&decision), ["keeps shop/api from every address on all ports"]);
    }
}
