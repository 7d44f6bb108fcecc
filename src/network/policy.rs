//! The one form that policies of every kind are lowered to: tier, priority, subject, and per direction nothing or rules.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use crate::model::{AddressSet, FieldPath, Name, ObjectKey, PodFacts, PortSet, Protocol, Selector};

use super::{Direction, Plugin, PodView};

/// A place in an order that is written as a number: lower comes first, none comes last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rank(u64);

impl Rank {
    /// After every number.
    pub const LAST: Self = Self(u64::MAX);

    /// The place of a number.
    pub fn of(number: f64) -> Self {
        // The bits of numbers, so that they order as the numbers do.
        let bits = number.to_bits();
        Self(if number.is_sign_negative() { !bits } else { bits | 1 << 63 })
    }
}

/// A group of policies that are asked one after the other, before the next group is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tier {
    /// When its turn is.
    pub rank: Rank,
    /// Its name; equal ranks go by name.
    pub name: Name,
}

/// The numbers are Calico's own, which has every kind of policy beside tiers that users make
/// (libcalico-go/lib/apis/v3/constants.go).
static TIERS: LazyLock<[Tier; 3]> = LazyLock::new(|| {
    let tier = |rank, name: &str| Tier { rank: Rank::of(rank), name: name.into() };
    [tier(1_000.0, "kube-admin"), tier(1_000_000.0, "default"), tier(10_000_000.0, "kube-baseline")]
});

impl Tier {
    /// Before NetworkPolicies: `ClusterNetworkPolicy` of tier Admin, `AdminNetworkPolicy`.
    pub fn admin() -> Self {
        let [tier, ..] = &*TIERS;
        tier.clone()
    }

    /// That of NetworkPolicies, of Cilium's policies, and of Calico's in the tier `default`.
    pub fn network_policy() -> Self {
        let [_, tier, _] = &*TIERS;
        tier.clone()
    }

    /// After them: `ClusterNetworkPolicy` of tier Baseline, `BaselineAdminNetworkPolicy`.
    pub fn baseline() -> Self {
        let [.., tier] = &*TIERS;
        tier.clone()
    }
}

/// The order in which policies are asked: by tier, then by priority, lower first, then by name. Neighbouring rules of one action
/// are a union, so that order matters only between rules of different actions.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Order {
    /// The tier.
    pub tier: Tier,
    /// The priority within the tier.
    pub priority: Rank,
    /// What decides between equal priorities.
    pub name: Name,
}

impl Order {
    /// The priority of NetworkPolicies, where others share their tier (Calico's number).
    pub const NETWORK_POLICY: f64 = 1_000.0;
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

/// A policy of any kind. One object may come to several.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// The object that it was lowered from.
    pub source: ObjectKey,
    /// When it is asked.
    pub order: Order,
    /// Whom it applies to.
    pub subject: PolicySubject,
    /// What it says of ingress; `None` when it does not speak of it.
    pub ingress: Option<Arc<[Rule]>>,
    /// What it says of egress; `None` when it does not speak of it.
    pub egress: Option<Arc<[Rule]>>,
    /// Whether traffic that none of its tier's rules matches is denied once it speaks of ingress (isolation).
    pub isolates_ingress: bool,
    /// The same of egress.
    pub isolates_egress: bool,
}

/// Whom a policy applies to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicySubject {
    /// The one namespace of a namespaced policy.
    pub namespace: Option<Name>,
    /// The labels of the namespaces, for cluster-scoped policies.
    pub namespaces: Selector,
    /// The labels of the Pods; [`crate::model::reserved`] keys may stand among them.
    pub pods: Selector,
    /// Why the selectors may select more than the policy does: something in it that cannot be read from objects.
    pub partial: Option<Name>,
}

impl PolicySubject {
    /// Whether it selects the Pod. Pods on their node's network are governed by no policy, whatever their labels, unless the
    /// plugin says so.
    pub fn selects(&self, plugin: &Plugin, pod: PodView<'_>) -> bool {
        (plugin.host_network_pods || !pod.facts.host_network) && self.names(pod)
    }

