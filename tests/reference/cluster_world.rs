//! Random worlds with policies of all three kinds of `policy.networking.k8s.io`, as people write them.

use std::{collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;
use proptest::{collection::vec, option, prelude::*, sample::select};
use ringwall::{
    model::{Kind, Protocol, decode},
    snapshot::{Edit, Snapshot},
};
use serde_json::{Value, json};

use crate::{
    strategies::{NAMES, NAMESPACES, NETWORKS, PORTS, namespace_selector, pod, pod_selector, protocol, world},
    world::{Labelled, Peer as PolicyPeer, Pod, Port as PolicyPort, PortValue, World},
};

#[derive(Clone, Debug)]
pub(crate) struct ClusterWorld {
    /// The namespaces and the NetworkPolicies.
    pub(crate) base: World,
    pub(crate) policies: Vec<ClusterPolicy>,
    pub(crate) pods: Vec<(Pod, IpAddr)>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Tier {
    Admin,
    Baseline,
}

#[derive(Clone, Debug)]
pub(crate) struct ClusterPolicy {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) terminating: bool,
    pub(crate) tier: Tier,
    pub(crate) priority: u16,
    pub(crate) subject: Peer,
    pub(crate) ingress: Vec<Rule>,
    pub(crate) egress: Vec<Rule>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Action {
    Accept,
    Deny,
    Pass,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) action: Action,
    pub(crate) peers: Vec<Peer>,
    pub(crate) ports: Option<Vec<Port>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Peer {
    Namespaces(Labelled),
    Pods(Labelled, Labelled),
    Networks(Vec<IpNet>),
    Nodes(Labelled),
    DomainNames(Vec<String>),
    /// A field that nobody knows yet.
    Unknown,
}

#[derive(Clone, Debug)]
pub(crate) enum Port {
    Every(Protocol),
    Number(Protocol, u16),
    Range(Protocol, u16, u16),
    Named(String),
}

fn cluster_peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        3 => namespace_selector().prop_map(Peer::Namespaces),
        3 => (namespace_selector(), pod_selector()).prop_map(|(namespaces, pods)| Peer::Pods(namespaces, pods)),
    ]
}

/// `partial`: with peers that only somebody else can resolve.
fn peer(partial: bool) -> impl Strategy<Value = Peer> {
    let network = select(NETWORKS.to_vec()).prop_map(|text| text.parse().unwrap());
    let nodes = if partial { pod_selector().boxed() } else { Just(Labelled::default()).boxed() };
    let others = if partial {
        Just(Peer::DomainNames(vec!["*.example.com".to_owned()])).boxed()
    } else {
        Just(Peer::Nodes(Labelled::default())).boxed()
    };
    prop_oneof![
        12 => cluster_peer(),
        6 => vec(network, 1..3).prop_map(Peer::Networks),
        1 => nodes.prop_map(Peer::Nodes),
        1 => others,
        1 => Just(Peer::Unknown),
    ]
}

fn port() -> impl Strategy<Value = Port> {
    prop_oneof![
        1 => protocol().prop_map(Port::Every),
        3 => (protocol(), select(PORTS.to_vec())).prop_map(|(protocol, port)| Port::Number(protocol, port)),
        2 => (protocol(), select(PORTS.to_vec()), select(PORTS.to_vec())).prop_map(|(protocol, a, b)| {
            if a == b { Port::Number(protocol, a) } else { Port::Range(protocol, a.min(b), a.max(b)) }
        }),
        2 => select(NAMES.to_vec()).prop_map(|name| Port::Named(name.to_owned())),
    ]
}

fn rule(egress: bool, partial: bool) -> impl Strategy<Value = Rule> {
    let peer = if egress {
        peer(partial).boxed()
    } else {
        prop_oneof![20 => cluster_peer(), 1 => Just(Peer::Unknown)].boxed()
    };
    let action = select(vec![Action::Accept, Action::Deny, Action::Pass]);
    (action, vec(peer, 1..3), option::of(vec(port(), 1..3))).prop_map(|(action, peers, mut ports)| {
        // Names beside networks are refused by the API server.
        let named = |port: &Port| matches!(port, Port::Named(_));
        let addressed = |peer: &Peer| !matches!(peer, Peer::Namespaces(_) | Peer::Pods(..));
        if peers.iter().any(addressed) {
            ports = ports.map(|ports| ports.into_iter().filter(|port| !named(port)).collect());
            ports = ports.filter(|ports: &Vec<Port>| !ports.is_empty());
        }
        Rule { action, peers, ports }
    })
}

