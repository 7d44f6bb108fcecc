//! Calico's policies lowered. What they mean depends on tiers and sets of networks as well.

use std::sync::Arc;

use crate::{model::CalicoPolicy, network::Policy, snapshot::Snapshot};

/// The lowered form.
pub(super) fn lower(_: &Snapshot, policy: &CalicoPolicy) -> Arc<Vec<Arc<Policy>>> {
    policy.lowered.fact(Vec::new)
}
