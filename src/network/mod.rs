//! Who may talk to whom: policies of every kind lowered to one tiered form, isolation, reachability.
//!
//! **Invariants.** Exact per direction; nothing is computed per pair of Pods; ports and addresses are interval sets.

mod admission;
mod evaluate;
mod exposure;
mod lower;
mod policy;
mod segments;
mod unnamed;

pub use admission::{Admission, Claim};
pub use evaluate::evaluate;
pub use exposure::{Exposure, WidePeer, WideReach, exposure};
pub use lower::lower;
pub use policy::{Action, Order, Peer, Policy, PolicySubject, Ports, Rule, Tier};

/// A direction of traffic, seen from a workload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// Into the workload.
    Ingress,
    /// Out of the workload.
    Egress,
}

impl Direction {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    /// The name of the section of a policy, and of `policyTypes` when capitalised.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
