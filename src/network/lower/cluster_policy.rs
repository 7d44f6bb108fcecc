//! `ClusterNetworkPolicy`, `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` lowered.

use std::sync::Arc;

use crate::{model::ClusterPolicy, network::Policy};

/// The lowered form, computed once per object.
pub(super) fn lower(policy: &ClusterPolicy) -> Arc<Vec<Arc<Policy>>> {
    policy.lowered.fact(Vec::new)
}
