//! Worlds with policies of Cilium, as people write them, and random ones.

use std::{collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;
use proptest::{collection::vec, option, prelude::*, sample::select};
use ringwall::{
    model::{Kind, decode},
    snapshot::{Edit, Snapshot},
};
use serde_json::{Value, json};

use crate::{
    strategies::world as plain_world,
    world::{Labelled, Operator, Pod, World},
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Mixed {
    /// Namespaces and NetworkPolicies.
    pub(crate) plain: World,
    pub(crate) policies: Vec<Policy>,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) name: String,
    /// None for a clusterwide policy.
    pub(crate) namespace: Option<String>,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub(crate) selector: Labelled,
    /// Of ingress and of egress: what is allowed, what is denied, and `enableDefaultDeny`.
    pub(crate) sections: [Section; 2],
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Section {
    pub(crate) allow: Option<Vec<Entry>>,
    pub(crate) deny: Option<Vec<Entry>>,
    pub(crate) default_deny: Option<bool>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) peers: Option<Peers>,
    pub(crate) ports: Option<Vec<PortRule>>,
    pub(crate) icmps: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Peers {
    Endpoints(Vec<Labelled>),
    Networks(Vec<IpNet>),
    Sets(Vec<(IpNet, Vec<IpNet>)>),
    Entities(Vec<&'static str>),
    DnsNames,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PortRule {
    pub(crate) ports: Vec<Port>,
    pub(crate) http: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) written: String,
    pub(crate) end: Option<u16>,
    pub(crate) protocol: Option<&'static str>,
}

impl Mixed {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let decoded = |policy: &Policy| {
            let kind = match policy.namespace {
                Some(_) => Kind::CiliumNetworkPolicy,
                None => Kind::CiliumClusterwideNetworkPolicy,
            };
            Edit::Put(decode::value(kind, &policy.manifest()).expect("it is well-formed"))
        };
        self.plain.snapshot().with(self.policies.iter().map(decoded)).0
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let rules = self.policies.iter().flat_map(|policy| &policy.rules);
        let sections = rules.flat_map(|rule| &rule.sections);
        sections.flat_map(|section| section.allow.iter().chain(&section.deny).flatten())
    }

    /// Every port number next to which something may change.
    pub(crate) fn ports(&self, pods: &[&Pod]) -> BTreeSet<u16> {
        let ports = self.entries().flat_map(|entry| entry.ports.iter().flatten().flat_map(|rule| &rule.ports));
        let numbers = ports.flat_map(|port| port.written.parse::<u16>().ok().into_iter().chain(port.end));
        let around = |number: u16| [number.saturating_sub(1).max(1), number.max(1), number.saturating_add(1)];
        numbers.flat_map(around).chain(self.plain.ports(pods)).collect()
    }

    /// Every address next to which something may change.
    pub(crate) fn addresses(&self) -> BTreeSet<IpAddr> {
        let networks = self.entries().flat_map(|entry| match &entry.peers {
            Some(Peers::Networks(networks)) => networks.clone(),
            Some(Peers::Sets(sets)) => {
                sets.iter().flat_map(|(network, except)| [vec![*network], except.clone()].concat()).collect()
            }
            _ => Vec::new(),
        });
        let others = ["8.8.8.8", "2001:db8::1"].map(|text| text.parse().unwrap());
        networks.flat_map(around).chain(others).collect()
    }
}

fn around(network: IpNet) -> [IpAddr; 4] {
    let shift = |address: IpAddr, by: i8| match address {
        IpAddr::V4(a) => IpAddr::V4(a.to_bits().wrapping_add_signed(by.into()).into()),
        IpAddr::V6(a) => IpAddr::V6(a.to_bits().wrapping_add_signed(by.into()).into()),
    };
    let (first, last) = (network.network(), network.broadcast());
    [first, last, shift(first, -1), shift(last, 1)]
}

impl Policy {
    fn manifest(&self) -> Value {
        let mut object = json!({"metadata": {"name": self.name, "namespace": self.namespace}});
        match self.rules.as_slice() {
            [rule] => object["spec"] = rule.manifest(),
            rules => object["specs"] = rules.iter().map(Rule::manifest).collect(),
        }
        object
    }
}

impl Rule {
    fn manifest(&self) -> Value {
        let mut rule = json!({"endpointSelector": self.selector.manifest()});
        for (section, name, list) in [(&self.sections[0], "ingress", "from"), (&self.sections[1], "egress", "to")] {
            let entries = |entries: &Vec<Entry>| entries.iter().map(|entry| entry.manifest(list)).collect::<Value>();
            if let Some(allow) = &section.allow {
                rule[name] = entries(allow);
            }
            if let Some(deny) = &section.deny {
                rule[format!("{name}Deny")] = entries(deny);
            }
            if let Some(default_deny) = section.default_deny {
                rule["enableDefaultDeny"][name] = default_deny.into();
            }
        }
        rule
    }
}

impl Entry {
    fn manifest(&self, list: &str) -> Value {
        let texts = |networks: &[IpNet]| networks.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut entry = json!({});
        match &self.peers {
            None => {}
            Some(Peers::Endpoints(selectors)) => {
                entry[format!("{list}Endpoints")] = selectors.iter().map(Labelled::manifest).collect();
            }
            Some(Peers::Networks(networks)) => entry[format!("{list}CIDR")] = texts(networks).into(),
            Some(Peers::Sets(sets)) => {
                let set = |(network, except): &(IpNet, Vec<IpNet>)| json!({"cidr": network.to_string(), "except": texts(except)});
                entry[format!("{list}CIDRSet")] = sets.iter().map(set).collect();
            }
            Some(Peers::Entities(names)) => entry[format!("{list}Entities")] = json!(names),
            Some(Peers::DnsNames) => entry[format!("{list}FQDNs")] = json!([{"matchName": "example.com"}]),
        }
        if let Some(ports) = &self.ports {
            entry["toPorts"] = ports.iter().map(PortRule::manifest).collect();
        }
        if self.icmps {
            entry["icmps"] = json!([{"fields": [{"type": 8}]}]);
        }
        entry
    }
}

impl PortRule {
    fn manifest(&self) -> Value {
        let port = |port: &Port| {
            let mut entry = json!({"port": port.written});
            if let Some(end) = port.end {
                entry["endPort"] = end.into();
            }
            if let Some(protocol) = port.protocol {
                entry["protocol"] = protocol.into();
            }
            entry
        };
        let mut rule = json!({"ports": self.ports.iter().map(port).collect::<Vec<_>>()});
        if self.http {
            rule["rules"] = json!({"http": [{"path": "/"}]});
        }
        rule
    }
}

const NETWORKS: [&str; 10] = [
    "0.0.0.0/0",
    "128.0.0.0/1",
    "10.0.0.0/8",
    "10.128.0.0/9",
    "10.1.2.3/32",
    "192.168.0.0/16",
    "::/0",
    "fd00::/8",
    "fd00:1::/32",
    "255.255.255.255/32",
];
const PORTS: [&str; 9] = ["0", "1", "53", "80", "81", "443", "65535", "web", "dns"];
/// Entities that are what they are wherever one looks from.
const CERTAIN: [&[&str]; 8] = [
    &["all"],
    &["world"],
    &["world-ipv4"],
    &["world-ipv6", "health"],
    &["cluster"],
    &["host", "remote-node"],
    &["none", "init"],
    &["world", "cluster"],
];
const UNCERTAIN: [&[&str]; 4] = [&["host"], &["remote-node"], &["kube-apiserver"], &["host", "world"]];

/// Selectors with keys in all the ways to write them.
fn selector() -> impl Strategy<Value = Labelled> {
    let key = select(vec![
        ("app", "a"),
        ("k8s:app", "b"),
        ("any:team", "a"),
        ("k8s:io.kubernetes.pod.namespace", "red"),
        ("io.kubernetes.pod.namespace", "green"),
        ("k8s:io.cilium.k8s.namespace.labels.team", "a"),
        ("io.cilium.k8s.policy.serviceaccount", "account-a"),
        ("reserved:host", ""),
    ]);
    let operator = select(vec![Operator::In, Operator::NotIn, Operator::Exists, Operator::DoesNotExist]);
    let expression = (key.clone(), operator, any::<bool>()).prop_map(|((key, value), operator, both)| {
        let values = if both { vec![value.to_owned(), "b".to_owned()] } else { vec![value.to_owned()] };
        (key.to_owned(), operator, values)
    });
    (
        vec(key, 0..2),
        prop_oneof![3 => Just(0..1), 2 => Just(1..2)].prop_flat_map(move |size| vec(expression.clone(), size)),
    )
        .prop_map(|(labels, expressions)| Labelled {
            labels: labels
                .into_iter()
                .filter(|(key, _)| !key.starts_with("reserved:"))
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            // What a host is seen from somewhere is not certain, what it is not is, of Pods alone.
            expressions: expressions
                .into_iter()
                .filter(|(key, ..): &(String, _, _)| !key.starts_with("reserved:"))
                .collect(),
        })
}

/// Of a subject also what no Pod is.
fn subject() -> impl Strategy<Value = Labelled> {
    let reserved = select(vec![None, None, None, Some(Operator::DoesNotExist), Some(Operator::Exists)]);
    (prop_oneof![1 => Just(Labelled::default()), 2 => selector()], reserved).prop_map(|(mut selector, reserved)| {
        selector.expressions.extend(reserved.map(|operator| ("reserved:init".to_owned(), operator, Vec::new())));
        selector
    })
}

fn peers(ingress: bool, uncertain: bool) -> impl Strategy<Value = Peers> {
    let network = || select(NETWORKS.to_vec()).prop_map(|text| text.parse::<IpNet>().unwrap());
    let entities =
        |of: &[&'static [&'static str]]| select(of.to_vec()).prop_map(|names| Peers::Entities(names.to_vec()));
    let unsure = u32::from(uncertain);
    prop_oneof![
        8 => vec(selector(), 0..3).prop_map(Peers::Endpoints),
        4 => vec(network(), 0..3).prop_map(Peers::Networks),
        4 => vec((network(), vec(network(), 0..2)), 0..3).prop_map(Peers::Sets),
        6 => entities(&CERTAIN),
        6 * unsure => entities(&UNCERTAIN),
        4 * unsure => Just(if ingress { Peers::Entities(vec!["kube-apiserver"]) } else { Peers::DnsNames }),
    ]
}

fn port_rule(http: bool) -> impl Strategy<Value = PortRule> {
    let protocol = option::of(select(vec!["TCP", "UDP", "SCTP", "ANY"]));
    let port = (select(PORTS.to_vec()), option::weighted(0.4, select(vec![0, 53, 81, 443, 65535])), protocol);
    let port = port.prop_map(|(port, end, protocol)| Port { written: port.to_owned(), end, protocol });
    (vec(port, 0..3), prop::bool::weighted(if http { 0.4 } else { 0.0 }))
        .prop_map(|(ports, http)| PortRule { ports, http })
}

fn entry(ingress: bool, uncertain: bool, deny: bool) -> impl Strategy<Value = Entry> {
    let ports = option::weighted(0.6, vec(port_rule(uncertain && !deny), 0..3));
    (option::weighted(0.8, peers(ingress, uncertain)), ports, prop::bool::weighted(0.1)).prop_map(
        move |(peers, ports, icmps)| {
            let peers = peers.filter(|peers| !deny || !matches!(peers, Peers::DnsNames));
            let icmps = icmps && ports.as_ref().is_none_or(Vec::is_empty);
            Entry { peers, ports, icmps }
        },
    )
}

fn section(ingress: bool, uncertain: bool) -> impl Strategy<Value = Section> {
    let list = |chance, deny| option::weighted(chance, vec(entry(ingress, uncertain, deny), 0..3));
    (list(0.7, false), list(0.3, true), option::weighted(0.3, any::<bool>()))
        .prop_map(|(allow, deny, default_deny)| Section { allow, deny, default_deny })
}

fn policy(uncertain: bool) -> impl Strategy<Value = Policy> {
    let namespace = select(vec![Some("red"), Some("red"), Some("green"), None]);
    let rule = (subject(), section(true, uncertain), section(false, uncertain))
        .prop_map(|(selector, ingress, egress)| Rule { selector, sections: [ingress, egress] });
    (namespace, vec(rule, 1..3)).prop_map(|(namespace, rules)| Policy {
        name: String::new(),
        namespace: namespace.map(str::to_owned),
        rules,
    })
}

/// Worlds in which all is certain, or in which some things depend on what no object tells.
pub(crate) fn mixed(uncertain: bool) -> impl Strategy<Value = Mixed> {
    (plain_world(), vec(policy(uncertain), 0..4), any::<bool>()).prop_map(|(mut plain, mut policies, both)| {
        plain.policies.truncate(if both { 2 } else { 0 });
        for (index, policy) in policies.iter_mut().enumerate() {
            policy.name = format!("cilium-{index}");
        }
        Mixed { plain, policies }
    })
}
