//! `networking.k8s.io/v1` NetworkPolicy, defaulted as the API server does
//! (kubernetes/pkg/apis/networking/v1/defaults.go).

use ipnet::IpNet;

use super::{Derived, Meta, Name, Protocol, Selector};

/// A NetworkPolicy.
#[derive(Clone, PartialEq, Debug)]
pub struct NetworkPolicy {
    /// Name, owners, deletion.
    pub meta: Meta,
    /// The Pods of its namespace that it applies to.
    pub pod_selector: Selector,
    /// Whether it isolates for ingress (`policyTypes`, defaulted).
    pub isolates_ingress: bool,
    /// Whether it isolates for egress (`policyTypes`, defaulted).
    pub isolates_egress: bool,
    /// `spec.ingress`, whether or not `policyTypes` makes it count.
    pub ingress: Vec<PolicyRule>,
    /// `spec.egress`, whether or not `policyTypes` makes it count.
    pub egress: Vec<PolicyRule>,
    /// Whether `spec.egress` was written as an empty list without `policyTypes`: taken for isolation and is none.
    pub empty_egress_ignored: bool,
    /// The form that the network layer lowers it to.
    pub lowered: Derived,
}

/// One entry of `spec.ingress` or `spec.egress`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PolicyRule {
    /// `from` or `to`; `None` when missing or empty, which admits every peer.
    pub peers: Option<Vec<PolicyPeer>>,
    /// `ports`; `None` when missing or empty, which admits every port of every protocol.
    pub ports: Option<Vec<PolicyPort>>,
}

/// One entry of `from` or `to`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PolicyPeer {
    /// Pods, by the labels of their namespace and their own.
    Pods {
        /// `namespaceSelector`; `None` means the policy's own namespace.
        namespaces: Option<Selector>,
        /// `podSelector`; missing matches every Pod of those namespaces.
        pods: Selector,
    },
    /// Addresses.
    IpBlock {
        /// The network.
        cidr: IpNet,
        /// Parts of it that are left out.
        except: Vec<IpNet>,
    },
}

/// One entry of `ports`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PolicyPort {
    /// The protocol, TCP by default.
    pub protocol: Protocol,
    /// Which ports of it.
    pub port: PortMatch,
}

/// Which ports of a protocol an entry admits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PortMatch {
    /// All, when `port` is missing.
    Every,
    /// `port` to `endPort`, inclusive.
    Range(u16, u16),
    /// The container port of that name, resolved on the destination Pod.
    Named(Name),
}
