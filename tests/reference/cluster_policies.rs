//! The engine against a naive evaluator of `ClusterNetworkPolicy` and the two kinds before them: one flow at a time, tier after
//! tier, written from the API's own words (network-policy-api, `apis/v1alpha2/clusternetworkpolicy_types.go`).

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    net::IpAddr,
};

use proptest::prelude::*;
use ringwall::{
    model::{Kind, Labels, Name, PodFacts, Protocol},
    network::{Direction, Party, Plugin, PluginName, PodView, flow},
};

use crate::{
    cluster_world::{Action, ClusterPolicy, ClusterWorld, Peer, Port, Rule, Tier, cluster_world},
    evaluator::{End, Flow, holds, isolating, namespace_labels, permits, selects},
    world::{Pod, World},
};

/// One end of a flow.
#[derive(Clone, Copy, Debug)]
enum Who<'a> {
    Pod(&'a Pod, IpAddr),
    Address(IpAddr),
}

/// A flow, and what decides of names and labels that are not in the objects.
struct Naive<'a> {
    world: &'a ClusterWorld,
    source: Who<'a>,
    destination: Who<'a>,
    protocol: Protocol,
    port: u16,
    oracle: u64,
}

impl<'a> Naive<'a> {
    fn allowed(&self) -> bool {
        self.side(self.source, Direction::Egress) && self.side(self.destination, Direction::Ingress)
    }

    /// Whether the policies of one end let it through.
    fn side(&self, subject: Who<'a>, direction: Direction) -> bool {
        let Who::Pod(subject, _) = subject else { return true };
        if subject.host_network {
            return true;
        }
        if let Some(verdict) = self.tier(Tier::Admin, subject, direction) {
            return verdict;
        }
        if !isolating(&self.world.base, subject, direction).is_empty() {
            return self.network_policies(subject, direction);
        }
        self.tier(Tier::Baseline, subject, direction).unwrap_or(true)
    }

    /// The verdict of a tier; none where no rule matches, and where the first one passes.
    fn tier(&self, tier: Tier, subject: &Pod, direction: Direction) -> Option<bool> {
        let mut policies: Vec<&ClusterPolicy> =
            self.world.policies.iter().filter(|policy| policy.tier == tier && !policy.terminating).collect();
        policies.sort_by_key(|policy| {
            let has_none = policy.kind == Kind::BaselineAdminNetworkPolicy;
            (has_none, if has_none { 0 } else { policy.priority }, &policy.name)
        });
        for policy in policies {
            let selected = match &policy.subject {
                Peer::Namespaces(namespaces) => in_namespaces(&self.world.base, namespaces, subject),
                Peer::Pods(namespaces, pods) => {
                    in_namespaces(&self.world.base, namespaces, subject) && selects(pods, &subject.labels)
                }
                _ => unreachable!("subjects are Pods"),
            };
            if !selected {
                continue;
            }
            let rules = if direction == Direction::Ingress { &policy.ingress } else { &policy.egress };
            for rule in rules {
                if rule.peers.iter().any(|peer| matches!(peer, Peer::Unknown)) {
                    // Fail closed: an Accept matches nothing, a Deny and a Pass deny all.
                    match rule.action {
                        Action::Accept => continue,
                        Action::Deny | Action::Pass => return Some(false),
                    }
                }
                if self.matches(rule, direction) {
                    return match rule.action {
                        Action::Accept => Some(true),
                        Action::Deny => Some(false),
                        Action::Pass => None,
                    };
                }
            }
        }
        None
    }

    fn matches(&self, rule: &Rule, direction: Direction) -> bool {
        let peer = if direction == Direction::Ingress { self.source } else { self.destination };
        let peers = rule.peers.iter().enumerate().any(|(index, wanted)| self.is(peer, wanted, index));
        let ports = match &rule.ports {
            None => true,
            Some(ports) => ports.iter().any(|port| self.on(port)),
        };
        peers && ports
    }

    fn is(&self, who: Who<'_>, peer: &Peer, index: usize) -> bool {
        let address = match who {
            Who::Pod(_, address) | Who::Address(address) => address,
        };
        match (peer, who) {
            (Peer::Namespaces(namespaces), Who::Pod(pod, _)) => {
                !pod.host_network && in_namespaces(&self.world.base, namespaces, pod)
            }
            (Peer::Pods(namespaces, pods), Who::Pod(pod, _)) => {
                !pod.host_network && in_namespaces(&self.world.base, namespaces, pod) && selects(pods, &pod.labels)
            }
            (Peer::Networks(networks), _) => networks.iter().any(|network| holds(*network, address)),
            (Peer::Nodes(labels), Who::Pod(pod, _)) if pod.host_network => {
                let all = labels.labels.is_empty() && labels.expressions.is_empty();
                all || self.somebody_says((index, format!("{labels:?}"), address))
            }
            (Peer::DomainNames(names), Who::Address(_)) => self.somebody_says((index, names, address)),
            (Peer::Namespaces(_) | Peer::Pods(..), Who::Address(_))
            | (Peer::Nodes(_) | Peer::DomainNames(_) | Peer::Unknown, _) => false,
        }
    }

