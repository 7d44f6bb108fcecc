//! The one form that policies of every kind are lowered to: tier, priority, subject, and per direction nothing or rules.

use std::{borrow::Cow, sync::Arc};

use crate::model::{AddressSet, FieldPath, Labels, Name, ObjectKey, PodFacts, PortSet, Protocol, Selector};

use super::Direction;

/// When a policy is asked. Tiers go from first to last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Tier {
    /// Before NetworkPolicies: `ClusterNetworkPolicy` of tier Admin. Rules are asked in order.
    Admin,
    /// NetworkPolicies and what shares their tier: rules have no order, and what is denied is denied.
    NetworkPolicy,
    /// After them: `ClusterNetworkPolicy` of tier Baseline. Rules are asked in order.
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

impl PolicySubject {
    /// Whether it selects Pods with these facts in a namespace with these labels. Pods on their node's network are governed by
    /// no policy, whatever their labels.
    pub fn selects(&self, namespace: &Name, namespace_labels: &Labels, facts: &PodFacts) -> bool {
        !facts.host_network
            && self.namespace.as_ref().is_none_or(|own| own == namespace)
            && self.namespaces.matches(namespace_labels)
            && self.pods.matches(&facts.labels)
    }
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
    /// What it says of peers that nothing names.
    pub(super) unnamed: Unnamed,
}

/// What the peers of a rule come to for those that nothing names. It depends on the rule alone, so it is computed with it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Unnamed {
    /// Whether an unnamed Pod is among them.
    pub(super) pod: bool,
    /// Whether every Pod is.
    pub(super) every_pod: bool,
    /// The addresses among them.
    pub(super) addresses: AddressSet,
}

impl Rule {
    /// A rule.
    pub fn new(action: Action, peers: Vec<(Peer, FieldPath)>, ports: Ports, at: FieldPath) -> Self {
        let every = AddressSet::every();
        let addresses = peers.iter().filter_map(|(peer, _)| match peer {
            Peer::Everyone => Some(&every),
            Peer::Addresses(addresses) => Some(&**addresses),
            Peer::Pods { .. } => None,
        });
        let unnamed = Unnamed {
            pod: peers.iter().any(|(peer, _)| peer.is_unnamed_pod()),
            every_pod: peers.iter().any(|(peer, _)| peer.is_every_pod()),
            addresses: AddressSet::union_of(addresses),
        };
        Self { action, peers, ports, at, unnamed }
    }
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

impl Ports {
    /// Every port of every protocol.
    pub fn every() -> Self {
        Self { numbers: PortSet::every(), names: Vec::new() }
    }

    /// The ports of a destination that declares these; a name that it does not declare is no port.
    pub fn on(&self, destination: &PodFacts) -> Cow<'_, PortSet> {
        if self.names.is_empty() {
            return Cow::Borrowed(&self.numbers);
        }
        let named = self.names.iter().map(|(protocol, name)| destination.named_port(name, *protocol));
        Cow::Owned(named.fold(self.numbers.clone(), |sum, ports| sum.union(&ports)))
    }
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