    /// Whether its selectors match the Pod, whatever hold policies have on it.
    pub fn names(&self, pod: PodView<'_>) -> bool {
        self.namespace.as_ref().is_none_or(|own| own == pod.namespace)
            && (self.pods.is_everything() || pod.satisfies(&self.pods))
            && (self.namespaces.is_everything() || self.namespaces.matches(pod.namespace_labels))
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
    /// Why it may match only a part of what its peers and ports describe: a condition that is beyond ports and addresses (HTTP, DNS
    /// names, source ports).
    pub partial: Option<Name>,
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
    /// A rule that matches all that its peers and ports describe.
    pub fn new(action: Action, peers: Vec<(Peer, FieldPath)>, ports: Ports, at: FieldPath) -> Self {
        let every = AddressSet::every();
        let addresses = peers.iter().filter_map(|(peer, _)| match peer {
            Peer::Everyone => Some(&every),
            Peer::Addresses(addresses) | Peer::World(addresses) => Some(&**addresses),
            Peer::Pods { .. } | Peer::Nodes => None,
        });
        let unnamed = Unnamed {
            pod: peers.iter().any(|(peer, _)| peer.is_unnamed_pod()),
            every_pod: peers.iter().any(|(peer, _)| peer.is_every_pod()),
            addresses: AddressSet::union_of(addresses),
        };
        Self { action, peers, ports, at, partial: None, unnamed }
    }

    /// The addresses among its peers, those outside of the cluster alone included.
    pub fn addresses(&self) -> &AddressSet {
        &self.unnamed.addresses
    }

    /// The same, matching only a part of it, for that reason.
    #[must_use]
    pub fn in_part(self, reason: impl Into<Name>) -> Self {
        Self { partial: Some(reason.into()), ..self }
    }
}

/// Someone at the other end.
#[derive(Clone, PartialEq, Debug)]
pub enum Peer {
    /// Every Pod, node and address.
    Everyone,
    /// Pods by labels.
    Pods {
        /// The one namespace they are in, where the policy means its own.
        namespace: Option<Name>,
        /// The labels of their namespaces.
        namespaces: Selector,
        /// Their labels; [`crate::model::reserved`] keys may stand among them.
        pods: Selector,
    },
    /// Addresses. Whether they match Pods and nodes is the plugin's matter.
    Addresses(Arc<AddressSet>),
    /// Addresses outside of the cluster, and never those of Pods or nodes.
    World(Arc<AddressSet>),
    /// The cluster's nodes, and Pods on their network.
    Nodes,
}

/// The ports of a rule: numbers, and names that are resolved on the destination Pod.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ports {
    /// By number.
    pub numbers: PortSet,
    /// The same where `endPort` is not honoured; `None` when nothing differs.
    pub without_ends: Option<PortSet>,
    /// By name and protocol.
    pub names: Vec<(Protocol, Name)>,
}

impl Ports {
    /// Every port of every protocol.
    pub fn every() -> Self {
        Self { numbers: PortSet::every(), ..Self::default() }
    }

    /// These ports by number.
    pub fn of(numbers: PortSet) -> Self {
        Self { numbers, ..Self::default() }
    }

    /// The ports by number, as the plugin reads them.
    pub fn numbers(&self, plugin: &Plugin) -> &PortSet {
        self.without_ends.as_ref().filter(|_| !plugin.end_port).unwrap_or(&self.numbers)
    }

    /// The ports of a destination that declares these; a name that it does not declare is no port.
    pub fn on(&self, plugin: &Plugin, destination: &PodFacts) -> Cow<'_, PortSet> {
        let numbers = self.numbers(plugin);
        if self.names.is_empty() {
            return Cow::Borrowed(numbers);
        }
        let named = self.names.iter().map(|(protocol, name)| destination.named_port(name, *protocol));
        Cow::Owned(named.fold(numbers.clone(), |sum, ports| sum.union(&ports)))
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

    /// Whether it isolates whom it selects for a direction: what none of its tier's rules matches is denied.
    pub fn isolates(&self, direction: Direction) -> bool {
        match direction {
            Direction::Ingress => self.isolates_ingress && self.ingress.is_some(),
            Direction::Egress => self.isolates_egress && self.egress.is_some(),
        }
    }
}
