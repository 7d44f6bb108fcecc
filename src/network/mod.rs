//! Who may talk to whom: policies of every kind lowered to one tiered form, isolation, reachability.
//!
//! **Invariants.** Exact per direction; nothing is computed per pair of Pods; ports and addresses are interval sets.

mod admission;
mod controllers;
mod effect;
mod evaluate;
mod exposure;
mod flow;
mod lower;
mod option;
mod party;
mod plugin;
mod policy;
pub mod reach;
mod segments;
mod select;
mod services;
mod sides;
mod unnamed;
mod view;
mod why;
mod why_words;

pub use admission::{Admission, Claim};
pub use controllers::{Backend, Controllers, Server};
pub use effect::{AlteredPeers, Effect, Effects, effects};
pub use evaluate::evaluate;
pub use exposure::{Doubt, Exposure, WidePeer, WideReach, exposure, exposure_under};
pub use flow::{flow, half, of_policies, policies_on, unplaced};
pub use lower::{each_policy, lower, other_forms};
pub use option::{OptionError, PluginOption};
pub use party::Party;
pub use plugin::{Enforcement, Family, Plugin, PluginName};
pub use policy::{Action, Order, Peer, Policy, PolicySubject, Ports, Rank, Rule, Tier};
pub use select::{coverage, namespace_labels, policies_of, selecting};
pub use services::{Endpoints, endpoints, reached_ports, service_port, target_ports};
pub use sides::{Bounds, Fit, Reading, side};
pub use view::PodView;
pub use why::{Failure, Mismatch, RuleFit, Uncertain, Unmet, rule_fit, why_not};

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