fn policy(partial: bool) -> impl Strategy<Value = ClusterPolicy> {
    let kind = select(vec![
        Kind::ClusterNetworkPolicy,
        Kind::ClusterNetworkPolicy,
        Kind::AdminNetworkPolicy,
        Kind::BaselineAdminNetworkPolicy,
    ]);
    let tier = select(vec![Tier::Admin, Tier::Baseline]);
    let subject = prop_oneof![1 => Just(Peer::Namespaces(Labelled::default())), 2 => cluster_peer()];
    let rules = |egress| vec(rule(egress, partial), 0..4);
    (kind, prop::bool::weighted(0.1), tier, 0u16..3, subject, rules(false), rules(true)).prop_map(
        |(kind, terminating, tier, priority, subject, ingress, egress)| {
            let tier = match kind {
                Kind::AdminNetworkPolicy => Tier::Admin,
                Kind::BaselineAdminNetworkPolicy => Tier::Baseline,
                _ => tier,
            };
            let mut policy =
                ClusterPolicy { kind, name: String::new(), terminating, tier, priority, subject, ingress, egress };
            if kind == Kind::BaselineAdminNetworkPolicy {
                // There is no tier to pass to.
                for rule in policy.ingress.iter_mut().chain(&mut policy.egress) {
                    rule.action = if rule.action == Action::Pass { Action::Deny } else { rule.action };
                }
            }
            policy
        },
    )
}

pub(crate) fn cluster_world(partial: bool) -> impl Strategy<Value = ClusterWorld> {
    let address = select(vec!["10.1.2.3", "10.1.2.5", "10.200.0.1", "192.168.1.7", "fd00::5", "2001:db8::9"]);
    let placed = || {
        let pods = select(NAMESPACES.to_vec()).prop_flat_map(|namespace| pod(namespace, prop::bool::weighted(0.15)));
        (pods, address.clone()).prop_map(|(pod, address)| (pod, address.parse().unwrap()))
    };
    (world(), vec(policy(partial), 0..5), vec(placed(), 2..4)).prop_map(|(mut base, mut policies, pods)| {
        let mut baselines = 0;
        policies.retain(|policy| {
            baselines += usize::from(policy.kind == Kind::BaselineAdminNetworkPolicy);
            policy.kind != Kind::BaselineAdminNetworkPolicy || baselines == 1
        });
        for (index, policy) in policies.iter_mut().enumerate() {
            let is_baseline = policy.kind == Kind::BaselineAdminNetworkPolicy;
            policy.name = if is_baseline { "default".to_owned() } else { format!("cluster-{index}") };
        }
        // Whether a name beside an ipBlock is looked up on a Pod of that address, nobody says.
        for rule in base.policies.iter_mut().flat_map(|policy| policy.egress.iter_mut().flatten()) {
            let blocks = |peer: &PolicyPeer| matches!(peer, PolicyPeer::IpBlock { .. });
            let named = |port: &PolicyPort| matches!(port.value, Some(PortValue::Name(_)));
            if rule.peers.iter().flatten().any(blocks)
                && let Some(ports) = &mut rule.ports
            {
                ports.retain(|port| !named(port));
            }
        }
        ClusterWorld { base, policies, pods }
    })
}

