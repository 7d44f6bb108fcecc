//! Calico's policies, tiers and sets of networks, in both of its API groups.

use super::{Derived, Kind, Meta};

/// `NetworkPolicy` or `GlobalNetworkPolicy`.
#[derive(Clone, PartialEq, Debug)]
pub struct CalicoPolicy {
    /// Which kind, of which group.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
    /// The form that the network layer lowers it to.
    pub lowered: Derived,
}

/// `Tier`.
#[derive(Clone, PartialEq, Debug)]
pub struct CalicoTier {
    /// Of which group.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
}

/// `NetworkSet` or `GlobalNetworkSet`.
#[derive(Clone, PartialEq, Debug)]
pub struct CalicoNetworkSet {
    /// Which kind, of which group.
    pub kind: Kind,
    /// Name, labels, deletion.
    pub meta: Meta,
}

/// A policy that is only tried out and not enforced (`Staged...`).
#[derive(Clone, PartialEq, Debug)]
pub struct StagedPolicy {
    /// Which kind.
    pub kind: Kind,
    /// Name, labels, deletion.
    pub meta: Meta,
}
