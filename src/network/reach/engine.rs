//! The table of all workloads and what lies between them.

use std::{collections::BTreeMap, net::IpAddr};

use jiff::Timestamp;

use crate::{
    model::{AddressSet, PortSet},
    network::{Bounds, Direction, Party, Peer, Plugin, coverage, exposure, flow, policies_on},
    snapshot::Snapshot,
};

use super::{
    End, Filter, Flow, Isolation, Precision, WorkloadIsolation, WorkloadName,
    isolation::judge,
    nodes::{Node, Nodes},
};

/// All workloads of a snapshot, with what policies say of each.
pub struct Reach {
    snapshot: Snapshot,
    plugin: Plugin,
    nodes: Nodes,
    /// What is shown, sorted, each with its node.
    ends: Vec<(WorkloadName, usize)>,
}

/// Traffic that policies let through from each of some to each of others, a workload and itself aside.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    /// Who connects.
    pub sources: Ends<'a>,
    /// To whom.
    pub destinations: Ends<'a>,
    /// On which ports of the destination; never empty.
    pub ports: &'a PortSet,
    /// How well that is known.
    pub precision: Precision,
}

/// One side of a block.
#[derive(Clone, Copy)]
pub enum Ends<'a> {
    /// Workloads.
    Workloads(Workloads<'a>),
    /// Ranges of addresses, sorted.
    Addresses(&'a [(IpAddr, IpAddr)]),
}

/// Some workloads.
#[derive(Clone, Copy)]
pub struct Workloads<'a> {
    names: &'a [WorkloadName],
}

impl<'a> Workloads<'a> {
    /// How many they are.
    pub fn len(self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.names.is_empty()
    }

    /// Their names, in no order.
    pub fn iter(self) -> impl Iterator<Item = &'a WorkloadName> {
        self.names.iter()
    }
}

impl Reach {
    /// All workloads of a snapshot as of that time, with what policies say of each under a network plugin.
    pub fn new(snapshot: &Snapshot, plugin: &Plugin, now: Timestamp) -> Self {
        let nodes = Nodes::of(snapshot, now);
        let mut of_owner: BTreeMap<&WorkloadName, usize> = BTreeMap::new();
        for owner in nodes.nodes.iter().filter_map(|node| node.owner.as_ref()) {
            *of_owner.entry(owner).or_default() += 1;
        }
        let mut ends = Vec::new();
        for (index, node) in nodes.nodes.iter().enumerate() {
            match &node.owner {
                Some(owner) if of_owner.get(owner) == Some(&1) => ends.push((owner.clone(), index)),
                _ => ends.extend(node.members.iter().map(|member| (member.clone(), index))),
            }
        }
        ends.sort();
        Self { snapshot: snapshot.clone(), plugin: plugin.clone(), nodes, ends }
    }

    /// The isolation of every workload, sorted.
    pub fn isolation(&self) -> Vec<WorkloadIsolation> {
        let of = |(workload, node): &(WorkloadName, usize)| {
            let node = self.nodes.nodes.get(*node)?;
            let [ingress, egress] = self.isolation_of(node)?;
            Some(WorkloadIsolation { workload: workload.clone(), ingress, egress })
        };
        self.ends.iter().filter_map(of).collect()
    }

    fn isolation_of(&self, node: &Node) -> Option<[Isolation; 2]> {
        let namespace = &self.nodes.spaces.get(node.space)?.name;
        if coverage(&self.snapshot, &self.plugin, namespace).is_err() {
            return Some([Isolation::Unknown; 2]);
        }
        Some(
            Direction::BOTH
                .map(|direction| judge(&exposure(&self.snapshot, &self.plugin, namespace, &node.facts, direction))),
        )
    }

