//! `ClusterNetworkPolicy`, `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`, all read into the form of the first
//! (network-policy-api v0.2.0, apis/v1alpha2; v0.1.7, apis/v1alpha1).

use serde::{Deserialize, Deserializer};

use super::{
    DecodeError,
    meta::WireMeta,
    network::WireNetwork,
    selector::LabelSelector,
    wire::{List, WireProtocol, nullable, wrong},
};
use crate::model::{
    ClusterAction, ClusterPeer, ClusterPolicy, ClusterPort, ClusterRule, ClusterTier, Derived, FieldPath, Kind, Name,
    Protocol, Selector,
};

#[derive(Deserialize)]
pub(super) struct WireClusterPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    spec: WireSpec,
}

#[derive(Deserialize)]
struct WireSpec {
    #[serde(default)]
    tier: Option<Tier>,
    #[serde(default)]
    priority: Option<Priority>,
    subject: Subject,
    #[serde(default)]
    ingress: Option<Vec<IngressRule>>,
    #[serde(default)]
    egress: Option<Vec<EgressRule>>,
}

struct Tier(ClusterTier);

impl<'de> Deserialize<'de> for Tier {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Name::deserialize(from)?.as_str() {
            "Admin" => Ok(Self(ClusterTier::Admin)),
            "Baseline" => Ok(Self(ClusterTier::Baseline)),
            _ => Err(wrong(&"Admin or Baseline")),
        }
    }
}

struct Priority(u16);

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u16::deserialize(from)? {
            priority @ 0..=1000 => Ok(Self(priority)),
            _ => Err(wrong(&"a priority from 0 to 1000")),
        }
    }
}

/// Pods by the labels of their namespaces, or by those and their own.
struct Subject {
    namespaces: Selector,
    pods: Selector,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireSubject {
    namespaces: Option<LabelSelector>,
    pods: Option<NamespacedPod>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct NamespacedPod {
    #[serde(deserialize_with = "nullable")]
    namespace_selector: LabelSelector,
    #[serde(deserialize_with = "nullable")]
    pod_selector: LabelSelector,
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match WireSubject::deserialize(from)? {
            WireSubject { namespaces: Some(namespaces), pods: None } => {
                Ok(Self { namespaces: namespaces.0, pods: Selector::everything() })
            }
            WireSubject { namespaces: None, pods: Some(pods) } => {
                Ok(Self { namespaces: pods.namespace_selector.0, pods: pods.pod_selector.0 })
            }
            _ => Err(wrong(&"either namespaces or pods")),
        }
    }
}

struct Action(ClusterAction);

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Name::deserialize(from)?.as_str() {
            "Accept" | "Allow" => Ok(Self(ClusterAction::Accept)),
            "Deny" => Ok(Self(ClusterAction::Deny)),
            "Pass" => Ok(Self(ClusterAction::Pass)),
            _ => Err(wrong(&"Accept, Allow, Deny or Pass")),
        }
    }
}

/// A list of at least one entry, in which null is an entry without fields.
struct AtLeastOne<T>(Vec<T>);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for AtLeastOne<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let List(entries) = List::deserialize(from)?;
        if entries.is_empty() { Err(wrong(&"a list of at least one entry")) } else { Ok(Self(entries)) }
    }
}

#[derive(Deserialize)]
struct IngressRule {
    #[serde(default, deserialize_with = "nullable")]
    name: Name,
    action: Action,
    from: AtLeastOne<Peer>,
    #[serde(default)]
    protocols: Option<AtLeastOne<ProtocolEntry>>,
    #[serde(default)]
    ports: Option<AtLeastOne<PortEntry>>,
}

#[derive(Deserialize)]
struct EgressRule {
    #[serde(default, deserialize_with = "nullable")]
    name: Name,
    action: Action,
    to: AtLeastOne<Peer>,
    #[serde(default)]
    protocols: Option<AtLeastOne<ProtocolEntry>>,
    #[serde(default)]
    ports: Option<AtLeastOne<PortEntry>>,
}

struct Peer(ClusterPeer);