impl ClusterWorld {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let decoded =
            |policy: &ClusterPolicy| decode::value(policy.kind, &policy.manifest()).expect("it is well-formed");
        self.base.snapshot().with(self.policies.iter().map(|policy| Edit::Put(decoded(policy)))).0
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.policies.iter().flat_map(|policy| policy.ingress.iter().chain(&policy.egress))
    }

    /// Every port number next to which something may change.
    pub(crate) fn ports(&self) -> BTreeSet<u16> {
        let numbers = self.rules().flat_map(|rule| rule.ports.iter().flatten()).flat_map(|port| match port {
            Port::Number(_, port) => vec![*port],
            Port::Range(_, first, last) => vec![*first, *last],
            Port::Every(_) | Port::Named(_) => Vec::new(),
        });
        let around = |number: u16| [number.saturating_sub(1).max(1), number, number.saturating_add(1)];
        let pods: Vec<&Pod> = self.pods.iter().map(|(pod, _)| pod).collect();
        numbers.flat_map(around).chain(self.base.ports(&pods)).collect()
    }

    /// Addresses of the networks of all policies and next to them.
    pub(crate) fn addresses(&self) -> BTreeSet<IpAddr> {
        let networks = self.rules().flat_map(|rule| &rule.peers).flat_map(|peer| match peer {
            Peer::Networks(networks) => networks.clone(),
            _ => Vec::new(),
        });
        networks.flat_map(|network| [network.network(), network.broadcast()]).chain(self.base.addresses()).collect()
    }

    /// Whether there is a rule of which objects do not tell all.
    pub(crate) fn is_partial(&self) -> bool {
        self.rules().flat_map(|rule| &rule.peers).any(|peer| match peer {
            Peer::DomainNames(_) => true,
            Peer::Nodes(labels) => !(labels.labels.is_empty() && labels.expressions.is_empty()),
            _ => false,
        })
    }
}

impl ClusterPolicy {
    fn manifest(&self) -> Value {
        let is_new = self.kind == Kind::ClusterNetworkPolicy;
        let rules =
            |rules: &[Rule], list: &str| rules.iter().map(|rule| rule.manifest(list, is_new)).collect::<Vec<_>>();
        let mut spec = json!({
            "subject": self.subject.manifest(),
            "ingress": rules(&self.ingress, "from"),
            "egress": rules(&self.egress, "to"),
        });
        if is_new {
            spec["tier"] = json!(format!("{:?}", self.tier));
        }
        if self.kind != Kind::BaselineAdminNetworkPolicy {
            spec["priority"] = json!(self.priority);
        }
        let mut metadata = json!({"name": self.name});
        if self.terminating {
            metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        json!({"metadata": metadata, "spec": spec})
    }
}

impl Rule {
    fn manifest(&self, list: &str, is_new: bool) -> Value {
        let action = match self.action {
            Action::Accept if is_new => "Accept",
            Action::Accept => "Allow",
            Action::Deny => "Deny",
            Action::Pass => "Pass",
        };
        let mut rule = json!({"action": action});
        rule[list] = self.peers.iter().map(Peer::manifest).collect();
        if let Some(ports) = &self.ports {
            let field = if is_new { "protocols" } else { "ports" };
            rule[field] = ports.iter().map(|port| port.manifest(is_new)).collect();
        }
        rule
    }
}

impl Peer {
    fn manifest(&self) -> Value {
        match self {
            Self::Namespaces(labels) => json!({"namespaces": labels.manifest()}),
            Self::Pods(namespaces, pods) => {
                json!({"pods": {"namespaceSelector": namespaces.manifest(), "podSelector": pods.manifest()}})
            }
            Self::Networks(networks) => {
                json!({"networks": networks.iter().map(ToString::to_string).collect::<Vec<_>>()})
            }
            Self::Nodes(labels) => json!({"nodes": labels.manifest()}),
            Self::DomainNames(names) => json!({"domainNames": names}),
            Self::Unknown => json!({"someday": {}}),
        }
    }
}

impl Port {
    fn manifest(&self, is_new: bool) -> Value {
        let of = |protocol: &Protocol, value: Value| {
            let mut entry = json!({});
            entry[protocol.name().to_lowercase()] = value;
            entry
        };
        match (self, is_new) {
            (Self::Every(protocol), true) => of(protocol, json!({})),
            (Self::Number(protocol, port), true) => of(protocol, json!({"destinationPort": {"number": port}})),
            (Self::Range(protocol, first, last), true) => {
                of(protocol, json!({"destinationPort": {"range": {"start": first, "end": last}}}))
            }
            (Self::Named(name), true) => json!({"destinationNamedPort": name}),
            (Self::Every(protocol), false) => {
                json!({"portRange": {"protocol": protocol.name(), "start": 1, "end": 65535}})
            }
            (Self::Number(protocol, port), false) => json!({"portNumber": {"protocol": protocol.name(), "port": port}}),
            (Self::Range(protocol, first, last), false) => {
                json!({"portRange": {"protocol": protocol.name(), "start": first, "end": last}})
            }
            (Self::Named(name), false) => json!({"namedPort": name}),
        }
    }
}
