//! `ClusterNetworkPolicy`, and `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`, which are read into the same form.

use super::{Derived, Kind, Meta};

/// A policy of `policy.networking.k8s.io`.
#[derive(Clone, PartialEq, Debug)]
pub struct ClusterPolicy {
    /// Which of the three kinds it was written as.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
    /// The form that the network layer lowers it to.
    pub lowered: Derived,
}