impl Default for Peer {
    fn default() -> Self {
        Self(ClusterPeer::Unknown)
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WirePeer {
    namespaces: Option<LabelSelector>,
    pods: Option<NamespacedPod>,
    nodes: Option<LabelSelector>,
    networks: Option<Vec<WireNetwork>>,
    domain_names: Option<Vec<Name>>,
}

impl<'de> Deserialize<'de> for Peer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let WirePeer { namespaces, pods, nodes, networks, domain_names } = WirePeer::deserialize(from)?;
        let namespaces =
            namespaces.map(|namespaces| ClusterPeer::Pods { namespaces: namespaces.0, pods: Selector::everything() });
        let pods =
            pods.map(|pods| ClusterPeer::Pods { namespaces: pods.namespace_selector.0, pods: pods.pod_selector.0 });
        let nodes = nodes.map(|nodes| ClusterPeer::Nodes(nodes.0));
        let networks =
            networks.map(|networks| ClusterPeer::Networks(networks.into_iter().map(|network| network.0).collect()));
        let domain_names = domain_names.map(ClusterPeer::DomainNames);
        let mut peers = [namespaces, pods, nodes, networks, domain_names].into_iter().flatten();
        match (peers.next(), peers.next()) {
            (Some(peer), None) => Ok(Self(peer)),
            // Written for a later version of the API, whose fields are not known here.
            (None, _) => Ok(Self::default()),
            _ => Err(wrong(&"one of namespaces, pods, nodes, networks and domainNames")),
        }
    }
}

/// A port's number.
struct Number(u16);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u16::deserialize(from)? {
            0 => Err(wrong(&"a port number from 1 to 65535")),
            number => Ok(Self(number)),
        }
    }
}

/// An entry of `protocols` (v1alpha2).
struct ProtocolEntry(ClusterPort);

impl Default for ProtocolEntry {
    fn default() -> Self {
        Self(ClusterPort::Unknown)
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireProtocolEntry {
    tcp: Option<ProtocolPorts>,
    udp: Option<ProtocolPorts>,
    sctp: Option<ProtocolPorts>,
    destination_named_port: Option<Name>,
}

/// Without `destinationPort`, all ports of the protocol. The API says so, and its schema refuses it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ProtocolPorts {
    destination_port: Option<NumberOrRange>,
}

struct NumberOrRange(u16, u16);

#[derive(Deserialize)]
struct WireRange {
    #[serde(default)]
    protocol: WireProtocol,
    start: Number,
    end: Number,
}

impl<'de> Deserialize<'de> for NumberOrRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct WirePort {
            number: Option<Number>,
            range: Option<WireRange>,
        }
        match WirePort::deserialize(from)? {
            WirePort { number: Some(Number(number)), range: None } => Ok(Self(number, number)),
            WirePort { number: None, range: Some(range) } if range.start.0 <= range.end.0 => {
                Ok(Self(range.start.0, range.end.0))
            }
            _ => Err(wrong(&"either a number, or a range from start to end")),
        }
    }
}

impl<'de> Deserialize<'de> for ProtocolEntry {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let WireProtocolEntry { tcp, udp, sctp, destination_named_port } = WireProtocolEntry::deserialize(from)?;
        let of = |protocol: Protocol, ports: Option<ProtocolPorts>| {
            ports.map(|ports| {
                let NumberOrRange(first, last) = ports.destination_port.unwrap_or(NumberOrRange(1, u16::MAX));
                ClusterPort::Range(protocol, first, last)
            })
        };
        let named = destination_named_port.filter(|name| !name.is_empty()).map(ClusterPort::Named);
        let entries = [of(Protocol::Tcp, tcp), of(Protocol::Udp, udp), of(Protocol::Sctp, sctp), named];
        let mut entries = entries.into_iter().flatten();
        match (entries.next(), entries.next()) {
            (Some(entry), None) => Ok(Self(entry)),
            (None, _) => Ok(Self::default()),
            _ => Err(wrong(&"one of tcp, udp, sctp and destinationNamedPort")),
        }
    }
}

/// An entry of `ports` (v1alpha1).
struct PortEntry(ClusterPort);

impl Default for PortEntry {
    fn default() -> Self {
        Self(ClusterPort::Unknown)
    }
}