    /// The flows that are asked for, sorted by source, destination and ports.
    pub fn flows(&self, filter: &Filter, visit: &mut dyn FnMut(Flow)) {
        let mut all: Vec<Flow> = Vec::new();
        let mut add = |source: End, destination: End, blind: bool, ports: &Bounds<PortSet>| {
            if filter.admits(&source, &destination) {
                all.extend(flows_of(&source, &destination, blind, ports));
            }
        };
        for (name, node) in &self.ends {
            let Some((party, blind)) = self.party(*node) else { continue };
            let end = End::Workload(name.clone());
            for (other_name, other) in &self.ends {
                let Some((other, other_blind)) = self.party(*other) else { continue };
                if name != other_name {
                    let ports = flow(&self.snapshot, &self.plugin, party, other);
                    add(end.clone(), End::Workload(other_name.clone()), blind || other_blind, &ports);
                }
            }
            for direction in Direction::BOTH {
                for (first, last) in self.atoms(party, direction) {
                    let address = Party::Address(first);
                    let range = End::Addresses(first, last);
                    match direction {
                        Direction::Ingress => {
                            let ports = flow(&self.snapshot, &self.plugin, address, party);
                            add(range, end.clone(), blind, &ports);
                        }
                        Direction::Egress => {
                            let ports = flow(&self.snapshot, &self.plugin, party, address);
                            add(end.clone(), range, blind, &ports);
                        }
                    }
                }
            }
        }
        // Neighbours that are equal are one range.
        let key = |flow: &Flow| match (&flow.source, &flow.destination) {
            (End::Addresses(first, _), other) => (0, other.clone(), flow.precision, flow.ports.clone(), *first),
            (other, End::Addresses(first, _)) => (1, other.clone(), flow.precision, flow.ports.clone(), *first),
            (other, _) => (2, other.clone(), flow.precision, flow.ports.clone(), IpAddr::from([0; 4])),
        };
        all.sort_by_cached_key(key);
        let mut merged: Vec<Flow> = Vec::new();
        for flow in all {
            match merged.last_mut() {
                Some(last) if last.precision == flow.precision && last.ports == flow.ports => {
                    match ((&mut last.source, &mut last.destination), (&flow.source, &flow.destination)) {
                        ((End::Addresses(_, end), to), (End::Addresses(first, next), other))
                            if to == other && follows(*end, *first) =>
                        {
                            *end = *next;
                        }
                        ((from, End::Addresses(_, end)), (other, End::Addresses(first, next)))
                            if from == other && follows(*end, *first) =>
                        {
                            *end = *next;
                        }
                        _ => merged.push(flow),
                    }
                }
                _ => merged.push(flow),
            }
        }
        merged.sort();
        merged.into_iter().for_each(visit);
    }

    /// All flows in the form of blocks: each from some workloads or addresses to others. In no order.
    pub fn blocks(&self, visit: &mut dyn FnMut(Block<'_>)) {
        self.flows(&Filter::default(), &mut |flow| {
            let names = |end: &End| match end {
                End::Workload(name) => vec![name.clone()],
                _ => Vec::new(),
            };
            let ranges = |end: &End| match end {
                End::Addresses(first, last) => vec![(*first, *last)],
                _ => Vec::new(),
            };
            let (from, to) = (names(&flow.source), names(&flow.destination));
            let (from_range, to_range) = (ranges(&flow.source), ranges(&flow.destination));
            let ends = |names, ranges| match flow_is_workload(names) {
                true => Ends::Workloads(Workloads { names }),
                false => Ends::Addresses(ranges),
            };
            visit(Block {
                sources: ends(&from, &from_range),
                destinations: ends(&to, &to_range),
                ports: &flow.ports,
                precision: flow.precision,
            });
        });
    }

    fn party(&self, node: usize) -> Option<(Party<'_>, bool)> {
        let node = self.nodes.nodes.get(node)?;
        let blind = coverage(&self.snapshot, &self.plugin, &self.nodes.spaces.get(node.space)?.name).is_err();
        Some((self.nodes.party(node)?, blind))
    }

    fn atoms(&self, party: Party<'_>, direction: Direction) -> Vec<(IpAddr, IpAddr)> {
        let Party::Pod(view, _) = party else { return Vec::new() };
        let policies = policies_on(&self.snapshot, &self.plugin, view, direction).unwrap_or_default();
        let rules = policies.iter().flat_map(|policy| policy.rules(direction).unwrap_or_default());
        let sets = rules.flat_map(|rule| &rule.peers).filter_map(|(peer, _)| match peer {
            Peer::Addresses(set) | Peer::World(set) => Some(set),
            _ => None,
        });
        let mut atoms = vec![AddressSet::every()];
        for set in sets {
            atoms = atoms.iter().flat_map(|atom| [atom.intersection(set), atom.difference(set)]).collect();
        }
        atoms.iter().flat_map(AddressSet::ranges).collect()
    }
}

fn flow_is_workload(names: &[WorkloadName]) -> bool {
    !names.is_empty()
}

fn flows_of(source: &End, destination: &End, blind: bool, ports: &Bounds<PortSet>) -> Vec<Flow> {
    let flow = |ports: PortSet, precision| {
        let (source, destination) = (source.clone(), destination.clone());
        (!ports.is_empty()).then_some(Flow { source, destination, ports, precision })
    };
    if blind {
        return flow(ports.most.clone(), Precision::Unknown).into_iter().collect();
    }
    let exact = flow(ports.least.clone(), Precision::Exact);
    exact.into_iter().chain(flow(ports.most.difference(&ports.least), Precision::AtMost)).collect()
}

fn follows(last: IpAddr, next: IpAddr) -> bool {
    match (last, next) {
        (IpAddr::V4(last), IpAddr::V4(next)) => last.to_bits().checked_add(1) == Some(next.to_bits()),
        (IpAddr::V6(last), IpAddr::V6(next)) => last.to_bits().checked_add(1) == Some(next.to_bits()),
        _ => false,
    }
}
