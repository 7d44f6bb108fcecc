//! What two states differ in: workload by workload, so that no more than the differences is held at once.

use std::{collections::BTreeMap, net::IpAddr};

use crate::{model::PortSet, network::Direction};

use super::{
    End, Filter, Flow, Precision, Reach, WorkloadIsolation, WorkloadName, places::after as next, ranges::Range,
    table::at, walk::Walk,
};

/// What two states differ in. Addresses are cut where either state has a border, and named as far as they differ alike.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Difference {
    /// Flows that there were not before.
    pub added: Vec<Flow>,
    /// Flows that there are no more.
    pub removed: Vec<Flow>,
    /// Flows between the same ends, with other ports or another precision: before and after.
    pub changed: Vec<(Flow, Flow)>,
    /// Workloads whose isolation differs, or that are only in one of the states: before and after.
    pub isolation: Vec<(WorkloadName, Option<WorkloadIsolation>, Option<WorkloadIsolation>)>,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty() && self.isolation.is_empty()
    }

    /// Notes what differs between the same two ends.
    pub fn note(&mut self, mut was: Vec<Flow>, mut is: Vec<Flow>) {
        let same: Vec<Flow> = was.iter().filter(|flow| is.contains(flow)).cloned().collect();
        was.retain(|flow| !same.contains(flow));
        is.retain(|flow| !same.contains(flow));
        let (mut was, mut is) = (was.into_iter(), is.into_iter());
        loop {
            match (was.next(), is.next()) {
                (None, None) => break,
                (Some(was), Some(is)) => self.changed.push((was, is)),
                (Some(was), None) => self.removed.push(was),
                (None, Some(is)) => self.added.push(is),
            }
        }
    }
}

/// What the flows that are asked for, and the isolation of their ends, differ in.
pub fn difference(before: &Reach, after: &Reach, filter: &Filter) -> Difference {
    let mut found = Difference::default();
    let mut ends: BTreeMap<&End, [Option<u32>; 2]> = BTreeMap::new();
    for (number, (end, _)) in (0..).zip(&before.ends) {
        ends.entry(end).or_default()[0] = Some(number);
    }
    for (number, (end, _)) in (0..).zip(&after.ends) {
        ends.entry(end).or_default()[1] = Some(number);
    }
    let mut walks = [Walk::of(before), Walk::of(after)];
    for (end, [old, new]) in ends {
        let [walk_before, walk_after] = &mut walks;
        let (was, is) = (walk_before.workloads(old, filter), walk_after.workloads(new, filter));
        if was != is {
            between_workloads(was, is, &mut found);
        }
        for direction in Direction::BOTH {
            let (was, is) = (walk_before.addresses(old, direction), walk_after.addresses(new, direction));
            if was != is {
                with_addresses(end, direction, &was, &is, filter, &mut found);
            }
        }
    }
    isolation(before, after, filter, &mut found);
    found.added.sort();
    found.removed.sort();
    found.changed.sort();
    found
}

impl Walk<'_> {
    fn workloads(&mut self, source: Option<u32>, filter: &Filter) -> Vec<Flow> {
        let mut flows = Vec::new();
        if let Some(source) = source {
            self.between_workloads(source, filter, &mut |flow| flows.push(flow));
        }
        flows
    }

    fn addresses(&mut self, end: Option<u32>, direction: Direction) -> std::rc::Rc<[Range]> {
        let node = end.and_then(|end| at(&self.reach.ends, end)).map(|(_, node)| *node);
        node.map_or_else(|| std::rc::Rc::from([]), |node| self.ranges(node, direction))
    }
}

/// Flows of one source, sorted by destination.
fn between_workloads(was: Vec<Flow>, is: Vec<Flow>, found: &mut Difference) {
    let mut by_destination: BTreeMap<End, [Vec<Flow>; 2]> = BTreeMap::new();
    for flow in was {
        by_destination.entry(flow.destination.clone()).or_default()[0].push(flow);
    }
    for flow in is {
        by_destination.entry(flow.destination.clone()).or_default()[1].push(flow);
    }
    for [was, is] in by_destination.into_values() {
        found.note(was, is);
    }
}

/// What is let through at some addresses.
type There = Vec<(PortSet, Precision)>;

fn with_addresses(
    end: &End,
    direction: Direction,
    was: &[Range],
    is: &[Range],
    filter: &Filter,
    found: &mut Difference,
) {
    let all = || was.iter().chain(is);
    let mut borders: Vec<IpAddr> = all().flat_map(|range| [Some(range.first), next(range.last)]).flatten().collect();
    borders.sort_unstable();
    borders.dedup();
    let lasts: Vec<IpAddr> = all().map(|range| range.last).collect();
    let there = |ranges: &[Range], address: IpAddr| -> There {
        let here = ranges.iter().filter(|range| {
            range.first.is_ipv4() == address.is_ipv4() && (range.first..=range.last).contains(&address)
        });
        here.map(|range| (range.ports.clone(), range.precision)).collect()
    };
    let mut pieces: Vec<(IpAddr, IpAddr, There, There)> = Vec::new();
    for first in &borders {
        let (old, new) = (there(was, *first), there(is, *first));
        if old == new {
            continue;
        }
        // The nearest end behind it: the next border lies right behind that, or where the next range begins.
        let ends = borders.iter().filter(|border| **border > *first && border.is_ipv4() == first.is_ipv4());
        let before_border = ends.min().and_then(|border| previous(*border));
        let of_family = lasts.iter().copied().filter(|last| last >= first && last.is_ipv4() == first.is_ipv4()).min();
        let Some(last) = before_border.into_iter().chain(of_family).min() else { continue };
        match pieces.last_mut() {
            Some((_, end, was, is)) if next(*end) == Some(*first) && *was == old && *is == new => *end = last,
            _ => pieces.push((*first, last, old, new)),
        }
    }
    for (first, last, old, new) in pieces {
        let addresses = End::Addresses(first, last);
        let (source, destination) = match direction {
            Direction::Ingress => (addresses, end.clone()),
            Direction::Egress => (end.clone(), addresses),
        };
        if !filter.admits(&source, &destination) {
            continue;
        }
        let flows = |there: There| {
            let flow = |(ports, precision)| {
                let (source, destination) = (source.clone(), destination.clone());
                Flow { source, destination, ports, precision }
            };
            there.into_iter().map(flow).collect()
        };
        found.note(flows(old), flows(new));
    }
}

fn previous(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_sub(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => address.to_bits().checked_sub(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

fn isolation(before: &Reach, after: &Reach, filter: &Filter, found: &mut Difference) {
    let table = |reach: &Reach| -> BTreeMap<WorkloadName, WorkloadIsolation> {
        let all = reach.isolation().into_iter().map(|isolation| (isolation.workload.clone(), isolation));
        all.filter(|(name, _)| filter.concerns(&End::Workload(name.clone()))).collect()
    };
    let (old, mut new) = (table(before), table(after));
    for (name, was) in old {
        let is = new.remove(&name);
        if is.as_ref() != Some(&was) {
            found.isolation.push((name, Some(was), is));
        }
    }
    found.isolation.extend(new.into_iter().map(|(name, is)| (name, None, Some(is))));
    found.isolation.sort();
}
