//! Cilium's policies lowered.

use std::sync::Arc;

use crate::{model::CiliumPolicy, network::Policy};

/// The lowered form, computed once per object.
pub(super) fn lower(policy: &CiliumPolicy) -> Arc<Vec<Arc<Policy>>> {
    policy.lowered.fact(Vec::new)
}
