//! What nodes are called: workloads, and Pods where those of one workload differ in reach or isolation.

use std::collections::BTreeMap;

use crate::network::Direction;

use super::{End, WorkloadName, engine::Engine, index::Set, meet::Meet, ranges::ranges, table::at};

/// The ends that stand for nodes, sorted, each with its node. Of the nodes of a workload that are all equal only the first is left.
pub(super) fn ends(engine: &Engine) -> Vec<(End, u32)> {
    let mut of_owner: BTreeMap<&WorkloadName, Vec<u32>> = BTreeMap::new();
    for (number, node) in engine.nodes.iter() {
        if let Some(owner) = &node.owner {
            of_owner.entry(owner).or_default().push(number);
        }
    }
    let mut meet = Meet::of(&engine.ports);
    let mut ends = Vec::new();
    let mut apart: Vec<u32> = Vec::new();
    for (owner, nodes) in of_owner {
        match nodes.as_slice() {
            [first, others @ ..] if others.iter().all(|other| engine.are_equal(*first, *other, &mut meet)) => {
                ends.push((End::Workload(owner.clone()), *first));
            }
            _ => apart.extend(nodes),
        }
    }
    let bare = engine.nodes.iter().filter(|(_, node)| node.owner.is_none()).map(|(number, _)| number);
    for number in bare.chain(apart) {
        let members = engine.nodes.get(number).into_iter().flat_map(|node| &node.members);
        ends.extend(members.map(|member| (End::Workload(member.clone()), number)));
    }
    ends.sort();
    ends
}

impl Engine {
    /// Whether nobody can tell two nodes of one workload apart by what they reach, by who reaches them, or by their isolation.
    fn are_equal(&self, one: u32, other: u32, meet: &mut Meet<'_>) -> bool {
        let same_rows = self.egress.table_of(one) == self.egress.table_of(other)
            && self.ingress.table_of(one) == self.ingress.table_of(other)
            && self.egress.meets_alike(one, other)
            && self.ingress.meets_alike(one, other);
        let mut row = |node| {
            let reached = self.egress.row(node, &self.ingress, meet);
            (reached, self.ingress.row(node, &self.egress, meet))
        };
        (same_rows || row(one) == row(other))
            && Direction::BOTH.into_iter().all(|direction| self.are_equal_alone(one, other, direction))
    }

    /// The same of addresses and isolation, for which the nodes alone count.
    fn are_equal_alone(&self, one: u32, other: u32, direction: Direction) -> bool {
        let profiles = self.profiles(direction);
        let (Some(first), Some(second)) = (profiles.number_of(one), profiles.number_of(other)) else { return false };
        if first == second && !self.asks_each() {
            return true;
        }
        let of = |number| {
            let profile = at(&profiles.all, number)?;
            Some(ranges(&self.plugin, &self.nodes, profile, direction, true))
        };
        (first == second || of(first) == of(second))
            && self.isolation_of(one, direction) == self.isolation_of(other, direction)
    }
}

/// The nodes that are left.
pub(super) fn kept(ends: &[(End, u32)]) -> Set {
    ends.iter().map(|(_, node)| *node).collect()
}
