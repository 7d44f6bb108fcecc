//! Why a rule does not mean a flow: the one condition that failed. Worked out again for the flow that is asked about, so that
//! the algebra carries no words.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use crate::model::{AddressSet, FieldPath, Name, PodFacts, PortSet, Protocol, Selector};

use super::{Fit, Party, Peer, Plugin, PodView, Rule};

/// How a rule fits one flow.
#[derive(Clone, PartialEq, Debug)]
pub enum RuleFit {
    /// It matches, by this peer.
    Matches(FieldPath),
    /// It may match, by this peer.
    MayMatch(FieldPath, Uncertain),
    /// It does not.
    Fails(Failure),
}

/// Why a rule does not match.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// Where the condition is written: the peer, or the rule where its ports fail.
    pub at: FieldPath,
    /// The condition.
    pub why: Mismatch,
    /// How many peers of the rule do not match either, for reasons of their own.
    pub others: usize,
}

/// Why it cannot be said whether a rule matches.
#[derive(Clone, PartialEq, Debug)]
pub enum Uncertain {
    /// The rule has a condition beyond ports and addresses.
    Condition(Name),
    /// The policy may not select the Pod after all.
    Subject(Name),
    /// The party's address is not known.
    Address(Arc<AddressSet>),
    /// Nobody knows which Pods the party is.
    Identity,
}

/// A condition that does not hold.
#[derive(Clone, PartialEq, Debug)]
pub enum Mismatch {
    /// The policy's own namespace is meant.
    OwnNamespace {
        /// The policy's.
        wanted: Name,
        /// The Pod's.
        found: Name,
    },
    /// The labels of the namespace.
    Namespace(Name, Unmet),
    /// The labels of the Pod.
    Pod(Unmet),
    /// Pods are meant, and an address is no Pod.
    PodsOnly(IpAddr),
    /// Pods are meant, and nobody knows which Pods those are.
    UnknownPod,
    /// Selectors do not mean Pods on their node's network.
    OnNode,
    /// Nodes are meant.
    NodesOnly,
    /// Addresses outside of the cluster are meant.
    OutsideOnly,
    /// Networks do not mean Pods (or nodes) with this network plugin.
    BlocksMeanNoPods,
    /// None of the addresses is among those that are meant.
    Address {
        /// The party's; empty where they are not known, and none that it can have is meant.
        found: Vec<IpAddr>,
        /// Those that are meant.
        wanted: Arc<AddressSet>,
    },
    /// The address is in a part that is excepted from a network.
    Excepted {
        /// The party's.
        found: IpAddr,
        /// The network.
        network: IpNet,
        /// The part of it.
        except: IpNet,
    },
    /// The port is not among those that are meant.
    Port {
        /// The flow's.
        found: (Protocol, u16),
        /// Those that are meant, names resolved.
        wanted: PortSet,
        /// The names that no container declares.
        unresolved: Vec<(Protocol, Name)>,
        /// Whether the destination is a Pod, which could declare them.
        of_pod: bool,
    },
    /// The rule names no peer.
    Nobody,
}

/// A condition on labels that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmet {
    /// The condition, as small as it can be told.
    pub wanted: Selector,
    /// What is there of the keys that it speaks of.
    pub found: Vec<(Name, Option<Name>)>,
}

/// The condition of a selector that does not hold; `None` when it matches.
pub fn why_not<'a>(selector: &Selector, value: &impl Fn(&str) -> Option<&'a Name>) -> Option<Unmet> {
    if selector.holds(value) {
        return None;
    }
    if let Selector::All(conditions) = selector {
        return conditions.iter().find_map(|condition| why_not(condition, value));
    }
    let mut keys = Vec::new();
    keys_of(selector, &mut keys);
    let found = keys.into_iter().map(|key| (key.clone(), value(key).cloned())).collect();
    Some(Unmet { wanted: selector.clone(), found })
}

