//! The one form that policies of every kind are lowered to: tier, priority, subject, and per direction nothing or rules.

use std::sync::Arc;

use crate::model::{AddressSet, FieldPath, Name, ObjectKey, PortSet, Protocol, Selector};

use super::Direction;

/// When a policy is asked. Tiers go from first to last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tier {
    /// Before NetworkPolicies: ClusterNetworkPolicy of tier Admin.
    Admin,
    /// NetworkPolicies: what selects a workload isolates it; rules are a union.
    NetworkPolicy,
    /// After them: ClusterNetworkPolicy of tier Baseline.
    Baseline,
}

/// The order in which policies are asked: by tier, then by priority, lower first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Order {
    /// The tier.
    pub tier: Tier,
    /// The priority within the tier.
    pub priority: u32,
}

/// What a rule says of the traffic that it matches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Lets it through; final for this direction.
    Accept,
    /// Stops it; final.
    Deny,
    /// Leaves it to the next tier.
    Pass,
}

/// A policy of any kind.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// The object that it was lowered from.
    pub source: ObjectKey,
    /// When it is asked.
    pub order: Order,
    /// Whom it applies to.
    pub subject: PolicySubject,
    /// What it says of ingress; `None` when it does not speak of it.
    pub ingress: Option<Vec<Rule>>,
    /// What it says of egress; `None` when it does not speak of it.
    pub egress: Option<Vec<Rule>>,
    /// Whether traffic that none of its tier's rules matches is denied once it speaks of a direction (NetworkPolicy's isolation).
    pub denies_rest: bool,
}

/// Whom a policy applies to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicySubject {
    /// The one namespace of a namespaced policy.
    pub namespace: Option<Name>,
    /// The labels of the namespaces, for cluster-scoped policies.
    pub namespaces: Selector,
    /// The labels of the Pods.
    pub pods: Selector,
}

/// One rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// What it does.
    pub action: Action,
    /// The peers it matches, each with where it was written; one [`Peer::Everyone`] when the policy names none.
    pub peers: Vec<(Peer, FieldPath)>,
    /// The ports it matches.
    pub ports: Ports,
    /// Where it was written.
    pub at: FieldPath,
}

/// Someone at the other end.
#[derive(Clone, PartialEq, Debug)]
pub enum Peer {
    /// Every Pod and every address.
    Everyone,
    /// Pods by labels.
    Pods {
        /// The one namespace they are in, where the policy means its own.
        namespace: Option<Name>,
        /// The labels of their namespaces.
        namespaces: Selector,
        /// Their labels.
        pods: Selector,
    },
    /// Addresses.
    Addresses(Arc<AddressSet>),
}

/// The ports of a rule: numbers, and names that are resolved on the destination Pod.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ports {
    /// By number.
    pub numbers: PortSet,
    /// By name and protocol.
    pub names: Vec<(Protocol, Name)>,
}

impl Policy {
    /// What it says of a direction.
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}
