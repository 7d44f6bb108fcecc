//! One test for each thing that Cilium does differently.

#![allow(clippy::needless_pass_by_value)] // `json!` makes values, and references would only be noise.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::{
    model::{Kind, Labels, Name, PodFacts, PortSet, decode},
    network::{
        Bounds, Direction, Enforcement, Party, Plugin, PluginName, PodView, Policy, each_policy, exposure, flow, select,
    },
    snapshot::{Edit, Scope, Snapshot},
};

fn snapshot(policies: &[(Kind, Value)]) -> Snapshot {
    let puts = policies.iter().enumerate().map(|(index, (kind, spec))| {
        let mut object = json!({"metadata": {"name": format!("p{index}"), "namespace": "shop"}});
        object.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        Edit::Put(decode::value(*kind, &object).unwrap())
    });
    let whole = Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Ok(()));
    Snapshot::new().with(puts.chain([whole])).0
}

/// A `CiliumNetworkPolicy` of the namespace `shop` with that rule, for all its Pods.
fn cnp(rule: Value) -> (Kind, Value) {
    (Kind::CiliumNetworkPolicy, json!({"spec": with_selector(rule)}))
}

fn ccnp(rule: Value) -> (Kind, Value) {
    (Kind::CiliumClusterwideNetworkPolicy, json!({"spec": with_selector(rule)}))
}

fn with_selector(mut rule: Value) -> Value {
    if rule.get("endpointSelector").is_none() && rule.get("nodeSelector").is_none() {
        rule["endpointSelector"] = json!({});
    }
    rule
}

/// Somebody at an end: `shop app=web`, `node`, or an address.
struct Someone {
    namespace: Name,
    namespace_labels: Labels,
    facts: PodFacts,
    address: Option<IpAddr>,
}

fn someone(text: &str) -> Someone {
    let (namespace, label) = text.split_once(' ').unwrap_or((text, ""));
    let team = (namespace == "web").then_some(("team", "front"));
    let names = [("kubernetes.io/metadata.name", namespace)];
    Someone {
        namespace: namespace.into(),
        namespace_labels: names.into_iter().chain(team).collect(),
        facts: PodFacts {
            labels: label.split_once('=').into_iter().collect(),
            host_network: namespace == "node",
            service_account: "robot".into(),
            ..PodFacts::default()
        },
        address: text.parse().ok(),
    }
}

impl Someone {
    fn party(&self) -> Party<'_> {
        match self.address {
            Some(address) => Party::Address(address),
            None => Party::Pod(
                PodView { namespace: &self.namespace, namespace_labels: &self.namespace_labels, facts: &self.facts },
                &[],
            ),
        }
    }
}

fn between(policies: &[(Kind, Value)], source: &str, destination: &str) -> Bounds<PortSet> {
    let (source, destination) = (someone(source), someone(destination));
    flow(&snapshot(policies), &Plugin::of(PluginName::Cilium), source.party(), destination.party())
}

#[track_caller]
fn open(policies: &[(Kind, Value)], source: &str, destination: &str, ports: &str) {
    let found = between(policies, source, destination);
    let expected = if ports == "all" { PortSet::every().to_string() } else { ports.to_owned() };
    assert_eq!(
        (found.least.to_string(), found.most.to_string()),
        (expected.clone(), expected),
        "{source} -> {destination}"
    );
}

#[track_caller]
fn closed(policies: &[(Kind, Value)], source: &str, destination: &str) {
    let found = between(policies, source, destination);
    assert!(found.least.is_empty() && found.most.is_empty(), "{source} -> {destination}: {}", found.most);
}

/// Perhaps these ports, and for certain none.
#[track_caller]
fn perhaps(policies: &[(Kind, Value)], source: &str, destination: &str) {
    let found = between(policies, source, destination);
    assert!(
        found.least.is_empty() && !found.most.is_empty(),
        "{source} -> {destination}: {} to {}",
        found.least,
        found.most
    );
}

