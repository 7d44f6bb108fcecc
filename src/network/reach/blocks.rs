//! All flows as blocks: sets of workloads and addresses on either side, so that nothing is said per pair.

use std::{collections::BTreeMap, net::IpAddr};

use crate::{model::PortSet, network::Direction};

use super::{End, Precision, WorkloadName, engine::Reach, index::Set, meet::Meet, ranges::ranges, table::at};

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
    reach: &'a Reach,
    nodes: &'a Set,
}

impl<'a> Workloads<'a> {
    /// How many they are.
    pub fn len(self) -> usize {
        self.nodes.iter().map(|node| self.reach.ends_of(node).len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Their names, in no order.
    pub fn iter(self) -> impl Iterator<Item = &'a WorkloadName> {
        let ends = self.nodes.iter().flat_map(move |node| self.reach.ends_of(node));
        ends.filter_map(move |end| match at(&self.reach.ends, *end) {
            Some((End::Workload(name), _)) => Some(name),
            _ => None,
        })
    }
}

/// Shows every block of a table.
pub(super) fn blocks(reach: &Reach, visit: &mut dyn FnMut(Block<'_>)) {
    between_workloads(reach, visit);
    for direction in Direction::BOTH {
        with_addresses(reach, direction, visit);
    }
}

fn between_workloads(reach: &Reach, visit: &mut dyn FnMut(Block<'_>)) {
    let (egress, ingress) = (&reach.engine.egress, &reach.engine.ingress);
    let mut meet = Meet::of(&reach.engine.ports);
    for (number, (table, members)) in (0..).zip(egress.tables.iter().zip(&egress.members)) {
        for candidate in egress.candidates(number, members, ingress) {
            let (Some(entrance), Some(entered)) = (at(&ingress.tables, candidate), at(&ingress.members, candidate))
            else {
                continue;
            };
            for (enters, admitted) in entrance {
                let sources = members & admitted;
                if sources.is_empty() {
                    continue;
                }
                for (leaves, reached) in table {
                    let destinations = entered & reached;
                    if destinations.is_empty() {
                        continue;
                    }
                    let Some(ports) = meet.meet(*leaves, *enters) else { continue };
                    for (sources, destinations, seen) in reach.by_sight(&sources, &destinations) {
                        let (sources, destinations) = (reach.workloads(&sources), reach.workloads(&destinations));
                        for (ports, precision) in meet.shown(ports, seen) {
                            visit(Block { sources, destinations, ports, precision: *precision });
                        }
                    }
                }
            }
        }
    }
}

fn with_addresses(reach: &Reach, direction: Direction, visit: &mut dyn FnMut(Block<'_>)) {
    let engine = &reach.engine;
    for profile in &engine.profiles(direction).all {
        let nodes = &profile.nodes & &reach.kept;
        for (nodes, seen) in [(&nodes - &reach.blind, true), (&nodes & &reach.blind, false)] {
            if nodes.is_empty() {
                continue;
            }
            let mut by_ports: BTreeMap<(PortSet, Precision), Vec<(IpAddr, IpAddr)>> = BTreeMap::new();
            for range in ranges(&engine.plugin, &engine.nodes, profile, direction, seen) {
                by_ports.entry((range.ports, range.precision)).or_default().push((range.first, range.last));
            }
            for ((ports, precision), ranges) in &by_ports {
                let (own, others) = (reach.workloads(&nodes), Ends::Addresses(ranges));
                let (sources, destinations) = match direction {
                    Direction::Ingress => (others, own),
                    Direction::Egress => (own, others),
                };
                visit(Block { sources, destinations, ports, precision: *precision });
            }
        }
    }
}

impl Reach {
    fn workloads<'a>(&'a self, nodes: &'a Set) -> Ends<'a> {
        Ends::Workloads(Workloads { reach: self, nodes })
    }

    /// The same block by parts: what is seen on both ends, and what is not on one.
    fn by_sight(&self, sources: &Set, destinations: &Set) -> Vec<(Set, Set, bool)> {
        if self.blind.is_empty() {
            return vec![(sources.clone(), destinations.clone(), true)];
        }
        let (from, to) = (sources - &self.blind, destinations - &self.blind);
        let parts = [
            (from.clone(), to, true),
            (sources & &self.blind, destinations.clone(), false),
            (from, destinations & &self.blind, false),
        ];
        parts.into_iter().filter(|(from, to, _)| !from.is_empty() && !to.is_empty()).collect()
    }
}
