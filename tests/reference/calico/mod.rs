//! Calico's policies against a naive evaluator, which is written from the facts' section 1.4 and Calico's sources alone.

mod evaluator;
mod lines;
pub(crate) mod strategies;
pub(crate) mod world;

use std::{collections::BTreeSet, net::IpAddr};

use proptest::prelude::*;
use ringwall::{
    model::{Labels, Name, PodFacts, Protocol},
    network::{Party, Plugin, PluginName, PodView, flow, namespace_labels},
    snapshot::Snapshot,
};

use evaluator::{Packet, SOURCE_PORT, allowed};
use strategies::{exact_world, world};
use world::{Pod, Port, World, network};

/// What a view of a Pod borrows from.
struct Seen {
    namespace: Name,
    labels: Labels,
    facts: PodFacts,
}

impl Seen {
    fn of(snapshot: &Snapshot, pod: &Pod) -> Self {
        let namespace = Name::from(pod.namespace.as_str());
        Self { labels: namespace_labels(snapshot, &namespace), namespace, facts: pod.facts() }
    }

    fn party<'a>(&'a self, addresses: &'a [IpAddr]) -> Party<'a> {
        let view = PodView { namespace: &self.namespace, namespace_labels: &self.labels, facts: &self.facts };
        Party::Pod(view, addresses)
    }
}

/// Every port number next to which something may change.
fn ports(world: &World) -> BTreeSet<u16> {
    let written = world.entities().flat_map(|entity| entity.ports.iter().chain(&entity.not_ports));
    let written = written.flat_map(|port| match port {
        Port::Range(first, last) => vec![*first, *last],
        Port::Named(_) => Vec::new(),
    });
    let declared = world.pods.iter().flat_map(|pod| pod.ports.iter().map(|(_, _, number)| *number));
    let admitted = world.kubernetes.iter().filter_map(|policy| policy.admits.as_ref().map(|(_, port)| *port));
    let around = |number: u16| [number.saturating_sub(1).max(1), number.max(1), number.saturating_add(1)];
    written.chain(declared).chain(admitted).chain([1, SOURCE_PORT, u16::MAX]).flat_map(around).collect()
}

/// Every address next to which something may change, those of Pods aside.
fn addresses(world: &World) -> BTreeSet<IpAddr> {
    let written = world.entities().flat_map(|entity| entity.nets.iter().chain(&entity.not_nets));
    let written = written.chain(world.sets.iter().flat_map(|set| &set.nets));
    let written =
        written.chain(world.kubernetes.iter().filter_map(|policy| policy.admits.as_ref().map(|(net, _)| net)));
    let shift = |address: IpAddr, by: i8| match address {
        IpAddr::V4(a) => IpAddr::V4(a.to_bits().wrapping_add_signed(by.into()).into()),
        IpAddr::V6(a) => IpAddr::V6(a.to_bits().wrapping_add_signed(by.into()).into()),
    };
    let around = |net: &String| {
        let (first, last) = (network(net).network(), network(net).broadcast());
        [first, last, shift(first, -1), shift(last, 1)]
    };
    let others = ["8.8.8.8", "2001:db8::1"].map(|text| text.parse().unwrap());
    let all: BTreeSet<IpAddr> = written.flat_map(around).chain(others).collect();
    all.into_iter().filter(|address| world.pods.iter().all(|pod| pod.address != [*address])).collect()
}

/// Compares every flow of a world, and says where the engine and the evaluator differ.
fn check(world: &World, exact: bool) -> Result<(), TestCaseError> {
    let snapshot = world.snapshot();
    let plugin = Plugin::of(PluginName::Calico);
    let seen: Vec<Seen> = world.pods.iter().map(|pod| Seen::of(&snapshot, pod)).collect();
    let pods = || world.pods.iter().zip(&seen).map(|(pod, seen)| (pod.address[0], seen.party(&pod.address)));
    let outside: Vec<_> = addresses(world).into_iter().map(|address| (address, Party::Address(address))).collect();
    let ends: Vec<_> = pods().chain(outside.iter().copied()).collect();
    let ports = ports(world);
    let pods = world.pods.len();
    for (first, (source, from)) in ends.iter().enumerate() {
        for (second, (destination, to)) in ends.iter().enumerate() {
            let families_differ = source.is_ipv4() != destination.is_ipv4();
            if first == second || (first >= pods && second >= pods) || families_differ {
                continue;
            }
            let bounds = flow(&snapshot, &plugin, *from, *to);
            let on_node = world.pods.get(first).is_some_and(|pod| pod.host_network);
            if exact && !on_node {
                prop_assert_eq!(&bounds.least, &bounds.most, "{} to {}", source, destination);
            }
            for protocol in Protocol::ALL {
                for port in &ports {
                    let packet = Packet { source: *source, destination: *destination, protocol, port: *port };
                    let truth = allowed(world, &packet);
                    let (least, most) = (bounds.least.contains(protocol, *port), bounds.most.contains(protocol, *port));
                    prop_assert!(
                        (!least || truth) && (!truth || most),
                        "{source} to {destination} {protocol} {port}: {truth}, and the engine says {least} to {most}"
                    );
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_engine_says_exactly_what_the_evaluator_says(world in exact_world()) {
        check(&world, true)?;
    }

    #[test]
    fn where_the_engine_cannot_know_its_bounds_hold_the_truth(world in world()) {
        check(&world, false)?;
    }
}
