//! `ClusterNetworkPolicy`, and `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`, which are read into the same form
//! (network-policy-api v0.2.0, `apis/v1alpha2/clusternetworkpolicy_types.go`; v0.1.7, `apis/v1alpha1`).

use ipnet::IpNet;

use super::{Derived, Kind, Meta, Name, Protocol, Selector};

/// A policy of `policy.networking.k8s.io`.
#[derive(Clone, PartialEq, Debug)]
pub struct ClusterPolicy {
    /// Which of the three kinds it was written as.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
    /// Before or after NetworkPolicies.
    pub tier: ClusterTier,
    /// `priority` within the tier, 0 to 1000, lower first. `None` for a `BaselineAdminNetworkPolicy`, which has none.
    pub priority: Option<u16>,
    /// The labels of the namespaces that it applies to.
    pub subject_namespaces: Selector,
    /// The labels of the Pods in them that it applies to.
    pub subject_pods: Selector,
    /// `spec.ingress`, in order.
    pub ingress: Vec<ClusterRule>,
    /// `spec.egress`, in order.
    pub egress: Vec<ClusterRule>,
    /// The form that the network layer lowers it to.
    pub lowered: Derived,
}

/// `tier`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ClusterTier {
    /// Before NetworkPolicies, which cannot overrule it.
    Admin,
    /// After them, for what none of them decides.
    Baseline,
}

/// One entry of `spec.ingress` or `spec.egress`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClusterRule {
    /// Its name, where it has one.
    pub name: Option<Name>,
    /// What it says of the traffic that it matches.
    pub action: ClusterAction,
    /// `from` or `to`: at least one.
    pub peers: Vec<ClusterPeer>,
    /// `protocols`, or `ports` in v1alpha1; `None` when missing, which matches every port of every protocol.
    pub ports: Option<Vec<ClusterPort>>,
}

/// `action`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ClusterAction {
    /// `Accept`, which v1alpha1 calls `Allow`.
    Accept,
    /// `Deny`.
    Deny,
    /// `Pass`: the next tier decides.
    Pass,
}

/// One entry of `from` or `to`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ClusterPeer {
    /// `namespaces` or `pods`: Pods by the labels of their namespace and their own. Pods on their node's network are none of them.
    Pods {
        /// The labels of the namespaces.
        namespaces: Selector,
        /// The labels of the Pods.
        pods: Selector,
    },
    /// `networks`: addresses, those of Pods among them.
    Networks(Vec<IpNet>),
    /// `nodes`: nodes by their labels.
    Nodes(Selector),
    /// `domainNames`: whatever these names resolve to.
    DomainNames(Vec<Name>),
    /// Something that this version of the API does not have. The rule fails closed.
    Unknown,
}

/// One entry of `protocols` or `ports`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ClusterPort {
    /// From the first to the last port of a protocol.
    Range(Protocol, u16, u16),
    /// The container port of that name, of whatever protocol, resolved on the destination Pod.
    Named(Name),
    /// Something that this version of the API does not have.
    Unknown,
}
