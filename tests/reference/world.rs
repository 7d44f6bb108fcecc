//! Worlds as people write them: NetworkPolicies before any defaulting, and what the engine reads of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;
use ringwall::{
    model::{
        ContainerPort, Derived, Kind, Meta, Name, NetworkPolicy, Object, PodFacts, PolicyPeer, PolicyPort, PolicyRule,
        PortMatch, Protocol, Selector,
    },
    network::Direction,
    snapshot::{Edit, Scope, Snapshot},
};

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
    pub(crate) policy_types: Option<Vec<Direction>>,
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
    pub(crate) port: Option<PortValue>,
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
            service_account: Name::default(),
        }
    }
}

impl World {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let puts = self.policies.iter().map(|policy| Edit::Put(Object::NetworkPolicy(Arc::new(policy.model()))));
        let whole = Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Ok(()));
        Snapshot::new().with(puts.chain([whole])).0
    }

    /// Every port number next to which something may change.
    pub(crate) fn ports(&self, pods: &[&Pod]) -> BTreeSet<u16> {
        let rules = self.policies.iter().flat_map(|policy| policy.ingress.iter().chain(&policy.egress).flatten());
        let entries = rules.flat_map(|rule| rule.ports.iter().flatten());
        let numbers = entries.flat_map(|entry| match entry.port {
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
    /// What the decoder makes of it, with the API server's defaulting.
    fn model(&self) -> NetworkPolicy {
        let written = self.policy_types.as_ref().filter(|types| !types.is_empty());
        let has_egress = self.egress.as_ref().is_some_and(|rules| !rules.is_empty());
        let isolates = |direction| match written {
            Some(types) => types.contains(&direction),
            None => direction == Direction::Ingress || has_egress,
        };
        let rules = |rules: &Option<Vec<Rule>>| rules.iter().flatten().map(Rule::model).collect();
        NetworkPolicy {
            meta: Meta {
                name: self.name.as_str().into(),
                namespace: Some(self.namespace.as_str().into()),
                deletion: self.terminating.then_some(jiff::Timestamp::UNIX_EPOCH),
                ..Meta::default()
            },
            pod_selector: self.pod_selector.model(),
            isolates_ingress: isolates(Direction::Ingress),
            isolates_egress: isolates(Direction::Egress),
            ingress: rules(&self.ingress),
            egress: rules(&self.egress),
            empty_egress_ignored: false,
            lowered: Derived::default(),
        }
    }
}

impl Rule {
    fn model(&self) -> PolicyRule {
        let peer = |peer: &Peer| match peer.clone() {
            Peer::Selectors { namespaces, pods } => PolicyPeer::Pods {
                namespaces: namespaces.map(|selector| selector.model()),
                pods: pods.map_or(Selector::everything(), |selector| selector.model()),
            },
            Peer::IpBlock { cidr, except } => PolicyPeer::IpBlock { cidr, except },
        };
        let port = |entry: &Port| PolicyPort {
            protocol: entry.protocol.unwrap_or(Protocol::Tcp),
            port: match &entry.port {
                None => PortMatch::Every,
                Some(PortValue::Number(number)) => PortMatch::Range(*number, entry.end.unwrap_or(*number)),
                Some(PortValue::Name(name)) => PortMatch::Named(name.as_str().into()),
            },
        };
        let full = |peers: &&Vec<Peer>| !peers.is_empty();
        PolicyRule {
            peers: self.peers.as_ref().filter(full).map(|peers| peers.iter().map(peer).collect()),
            ports: self.ports.as_ref().filter(|ports| !ports.is_empty()).map(|ports| ports.iter().map(port).collect()),
        }
    }
}

impl Labelled {
    fn model(&self) -> Selector {
        let labels = self.labels.iter().map(|(key, value)| (key, Operator::In, vec![value.clone()]));
        let expressions = self.expressions.iter().map(|(key, operator, values)| (key, *operator, values.clone()));
        let condition = |(key, operator, values): (&String, Operator, Vec<String>)| {
            let key = Name::from(key.as_str());
            let values = values.into_iter().map(Name::from).collect();
            match operator {
                Operator::In => Selector::In(key, values),
                Operator::NotIn => Selector::Not(Box::new(Selector::In(key, values))),
                Operator::Exists => Selector::Has(key),
                Operator::DoesNotExist => Selector::Not(Box::new(Selector::Has(key))),
            }
        };
        Selector::All(labels.chain(expressions).map(condition).collect())
    }
}
