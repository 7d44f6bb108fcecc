//! `NetworkPolicy`, with the defaulting of kubernetes/pkg/apis/networking/v1/defaults.go.

use serde::{Deserialize, Deserializer};

use super::{
    DecodeError,
    meta::WireMeta,
    network::WireNetwork,
    selector::LabelSelector,
    wire::{List, WirePort, WirePortOrName, WireProtocol, nullable, wrong},
};
use crate::model::{Derived, Name, NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule, PortMatch, Selector};

#[derive(Deserialize)]
pub(super) struct WirePolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    #[serde(deserialize_with = "nullable")]
    pod_selector: LabelSelector,
    #[serde(deserialize_with = "nullable")]
    policy_types: Vec<PolicyType>,
    ingress: List<IngressRule>,
    egress: Option<List<EgressRule>>,
}

#[derive(Clone, Copy, PartialEq)]
enum PolicyType {
    Ingress,
    Egress,
}

impl<'de> Deserialize<'de> for PolicyType {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Name::deserialize(from)?.as_str() {
            "Ingress" => Ok(Self::Ingress),
            "Egress" => Ok(Self::Egress),
            _ => Err(wrong(&"Ingress or Egress")),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct IngressRule {
    #[serde(deserialize_with = "nullable")]
    from: Vec<Peer>,
    ports: List<Port>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EgressRule {
    #[serde(deserialize_with = "nullable")]
    to: Vec<Peer>,
    ports: List<Port>,
}

struct Peer(PolicyPeer);

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WirePeer {
    pod_selector: Option<LabelSelector>,
    namespace_selector: Option<LabelSelector>,
    ip_block: Option<WireIpBlock>,
}

#[derive(Deserialize)]
struct WireIpBlock {
    cidr: WireNetwork,
    #[serde(default, deserialize_with = "nullable")]
    except: Vec<WireNetwork>,
}

impl<'de> Deserialize<'de> for Peer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let peer = match WirePeer::deserialize(from)? {
            WirePeer { pod_selector: None, namespace_selector: None, ip_block: Some(block) } => PolicyPeer::IpBlock {
                cidr: block.cidr.0,
                except: block.except.into_iter().map(|network| network.0).collect(),
            },
            WirePeer { pod_selector: None, namespace_selector: None, ip_block: None }
            | WirePeer { ip_block: Some(_), .. } => {
                return Err(wrong(&"podSelector, namespaceSelector or both, or ipBlock alone"));
            }
            WirePeer { pod_selector, namespace_selector, ip_block: None } => PolicyPeer::Pods {
                namespaces: namespace_selector.map(|selector| selector.0),
                pods: pod_selector.map_or_else(Selector::everything, |selector| selector.0),
            },
        };
        Ok(Self(peer))
    }
}

struct Port(PolicyPort);

impl Default for Port {
    fn default() -> Self {
        Self(PolicyPort { protocol: WireProtocol::default().0, port: PortMatch::Every })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WirePolicyPort {
    protocol: WireProtocol,
    port: Option<WirePortOrName>,
    end_port: WirePort,
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wire = WirePolicyPort::deserialize(from)?;
        let port = match (wire.port, wire.end_port.0) {
            (None, None) => PortMatch::Every,
            (Some(WirePortOrName::Name(name)), None) if !name.is_empty() => PortMatch::Named(name),
            (Some(WirePortOrName::Number(Some(first))), None) => PortMatch::Range(first, first),
            (Some(WirePortOrName::Number(Some(first))), Some(last)) if first <= last => PortMatch::Range(first, last),
            _ => return Err(wrong(&"a port number with an endPort not below it, or a port name without one")),
        };
        Ok(Self(PolicyPort { protocol: wire.protocol.0, port }))
    }
}

impl WirePolicy {
    pub(super) fn into_policy(self) -> Result<NetworkPolicy, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let spec = self.spec;
        let types = spec.policy_types;
        let egress_is_written = spec.egress.is_some();
        let List(egress) = spec.egress.unwrap_or_default();
        // Without types: ingress always, and egress when there are egress rules. `egress: []` has none.
        let isolates_ingress = types.is_empty() || types.contains(&PolicyType::Ingress);
        let isolates_egress = if types.is_empty() { !egress.is_empty() } else { types.contains(&PolicyType::Egress) };
        let empty_egress_ignored = types.is_empty() && egress_is_written && egress.is_empty();
        Ok(NetworkPolicy {
            meta,
            pod_selector: spec.pod_selector.0,
            isolates_ingress,
            isolates_egress,
            ingress: spec.ingress.0.into_iter().map(|entry| rule(entry.from, entry.ports)).collect(),
            egress: egress.into_iter().map(|entry| rule(entry.to, entry.ports)).collect(),
            empty_egress_ignored,
            lowered: Derived::default(),
        })
    }
}

fn rule(peers: Vec<Peer>, List(ports): List<Port>) -> PolicyRule {
    PolicyRule {
        peers: (!peers.is_empty()).then(|| peers.into_iter().map(|peer| peer.0).collect()),
        ports: (!ports.is_empty()).then(|| ports.into_iter().map(|port| port.0).collect()),
    }
}
