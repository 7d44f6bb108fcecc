//! Going through flows end by end, with what was worked out on the way.

use std::{collections::HashMap, rc::Rc};

use crate::network::Direction;

use super::{
    End, Filter, Flow,
    engine::Reach,
    meet::Meet,
    ranges::{Range, ranges},
    table::at,
};

/// What some ends have in common with addresses.
type Group = (Rc<[Range]>, Vec<u32>);

/// A walk through the flows of a table.
pub(super) struct Walk<'a> {
    pub(super) reach: &'a Reach,
    meet: Meet<'a>,
    ranges: HashMap<(Direction, u32, bool), Rc<[Range]>>,
}

impl<'a> Walk<'a> {
    pub(super) fn of(reach: &'a Reach) -> Self {
        Self { reach, meet: Meet::of(&reach.engine.ports), ranges: HashMap::new() }
    }

    /// The flows from a workload that are asked for, sorted.
    pub(super) fn leaving(&mut self, source: u32, filter: &Filter, visit: &mut dyn FnMut(Flow)) {
        self.between_workloads(source, filter, visit);
        let Some((end, node)) = at(&self.reach.ends, source) else { return };
        for range in &*self.ranges(*node, Direction::Egress) {
            let destination = End::Addresses(range.first, range.last);
            if filter.admits(end, &destination) {
                let (ports, precision) = (range.ports.clone(), range.precision);
                visit(Flow { source: end.clone(), destination, ports, precision });
            }
        }
    }

    /// Those of them to workloads.
    pub(super) fn between_workloads(&mut self, source: u32, filter: &Filter, visit: &mut dyn FnMut(Flow)) {
        let reach = self.reach;
        let Some((end, node)) = at(&reach.ends, source) else { return };
        let row = reach.engine.egress.row(*node, &reach.engine.ingress, &mut self.meet);
        let ends = row.iter().flat_map(|(other, ports)| {
            reach.ends_of(*other).iter().map(move |destination| (*destination, *other, *ports))
        });
        let mut ends: Vec<_> = ends.filter(|(destination, ..)| *destination != source).collect();
        ends.sort_unstable();
        let seen = reach.engine.is_seen(*node);
        for (destination, other, ports) in ends {
            let Some((destination, _)) = at(&reach.ends, destination) else { continue };
            if !filter.admits(end, destination) {
                continue;
            }
            for (ports, precision) in self.meet.shown(ports, seen && reach.engine.is_seen(other)) {
                let (source, destination) = (end.clone(), destination.clone());
                visit(Flow { source, destination, ports: ports.clone(), precision: *precision });
            }
        }
    }

    /// What addresses reach a node, or are reached by it; sorted.
    pub(super) fn ranges(&mut self, node: u32, direction: Direction) -> Rc<[Range]> {
        let engine = &self.reach.engine;
        let Some(number) = engine.profiles(direction).number_of(node) else { return Rc::from([]) };
        let seen = engine.is_seen(node);
        let made = self.ranges.entry((direction, number, seen)).or_insert_with(|| {
            let profile = at(&engine.profiles(direction).all, number);
            profile
                .map(|profile| ranges(&engine.plugin, &engine.nodes, profile, direction, seen))
                .unwrap_or_default()
                .into()
        });
        Rc::clone(made)
    }

    /// The flows from addresses that are asked for, sorted.
    pub(super) fn entering(&mut self, filter: &Filter, visit: &mut dyn FnMut(Flow)) {
        let reach = self.reach;
        // Few profiles stand for many ends.
        let mut groups: HashMap<(u32, bool), Group> = HashMap::new();
        for (number, (_, node)) in (0_u32..).zip(&reach.ends) {
            let Some(profile) = reach.engine.profiles(Direction::Ingress).number_of(*node) else { continue };
            let ranges = self.ranges(*node, Direction::Ingress);
            groups.entry((profile, reach.engine.is_seen(*node))).or_insert_with(|| (ranges, Vec::new())).1.push(number);
        }
        let groups: Vec<_> = groups.into_values().collect();
        let mut all: Vec<(&Range, &[u32])> =
            groups.iter().flat_map(|(ranges, ends)| ranges.iter().map(move |range| (range, ends.as_slice()))).collect();
        all.sort_unstable();
        for same in all.chunk_by(|(a, _), (b, _)| (a.first, a.last) == (b.first, b.last)) {
            let Some((first, _)) = same.first() else { continue };
            let source = End::Addresses(first.first, first.last);
            let mut flows: Vec<_> = same
                .iter()
                .flat_map(|(range, ends)| ends.iter().map(move |end| (*end, &range.ports, range.precision)))
                .collect();
            flows.sort_unstable();
            for (destination, ports, precision) in flows {
                let Some((destination, _)) = at(&reach.ends, destination) else { continue };
                if filter.admits(&source, destination) {
                    let (source, destination) = (source.clone(), destination.clone());
                    visit(Flow { source, destination, ports: ports.clone(), precision });
                }
            }
        }
    }
}
