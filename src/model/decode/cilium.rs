//! `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy` (cilium/pkg/policy/api).

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use super::{
    DecodeError,
    cilium_selector::EndpointSelector,
    meta::WireMeta,
    network::{WireNetwork, parse_network},
    wire::{List, nullable, wrong},
};
use crate::model::{
    CiliumDirection, CiliumEntity, CiliumEntry, CiliumPeer, CiliumPeers, CiliumPolicy, CiliumPort, CiliumPorts,
    CiliumRule, Derived, FieldPath, Kind, Name, PortMatch, Protocol,
};

#[derive(Deserialize)]
pub(super) struct WireCiliumPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default)]
    spec: Option<WireRule>,
    #[serde(default)]
    specs: List<WireRule>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRule {
    endpoint_selector: Option<EndpointSelector>,
    node_selector: Option<EndpointSelector>,
    ingress: Option<List<WireEntry>>,
    ingress_deny: Option<List<WireEntry>>,
    egress: Option<List<WireEntry>>,
    egress_deny: Option<List<WireEntry>>,
    #[serde(deserialize_with = "nullable")]
    enable_default_deny: WireDefaultDeny,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireDefaultDeny {
    ingress: Option<bool>,
    egress: Option<bool>,
}

/// An entry of either direction: what is of the other one is not looked for by Cilium either.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireEntry {
    from_endpoints: Option<List<EndpointSelector>>,
    from_requires: List<EndpointSelector>,
    #[serde(rename = "fromCIDR")]
    from_cidr: Option<Vec<AddressOrNetwork>>,
    #[serde(rename = "fromCIDRSet")]
    from_cidr_set: Option<Vec<WireNetworks>>,
    from_entities: Option<Vec<Entity>>,
    from_nodes: Option<List<EndpointSelector>>,
    from_groups: List<Ignored>,
    to_endpoints: Option<List<EndpointSelector>>,
    to_requires: List<EndpointSelector>,
    #[serde(rename = "toCIDR")]
    to_cidr: Option<Vec<AddressOrNetwork>>,
    #[serde(rename = "toCIDRSet")]
    to_cidr_set: Option<Vec<WireNetworks>>,
    to_entities: Option<Vec<Entity>>,
    to_nodes: Option<List<EndpointSelector>>,
    to_services: List<Ignored>,
    #[serde(rename = "toFQDNs")]
    to_fqdns: List<Ignored>,
    to_groups: List<Ignored>,
    to_ports: List<WirePorts>,
    icmps: List<Ignored>,
    #[serde(deserialize_with = "nullable")]
    authentication: WireAuthentication,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireAuthentication {
    mode: Option<Name>,
}

/// Something that only counts.
#[derive(Default)]
struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(from).map(|_| Self)
    }
}

/// A network, or one address, which Cilium takes for its network.
struct AddressOrNetwork(IpNet);

impl<'de> Deserialize<'de> for AddressOrNetwork {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let network = parse_network(&text).or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        network.map(Self).ok_or_else(|| wrong(&"a network such as 10.0.0.0/8, or an address"))
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireNetworks {
    cidr: Option<WireNetwork>,
    except: Option<Vec<WireNetwork>>,
}

impl WireNetworks {
    fn into_peer(self) -> CiliumPeer {
        let except = self.except.into_iter().flatten().map(|network| network.0).collect();
        match self.cidr {
            Some(network) => CiliumPeer::Network { network: network.0, except },
            None => CiliumPeer::NetworkGroup { except },
        }
    }
}

struct Entity(CiliumEntity);

impl<'de> Deserialize<'de> for Entity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = Name::deserialize(from)?;
        CiliumEntity::of(&name).map(Self).ok_or_else(|| wrong(&"an entity of Cilium, such as world or cluster"))
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WirePorts {
    ports: List<Port>,
    #[serde(deserialize_with = "nullable")]
    rules: WireLayer7,
    server_names: List<Ignored>,
    #[serde(rename = "terminatingTLS")]
    terminating_tls: Option<Ignored>,
    listener: Option<Ignored>,
}

/// `rules`: a list that is there counts, empty or not, as `L7Rules.IsEmpty` has it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct WireLayer7 {
    http: Option<Ignored>,
    kafka: Option<Ignored>,
    dns: Option<Ignored>,
    l7: Option<Ignored>,
    l7proto: Option<Name>,
}

