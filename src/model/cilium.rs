//! `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy` (`cilium.io/v2`), as they are written.
//!
//! Whether a list is there and empty, or not there at all, matters to Cilium: an empty list of peers selects nobody. So lists that
//! are missing are not in here, and lists that are empty are (cilium/pkg/policy/api/rule.go, ingress.go, egress.go).

use ipnet::IpNet;

use super::{Derived, FieldPath, Kind, Meta, Name, PortMatch, Protocol, Selector};

/// A policy of Cilium.
#[derive(Clone, PartialEq, Debug)]
pub struct CiliumPolicy {
    /// Which of both kinds.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
    /// `spec`, where it is there, and then `specs`.
    pub rules: Vec<CiliumRule>,
    /// The form that the network layer lowers it to.
    pub lowered: Derived,
}

/// `spec`, or one entry of `specs`.
#[derive(Clone, PartialEq, Debug)]
pub struct CiliumRule {
    /// Where it was written.
    pub at: FieldPath,
    /// `endpointSelector`: the Pods that it applies to.
    pub endpoints: Option<Selector>,
    /// `nodeSelector`: the nodes whose host firewall it is part of. One of both is there.
    pub nodes: Option<Selector>,
    /// What it says of ingress.
    pub ingress: CiliumDirection,
    /// What it says of egress.
    pub egress: CiliumDirection,
}

/// What a rule says of a direction.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CiliumDirection {
    /// `ingress` or `egress`.
    pub allow: Option<Vec<CiliumEntry>>,
    /// `ingressDeny` or `egressDeny`.
    pub deny: Option<Vec<CiliumEntry>>,
    /// `enableDefaultDeny`.
    pub default_deny: Option<bool>,
}

/// One entry of `ingress`, `ingressDeny`, `egress` or `egressDeny`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CiliumEntry {
    /// The lists of peers that are there.
    pub lists: Vec<CiliumPeers>,
    /// `fromRequires` or `toRequires`: what Pods must satisfy whatever admits them, until Cilium 1.19.
    pub requires: Vec<Selector>,
    /// `toPorts`; empty and missing are one.
    pub ports: Vec<CiliumPorts>,
    /// Whether `icmps` names any.
    pub icmps: bool,
    /// `authentication.mode`.
    pub authentication: Option<Name>,
}

/// A list of peers of one kind.
#[derive(Clone, PartialEq, Debug)]
pub struct CiliumPeers {
    /// The field: `fromEndpoints`, `toCIDR`.
    pub field: &'static str,
    /// Its entries.
    pub peers: Vec<CiliumPeer>,
}

/// Someone at the other end.
#[derive(Clone, PartialEq, Debug)]
pub enum CiliumPeer {
    /// Endpoints by their labels: Pods, and with the source `reserved:` others as well.
    Endpoints(Selector),
    /// `fromCIDR`, and `cidr` of `fromCIDRSet`.
    Network {
        /// The network.
        network: IpNet,
        /// Parts of it that are left out.
        except: Vec<IpNet>,
    },
    /// `cidrGroupRef` or `cidrGroupSelector`: networks that stand in other objects.
    NetworkGroup {
        /// Parts of them that are left out.
        except: Vec<IpNet>,
    },
    /// Somebody who is known by what he is.
    Entity(CiliumEntity),
    /// `toServices`.
    Service,
    /// `toFQDNs`.
    DnsName,
    /// `fromNodes`, `toNodes`: nodes by their labels.
    Nodes(Selector),
    /// `fromGroups`, `toGroups`: groups of a cloud provider.
    Group,
}

/// The entities of Cilium (cilium/pkg/policy/api/entity.go).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // Cilium's own names.
pub enum CiliumEntity {
    All,
    World,
    WorldIpv4,
    WorldIpv6,
    Cluster,
    Host,
    RemoteNode,
    KubeApiserver,
    Ingress,
    Init,
    Health,
    Unmanaged,
    None,
}

impl CiliumEntity {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::All,
        Self::World,
        Self::WorldIpv4,
        Self::WorldIpv6,
        Self::Cluster,
        Self::Host,
        Self::RemoteNode,
        Self::KubeApiserver,
        Self::Ingress,
        Self::Init,
        Self::Health,
        Self::Unmanaged,
        Self::None,
    ];

    /// The name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::World => "world",
            Self::WorldIpv4 => "world-ipv4",
            Self::WorldIpv6 => "world-ipv6",
            Self::Cluster => "cluster",
            Self::Host => "host",
            Self::RemoteNode => "remote-node",
            Self::KubeApiserver => "kube-apiserver",
            Self::Ingress => "ingress",
            Self::Init => "init",
            Self::Health => "health",
            Self::Unmanaged => "unmanaged",
            Self::None => "none",
        }
    }

    /// The entity of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.name() == name)
    }
}

/// One entry of `toPorts`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CiliumPorts {
    /// `ports`.
    pub ports: Vec<CiliumPort>,
    /// The protocol that `rules` are of, as people call it: `HTTP`.
    pub rules: Option<Name>,
    /// Whether `serverNames` names any.
    pub server_names: bool,
    /// Whether `terminatingTLS` is there.
    pub terminating_tls: bool,
    /// Whether `listener` is there.
    pub listener: bool,
}

/// One entry of `ports`.
#[derive(Clone, PartialEq, Debug)]
pub struct CiliumPort {
    /// Which ports; the number 0 is every port.
    pub port: PortMatch,
    /// Of which protocols: all three for `ANY`, none of them for protocols without ports.
    pub protocols: Vec<Protocol>,
}
