//! The table of all workloads and what lies between them.
//!
//! Nodes that the same policies select are one profile of a direction. A profile cuts all nodes into the parts that its rules
//! cannot tell apart, and each part is asked of [`crate::network::of_policies`] once; equal answers are one table. A flow is what
//! the source's table of egress and the destination's table of ingress let through together. So nothing is worked out per pair of
//! Pods, and a pair is looked at only where it is shown.

use jiff::Timestamp;

use crate::{
    model::Name,
    network::{Direction, Plugin, exposure, exposure::exposed_by},
    snapshot::Snapshot,
};

use super::{
    Block, End, Filter, Flow, Isolation, WorkloadIsolation,
    blocks::blocks,
    ends::{ends, kept},
    index::{Index, Set},
    isolation::{is_undeclared, judge},
    meet::PortsTable,
    nodes::Nodes,
    places::Places,
    profiles::{Policies, Profiles},
    table::{Evaluation, NamedPorts, Side, at},
    walk::Walk,
};

/// All workloads of a snapshot, with what policies say of each.
pub struct Reach {
    pub(super) engine: Engine,
    /// What is shown, sorted, each with its node.
    pub(super) ends: Vec<(End, u32)>,
    /// The ends of each node.
    of_node: Vec<Vec<u32>>,
    /// The nodes that have ends.
    pub(super) kept: Set,
    /// The nodes in namespaces whose policies cannot all be seen.
    pub(super) blind: Set,
}

/// What is said of nodes, whatever they are called.
pub(super) struct Engine {
    pub(super) snapshot: Snapshot,
    pub(super) plugin: Plugin,
    pub(super) nodes: Nodes,
    pub(super) ports: PortsTable,
    pub(super) egress: Side,
    pub(super) ingress: Side,
    profiles: [Profiles; 2],
    /// Whether there are policies of which nobody has said whether they count.
    undeclared: bool,
}

impl Engine {
    fn of(snapshot: &Snapshot, plugin: &Plugin, now: Timestamp) -> Self {
        let policies = Policies::of(snapshot, plugin);
        let nodes = Nodes::of(snapshot, plugin, &mut Places::of(plugin, &policies.all), now);
        let mut index = Index::of(plugin, &nodes);
        let profiles = Direction::BOTH.map(|direction| Profiles::of(&policies, direction, plugin, &nodes, &index));
        let (mut ports, mut named) = (PortsTable::default(), NamedPorts::default());
        let [into, out] = &profiles;
        let mut side = |direction, profiles| {
            let (index, named, ports) = (&mut index, &mut named, &mut ports);
            Evaluation { plugin, nodes: &nodes, index, named, ports, direction }.side(profiles)
        };
        let (ingress, egress) = (side(Direction::Ingress, into), side(Direction::Egress, out));
        let undeclared = is_undeclared(snapshot, plugin);
        let (snapshot, plugin) = (snapshot.clone(), plugin.clone());
        Self { snapshot, plugin, nodes, ports, egress, ingress, profiles, undeclared }
    }

    pub(super) fn profiles(&self, direction: Direction) -> &Profiles {
        let [ingress, egress] = &self.profiles;
        match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        }
    }

    /// Whether isolation cannot be said of profiles as a whole.
    pub(super) fn asks_each(&self) -> bool {
        self.undeclared
    }

    /// Whether all policies that count for a node have been seen.
    pub(super) fn is_seen(&self, node: u32) -> bool {
        self.nodes.get(node).and_then(|node| self.nodes.spaces.get(node.space)).is_some_and(|space| space.seen)
    }

    /// The isolation of a node.
    pub(super) fn isolation_of(&self, node: u32, direction: Direction) -> Isolation {
        let profiles = self.profiles(direction);
        let profile = profiles.number_of(node).and_then(|number| at(&profiles.all, number));
        let (Some(own), Some(profile)) = (self.nodes.get(node), profile) else { return Isolation::Unknown };
        let space: Option<&Name> = self.nodes.spaces.get(own.space).filter(|space| space.seen).map(|space| &space.name);
        match (space, &profile.policies) {
            (None, _) => Isolation::Unknown,
            (Some(space), Some(_)) if self.undeclared => {
                judge(&exposure(&self.snapshot, &self.plugin, space, &own.facts, direction))
            }
            (_, None) => Isolation::Unisolated,
            (_, Some(policies)) => judge(&exposed_by(policies.clone(), &self.plugin, &own.facts, direction)),
        }
    }
}

impl Reach {
    /// All workloads of a snapshot as of that time, with what policies say of each under a network plugin.
    pub fn new(snapshot: &Snapshot, plugin: &Plugin, now: Timestamp) -> Self {
        let mut engine = Engine::of(snapshot, plugin, now);
        engine.egress.invert();
        engine.ingress.invert();
        let ends = ends(&engine);
        let kept = kept(&ends);
        if kept.len() < engine.nodes.nodes.len() as u64 {
            for side in [&mut engine.egress, &mut engine.ingress] {
                side.keep(&kept);
                side.invert();
            }
        }
        let mut of_node = vec![Vec::new(); engine.nodes.nodes.len()];
        for (number, (_, node)) in (0..).zip(&ends) {
            if let Some(of_node) = usize::try_from(*node).ok().and_then(|node| of_node.get_mut(node)) {
                of_node.push(number);
            }
        }
        let blind = kept.iter().filter(|node| !engine.is_seen(*node)).collect();
        Self { engine, ends, of_node, kept, blind }
    }

    /// The isolation of every workload, sorted.
    pub fn isolation(&self) -> Vec<WorkloadIsolation> {
        let mut known = std::collections::HashMap::new();
        let mut of = |node: u32, direction: Direction| {
            if self.engine.undeclared {
                return self.engine.isolation_of(node, direction);
            }
            let profile = self.engine.profiles(direction).number_of(node);
            let key = (profile, self.engine.is_seen(node), direction);
            *known.entry(key).or_insert_with(|| self.engine.isolation_of(node, direction))
        };
        let ends = self.ends.iter().filter_map(|(end, node)| match end {
            End::Workload(workload) => Some((workload, *node)),
            End::Addresses(..) | End::Entity(_) => None,
        });
        ends.map(|(workload, node)| WorkloadIsolation {
            workload: workload.clone(),
            ingress: of(node, Direction::Ingress),
            egress: of(node, Direction::Egress),
        })
        .collect()
    }

    /// The flows that are asked for, sorted by source, destination and ports.
    pub fn flows(&self, filter: &Filter, visit: &mut dyn FnMut(Flow)) {
        let mut walk = Walk::of(self);
        for (number, (end, _)) in (0..).zip(&self.ends) {
            if filter.from.as_ref().is_none_or(|pattern| pattern.matches(end)) {
                walk.leaving(number, filter, visit);
            }
        }
        walk.entering(filter, visit);
    }

    /// All flows in the form of blocks: each from some workloads or addresses to others. In no order.
    pub fn blocks(&self, visit: &mut dyn FnMut(Block<'_>)) {
        blocks(self, visit);
    }

    /// The ends that a node is shown as.
    pub(super) fn ends_of(&self, node: u32) -> &[u32] {
        at(&self.of_node, node).map(Vec::as_slice).unwrap_or_default()
    }
}
