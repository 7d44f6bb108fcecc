//! The specification of `policy.networking.k8s.io` line by line: each line has a test that fails when it is broken.

#![allow(clippy::needless_pass_by_value, reason = "`json!` makes values, and references would only be noise")]

use std::{net::IpAddr, sync::Arc};

use ringwall::{
    model::{ContainerPort, Kind, Labels, Name, PodFacts, PortSet, Protocol, decode},
    network::{Bounds, Party, PodView, flow},
    snapshot::{Edit, Snapshot},
};
use serde_json::{Value, json};

use crate::cluster_policies::plugin;

/// A Pod of the namespace `name`, labelled `app: name`, in a namespace labelled `team: name`.
struct Someone {
    namespace: Name,
    labels: Labels,
    facts: PodFacts,
    addresses: Vec<IpAddr>,
}

fn someone(name: &str) -> Someone {
    let port = |name: &str, protocol, number| ContainerPort {
        name: Some(name.into()),
        number,
        protocol,
        host_port: None,
        at: Arc::from(""),
    };
    Someone {
        namespace: name.into(),
        labels: [("team", name), ("kubernetes.io/metadata.name", name)].into_iter().collect(),
        facts: PodFacts {
            labels: [("app", name)].into_iter().collect(),
            ports: vec![port("web", Protocol::Tcp, 8080), port("web", Protocol::Udp, 443)],
            ..PodFacts::default()
        },
        addresses: vec![if name == "a" { "10.0.0.1" } else { "10.0.0.2" }.parse().unwrap()],
    }
}

impl Someone {
    fn on_node(mut self) -> Self {
        self.facts.host_network = true;
        self
    }

    fn party(&self) -> Party<'_> {
        let view = PodView { namespace: &self.namespace, namespace_labels: &self.labels, facts: &self.facts };
        Party::Pod(view, &self.addresses)
    }
}

fn cluster(tier: &str, priority: u16, spec: Value) -> (Kind, Value) {
    let mut spec = spec;
    spec["tier"] = tier.into();
    spec["priority"] = priority.into();
    spec.as_object_mut().unwrap().entry("subject").or_insert(json!({"namespaces": {}}));
    (
        Kind::ClusterNetworkPolicy,
        json!({"metadata": {"name": format!("{tier}-{priority}").to_lowercase()}, "spec": spec}),
    )
}

/// A rule of all Pods.
fn rule(direction: &str, action: &str) -> Value {
    let peers = if direction == "ingress" { "from" } else { "to" };
    json!({"action": action, peers: [{"namespaces": {}}]})
}

fn network_policy(namespace: &str, spec: Value) -> (Kind, Value) {
    (Kind::NetworkPolicy, json!({"metadata": {"name": "np", "namespace": namespace}, "spec": spec}))
}

fn bounds(policies: &[(Kind, Value)], source: Party<'_>, destination: Party<'_>) -> Bounds<PortSet> {
    let puts = policies.iter().map(|(kind, policy)| Edit::Put(decode::value(*kind, policy).unwrap()));
    flow(&Snapshot::new().with(puts).0, &plugin(), source, destination)
}

fn reach(policies: &[(Kind, Value)], source: Party<'_>, destination: Party<'_>) -> String {
    let Bounds { least, most } = bounds(policies, source, destination);
    assert_eq!(least, most);
    if most.is_empty() { "nothing".to_owned() } else { most.to_string() }
}

/// From `a` to `b`.
fn between(policies: &[(Kind, Value)]) -> String {
    reach(policies, someone("a").party(), someone("b").party())
}

fn deny(tier: &str, priority: u16) -> (Kind, Value) {
    cluster(tier, priority, json!({"ingress": [rule("ingress", "Deny")]}))
}

fn accept(tier: &str, priority: u16) -> (Kind, Value) {
    cluster(tier, priority, json!({"ingress": [rule("ingress", "Accept")]}))
}

fn pass(tier: &str, priority: u16) -> (Kind, Value) {
    cluster(tier, priority, json!({"ingress": [rule("ingress", "Pass")]}))
}

/// What isolates `b` and admits nobody.
fn isolated() -> (Kind, Value) {
    network_policy("b", json!({"policyTypes": ["Ingress"]}))
}

fn open() -> (Kind, Value) {
    network_policy("b", json!({"ingress": [{}]}))
}

