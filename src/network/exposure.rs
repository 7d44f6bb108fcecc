//! The exposure of a workload in one direction: whether it is isolated, and what is admitted to peers that nothing names.

use std::sync::{Arc, LazyLock};

use crate::{
    model::{AddressSet, FieldPath, Name, NetworkPolicy, ObjectKey, PodFacts, PortSet, Protocol, Selector},
    snapshot::Snapshot,
};

use super::{Admission, Direction, Policy, evaluate, lower};

/// What one direction of a workload is open to.
#[derive(Clone, Debug)]
pub struct Exposure {
    /// The policies that isolate it, in order of their tiers and keys; empty when nothing does.
    pub isolated_by: Vec<Arc<Policy>>,
    /// What is admitted to peers that nothing names; everything when nothing isolates it.
    pub admission: Arc<Admission>,
    /// The entries of rules that admit everyone, all namespaces or a network, each with the ports that it admits there.
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
    /// On which named ports of the peers, besides; for egress only, since each peer may declare another number or none.
    pub names: Vec<(Protocol, Name)>,
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

impl Exposure {
    /// The exposure where no policy says anything.
    pub fn unisolated() -> Self {
        static EVERYTHING: LazyLock<Arc<Admission>> = LazyLock::new(|| Arc::new(Admission::everything()));
        Self { isolated_by: Vec::new(), admission: Arc::clone(&EVERYTHING), wide: Vec::new() }
    }
}

/// The exposure of Pods with these facts in that namespace. For Pods on their node's network no policy speaks, and they are
/// never isolated.
///
/// Port names are resolved on the destination: for ingress on `facts`; for egress on the unnamed peer, which declares none, so
/// that a rule with a port name alone admits nobody unnamed. Such a rule is among the wide entries.
pub fn exposure(snapshot: &Snapshot, namespace: &Name, facts: &PodFacts, direction: Direction) -> Exposure {
    if facts.host_network {
        return Exposure::unisolated();
    }
    // The selector first: a policy that does not select costs no more than this.
    let speaks = |policy: &&Arc<NetworkPolicy>| match direction {
        Direction::Ingress => policy.isolates_ingress,
        Direction::Egress => policy.isolates_egress,
    };
    let selects = |policy: &&Arc<NetworkPolicy>| policy.pod_selector.matches(&facts.labels);
    let selecting = snapshot.policies(namespace).filter(speaks).filter(selects);
    evaluate(selecting.map(|policy| lower(policy)).collect(), facts, direction)
}
