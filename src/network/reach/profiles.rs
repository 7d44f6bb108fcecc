//! Profiles: nodes for which the same policies speak in a direction have what these say of everybody in common.

use std::{collections::HashMap, sync::Arc};

use crate::{
    model::{Kind, Name, PodFacts, PortSet, Protocol},
    network::{Direction, Plugin, Policy, each_policy, select},
    snapshot::Snapshot,
};

use super::{
    index::{Index, Set},
    nodes::Nodes,
};

/// The policies that count, in the order in which they are asked.
pub(super) struct Policies {
    pub(super) all: Vec<Arc<Policy>>,
}

/// What nodes of one profile have in common.
pub(super) struct Profile {
    /// The policies that speak; none where policies have no hold on the nodes.
    pub(super) policies: Option<Vec<Arc<Policy>>>,
    pub(super) nodes: Set,
}

/// The profiles of a direction.
pub(super) struct Profiles {
    pub(super) all: Vec<Profile>,
    /// By node.
    pub(super) of_node: Vec<usize>,
}

impl Policies {
    pub(super) fn of(snapshot: &Snapshot, plugin: &Plugin) -> Self {
        let mut all = Vec::new();
        for kind in Kind::all().filter(|kind| kind.is_policy() && plugin.enforces(*kind)) {
            for object in snapshot.list(kind, None) {
                each_policy(snapshot, object, |policy| all.push(Arc::clone(policy)));
            }
        }
        select::sort(&mut all);
        Self { all }
    }
}

/// A policy more than another profile's.
type Step = (usize, usize);
/// The policies of a path, and the port names in their rules.
type Path = (Vec<Arc<Policy>>, Vec<(Protocol, Name)>);

impl Profiles {
    pub(super) fn of(
        policies: &Policies,
        direction: Direction,
        plugin: &Plugin,
        nodes: &Nodes,
        index: &Index<'_>,
    ) -> Self {
        // Profiles as paths: each is another one and a policy more, so that equal sets of policies are the same path.
        let mut paths: Vec<Option<Step>> = vec![None];
        let mut steps: HashMap<Step, usize> = HashMap::new();
        let mut path_of = vec![0_usize; nodes.nodes.len()];
        for (number, policy) in policies.all.iter().enumerate() {
            if policy.rules(direction).is_none() {
                continue;
            }
            let subject = &policy.subject;
            // Policies of namespaced kinds speak of their own namespace, whatever else they say.
            let own = if policy.source.kind.info().namespaced { policy.source.namespace.as_ref() } else { None };
            let mut selected = index.pods(subject.namespace.as_ref(), &subject.namespaces, &subject.pods);
            if let Some(own) = own.filter(|own| subject.namespace.as_ref() != Some(own)) {
                selected &= index.in_namespace(own);
            }
            for node in &selected {
                let Some(path) = usize::try_from(node).ok().and_then(|node| path_of.get_mut(node)) else { continue };
                let step = (*path, number);
                *path = *steps.entry(step).or_insert_with(|| {
                    paths.push(Some(step));
                    paths.len() - 1
                });
            }
        }
        Self::along(&paths, &path_of, policies, direction, plugin, nodes)
    }

    fn along(
        paths: &[Option<Step>],
        path_of: &[usize],
        policies: &Policies,
        direction: Direction,
        plugin: &Plugin,
        nodes: &Nodes,
    ) -> Self {
        let mut found = Self { all: Vec::new(), of_node: Vec::with_capacity(path_of.len()) };
        let mut known: HashMap<(Option<usize>, Vec<PortSet>), usize> = HashMap::new();
        let mut on_path: HashMap<usize, Path> = HashMap::new();
        for ((number, node), path) in nodes.iter().zip(path_of) {
            let governed = !node.facts.host_network || plugin.host_network_pods;
            let (speaking, names) = on_path.entry(*path).or_insert_with(|| {
                let speaking = walk(paths, *path, policies);
                let names = if direction == Direction::Ingress { names(&speaking, direction) } else { Vec::new() };
                (speaking, names)
            });
            let key = (governed.then_some(*path), resolved(names, &node.facts));
            let profile = *known.entry(key).or_insert_with(|| {
                found.all.push(Profile { policies: governed.then(|| speaking.clone()), nodes: Set::new() });
                found.all.len() - 1
            });
            found.of_node.push(profile);
            if let Some(profile) = found.all.get_mut(profile) {
                profile.nodes.insert(number);
            }
        }
        found
    }
}

impl Profiles {
    /// The number of the profile of a node.
    pub(super) fn number_of(&self, node: u32) -> Option<u32> {
        u32::try_from(*self.of_node.get(usize::try_from(node).ok()?)?).ok()
    }
}

/// The policies on a path, in order.
fn walk(paths: &[Option<Step>], end: usize, policies: &Policies) -> Vec<Arc<Policy>> {
    let steps =
        std::iter::successors(paths.get(end).copied().flatten(), |(before, _)| paths.get(*before).copied().flatten());
    let mut found: Vec<_> = steps.filter_map(|(_, policy)| policies.all.get(policy).cloned()).collect();
    found.reverse();
    found
}

/// The port names in rules of a direction.
pub(super) fn names(policies: &[Arc<Policy>], direction: Direction) -> Vec<(Protocol, Name)> {
    let rules = policies.iter().flat_map(|policy| policy.rules(direction).unwrap_or_default());
    let mut names: Vec<_> = rules.flat_map(|rule| rule.ports.names.iter().cloned()).collect();
    names.sort();
    names.dedup();
    names
}

/// What the port names come to for a Pod.
pub(super) fn resolved(names: &[(Protocol, Name)], facts: &PodFacts) -> Vec<PortSet> {
    names.iter().map(|(protocol, name)| facts.named_port(name, *protocol)).collect()
}