#[test]
fn lower_priorities_come_first_within_a_tier() {
    assert_eq!(between(&[accept("Admin", 1), deny("Admin", 2)]), "all ports");
    assert_eq!(between(&[accept("Admin", 3), deny("Admin", 2)]), "nothing");
    assert_eq!(between(&[accept("Admin", 100), deny("Admin", 20)]), "nothing", "as numbers");
    assert_eq!(between(&[accept("Baseline", 0), deny("Admin", 1000)]), "nothing", "tiers come before priorities");
}

#[test]
fn within_a_policy_the_first_rule_that_matches_decides() {
    let rules = |first: &str, second: &str| {
        cluster("Admin", 1, json!({"ingress": [rule("ingress", first), rule("ingress", second)]}))
    };
    assert_eq!(between(&[rules("Accept", "Deny")]), "all ports");
    assert_eq!(between(&[rules("Deny", "Accept")]), "nothing");
    assert_eq!(between(&[rules("Pass", "Deny")]), "all ports");
}

#[test]
fn admin_verdicts_are_final_and_pass_leaves_the_tier() {
    assert_eq!(between(&[accept("Admin", 1), isolated()]), "all ports");
    assert_eq!(between(&[deny("Admin", 1), open()]), "nothing");
    assert_eq!(between(&[pass("Admin", 1), deny("Admin", 2)]), "all ports");
    assert_eq!(between(&[pass("Admin", 1), accept("Admin", 2), isolated()]), "nothing");
    assert_eq!(between(&[pass("Admin", 1), deny("Baseline", 1)]), "nothing");
    assert_eq!(between(&[pass("Baseline", 1), deny("Baseline", 2)]), "all ports", "behind the last tier all passes");
}

#[test]
fn a_network_policy_that_isolates_is_final_whether_it_admits_or_not() {
    assert_eq!(between(&[open(), deny("Baseline", 1)]), "all ports");
    assert_eq!(between(&[isolated(), accept("Baseline", 1)]), "nothing");
    let egress_only = network_policy("b", json!({"policyTypes": ["Egress"], "egress": []}));
    assert_eq!(between(&[egress_only, deny("Baseline", 1)]), "nothing", "it does not isolate for ingress");
}

#[test]
fn what_no_tier_matches_passes_and_being_a_subject_isolates_nothing() {
    let elsewhere = json!({"action": "Accept", "from": [{"namespaces": {"matchLabels": {"team": "z"}}}]});
    assert_eq!(between(&[cluster("Admin", 1, json!({"ingress": [elsewhere.clone()]}))]), "all ports");
    assert_eq!(between(&[cluster("Baseline", 1, json!({"ingress": [elsewhere]}))]), "all ports");
    assert_eq!(between(&[cluster("Admin", 1, json!({})), cluster("Baseline", 1, json!({"ingress": []}))]), "all ports");
    let egress = cluster(
        "Admin",
        1,
        json!({"egress": [rule("egress", "Deny")], "subject": {"namespaces": {"matchLabels": {"team": "b"}}}}),
    );
    assert_eq!(between(&[egress]), "all ports", "without ingress rules it does not affect ingress");
}

#[test]
fn accept_on_egress_does_not_bypass_the_destination() {
    let egress = cluster("Admin", 1, json!({"egress": [rule("egress", "Accept")]}));
    let closed = network_policy("a", json!({"policyTypes": ["Egress"]}));
    assert_eq!(between(&[egress.clone(), closed.clone()]), "all ports");
    assert_eq!(between(&[egress.clone(), closed, isolated()]), "nothing");
    assert_eq!(between(&[egress, deny("Baseline", 1)]), "nothing");
}

#[test]
fn a_subject_is_namespaces_or_pods_of_namespaces() {
    let subject = |subject: Value| {
        between(&[cluster("Admin", 1, json!({"subject": subject, "ingress": [rule("ingress", "Deny")]}))])
    };
    let team = |name: &str| json!({"matchLabels": {"team": name}});
    let app = |name: &str| json!({"matchLabels": {"app": name}});
    assert_eq!(subject(json!({"namespaces": team("b")})), "nothing");
    assert_eq!(subject(json!({"namespaces": team("a")})), "all ports");
    assert_eq!(subject(json!({"pods": {"namespaceSelector": team("b"), "podSelector": app("b")}})), "nothing");
    assert_eq!(subject(json!({"pods": {"namespaceSelector": team("b"), "podSelector": app("a")}})), "all ports");
    assert_eq!(subject(json!({"pods": {"namespaceSelector": team("a"), "podSelector": app("b")}})), "all ports");
    assert_eq!(subject(json!({"pods": {"podSelector": app("b")}})), "nothing", "without a selector, all namespaces");
    assert_eq!(subject(json!({"pods": {"podSelector": {}}})), "nothing");
}