impl<'de> Deserialize<'de> for PortEntry {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct WireNumber {
            #[serde(default)]
            protocol: WireProtocol,
            port: Number,
        }
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "camelCase", default)]
        struct WirePort {
            port_number: Option<WireNumber>,
            port_range: Option<WireRange>,
            named_port: Option<Name>,
        }
        let WirePort { port_number, port_range, named_port } = WirePort::deserialize(from)?;
        let number =
            port_number.map(|WireNumber { protocol, port: Number(port) }| ClusterPort::Range(protocol.0, port, port));
        // The schema of v1alpha1 lets a range end below its start; it holds no port.
        let range = port_range.map(|range| ClusterPort::Range(range.protocol.0, range.start.0, range.end.0));
        let named = named_port.filter(|name| !name.is_empty()).map(ClusterPort::Named);
        let mut entries = [number, range, named].into_iter().flatten();
        match (entries.next(), entries.next()) {
            (Some(entry), None) => Ok(Self(entry)),
            (None, _) => Ok(Self::default()),
            _ => Err(wrong(&"one of portNumber, portRange and namedPort")),
        }
    }
}

impl WireClusterPolicy {
    pub(super) fn into_policy(self, kind: Kind) -> Result<ClusterPolicy, DecodeError> {
        let missing = |path: &str| DecodeError { path: FieldPath::new(path), message: "missing".to_owned() };
        let spec = self.spec;
        let (tier, priority) = match kind {
            Kind::ClusterNetworkPolicy => {
                let tier = spec.tier.ok_or_else(|| missing("spec.tier"))?.0;
                (tier, Some(spec.priority.ok_or_else(|| missing("spec.priority"))?.0))
            }
            Kind::BaselineAdminNetworkPolicy => (ClusterTier::Baseline, None),
            _ => (ClusterTier::Admin, Some(spec.priority.ok_or_else(|| missing("spec.priority"))?.0)),
        };
        let ingress = spec.ingress.into_iter().flatten();
        let egress = spec.egress.into_iter().flatten();
        Ok(ClusterPolicy {
            kind,
            meta: self.metadata.into_meta(false)?,
            tier,
            priority,
            subject_namespaces: spec.subject.namespaces,
            subject_pods: spec.subject.pods,
            ingress: ingress
                .map(|rule| of_rule(rule.name, &rule.action, rule.from, ports(kind, rule.protocols, rule.ports)))
                .collect(),
            egress: egress
                .map(|rule| of_rule(rule.name, &rule.action, rule.to, ports(kind, rule.protocols, rule.ports)))
                .collect(),
            lowered: Derived::default(),
        })
    }
}

fn of_rule(name: Name, action: &Action, peers: AtLeastOne<Peer>, ports: Option<Vec<ClusterPort>>) -> ClusterRule {
    ClusterRule {
        name: Some(name).filter(|name| !name.is_empty()),
        action: action.0,
        peers: peers.0.into_iter().map(|peer| peer.0).collect(),
        ports,
    }
}