impl WireLayer7 {
    fn name(self) -> Option<Name> {
        let named = [(self.http, "HTTP"), (self.dns, "DNS"), (self.kafka, "Kafka")];
        let known = named.into_iter().find_map(|(rules, name)| rules.map(|_| Name::from(name)));
        known.or(self.l7proto.filter(|name| !name.is_empty())).or_else(|| self.l7.map(|_| "application".into()))
    }
}

struct Port(CiliumPort);

impl Default for Port {
    fn default() -> Self {
        Self(CiliumPort { port: PortMatch::Every, protocols: Vec::new() })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireCiliumPort {
    port: Option<NumberOrText>,
    end_port: Option<u16>,
    protocol: Option<Name>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u16),
    Text(Name),
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wire = WireCiliumPort::deserialize(from)?;
        let number = match &wire.port {
            None => Some(0),
            Some(NumberOrText::Number(number)) => Some(*number),
            Some(NumberOrText::Text(text)) => port_number(text),
        };
        let port = match (number, wire.port) {
            // A range that ends before it begins is its first port (cilium/pkg/policy/portrange.go).
            (Some(0), _) => match wire.end_port {
                None | Some(0) => PortMatch::Every,
                Some(last) => PortMatch::Range(1, last),
            },
            (Some(first), _) => PortMatch::Range(first, wire.end_port.unwrap_or(first).max(first)),
            (None, Some(NumberOrText::Text(name))) if is_port_name(&name) => {
                PortMatch::Named(name.to_ascii_lowercase().into())
            }
            _ => return Err(wrong(&"a port number from 0 to 65535 or a port name")),
        };
        let protocol = wire.protocol.as_deref().map(str::to_ascii_uppercase).unwrap_or_default();
        let protocols = match protocol.as_str() {
            "" | "ANY" => Protocol::ALL.to_vec(),
            // Protocols without ports.
            "ICMP" | "ICMPV6" | "VRRP" | "IGMP" | "GRE" | "IPIP" | "IPV6" | "ESP" | "AH" => Vec::new(),
            other => vec![Protocol::of(other).ok_or_else(|| wrong(&"TCP, UDP, SCTP or ANY"))?],
        };
        Ok(Self(CiliumPort { port, protocols }))
    }
}

/// The number that is written so: decimal, or octal after a zero, as Go's `ParseUint` with base 0 reads digits.
fn port_number(text: &str) -> Option<u16> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match text.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        Some(octal) => u16::from_str_radix(octal, 8).ok(),
        None => text.parse().ok(),
    }
}

/// Whether it may be a port's name: letters, digits and dashes with a letter among them (RFC 6335).
fn is_port_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

impl WireCiliumPolicy {
    pub(super) fn into_policy(self, kind: Kind) -> Result<CiliumPolicy, DecodeError> {
        let namespaced = kind.info().namespaced;
        let meta = self.metadata.into_meta(namespaced)?;
        let spec = self.spec.into_iter().map(|rule| (FieldPath::new("spec"), rule));
        let specs = self.specs.0.into_iter().enumerate();
        let specs = specs.map(|(index, rule)| (FieldPath::new("specs").index(index), rule));
        let rules = spec.chain(specs).map(|(at, rule)| rule.into_rule(at, namespaced)).collect();
        Ok(CiliumPolicy { kind, meta, rules, lowered: Derived::default() })
    }
}

