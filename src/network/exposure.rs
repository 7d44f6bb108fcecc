//! The exposure of a workload in one direction: whether it is isolated, and what is admitted to peers that nothing names.

use std::sync::Arc;

use crate::{
    model::{AddressSet, FieldPath, Name, ObjectKey, PodFacts, PortSet, Selector},
    snapshot::Snapshot,
};

use super::{Admission, Direction, Policy};

/// What one direction of a workload is open to.
#[derive(Clone, Debug)]
pub struct Exposure {
    /// The policies that isolate it, in order of their keys; empty when nothing does.
    pub isolated_by: Vec<Arc<Policy>>,
    /// What is admitted to peers that nothing names; everything when nothing isolates it.
    pub admission: Admission,
    /// The entries of rules that admit all namespaces or a network, each with the ports that it admits there.
    pub wide: Vec<WidePeer>,
}

/// An entry of a rule that admits peers without naming a namespace.
#[derive(Clone, PartialEq, Debug)]
pub struct WidePeer {
    /// The policy.
    pub policy: ObjectKey,
    /// Where in it.
    pub at: FieldPath,
    /// Whom it admits.
    pub reach: WideReach,
    /// On which ports of this workload (ingress) or of the peers (egress).
    pub ports: PortSet,
}

/// Whom a wide entry admits.
#[derive(Clone, PartialEq, Debug)]
pub enum WideReach {
    /// Everyone: an entry without peers.
    Everyone,
    /// The Pods of arbitrary namespaces that match.
    Namespaces {
        /// The labels that they need.
        pods: Selector,
    },
    /// Addresses.
    Addresses(Arc<AddressSet>),
}

/// The exposure of Pods with these facts in that namespace. For Pods on their node's network no policy speaks, and they are
/// never isolated.
pub fn exposure(snapshot: &Snapshot, namespace: &Name, facts: &PodFacts, direction: Direction) -> Exposure {
    let _ = (snapshot, namespace, facts, direction);
    todo!()
}
