//! Worlds with Calico's policies, as people write them.

use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use ringwall::{
    model::{ContainerPort, Kind, Name, PodFacts, Protocol, decode},
    network::Direction,
    snapshot::{Edit, Scope, Snapshot},
};
use serde_json::{Value, json};

pub(crate) type Map = BTreeMap<String, String>;

/// A selector; its `Display` is Calico's language.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    All,
    Global,
    Has(String),
    Is(String, Comparison, String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) namespaces: BTreeMap<String, Map>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) sets: Vec<Set>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) kubernetes: Vec<Kubernetes>,
    pub(crate) pods: Vec<Pod>,
}

#[derive(Clone, Debug)]
pub(crate) struct Tier {
    pub(crate) name: String,
    pub(crate) order: Option<f64>,
    pub(crate) default_action: Option<&'static str>,
    pub(crate) stored: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Map,
    pub(crate) nets: Vec<String>,
    pub(crate) stored: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) stored: bool,
    pub(crate) tier: Option<String>,
    pub(crate) order: Option<f64>,
    pub(crate) selector: Option<Expr>,
    pub(crate) namespace_selector: Option<Expr>,
    pub(crate) account_selector: Option<Expr>,
    pub(crate) types: Option<Vec<Direction>>,
    pub(crate) ingress: Vec<Rule>,
    pub(crate) egress: Vec<Rule>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub(crate) action: Action,
    pub(crate) ip_version: Option<u8>,
    pub(crate) protocol: Option<&'static str>,
    pub(crate) not_protocol: Option<&'static str>,
    pub(crate) source: Entity,
    pub(crate) destination: Entity,
}

#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) enum Action {
    #[default]
    Allow,
    Deny,
    Log,
    Pass,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Entity {
    pub(crate) nets: Vec<String>,
    pub(crate) not_nets: Vec<String>,
    pub(crate) selector: Option<Expr>,
    pub(crate) not_selector: Option<Expr>,
    pub(crate) namespace_selector: Option<Expr>,
    pub(crate) ports: Vec<Port>,
    pub(crate) not_ports: Vec<Port>,
    pub(crate) accounts: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Port {
    Range(u16, u16),
    Named(String),
}

/// A `NetworkPolicy` of Kubernetes, as simple as may be: it shares Calico's tier `default`.
#[derive(Clone, Debug)]
pub(crate) struct Kubernetes {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) app: Option<String>,
    pub(crate) direction: Direction,
    /// The network that it admits on one TCP port.
    pub(crate) admits: Option<(String, u16)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) labels: Map,
    pub(crate) account: String,
    pub(crate) ports: Vec<(String, Protocol, u16)>,
    pub(crate) host_network: bool,
    pub(crate) address: [IpAddr; 1],
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &[String]| values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(", ");
        let join = |parts: &[Self], operator: &str| {
            parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(operator)
        };
        match self {
            Self::All => f.write_str("all()"),
            Self::Global => f.write_str("global()"),
            Self::Has(key) => write!(f, "has({key})"),
            Self::Is(key, comparison, value) => {
                let words = match comparison {
                    Comparison::Equal => "==",
                    Comparison::Unequal => "!=",
                    Comparison::Contains => "contains",
                    Comparison::StartsWith => "starts with",
                    Comparison::EndsWith => "ends with",
                };
                write!(f, "{key} {words} '{value}'")
            }
            Self::In(key, values) => write!(f, "{key} in {{{}}}", list(values)),
            Self::NotIn(key, values) => write!(f, "{key} not in {{ {} }}", list(values)),
            Self::Not(part) => write!(f, "!({part})"),
            Self::And(parts) => f.write_str(&join(parts, " && ")),
            Self::Or(parts) => f.write_str(&join(parts, "||")),
        }
    }
}

impl Pod {
    pub(crate) fn facts(&self) -> PodFacts {
        let port = |(name, protocol, number): &(String, Protocol, u16)| ContainerPort {
            name: Some(name.as_str().into()),
            number: *number,
            protocol: *protocol,
            host_port: None,
            at: Arc::from(""),
        };
        PodFacts {
            labels: self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            host_network: self.host_network,
            ports: self.ports.iter().map(port).collect(),
            service_account: Name::from(self.account.as_str()),
            ..PodFacts::default()
        }
    }
}

impl World {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let put = |kind: Kind, value: Value| match decode::value(kind, &value) {
            Ok(object) => Edit::Put(object),
            Err(error) => panic!("{error}: {value}"),
        };
        let namespaces = self
            .namespaces
            .iter()
            .map(|(name, labels)| put(Kind::Namespace, json!({"metadata": {"name": name, "labels": labels}})));
        let tiers = self.tiers.iter().map(|tier| put(tier.kind(), tier.manifest()));
        let sets = self.sets.iter().map(|set| put(set.kind(), set.manifest()));
        let policies = self.policies.iter().map(|policy| put(policy.kind(), policy.manifest()));
        let kubernetes = self.kubernetes.iter().map(|policy| put(Kind::NetworkPolicy, policy.manifest()));
        let whole = Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Ok(()));
        let edits = namespaces.chain(tiers).chain(sets).chain(policies).chain(kubernetes).chain([whole]);
        Snapshot::new().with(edits.collect::<Vec<_>>()).0
    }

    pub(crate) fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.rules().flat_map(|rule| [&rule.source, &rule.destination])
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.policies.iter().flat_map(|policy| policy.ingress.iter().chain(&policy.egress))
    }
}