    fn on(&self, port: &Port) -> bool {
        match port {
            Port::Every(protocol) => *protocol == self.protocol,
            Port::Number(protocol, number) => *protocol == self.protocol && *number == self.port,
            Port::Range(protocol, first, last) => {
                *protocol == self.protocol && *first <= self.port && self.port <= *last
            }
            Port::Named(name) => match self.destination {
                Who::Pod(pod, _) => pod.ports.iter().any(|(declared, protocol, number)| {
                    declared.as_ref() == Some(name) && *protocol == self.protocol && *number == self.port
                }),
                Who::Address(_) => false,
            },
        }
    }

    /// NetworkPolicies, whose `ipBlock` matches Pods by their addresses too.
    fn network_policies(&self, subject: &Pod, direction: Direction) -> bool {
        let by_pod = |who: Who<'a>| match who {
            Who::Pod(pod, _) => End::Pod(pod),
            Who::Address(address) => End::Address(address),
        };
        let by_address = |who: Who<'a>| match who {
            Who::Pod(_, address) | Who::Address(address) => End::Address(address),
        };
        let (source, destination) = (by_pod(self.source), by_pod(self.destination));
        let flow = Flow { source, destination, protocol: self.protocol, port: self.port };
        let addressed = match direction {
            Direction::Ingress => Flow { source: by_address(self.source), ..flow },
            Direction::Egress => Flow { destination: by_address(self.destination), ..flow },
        };
        permits(&self.world.base, subject, direction, &flow)
            || permits(&self.world.base, subject, direction, &addressed)
    }

    /// An answer that is as good as any other.
    fn somebody_says(&self, question: impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        (self.oracle, question).hash(&mut hasher);
        hasher.finish().is_multiple_of(2)
    }
}

fn in_namespaces(world: &World, namespaces: &crate::world::Labelled, pod: &Pod) -> bool {
    selects(namespaces, &namespace_labels(world, &pod.namespace))
}

/// Where no rule stays open to doubt but those of the world itself.
pub(crate) fn plugin() -> Plugin {
    Plugin { node_traffic_exempt: false, ..Plugin::of(PluginName::Reference) }
}

/// What the engine is shown of a Pod.
struct Shown {
    namespace: Name,
    labels: Labels,
    facts: PodFacts,
    addresses: [IpAddr; 1],
}

impl Shown {
    fn of(world: &World, pod: &Pod, address: IpAddr) -> Self {
        let labels = namespace_labels(world, &pod.namespace);
        Self {
            namespace: pod.namespace.as_str().into(),
            labels: labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            facts: pod.facts(),
            addresses: [address],
        }
    }

    fn party(&self) -> Party<'_> {
        let view = PodView { namespace: &self.namespace, namespace_labels: &self.labels, facts: &self.facts };
        Party::Pod(view, &self.addresses)
    }
}

fn agrees(world: &ClusterWorld, oracles: &[u64]) -> Result<(), TestCaseError> {
    let (snapshot, plugin, ports) = (world.snapshot(), plugin(), world.ports());
    let shown: Vec<Shown> = world.pods.iter().map(|(pod, address)| Shown::of(&world.base, pod, *address)).collect();
    let addresses: Vec<IpAddr> = world.addresses().into_iter().collect();
    let pods = world.pods.iter().map(|(pod, address)| Who::Pod(pod, *address)).zip(shown.iter().map(Shown::party));
    let others = addresses.iter().map(|address| (Who::Address(*address), Party::Address(*address)));
    let ends: Vec<_> = pods.chain(others).collect();
    for (from, (source, source_party)) in ends.iter().enumerate() {
        for (to, (destination, destination_party)) in ends.iter().enumerate() {
            // Neither a Pod with itself, nor strangers among themselves.
            if from == to || from.min(to) >= world.pods.len() {
                continue;
            }
            let found = flow(&snapshot, &plugin, *source_party, *destination_party);
            if !world.is_partial() {
                prop_assert_eq!(&found.least, &found.most, "{:?} -> {:?}", source, destination);
            }
            prop_assert!(found.least.is_within(&found.most));
            for (protocol, port) in Protocol::ALL.into_iter().flat_map(|it| ports.iter().map(move |port| (it, *port))) {
                for oracle in oracles {
                    let (source, destination, oracle) = (*source, *destination, *oracle);
                    let naive = Naive { world, source, destination, protocol, port, oracle };
                    let allowed = naive.allowed();
                    let least = found.least.contains(protocol, port);
                    let most = found.most.contains(protocol, port);
                    prop_assert!(
                        (!least || allowed) && (!allowed || most),
                        "{:?} -> {:?} {} {}: {} and not between {} and {}",
                        source,
                        destination,
                        protocol,
                        port,
                        allowed,
                        least,
                        most
                    );
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_engine_and_the_naive_evaluator_agree_on_every_flow(world in cluster_world(false)) {
        agrees(&world, &[0])?;
    }

    /// Whatever domain names resolve to and whichever labels nodes have, the truth is within the bounds.
    #[test]
    fn what_cannot_be_known_is_bounded(world in cluster_world(true), oracle in any::<u64>()) {
        agrees(&world, &[oracle])?;
    }
}
