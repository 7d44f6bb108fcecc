//! What the engine says of exposure, checked flow by flow.

use std::net::IpAddr;

use proptest::prelude::*;
use ringwall::{
    model::{Name, PodFacts, Protocol},
    network::{Direction, Exposure, Plugin, WidePeer, WideReach, exposure},
};

use crate::{
    evaluator::{End, allowed, isolating},
    strategies::{stranger, subject, world},
    world::{Map, Pod, World},
};

/// The Pod that nothing names: see `network::unnamed`.
fn unnamed() -> Pod {
    Pod {
        namespace: "a-namespace-that-nothing-names".to_owned(),
        labels: Map::new(),
        ports: Vec::new(),
        host_network: false,
    }
}

fn expose(world: &World, pod: &Pod, direction: Direction) -> Exposure {
    exposure(&world.snapshot(), &Plugin::default(), &Name::from(pod.namespace.as_str()), &pod.facts(), direction)
}

/// Whether the subject and the peer may talk in that direction, seen from the subject. The peers used here are Pods of a
/// namespace without policies, or addresses, so that only the subject's policies speak.
fn permitted(world: &World, pod: &Pod, direction: Direction, peer: End<'_>, protocol: Protocol, port: u16) -> bool {
    match direction {
        Direction::Ingress => allowed(world, peer, End::Pod(pod), protocol, port),
        Direction::Egress => allowed(world, End::Pod(pod), peer, protocol, port),
    }
}

/// Every (protocol, port) near a border.
fn ports(world: &World, pods: &[&Pod]) -> Vec<(Protocol, u16)> {
    let numbers = world.ports(pods);
    Protocol::ALL.into_iter().flat_map(|protocol| numbers.iter().map(move |number| (protocol, *number))).collect()
}

impl World {
    fn permits_address(&self, pod: &Pod, direction: Direction, address: IpAddr, at: (Protocol, u16)) -> bool {
        permitted(self, pod, direction, End::Address(address), at.0, at.1)
    }
}

