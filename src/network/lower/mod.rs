//! Policies of every kind lowered to the tiered form, one file per family.

mod calico;
mod cilium;
mod cluster_policy;
mod network_policy;

use std::sync::Arc;

use crate::{model::Object, snapshot::Snapshot};

use super::Policy;

pub use calico::other_forms;
pub use network_policy::lower;

/// Visits what an object is lowered to: nothing for what is no policy, one policy for most, several where the object holds several
/// or speaks in several places of the order. A policy that is terminating comes to nothing: its finalizer may go at any time.
pub fn each_policy(snapshot: &Snapshot, object: &Object, mut visit: impl FnMut(&Arc<Policy>)) {
    if object.meta().is_terminating() {
        return;
    }
    match object {
        Object::NetworkPolicy(policy) => visit(&lower(policy)),
        Object::ClusterPolicy(policy) => cluster_policy::lower(policy).iter().for_each(visit),
        Object::CiliumPolicy(policy) => cilium::lower(policy).iter().for_each(visit),
        Object::CalicoPolicy(policy) => calico::lower(snapshot, policy).iter().for_each(visit),
        _ => {}
    }
}