fn keys_of<'a>(selector: &'a Selector, keys: &mut Vec<&'a Name>) {
    match selector {
        Selector::All(conditions) | Selector::Any(conditions) => {
            for condition in conditions {
                keys_of(condition, keys);
            }
        }
        Selector::Not(condition) => keys_of(condition, keys),
        Selector::In(key, _) | Selector::Has(key) | Selector::Like(key, ..) => {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
}

/// How a rule fits a flow: who is at the other end, what the destination declares (`None` for an address), and the port.
pub fn rule_fit(
    plugin: &Plugin,
    rule: &Rule,
    peer: Party<'_>,
    destination: Option<&PodFacts>,
    at: (Protocol, u16),
) -> RuleFit {
    let best = rule.peers.iter().map(|(entry, path)| (peer.is(plugin, entry), entry, path));
    // The first of the best, as the first is what a reader looks at.
    let best = best.rev().max_by_key(|(fit, ..)| *fit);
    let Some((fit, entry, path)) = best else {
        return RuleFit::Fails(Failure { at: rule.at.clone(), why: Mismatch::Nobody, others: 0 });
    };
    if fit == Fit::No {
        return RuleFit::Fails(nearest(plugin, rule, peer));
    }
    if let Some(why) = port_mismatch(plugin, rule, destination, at) {
        return RuleFit::Fails(Failure { at: rule.at.clone(), why, others: 0 });
    }
    match (&rule.partial, fit, entry) {
        (Some(reason), ..) => RuleFit::MayMatch(path.clone(), Uncertain::Condition(reason.clone())),
        (None, Fit::Yes, _) => RuleFit::Matches(path.clone()),
        (None, _, Peer::Addresses(set) | Peer::World(set)) => {
            RuleFit::MayMatch(path.clone(), Uncertain::Address(Arc::clone(set)))
        }
        (None, ..) => RuleFit::MayMatch(path.clone(), Uncertain::Identity),
    }
}

/// The peer that comes nearest to matching.
fn nearest(plugin: &Plugin, rule: &Rule, party: Party<'_>) -> Failure {
    let told = rule.peers.iter().map(|(peer, path)| (peer_mismatch(plugin, party, peer), path));
    let best = told.rev().max_by_key(|(why, _)| why.nearness());
    match best {
        Some((why, path)) => Failure { at: path.clone(), why, others: rule.peers.len().saturating_sub(1) },
        None => Failure { at: rule.at.clone(), why: Mismatch::Nobody, others: 0 },
    }
}

/// Why a peer does not mean a party. Asked only when it does not.
fn peer_mismatch(plugin: &Plugin, party: Party<'_>, peer: &Peer) -> Mismatch {
    match (party, peer) {
        (_, Peer::Everyone) => Mismatch::Nobody,
        (Party::Pod(pod, addresses), _) => pod_mismatch(plugin, pod, addresses, peer),
        (Party::Address(address), Peer::Pods { .. } | Peer::Nodes) => Mismatch::PodsOnly(address),
        (Party::Address(address), Peer::Addresses(set) | Peer::World(set)) => {
            Mismatch::Address { found: vec![address], wanted: Arc::clone(set) }
        }
        (Party::IngressController, Peer::Addresses(_)) if !plugin.blocks_match_pods => Mismatch::BlocksMeanNoPods,
        (Party::IngressController, Peer::Addresses(set)) => {
            Mismatch::Address { found: Vec::new(), wanted: Arc::clone(set) }
        }
        (Party::IngressController, Peer::World(_)) => Mismatch::OutsideOnly,
        (Party::IngressController, Peer::Pods { .. } | Peer::Nodes) => Mismatch::UnknownPod,
    }
}

fn pod_mismatch(plugin: &Plugin, pod: PodView<'_>, addresses: &[IpAddr], peer: &Peer) -> Mismatch {
    let on_node = pod.facts.host_network && !plugin.host_network_pods;
    match peer {
        Peer::Everyone => Mismatch::Nobody,
        Peer::Nodes => Mismatch::NodesOnly,
        Peer::World(_) => Mismatch::OutsideOnly,
        Peer::Pods { .. } if on_node => Mismatch::OnNode,
        Peer::Pods { namespace: Some(wanted), .. } if wanted != pod.namespace => {
            Mismatch::OwnNamespace { wanted: wanted.clone(), found: pod.namespace.clone() }
        }
        Peer::Pods { namespaces, pods, .. } => {
            if let Some(unmet) = why_not(namespaces, &|key| pod.namespace_labels.value(key)) {
                return Mismatch::Namespace(pod.namespace.clone(), unmet);
            }
            why_not(pods, &|key| pod.value(key)).map_or(Mismatch::Nobody, Mismatch::Pod)
        }
        Peer::Addresses(_) if on_node && !plugin.blocks_match_nodes => Mismatch::BlocksMeanNoPods,
        Peer::Addresses(_) if !on_node && !plugin.blocks_match_pods => Mismatch::BlocksMeanNoPods,
        Peer::Addresses(set) => Mismatch::Address { found: addresses.to_vec(), wanted: Arc::clone(set) },
    }
}

fn port_mismatch(
    plugin: &Plugin,
    rule: &Rule,
    destination: Option<&PodFacts>,
    (protocol, port): (Protocol, u16),
) -> Option<Mismatch> {
    let wanted = match destination {
        Some(facts) => rule.ports.on(plugin, facts).into_owned(),
        None => rule.ports.numbers(plugin).clone(),
    };
    if wanted.contains(protocol, port) {
        return None;
    }
    let is_unresolved = |(protocol, name): &&(Protocol, Name)| {
        destination.is_none_or(|facts| facts.named_port(name, *protocol).is_empty())
    };
    let unresolved = rule.ports.names.iter().filter(is_unresolved).cloned().collect();
    Some(Mismatch::Port { found: (protocol, port), wanted, unresolved, of_pod: destination.is_some() })
}

impl Mismatch {
    /// How near the peer came to matching, where several of one rule did not.
    fn nearness(&self) -> u8 {
        match self {
            Self::Port { .. } => 5,
            Self::Pod(_) => 4,
            Self::Namespace(..) => 3,
            Self::OwnNamespace { .. } => 2,
            Self::Address { .. } | Self::Excepted { .. } | Self::OnNode => 1,
            _ => 0,
        }
    }
}