fn lowered(policies: &[(Kind, Value)]) -> Vec<Policy> {
    let snapshot = snapshot(policies);
    let mut found = Vec::new();
    select::policies_of(&snapshot, &"shop".into(), |_| true, |policy| found.push(Policy::clone(policy)));
    found
}

#[test]
fn every_rule_of_spec_and_specs_counts() {
    let rules = json!([
        with_selector(json!({"ingress": [{"fromEndpoints": [{"matchLabels": {"app": "a"}}]}]})),
        with_selector(json!({"ingress": [{"fromEndpoints": [{"matchLabels": {"app": "b"}}]}]})),
    ]);
    let spec = with_selector(json!({"ingress": [{"fromEndpoints": [{"matchLabels": {"app": "c"}}]}]}));
    let policies = [(Kind::CiliumNetworkPolicy, json!({"spec": spec, "specs": rules}))];
    for label in ["a", "b", "c"] {
        open(&policies, &format!("shop app={label}"), "shop", "all");
    }
    closed(&policies, "shop app=d", "shop");
}

#[test]
fn an_empty_list_of_entries_has_no_effect_and_an_empty_entry_denies_everything() {
    open(&[cnp(json!({"ingress": []}))], "shop", "shop", "all");
    closed(&[cnp(json!({"ingress": [{}]}))], "shop", "shop");
    open(&[cnp(json!({"ingress": [{}]}))], "shop", "web", "all");
    closed(&[cnp(json!({"egress": [{}]}))], "shop", "8.8.8.8");
}

#[test]
fn a_policy_that_only_denies_isolates_unless_it_says_otherwise() {
    let deny = json!([{"fromEndpoints": [{"matchLabels": {"app": "bad"}}]}]);
    let isolating = [cnp(json!({"ingressDeny": deny}))];
    closed(&isolating, "shop app=good", "shop");
    let mild = [cnp(json!({"ingressDeny": deny, "enableDefaultDeny": {"ingress": false}}))];
    open(&mild, "shop app=good", "shop", "all");
    closed(&mild, "shop app=bad", "shop");
}

#[test]
fn default_deny_is_what_any_rule_with_entries_asks_for() {
    let mild = cnp(json!({"ingress": [{"fromEntities": ["world"]}], "enableDefaultDeny": {"ingress": false}}));
    open(std::slice::from_ref(&mild), "shop", "shop", "all");
    closed(&[mild, cnp(json!({"ingress": [{}]}))], "shop", "shop");
    // Without entries for the direction it isolates nobody, whatever it says.
    let other = cnp(json!({"egress": [{}], "enableDefaultDeny": {"ingress": true}}));
    open(&[other], "8.8.8.8", "shop", "all");
}