#[test]
fn a_peer_is_namespaces_or_pods_of_namespaces_and_each_entry_counts() {
    let from = |peers: Value| between(&[cluster("Admin", 1, json!({"ingress": [{"action": "Deny", "from": peers}]}))]);
    let team = |name: &str| json!({"matchLabels": {"team": name}});
    assert_eq!(from(json!([{"namespaces": team("a")}])), "nothing");
    assert_eq!(from(json!([{"namespaces": team("b")}])), "all ports");
    assert_eq!(from(json!([{"namespaces": team("b")}, {"namespaces": team("a")}])), "nothing");
    let pods =
        |app: &str| json!([{"pods": {"namespaceSelector": team("a"), "podSelector": {"matchLabels": {"app": app}}}}]);
    assert_eq!((from(pods("a")).as_str(), from(pods("b")).as_str()), ("nothing", "all ports"));
}

#[test]
fn pods_on_their_nodes_network_are_neither_subjects_nor_peers() {
    let policies = [deny("Admin", 1), cluster("Admin", 2, json!({"egress": [rule("egress", "Deny")]}))];
    let (a, b) = (someone("a").on_node(), someone("b"));
    assert_eq!(reach(&policies, a.party(), b.party()), "all ports");
    assert_eq!(reach(&policies, b.party(), a.party()), "all ports");
    assert_eq!(between(&policies), "nothing");
}

#[test]
fn networks_match_pods_by_their_addresses_and_strangers_alike() {
    let to =
        |network: &str| [cluster("Admin", 1, json!({"egress": [{"action": "Deny", "to": [{"networks": [network]}]}]}))];
    assert_eq!(between(&to("0.0.0.0/0")), "nothing");
    assert_eq!(between(&to("10.0.0.2/32")), "nothing");
    assert_eq!(between(&to("10.0.0.3/32")), "all ports");
    assert_eq!(between(&to("::/0")), "all ports");
    let stranger = Party::Address("192.0.2.1".parse().unwrap());
    assert_eq!(reach(&to("192.0.2.0/24"), someone("a").party(), stranger), "nothing");
    assert_eq!(reach(&to("10.0.0.0/8"), someone("a").party(), stranger), "all ports");
    let to_pods = [cluster("Admin", 1, json!({"egress": [rule("egress", "Deny")]}))];
    assert_eq!(reach(&to_pods, someone("a").party(), stranger), "all ports", "Pods are no strangers");
}

#[test]
fn a_peer_of_a_later_version_fails_closed() {
    let first = |action: &str, second: &str| {
        let someday = json!({"action": action, "from": [{"namespaces": {}}, {"someday": {}}],
                             "protocols": [{"tcp": {"destinationPort": {"number": 80}}}]});
        between(&[cluster("Admin", 1, json!({"ingress": [someday, rule("ingress", second)]}))])
    };
    assert_eq!(first("Accept", "Deny"), "nothing", "the whole rule matches nothing");
    assert_eq!(first("Accept", "Accept"), "all ports");
    assert_eq!(first("Deny", "Accept"), "nothing", "all is denied, on every port");
    assert_eq!(first("Pass", "Accept"), "nothing");
}

#[test]
fn protocols_narrow_a_rule_to_their_ports() {
    let on = |protocols: Value| {
        let rule = json!({"action": "Accept", "from": [{"namespaces": {}}], "protocols": protocols});
        between(&[cluster("Admin", 1, json!({"ingress": [rule]})), isolated()])
    };
    assert_eq!(on(json!([{"tcp": {"destinationPort": {"number": 80}}}])), "TCP 80");
    assert_eq!(on(json!([{"udp": {"destinationPort": {"range": {"start": 1, "end": 9}}}}])), "UDP 1-9");
    assert_eq!(on(json!([{"tcp": {}}])), "all TCP ports", "no port means every port of the protocol");
    assert_eq!(on(json!([{"sctp": {}}, {"tcp": {"destinationPort": {"number": 1}}}])), "TCP 1, all SCTP ports");
    assert_eq!(on(json!([{"destinationNamedPort": "web"}])), "TCP 8080, UDP 443", "a name means every protocol");
    assert_eq!(on(json!([{"destinationNamedPort": "nowhere"}])), "nothing");
}

