//! Worlds as people write them: NetworkPolicies before any defaulting, which the engine reads as manifests.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;
use ringwall::{
    model::{ContainerPort, Kind, Name, PodFacts, Protocol, decode},
    network::Direction,
    snapshot::{Edit, Scope, Snapshot},
};
use serde_json::{Value, json};

pub(crate) type Map = BTreeMap<String, String>;

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// The namespaces with the labels that people gave them; `kubernetes.io/metadata.name` goes without saying.
    pub(crate) namespaces: BTreeMap<String, Map>,
    pub(crate) policies: Vec<Policy>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) terminating: bool,
    pub(crate) pod_selector: Labelled,
    pub(crate) types: Option<Vec<Direction>>,
    pub(crate) ingress: Option<Vec<Rule>>,
    pub(crate) egress: Option<Vec<Rule>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub(crate) peers: Option<Vec<Peer>>,
    pub(crate) ports: Option<Vec<Port>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Peer {
    Selectors { namespaces: Option<Labelled>, pods: Option<Labelled> },
    IpBlock { cidr: IpNet, except: Vec<IpNet> },
}

#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) protocol: Option<Protocol>,
    pub(crate) value: Option<PortValue>,
    pub(crate) end: Option<u16>,
}

#[derive(Clone, Debug)]
pub(crate) enum PortValue {
    Number(u16),
    Name(String),
}

/// A label selector.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labelled {
    pub(crate) labels: Map,
    pub(crate) expressions: Vec<(String, Operator, Vec<String>)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) labels: Map,
    pub(crate) ports: Vec<(Option<String>, Protocol, u16)>,
    pub(crate) host_network: bool,
}

impl Pod {
    pub(crate) fn facts(&self) -> PodFacts {
        let port = |(name, protocol, number): &(Option<String>, Protocol, u16)| ContainerPort {
            name: name.as_deref().map(Name::from),
            number: *number,
            protocol: *protocol,
            host_port: None,
            at: Arc::from(""),
        };
        PodFacts {
            labels: self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            host_network: self.host_network,
            ports: self.ports.iter().map(port).collect(),
            ..PodFacts::default()
        }
    }
}

impl World {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let decoded =
            |policy: &Policy| decode::value(Kind::NetworkPolicy, &policy.manifest()).expect("it is well-formed");
        let puts = self.policies.iter().map(|policy| Edit::Put(decoded(policy)));
        let whole = Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Ok(()));
        Snapshot::new().with(puts.chain([whole])).0
    }

    /// Every port number next to which something may change.
    pub(crate) fn ports(&self, pods: &[&Pod]) -> BTreeSet<u16> {
        let rules = self.policies.iter().flat_map(|policy| policy.ingress.iter().chain(&policy.egress).flatten());
        let entries = rules.flat_map(|rule| rule.ports.iter().flatten());
        let numbers = entries.flat_map(|entry| match entry.value {
            Some(PortValue::Number(number)) => vec![number, entry.end.unwrap_or(number)],
            _ => Vec::new(),
        });
        let declared = pods.iter().flat_map(|pod| pod.ports.iter().map(|(_, _, number)| *number));
        let around = |number: u16| [number.saturating_sub(1).max(1), number, number.saturating_add(1)];
        numbers.chain(declared).chain([1, u16::MAX]).flat_map(around).collect()
    }

    /// Every address next to which something may change.
    pub(crate) fn addresses(&self) -> BTreeSet<IpAddr> {
        let rules = self.policies.iter().flat_map(|policy| policy.ingress.iter().chain(&policy.egress).flatten());
        let networks = rules.flat_map(|rule| rule.peers.iter().flatten()).flat_map(|peer| match peer {
            Peer::IpBlock { cidr, except } => [vec![*cidr], except.clone()].concat(),
            Peer::Selectors { .. } => Vec::new(),
        });
        let around = |network: IpNet| {
            let shift = |address: IpAddr, by: i8| match address {
                IpAddr::V4(a) => IpAddr::V4(a.to_bits().wrapping_add_signed(by.into()).into()),
                IpAddr::V6(a) => IpAddr::V6(a.to_bits().wrapping_add_signed(by.into()).into()),
            };
            let (first, last) = (network.network(), network.broadcast());
            [first, last, shift(first, -1), shift(last, 1)]
        };
        let others = ["169.254.169.254", "fd00:ec2::254", "8.8.8.8", "2001:db8::1"].map(|text| text.parse().unwrap());
        networks.flat_map(around).chain(others).collect()
    }
}

impl Policy {
    /// The manifest, as it is written; what is not set is left out.
    fn manifest(&self) -> Value {
        let mut spec = json!({"podSelector": self.pod_selector.manifest()});
        let types = |types: &Vec<Direction>| types.iter().map(|direction| capitalised(*direction)).collect::<Vec<_>>();
        put(&mut spec, "policyTypes", self.types.as_ref().map(types));
        let rules = |rules: &Vec<Rule>, list: &str| rules.iter().map(|rule| rule.manifest(list)).collect::<Vec<_>>();
        put(&mut spec, "ingress", self.ingress.as_ref().map(|list| rules(list, "from")));
        put(&mut spec, "egress", self.egress.as_ref().map(|list| rules(list, "to")));
        let mut metadata = json!({"name": self.name, "namespace": self.namespace});
        put(&mut metadata, "deletionTimestamp", self.terminating.then_some("2026-01-01T00:00:00Z"));
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
    }
}

impl Rule {
    fn manifest(&self, list: &str) -> Value {
        let peer = |peer: &Peer| match peer {
            Peer::Selectors { namespaces, pods } => {
                let mut entry = json!({});
                put(&mut entry, "namespaceSelector", namespaces.as_ref().map(Labelled::manifest));
                put(&mut entry, "podSelector", pods.as_ref().map(Labelled::manifest));
                entry
            }
            Peer::IpBlock { cidr, except } => {
                let except: Vec<_> = except.iter().map(ToString::to_string).collect();
                json!({"ipBlock": {"cidr": cidr.to_string(), "except": except}})
            }
        };
        let port = |port: &Port| {
            let mut entry = json!({});
            put(&mut entry, "protocol", port.protocol.map(Protocol::name));
            let value = |value: &PortValue| match value {
                PortValue::Number(number) => json!(number),
                PortValue::Name(name) => json!(name),
            };
            put(&mut entry, "port", port.value.as_ref().map(value));
            put(&mut entry, "endPort", port.end);
            entry
        };
        let mut rule = json!({});
        put(&mut rule, list, self.peers.as_ref().map(|peers| peers.iter().map(peer).collect::<Vec<_>>()));
        put(&mut rule, "ports", self.ports.as_ref().map(|ports| ports.iter().map(port).collect::<Vec<_>>()));
        rule
    }
}

impl Labelled {
    pub(crate) fn manifest(&self) -> Value {
        let expression = |(key, operator, values): &(String, Operator, Vec<String>)| match operator {
            Operator::In | Operator::NotIn => {
                json!({"key": key, "operator": format!("{operator:?}"), "values": values})
            }
            Operator::Exists | Operator::DoesNotExist => json!({"key": key, "operator": format!("{operator:?}")}),
        };
        let expressions: Vec<_> = self.expressions.iter().map(expression).collect();
        json!({"matchLabels": self.labels, "matchExpressions": expressions})
    }
}

fn put(object: &mut Value, field: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[field] = value.into();
    }
}

fn capitalised(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    }
}