#[test]
fn a_denial_beats_whatever_allows() {
    let allow = json!({"ingress": [{"fromEntities": ["all"]}]});
    let deny =
        json!({"ingressDeny": [{"fromEndpoints": [{}], "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}]});
    let native = (Kind::NetworkPolicy, json!({"spec": {"podSelector": {}, "ingress": [{}]}}));
    let left = PortSet::every().difference(&[(crate::model::Protocol::Tcp, 80..=80)].into_iter().collect());
    for policies in [
        vec![cnp(allow.clone()), cnp(deny.clone())],
        vec![cnp(deny.clone()), ccnp(allow)],
        vec![native.clone(), ccnp(deny.clone())],
        vec![cnp(deny), native],
    ] {
        open(&policies, "shop", "shop", &left.to_string());
    }
}

#[test]
fn selectors_are_limited_to_the_namespace_of_the_policy_unless_they_name_one() {
    let from = |labels: Value| json!({"ingress": [{"fromEndpoints": [{"matchLabels": labels}]}]});
    let own = [cnp(from(json!({})))];
    open(&own, "shop", "shop", "all");
    closed(&own, "web", "shop");
    closed(&own, "8.8.8.8", "shop");
    for labels in [
        json!({"k8s:io.kubernetes.pod.namespace": "web"}),
        json!({"io.kubernetes.pod.namespace": "web"}),
        json!({"k8s:io.cilium.k8s.namespace.labels.team": "front"}),
    ] {
        let named = [cnp(from(labels))];
        open(&named, "web", "shop", "all");
        closed(&named, "shop", "shop");
    }
    let everywhere = [ccnp(from(json!({})))];
    open(&everywhere, "web", "shop", "all");
    closed(&everywhere, "8.8.8.8", "shop");
    closed(&everywhere, "8.8.8.8", "web");
    let account = [cnp(from(json!({"io.cilium.k8s.policy.serviceaccount": "robot", "any:app": "a"})))];
    open(&account, "shop app=a", "shop", "all");
    closed(&account, "shop app=b", "shop");
}

#[test]
fn a_list_of_peers_that_is_empty_selects_nobody() {
    for field in ["fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromNodes"] {
        let mut entry = json!({"toPorts": [{"ports": [{"port": "80"}]}]});
        open(&[cnp(json!({"ingress": [entry.clone()]}))], "8.8.8.8", "shop", "TCP 80, UDP 80, SCTP 80");
        entry[field] = json!([]);
        closed(&[cnp(json!({"ingress": [entry]}))], "8.8.8.8", "shop");
    }
}

#[test]
fn networks_mean_neither_pods_nor_nodes() {
    let to = [cnp(json!({"egress": [{"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}]}]}))];
    open(&to, "shop", "8.8.8.8", "all");
    for other in ["10.1.2.3", "2001:db8::1", "shop app=x", "web", "node"] {
        closed(&to, "shop", other);
    }
    open(&[cnp(json!({"egress": [{"toCIDR": ["192.0.2.3"]}]}))], "shop", "192.0.2.3", "all");
    perhaps(&[cnp(json!({"egress": [{"toCIDRSet": [{"cidrGroupRef": "g"}]}]}))], "shop", "8.8.8.8");
}

#[test]
fn entities_are_what_their_names_say() {
    let to = |names: Value| [cnp(json!({"egress": [{"toEntities": names}]}))];
    for (names, reached, not) in [
        (json!(["world"]), vec!["8.8.8.8", "2001:db8::1"], vec!["web", "node"]),
        (json!(["world-ipv4"]), vec!["8.8.8.8"], vec!["2001:db8::1"]),
        (json!(["world-ipv6"]), vec!["2001:db8::1"], vec!["8.8.8.8"]),
        (json!(["cluster"]), vec!["web", "shop app=x", "node"], vec!["8.8.8.8"]),
        (json!(["all"]), vec!["web", "node", "8.8.8.8"], vec![]),
        (json!(["host", "remote-node"]), vec!["node"], vec!["web", "8.8.8.8"]),
        (json!(["none", "init", "health"]), vec![], vec!["web", "node", "8.8.8.8"]),
    ] {
        let policies = to(names);
        for other in reached {
            open(&policies, "shop", other, "all");
        }
        for other in not {
            closed(&policies, "shop", other);
        }
    }
    for (name, other) in [
        ("host", "node"),
        ("remote-node", "node"),
        ("kube-apiserver", "node"),
        ("kube-apiserver", "8.8.8.8"),
        ("ingress", "node"),
        ("unmanaged", "web"),
    ] {
        perhaps(&to(json!([name])), "shop", other);
    }
    closed(&to(json!(["kube-apiserver"])), "shop", "web");
}

#[test]
fn reserved_labels_are_entities_in_whatever_namespace() {
    let to = |labels: Value| [cnp(json!({"egress": [{"toEndpoints": [labels]}]}))];
    // In a cluster of two address families the world has the labels of these instead.
    let world = to(json!({"matchLabels": {"reserved:world": ""}}));
    perhaps(&world, "shop", "8.8.8.8");
    closed(&world, "shop", "web");
    let v4 = to(json!({"matchLabels": {"reserved:world-ipv4": ""}}));
    perhaps(&v4, "shop", "8.8.8.8");
    closed(&v4, "shop", "2001:db8::1");
    perhaps(&to(json!({"matchLabels": {"reserved:host": ""}})), "shop", "node");
    perhaps(&to(json!({"matchLabels": {"reserved:kube-apiserver": ""}})), "shop", "8.8.8.8");
    let absent = |key: &str| json!({"key": key, "operator": "DoesNotExist"});
    let keys = ["reserved:world", "reserved:world-ipv4", "reserved:world-ipv6"].map(absent);
    let others = to(json!({"matchExpressions": keys}));
    open(&others, "shop", "web", "all");
    open(&others, "shop", "node", "all");
    closed(&others, "shop", "8.8.8.8");
    open(&to(json!({"matchLabels": {"reserved:all": ""}})), "shop", "8.8.8.8", "all");
}

#[test]
fn what_ports_and_addresses_do_not_tell_is_only_possible() {
    let ports = |more: Value| {
        let mut ports = json!({"ports": [{"port": "443", "protocol": "TCP"}]});
        ports.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([{"toEntities": ["all"], "toPorts": [ports]}])
    };
    for (egress, reason) in [
        (ports(json!({"rules": {"http": [{}]}})), "HTTP rules"),
        (ports(json!({"rules": {"dns": [{}]}})), "DNS rules"),
        (ports(json!({"rules": {"l7proto": "memcache"}})), "memcache rules"),
        (ports(json!({"serverNames": ["a.example.com"]})), "serverNames"),
        (ports(json!({"listener": {"name": "x"}})), "a listener of Envoy"),
        (ports(json!({"terminatingTLS": {}})), "terminatingTLS"),
        (json!([{"toFQDNs": [{"matchName": "a.example.com"}]}]), "toFQDNs"),
        (json!([{"toServices": [{"k8sService": {"serviceName": "a"}}]}]), "toServices"),
        (json!([{"toGroups": [{"aws": {}}]}]), "groups of a cloud provider"),
        (json!([{"toCIDRSet": [{"cidrGroupRef": "a"}]}]), "a CiliumCIDRGroup"),
    ] {
        let policies = [cnp(json!({"egress": egress}))];
        perhaps(&policies, "shop", "8.8.8.8");
        let rules = lowered(&policies)[0].egress.clone().unwrap();
        assert_eq!(rules.iter().map(|rule| rule.partial.as_deref()).collect::<Vec<_>>(), [Some(reason)]);
    }
    perhaps(&[cnp(json!({"egress": [{"toNodes": [{}]}]}))], "shop", "node");
    perhaps(
        &[cnp(json!({"egress": [{"toEndpoints": [{"matchLabels": {"io.cilium.k8s.policy.cluster": "c"}}]}]}))],
        "shop",
        "shop app=x",
    );
}

#[test]
fn one_peer_that_is_only_possible_leaves_the_others_certain() {
    let policies = [cnp(json!({"egress": [{"toEntities": ["world", "kube-apiserver"]}, {"toEntities": ["host"]}]}))];
    open(&policies, "shop", "8.8.8.8", "all");
    perhaps(&policies, "shop", "node");
}

#[test]
fn rules_of_a_proxy_stop_the_rest_even_where_nothing_is_denied_by_default() {
    let dns = json!({"toEntities": ["all"], "toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}], "rules": {"dns": [{}]}}]});
    let mild = cnp(json!({"egress": [dns], "enableDefaultDeny": {"egress": false}}));
    let found = between(std::slice::from_ref(&mild), "shop", "8.8.8.8");
    assert_eq!(found.most, PortSet::every());
    assert_eq!(found.most.difference(&found.least).to_string(), "UDP 53");
    open(&[mild, cnp(json!({"egress": [{"toEntities": ["all"]}]}))], "shop", "8.8.8.8", "all");
}

#[test]
fn what_must_authenticate_may_be_denied() {
    let entry = |mode: &str| cnp(json!({"ingress": [{"fromEndpoints": [{}], "authentication": {"mode": mode}}]}));
    perhaps(&[entry("required")], "shop", "shop");
    open(&[entry("disabled")], "shop", "shop", "all");
}

#[test]
fn requirements_are_a_conjunction_that_old_versions_enforce() {
    let rule = json!({"ingress": [
        {"fromRequires": [{"matchLabels": {"app": "a"}}]},
        {"fromEndpoints": [{}]},
    ]});
    open(&[cnp(rule.clone())], "shop app=a", "shop", "all");
    perhaps(&[cnp(rule)], "shop app=b", "shop");
    // They admit nobody.
    closed(&[cnp(json!({"ingress": [{"fromRequires": [{}]}]}))], "shop", "shop");
}

#[test]
fn ports_are_of_any_protocol_by_default_and_ranges_inclusive() {
    let ports = |entries: Value| [cnp(json!({"ingress": [{"toPorts": [{"ports": entries}]}]}))];
    for (entries, expected) in [
        (json!([{"port": "80"}]), "TCP 80, UDP 80, SCTP 80"),
        (json!([{"port": "80", "protocol": "ANY"}]), "TCP 80, UDP 80, SCTP 80"),
        (json!([{"port": "80", "protocol": "TCP", "endPort": 90}]), "TCP 80-90"),
        (json!([{"port": "80", "protocol": "TCP", "endPort": 70}]), "TCP 80"),
        (json!([{"port": "0", "protocol": "TCP"}]), "all TCP ports"),
        (json!([{"port": "0"}]), "all"),
        (json!([{"port": "80", "protocol": "UDP"}, {"port": "81", "protocol": "SCTP"}]), "UDP 80, SCTP 81"),
    ] {
        open(&ports(entries), "8.8.8.8", "shop", expected);
    }
    closed(&ports(json!([])), "8.8.8.8", "shop");
    closed(&ports(json!([{"port": "0", "protocol": "ICMP"}])), "8.8.8.8", "shop");
    closed(&ports(json!([{"port": "web"}])), "8.8.8.8", "shop");
}

#[test]
fn rules_for_icmp_alone_open_no_port() {
    closed(
        &[cnp(json!({"ingress": [{"fromEntities": ["all"], "icmps": [{"fields": [{"type": 8}]}]}]}))],
        "8.8.8.8",
        "shop",
    );
}

#[test]
fn a_rule_for_nodes_says_nothing_of_pods() {
    let host = [ccnp(json!({"nodeSelector": {}, "ingress": [{}], "egress": [{}]}))];
    open(&host, "shop", "web", "all");
    open(&host, "node", "8.8.8.8", "all");
    assert!(lowered(&host).is_empty());
}

#[test]
fn the_own_node_always_reaches_its_pods() {
    let found = between(&[cnp(json!({"ingress": [{}]}))], "node", "shop");
    assert!(found.least.is_empty() && found.most == PortSet::every());
}

#[test]
fn a_policy_that_cilium_rejects_may_not_be_enforced() {
    let both = json!({"ingress": [{"fromEndpoints": [{}], "fromEntities": ["world"]}]});
    let found = between(&[cnp(both)], "web", "shop");
    assert!(found.least.is_empty() && found.most == PortSet::every());
}

#[test]
fn the_modes_of_enforcement_are_those_of_the_agent() {
    let policies = [cnp(json!({"ingress": [{"fromEndpoints": [{}]}]}))];
    let snapshot = snapshot(&policies);
    let ports = |enforcement, source: &str, destination: &str| {
        let plugin = Plugin { enforcement, ..Plugin::of(PluginName::Cilium) };
        let (source, destination) = (someone(source), someone(destination));
        flow(&snapshot, &plugin, source.party(), destination.party()).most
    };
    // never: all traffic is allowed, even where rules select.
    assert_eq!(ports(Enforcement::Never, "8.8.8.8", "shop"), PortSet::every());
    // default: whom no rule selects is open.
    assert!(ports(Enforcement::Default, "8.8.8.8", "shop").is_empty());
    assert_eq!(ports(Enforcement::Default, "8.8.8.8", "web"), PortSet::every());
    // always: everybody is isolated, selected or not, and rules still allow.
    assert!(ports(Enforcement::Always, "8.8.8.8", "web").is_empty());
    assert!(ports(Enforcement::Always, "web", "8.8.8.8").is_empty());
    let ingress = |source: &str| {
        let plugin = Plugin { enforcement: Enforcement::Always, ..Plugin::of(PluginName::Cilium) };
        let (source, destination) = (someone(source), someone("shop"));
        crate::network::half(&snapshot, &plugin, source.party(), destination.party(), Direction::Ingress).most
    };
    assert_eq!(ingress("shop app=x"), PortSet::every());
    assert!(ingress("web").is_empty());
    let plugin = Plugin { enforcement: Enforcement::Always, ..Plugin::of(PluginName::Cilium) };
    assert!(exposure(&snapshot, &plugin, &"web".into(), &PodFacts::default(), Direction::Egress).by_plugin);
}

#[test]
fn always_isolates_whom_only_policies_without_default_deny_select() {
    let lax = json!({"enableDefaultDeny": {"ingress": false}, "ingress": [{"fromEndpoints": [{}]}]});
    let snapshot = snapshot(&[cnp(lax)]);
    let (source, destination) = (someone("8.8.8.8"), someone("shop"));
    for (enforcement, isolated) in [(Enforcement::Default, false), (Enforcement::Always, true)] {
        let plugin = Plugin { enforcement, ..Plugin::of(PluginName::Cilium) };
        let found = crate::network::half(&snapshot, &plugin, source.party(), destination.party(), Direction::Ingress);
        assert_eq!(found.most.is_empty(), isolated);
        let found = exposure(&snapshot, &plugin, &"shop".into(), &PodFacts::default(), Direction::Ingress);
        assert_eq!(found.is_isolated(), isolated);
    }
}

#[test]
fn peers_and_rules_know_where_they_were_written() {
    let rule = json!({
        "ingress": [{"fromEndpoints": [{}, {}]}],
        "ingressDeny": [{"fromCIDR": ["10.0.0.0/8"]}],
        "egress": [{"toEntities": ["world", "kube-apiserver"]}, {"toPorts": [{"ports": [{"port": "53"}]}]}],
    });
    let specs = (Kind::CiliumNetworkPolicy, json!({"specs": [with_selector(rule.clone())]}));
    for (policy, root) in [(cnp(rule), "spec"), (specs, "specs[0]")] {
        let found: Vec<_> = lowered(&[policy])
            .iter()
            .flat_map(|policy| {
                policy.ingress.iter().chain(&policy.egress).flat_map(|rules| rules.iter().cloned()).collect::<Vec<_>>()
            })
            .flat_map(|rule| rule.peers.into_iter().map(move |(_, at)| (rule.at.to_string(), at.to_string())))
            .collect();
        let expected = [
            ("ingressDeny[0]", "ingressDeny[0].fromCIDR[0]"),
            ("ingress[0]", "ingress[0].fromEndpoints[0]"),
            ("ingress[0]", "ingress[0].fromEndpoints[1]"),
            ("egress[0]", "egress[0].toEntities[0]"),
            ("egress[0]", "egress[0].toEntities[1]"),
            ("egress[0]", "egress[0].toEntities[1]"),
            ("egress[1]", "egress[1]"),
        ];
        assert_eq!(found, expected.map(|(rule, peer)| (format!("{root}.{rule}"), format!("{root}.{peer}"))));
    }
}

#[test]
fn an_object_is_lowered_once_and_a_terminating_one_to_nothing() {
    let snapshot = snapshot(&[cnp(json!({"ingress": [{}]}))]);
    let object = snapshot.list(Kind::CiliumNetworkPolicy, None).next().unwrap().clone();
    let mut seen = Vec::new();
    each_policy(&snapshot, &object, |policy| seen.push(std::sync::Arc::clone(policy)));
    each_policy(&snapshot, &object, |policy| assert!(std::sync::Arc::ptr_eq(policy, &seen[0])));
    assert_eq!((seen.len(), seen[0].source.to_string()), (1, "CiliumNetworkPolicy shop/p0".to_owned()));
}