#[test]
fn a_protocol_of_a_later_version_may_match_anything() {
    let rule = json!({"action": "Accept", "from": [{"namespaces": {}}], "protocols": [{"someday": {}}, {"tcp": {}}]});
    let policies = [cluster("Admin", 1, json!({"ingress": [rule]})), isolated()];
    let Bounds { least, most } = bounds(&policies, someone("a").party(), someone("b").party());
    assert_eq!((least.to_string().as_str(), most.to_string().as_str()), ("all TCP ports", "all ports"));
}

#[test]
fn nodes_are_pods_on_their_network_and_labels_of_nodes_are_not_known() {
    let to = |nodes: Value| [cluster("Admin", 1, json!({"egress": [{"action": "Deny", "to": [{"nodes": nodes}]}]}))];
    let (a, node) = (someone("a"), someone("b").on_node());
    assert_eq!(reach(&to(json!({})), a.party(), node.party()), "nothing");
    assert_eq!(between(&to(json!({}))), "all ports");
    let some = bounds(&to(json!({"matchLabels": {"zone": "x"}})), a.party(), node.party());
    assert!(some.least.is_empty() && some.most == PortSet::every());
    assert_eq!(between(&to(json!({"matchLabels": {"zone": "x"}}))), "all ports", "it is on no node's network");
}

#[test]
fn domain_names_may_be_any_stranger_and_no_pod() {
    let names = json!({"action": "Accept", "to": [{"domainNames": ["*.example.com"]}, {"networks": ["192.0.2.1/32"]}]});
    let policies =
        [cluster("Admin", 1, json!({"egress": [names]})), network_policy("a", json!({"policyTypes": ["Egress"]}))];
    let to = |address: &str| {
        let Bounds { least, most } = bounds(&policies, someone("a").party(), Party::Address(address.parse().unwrap()));
        (least.is_empty(), most.is_empty())
    };
    assert_eq!(to("8.8.8.8"), (true, false));
    assert_eq!(to("192.0.2.1"), (false, false), "what is named by its address is certain");
    assert_eq!(between(&policies), "nothing");
}

#[test]
fn admin_network_policies_are_read_as_policies_of_the_admin_tier() {
    let admin = |priority: u16, action: &str, ports: Value| {
        let rule = json!({"action": action, "from": [{"namespaces": {}}], "ports": ports});
        let spec = json!({"priority": priority, "subject": {"namespaces": {}}, "ingress": [rule]});
        (Kind::AdminNetworkPolicy, json!({"metadata": {"name": format!("anp-{priority}")}, "spec": spec}))
    };
    let ports = json!([{"portNumber": {"port": 80}}, {"portRange": {"protocol": "UDP", "start": 5, "end": 7}}, {"namedPort": "web"}]);
    assert_eq!(between(&[admin(1, "Allow", ports), isolated()]), "TCP 80, TCP 8080, UDP 5-7, UDP 443");
    let every = Value::Null;
    assert_eq!(between(&[admin(5, "Allow", every.clone()), admin(4, "Deny", every.clone())]), "nothing");
    assert_eq!(between(&[admin(5, "Pass", every.clone()), admin(6, "Deny", every), open()]), "all ports");
}

#[test]
fn the_baseline_policy_speaks_last() {
    let baseline = |action: &str| {
        let spec = json!({"subject": {"namespaces": {}}, "ingress": [rule("ingress", action)]});
        (Kind::BaselineAdminNetworkPolicy, json!({"metadata": {"name": "default"}, "spec": spec}))
    };
    assert_eq!(between(&[baseline("Deny")]), "nothing");
    assert_eq!(between(&[baseline("Deny"), open()]), "all ports");
    assert_eq!(between(&[baseline("Allow"), isolated()]), "nothing");
    assert_eq!(between(&[baseline("Deny"), accept("Admin", 1)]), "all ports");
}

#[test]
fn a_policy_that_is_going_away_is_not_counted_on() {
    let (kind, mut policy) = deny("Admin", 1);
    policy["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(between(&[(kind, policy)]), "all ports");
}