/// The ports, in the field of that version of the API.
fn ports(
    kind: Kind,
    protocols: Option<AtLeastOne<ProtocolEntry>>,
    ports: Option<AtLeastOne<PortEntry>>,
) -> Option<Vec<ClusterPort>> {
    match kind {
        Kind::ClusterNetworkPolicy => protocols.map(|entries| entries.0.into_iter().map(|entry| entry.0).collect()),
        _ => ports.map(|entries| entries.0.into_iter().map(|entry| entry.0).collect()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::needless_pass_by_value, reason = "`json!` makes values, and references would only be noise")]

    use serde_json::{Value, json};

    use super::{super::value, *};
    use crate::model::Object;

    fn read(kind: Kind, spec: Value) -> Result<ClusterPolicy, DecodeError> {
        match value(kind, &json!({"metadata": {"name": "x"}, "spec": spec}))? {
            Object::ClusterPolicy(policy) => Ok((*policy).clone()),
            other => panic!("{other:?}"),
        }
    }

    fn cluster(fields: Value) -> Result<ClusterPolicy, DecodeError> {
        let mut spec = json!({"tier": "Admin", "priority": 7, "subject": {"namespaces": {}}});
        spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        read(Kind::ClusterNetworkPolicy, spec)
    }

    #[test]
    fn both_versions_come_to_one_form() {
        let rule = |action: &str, ports: &str, entry: Value| json!([{"name": "r", "action": action, "to": [{"namespaces": {}}], ports: [entry]}]);
        let new = rule("Accept", "protocols", json!({"udp": {"destinationPort": {"range": {"start": 5, "end": 7}}}}));
        let old = rule("Allow", "ports", json!({"portRange": {"protocol": "UDP", "start": 5, "end": 7}}));
        let new = cluster(json!({"egress": new})).unwrap();
        let admin =
            read(Kind::AdminNetworkPolicy, json!({"priority": 7, "subject": {"namespaces": {}}, "egress": old}))
                .unwrap();
        let baseline =
            read(Kind::BaselineAdminNetworkPolicy, json!({"subject": {"namespaces": {}}, "egress": old})).unwrap();
        assert_eq!((&new.egress, &new.egress), (&admin.egress, &baseline.egress));
        assert_eq!((new.tier, new.priority), (admin.tier, admin.priority));
        assert_eq!((baseline.tier, baseline.priority), (ClusterTier::Baseline, None));
    }

    #[test]
    fn what_cannot_be_understood_is_undecodable_and_never_guessed() {
        let at = |fields: Value| {
            let error = cluster(fields).unwrap_err();
            assert!(!error.message.contains("hunter2"), "{error}");
            error.path.to_string()
        };
        let rule = |fields: Value| {
            let mut rule = json!({"action": "Deny", "to": [{"namespaces": {}}]});
            rule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            json!({"egress": [rule]})
        };
        assert_eq!(at(json!({"tier": "hunter2"})), "spec.tier");
        assert_eq!(at(json!({"tier": null})), "spec.tier");
        assert_eq!(at(json!({"priority": 1001})), "spec.priority");
        assert_eq!(at(json!({"priority": null})), "spec.priority");
        assert_eq!(at(json!({"subject": {}})), "spec.subject");
        assert_eq!(at(json!({"subject": {"namespaces": {}, "pods": {}}})), "spec.subject");
        assert_eq!(at(rule(json!({"action": "hunter2"}))), "spec.egress[0].action");
        assert_eq!(at(rule(json!({"to": []}))), "spec.egress[0].to");
        assert_eq!(at(rule(json!({"to": [{"networks": ["hunter2"]}]}))), "spec.egress[0].to[0].networks[0]");
        assert_eq!(at(rule(json!({"to": [{"nodes": {}, "namespaces": {}}]}))), "spec.egress[0].to[0]");
        assert_eq!(at(rule(json!({"protocols": [{"tcp": {}, "udp": {}}]}))), "spec.egress[0].protocols[0]");
        let port = |port: Value| rule(json!({"protocols": [{"tcp": {"destinationPort": port}}]}));
        assert_eq!(at(port(json!({"number": 0}))), "spec.egress[0].protocols[0].tcp.destinationPort.number");
        assert_eq!(
            at(port(json!({"range": {"start": 9, "end": 1}}))),
            "spec.egress[0].protocols[0].tcp.destinationPort"
        );
        assert_eq!(at(json!({"egress": [{"action": "Deny"}]})), "spec.egress[0]");
    }

    #[test]
    fn an_entry_without_a_known_field_is_of_a_later_version() {
        let rule = json!({"action": "Deny", "to": [{"someday": 1}, null, {}], "protocols": [{"icmp": {}}]});
        let policy = cluster(json!({"egress": [rule]})).unwrap();
        assert_eq!(policy.egress[0].peers, [ClusterPeer::Unknown, ClusterPeer::Unknown, ClusterPeer::Unknown]);
        assert_eq!(policy.egress[0].ports, Some(vec![ClusterPort::Unknown]));
    }

    #[test]
    fn a_protocol_without_ports_is_all_of_them() {
        let rule = json!({"action": "Deny", "to": [{"namespaces": {}}], "protocols": [{"sctp": {}}]});
        let policy = cluster(json!({"egress": [rule]})).unwrap();
        assert_eq!(policy.egress[0].ports, Some(vec![ClusterPort::Range(Protocol::Sctp, 1, u16::MAX)]));
    }
}