proptest! {
    #[test]
    fn a_pod_is_isolated_by_the_policies_that_select_it_and_speak(world in world(), pod in subject()) {
        for direction in Direction::BOTH {
            let found = expose(&world, &pod, direction);
            let found: Vec<_> = found.isolated_by.iter().map(|policy| policy.source.name.to_string()).collect();
            let expected: Vec<_> = isolating(&world, &pod, direction).into_iter().map(|policy| policy.name.clone()).collect();
            prop_assert_eq!(found, expected, "{}", direction);
        }
    }

    #[test]
    fn the_unnamed_pod_is_admitted_on_the_ports_of_the_admission(world in world(), pod in subject()) {
        for direction in Direction::BOTH {
            let admission = expose(&world, &pod, direction).admission;
            for (protocol, port) in ports(&world, &[&pod]) {
                let expected = permitted(&world, &pod, direction, End::Pod(&unnamed()), protocol, port);
                prop_assert_eq!(admission.pods.contains(protocol, port), expected, "{} {} {}", direction, protocol, port);
            }
        }
    }

    #[test]
    fn an_address_is_admitted_on_the_ports_of_the_admission(world in world(), pod in subject()) {
        for direction in Direction::BOTH {
            let admission = expose(&world, &pod, direction).admission;
            for address in world.addresses() {
                let found = admission.ports_to(address);
                for at in ports(&world, &[&pod]) {
                    let expected = world.permits_address(&pod, direction, address, at);
                    prop_assert_eq!(found.contains(at.0, at.1), expected, "{} {} {:?}", direction, address, at);
                }
            }
        }
    }

    #[test]
    fn the_entries_of_an_admission_have_disjoint_ports(world in world(), pod in subject()) {
        for direction in Direction::BOTH {
            let admission = expose(&world, &pod, direction).admission;
            let entries: Vec<_> = admission.addresses().collect();
            for (index, (ports, addresses)) in entries.iter().enumerate() {
                prop_assert!(!ports.is_empty() && !addresses.is_empty());
                for (others, other_addresses) in &entries[index + 1..] {
                    prop_assert!(ports.intersection(others).is_empty() && addresses != other_addresses);
                }
            }
        }
    }

    /// Whoever of an unnamed namespace is admitted is admitted by a wide entry, and a wide entry admits whom it says.
    #[test]
    fn wide_entries_are_all_that_admits_pods_of_unnamed_namespaces(
        world in world(), pod in subject(), stranger in stranger(),
    ) {
        for direction in Direction::BOTH {
            let found = expose(&world, &pod, direction);
            if found.isolated_by.is_empty() {
                prop_assert!(found.wide.is_empty());
                continue;
            }
            let facts = stranger.facts();
            for (protocol, port) in ports(&world, &[&pod, &stranger]) {
                let expected = permitted(&world, &pod, direction, End::Pod(&stranger), protocol, port);
                let by_entry = found.wide.iter().any(|wide| admits_pod(wide, &facts, protocol, port));
                prop_assert_eq!(by_entry, expected, "{} {} {}", direction, protocol, port);
            }
        }
    }

    #[test]
    fn wide_entries_are_all_that_admits_addresses(world in world(), pod in subject()) {
        for direction in Direction::BOTH {
            let found = expose(&world, &pod, direction);
            if found.isolated_by.is_empty() {
                continue;
            }
            for address in world.addresses() {
                let entries: Vec<_> = found.wide.iter().filter(|wide| reaches(wide, address)).collect();
                for at in ports(&world, &[&pod]) {
                    let expected = world.permits_address(&pod, direction, address, at);
                    let by_entry = entries.iter().any(|wide| wide.ports.contains(at.0, at.1));
                    prop_assert_eq!(by_entry, expected, "{} {} {:?}", direction, address, at);
                }
            }
        }
    }

    /// Each wide entry alone admits what it says, and its path leads to the entry that was written.
    #[test]
    fn a_wide_entry_says_where_it_was_written(world in world(), pod in subject()) {
        for direction in Direction::BOTH {
            for wide in expose(&world, &pod, direction).wide {
                let policy = world.policies.iter().find(|policy| wide.policy.name == policy.name.as_str());
                let policy = policy.expect("the policy is one of the world's");
                let rules = match direction {
                    Direction::Ingress => &policy.ingress,
                    Direction::Egress => &policy.egress,
                };
                let list = if direction == Direction::Ingress { "from" } else { "to" };
                let paths = rules.iter().flatten().enumerate().flat_map(|(index, rule)| {
                    let rule_path = format!("spec.{direction}[{index}]");
                    match rule.peers.as_deref() {
                        None | Some([]) => vec![(rule_path, true)],
                        Some(peers) => {
                            (0..peers.len()).map(|peer| (format!("{rule_path}.{list}[{peer}]"), false)).collect()
                        }
                    }
                });
                let everyone = wide.reach == WideReach::Everyone;
                prop_assert!(paths.into_iter().any(|found| found == (wide.at.to_string(), everyone)), "{}", wide.at);
            }
        }
    }
}

fn admits_pod(wide: &WidePeer, stranger: &PodFacts, protocol: Protocol, port: u16) -> bool {
    let selected = match &wide.reach {
        WideReach::Everyone => true,
        WideReach::Namespaces { pods } => pods.matches(&stranger.labels),
        WideReach::Addresses(_) => false,
    };
    let named = |(of, name): &(Protocol, Name)| stranger.named_port(name, *of).contains(protocol, port);
    selected && (wide.ports.contains(protocol, port) || wide.names.iter().any(named))
}

fn reaches(wide: &WidePeer, address: IpAddr) -> bool {
    match &wide.reach {
        WideReach::Everyone => true,
        WideReach::Namespaces { .. } => false,
        WideReach::Addresses(addresses) => addresses.contains(address),
    }
}

#[test]
fn pods_on_their_nodes_network_are_never_isolated() {
    let deny = crate::world::Policy { name: "deny".into(), namespace: "red".into(), ..Default::default() };
    let world = World { policies: vec![deny], ..World::default() };
    let pod = Pod { namespace: "red".into(), host_network: true, ..unnamed() };
    let found = expose(&world, &pod, Direction::Ingress);
    assert!(found.isolated_by.is_empty());
    assert_eq!(*found.admission, ringwall::network::Admission::everything());
    let pod = Pod { host_network: false, ..pod };
    let found = expose(&world, &pod, Direction::Ingress);
    assert!(found.isolated_by.len() == 1 && found.admission.is_nothing());
}
