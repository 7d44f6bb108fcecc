//! NetworkPolicies lowered to the tiered form.

use std::sync::Arc;

use crate::model::NetworkPolicy;

use super::Policy;

/// The lowered form of a NetworkPolicy, computed once per object.
pub fn lower(policy: &NetworkPolicy) -> Arc<Policy> {
    let _ = policy;
    todo!()
}
