//! Cilium's policies and NetworkPolicies together: the engine agrees with the naive evaluator on every flow, and its bounds hold where
//! something depends on what no object tells.

mod evaluator;
pub(crate) mod world;

use std::net::IpAddr;

use proptest::prelude::*;
use ringwall::{
    model::{Labels, Name, PodFacts, PortSet, Protocol},
    network::{Bounds, Party, Plugin, PluginName, PodView, flow},
};

use self::{
    evaluator::{Flow, Guess, allowed},
    world::{Mixed, mixed},
};
use crate::{
    evaluator::End,
    strategies::{labels, subject},
    world::Pod,
};

/// The service account of a Pod, which goes by its label here.
fn account(pod: &Pod) -> String {
    format!("account-{}", pod.labels.get("app").map_or("none", String::as_str))
}

fn facts(pod: &Pod) -> PodFacts {
    PodFacts { service_account: account(pod).into(), ..pod.facts() }
}

struct Known {
    namespace: Name,
    labels: Labels,
    facts: PodFacts,
}

impl Known {
    fn of(world: &Mixed, pod: &Pod) -> Self {
        let labels = world.plain.namespaces.get(&pod.namespace).cloned().unwrap_or_default();
        let labels: Labels = labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let labels = labels.with("kubernetes.io/metadata.name", pod.namespace.as_str());
        Self { namespace: pod.namespace.as_str().into(), labels, facts: facts(pod) }
    }

    fn party(&self) -> Party<'_> {
        Party::Pod(PodView { namespace: &self.namespace, namespace_labels: &self.labels, facts: &self.facts }, &[])
    }
}

/// Every pair of ends, of Pods and addresses.
fn ends(pods: &[Pod], addresses: impl IntoIterator<Item = IpAddr>) -> Vec<(End<'_>, End<'_>)> {
    let mut pairs = Vec::new();
    for (index, pod) in pods.iter().enumerate() {
        let others = pods.iter().enumerate().filter(|(other, _)| *other != index);
        pairs.extend(others.map(|(_, other)| (End::Pod(pod), End::Pod(other))));
    }
    for address in addresses {
        for pod in pods {
            pairs.push((End::Pod(pod), End::Address(address)));
            pairs.push((End::Address(address), End::Pod(pod)));
        }
    }
    pairs
}

fn engine(
    world: &Mixed,
    snapshot: &ringwall::snapshot::Snapshot,
    source: End<'_>,
    destination: End<'_>,
) -> Bounds<PortSet> {
    let known = |end: End<'_>| match end {
        End::Pod(pod) => Ok(Known::of(world, pod)),
        End::Address(address) => Err(address),
    };
    let (source, destination) = (known(source), known(destination));
    let (source, destination) = (party(&source), party(&destination));
    flow(snapshot, &Plugin::of(PluginName::Cilium), source, destination)
}

fn party(end: &Result<Known, IpAddr>) -> Party<'_> {
    match end {
        Ok(known) => known.party(),
        Err(address) => Party::Address(*address),
    }
}

fn pods() -> impl Strategy<Value = Vec<Pod>> {
    let green = (subject(), labels()).prop_map(|(pod, labels)| Pod { namespace: "green".to_owned(), labels, ..pod });
    (subject(), subject(), green, any::<bool>())
        .prop_map(|(first, second, green, on_node)| vec![first, Pod { host_network: on_node, ..second }, green])
}

proptest! {
    #[test]
    fn the_engine_agrees_with_the_naive_evaluator_of_cilium(world in mixed(false), pods in pods()) {
        let snapshot = world.snapshot();
        let ports = world.ports(&pods.iter().collect::<Vec<_>>());
        let guess = Guess { same_node: false, http: false, dns: false, api_server: false };
        for (source, destination) in ends(&pods, world.addresses()) {
            let found = engine(&world, &snapshot, source, destination);
            for (protocol, port) in Protocol::ALL.into_iter().flat_map(|protocol| ports.iter().map(move |port| (protocol, *port))) {
                let flow = Flow { source, destination, protocol, port };
                let verdicts = [false, true].map(|same_node| allowed(&world, &flow, Guess { same_node, ..guess }));
                let expected = (verdicts == [true, true], verdicts != [false, false]);
                let said = (found.least.contains(protocol, port), found.most.contains(protocol, port));
                prop_assert_eq!(said, expected, "{:?} -> {:?} {} {}", source, destination, protocol, port);
            }
        }
    }

    #[test]
    fn what_depends_on_what_no_object_tells_is_within_the_bounds(world in mixed(true), pods in pods()) {
        let snapshot = world.snapshot();
        let ports = world.ports(&pods.iter().collect::<Vec<_>>());
        let guesses = Guess::all();
        for (source, destination) in ends(&pods, world.addresses().into_iter().step_by(5)) {
            let found = engine(&world, &snapshot, source, destination);
            prop_assert!(found.least.is_within(&found.most));
            for (protocol, port) in Protocol::ALL.into_iter().flat_map(|protocol| ports.iter().map(move |port| (protocol, *port))) {
                let flow = Flow { source, destination, protocol, port };
                let (least, most) = (found.least.contains(protocol, port), found.most.contains(protocol, port));
                for guess in &guesses {
                    let verdict = allowed(&world, &flow, *guess);
                    prop_assert!(!least || verdict, "too much for certain: {:?} {:?} -> {:?} {} {}", guess, source, destination, protocol, port);
                    prop_assert!(most || !verdict, "too little possible: {:?} {:?} -> {:?} {} {}", guess, source, destination, protocol, port);
                }
            }
        }
    }
}