impl WireRule {
    fn into_rule(self, at: FieldPath, namespaced: bool) -> CiliumRule {
        let entries = |list: Option<List<WireEntry>>, ingress: bool| {
            list.map(|List(entries)| entries.into_iter().map(|entry| entry.into_entry(ingress)).collect())
        };
        CiliumRule {
            at,
            endpoints: self.endpoint_selector.map(|selector| selector.of_subject(namespaced)),
            nodes: self.node_selector.map(EndpointSelector::selector),
            ingress: CiliumDirection {
                allow: entries(self.ingress, true),
                deny: entries(self.ingress_deny, true),
                default_deny: self.enable_default_deny.ingress,
            },
            egress: CiliumDirection {
                allow: entries(self.egress, false),
                deny: entries(self.egress_deny, false),
                default_deny: self.enable_default_deny.egress,
            },
        }
    }
}

impl WireEntry {
    fn into_entry(self, ingress: bool) -> CiliumEntry {
        let endpoints = |list: List<EndpointSelector>| {
            list.0.into_iter().map(|selector| CiliumPeer::Endpoints(selector.selector())).collect()
        };
        let nodes = |list: List<EndpointSelector>| {
            list.0.into_iter().map(|selector| CiliumPeer::Nodes(selector.selector())).collect()
        };
        let networks = |list: Vec<AddressOrNetwork>| {
            list.into_iter().map(|network| CiliumPeer::Network { network: network.0, except: Vec::new() }).collect()
        };
        let sets = |list: Vec<WireNetworks>| list.into_iter().map(WireNetworks::into_peer).collect();
        let entities = |list: Vec<Entity>| list.into_iter().map(|entity| CiliumPeer::Entity(entity.0)).collect();
        // An empty list of these is as none: they come to something only once they are resolved.
        let counted = |list: List<Ignored>, peer: CiliumPeer| {
            (!list.0.is_empty()).then(|| list.0.iter().map(|_| peer.clone()).collect())
        };
        let found: Vec<(&'static str, Option<Vec<CiliumPeer>>)> = if ingress {
            vec![
                ("fromEndpoints", self.from_endpoints.map(endpoints)),
                ("fromCIDR", self.from_cidr.map(networks)),
                ("fromCIDRSet", self.from_cidr_set.map(sets)),
                ("fromEntities", self.from_entities.map(entities)),
                ("fromNodes", self.from_nodes.map(nodes)),
                ("fromGroups", counted(self.from_groups, CiliumPeer::Group)),
            ]
        } else {
            vec![
                ("toEndpoints", self.to_endpoints.map(endpoints)),
                ("toCIDR", self.to_cidr.map(networks)),
                ("toCIDRSet", self.to_cidr_set.map(sets)),
                ("toEntities", self.to_entities.map(entities)),
                ("toNodes", self.to_nodes.map(nodes)),
                ("toServices", counted(self.to_services, CiliumPeer::Service)),
                ("toFQDNs", counted(self.to_fqdns, CiliumPeer::DnsName)),
                ("toGroups", counted(self.to_groups, CiliumPeer::Group)),
            ]
        };
        let lists = found.into_iter().filter_map(|(field, peers)| Some(CiliumPeers { field, peers: peers? })).collect();
        let requires = if ingress { self.from_requires } else { self.to_requires };
        CiliumEntry {
            lists,
            requires: requires.0.into_iter().map(EndpointSelector::selector).collect(),
            ports: self.to_ports.0.into_iter().map(WirePorts::into_ports).collect(),
            icmps: !self.icmps.0.is_empty(),
            authentication: self.authentication.mode.filter(|mode| !mode.is_empty()),
        }
    }
}

impl WirePorts {
    fn into_ports(self) -> CiliumPorts {
        CiliumPorts {
            ports: self.ports.0.into_iter().map(|port| port.0).collect(),
            rules: self.rules.name(),
            server_names: !self.server_names.0.is_empty(),
            terminating_tls: self.terminating_tls.is_some(),
            listener: self.listener.is_some(),
        }
    }
}