impl Tier {
    fn kind(&self) -> Kind {
        if self.stored { Kind::CalicoStoredTier } else { Kind::CalicoTier }
    }

    fn manifest(&self) -> Value {
        json!({"metadata": {"name": self.name}, "spec": {"order": self.order, "defaultAction": self.default_action}})
    }
}

impl Set {
    fn kind(&self) -> Kind {
        match (&self.namespace, self.stored) {
            (Some(_), false) => Kind::CalicoNetworkSet,
            (Some(_), true) => Kind::CalicoStoredNetworkSet,
            (None, false) => Kind::CalicoGlobalNetworkSet,
            (None, true) => Kind::CalicoStoredGlobalNetworkSet,
        }
    }

    fn manifest(&self) -> Value {
        let metadata = json!({"name": self.name, "namespace": self.namespace, "labels": self.labels});
        json!({"metadata": metadata, "spec": {"nets": self.nets}})
    }
}

impl Policy {
    pub(crate) fn kind(&self) -> Kind {
        match (&self.namespace, self.stored) {
            (Some(_), false) => Kind::CalicoNetworkPolicy,
            (Some(_), true) => Kind::CalicoStoredNetworkPolicy,
            (None, false) => Kind::CalicoGlobalNetworkPolicy,
            (None, true) => Kind::CalicoStoredGlobalNetworkPolicy,
        }
    }

    pub(crate) fn manifest(&self) -> Value {
        let types = self.types.as_ref().map(|types| types.iter().map(|direction| capitalised(*direction)).collect());
        let types: Option<Vec<&str>> = types;
        json!({
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "tier": self.tier,
                "order": self.order,
                "selector": text(self.selector.as_ref()),
                "namespaceSelector": text(self.namespace_selector.as_ref()),
                "serviceAccountSelector": text(self.account_selector.as_ref()),
                "types": types,
                "ingress": self.ingress.iter().map(Rule::manifest).collect::<Vec<_>>(),
                "egress": self.egress.iter().map(Rule::manifest).collect::<Vec<_>>(),
            },
        })
    }
}

impl Rule {
    fn manifest(&self) -> Value {
        json!({
            "action": format!("{:?}", self.action),
            "ipVersion": self.ip_version,
            "protocol": protocol(self.protocol),
            "notProtocol": protocol(self.not_protocol),
            "source": self.source.manifest(),
            "destination": self.destination.manifest(),
        })
    }
}

impl Entity {
    fn manifest(&self) -> Value {
        let ports = |ports: &[Port]| ports.iter().map(Port::manifest).collect::<Vec<_>>();
        let accounts = (!self.accounts.is_empty()).then(|| json!({"names": self.accounts}));
        json!({
            "nets": self.nets,
            "notNets": self.not_nets,
            "selector": text(self.selector.as_ref()),
            "notSelector": text(self.not_selector.as_ref()),
            "namespaceSelector": text(self.namespace_selector.as_ref()),
            "ports": ports(&self.ports),
            "notPorts": ports(&self.not_ports),
            "serviceAccounts": accounts,
        })
    }
}

impl Port {
    fn manifest(&self) -> Value {
        match self {
            Self::Range(first, last) if first == last => json!(first),
            Self::Range(first, last) => json!(format!("{first}:{last}")),
            Self::Named(name) => json!(name),
        }
    }
}

impl Kubernetes {
    fn manifest(&self) -> Value {
        let labels: Map = self.app.iter().map(|app| ("app".to_owned(), app.clone())).collect();
        let list = if self.direction == Direction::Ingress { "from" } else { "to" };
        let rules: Vec<Value> = self
            .admits
            .iter()
            .map(|(net, port)| json!({list: [{"ipBlock": {"cidr": net}}], "ports": [{"port": port}]}))
            .collect();
        let spec = json!({
            "podSelector": {"matchLabels": labels},
            "policyTypes": [capitalised(self.direction)],
            self.direction.name(): rules,
        });
        json!({"metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec})
    }
}

fn text(expr: Option<&Expr>) -> Option<String> {
    expr.map(ToString::to_string)
}

/// Numbers go as numbers.
fn protocol(name: Option<&str>) -> Value {
    name.map_or(Value::Null, |name| name.parse::<u8>().map_or_else(|_| json!(name), |number| json!(number)))
}

fn capitalised(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    }
}

/// The network that is written so; an address stands for itself.
pub(crate) fn network(text: &str) -> IpNet {
    text.parse().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().expect("a network or an address")))
}
