//! One side of all flows: what a profile lets through to or from every node, worked out once per part of the nodes that its rules
//! cannot tell apart.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    model::{Name, PortSet, Protocol},
    network::{Direction, Plugin, Policy, of_policies},
};

use super::{
    index::{Index, Set},
    meet::{Meet, PortsId, PortsTable},
    nodes::Nodes,
    profiles::{Profile, Profiles, resolved},
};

/// The nodes that a profile lets through, by ports: disjoint sets. Who is in none is let through on no port.
pub(super) type Table = Vec<(PortsId, Set)>;

/// What equal tables have in common, and what is quickly compared.
type Outline = Vec<(PortsId, u64, Option<u32>, Option<u32>)>;

/// The tables of a direction, equal ones only once.
pub(super) struct Side {
    pub(super) tables: Vec<Table>,
    /// The nodes that have a table.
    pub(super) members: Vec<Set>,
    /// The table of a node.
    pub(super) of_node: Vec<u32>,
    /// The tables with so many peers that going through them would take too long.
    wide: Vec<u32>,
    /// The other tables that a peer is in.
    of_peer: HashMap<u32, Vec<u32>>,
}

/// Nodes by what a port name comes to.
#[derive(Default)]
pub(super) struct NamedPorts(HashMap<(Protocol, Name), Vec<Set>>);

/// Evaluates the profiles of one direction.
pub(super) struct Evaluation<'a, 'b> {
    pub(super) plugin: &'a Plugin,
    pub(super) nodes: &'a Nodes,
    pub(super) index: &'b mut Index<'a>,
    pub(super) named: &'b mut NamedPorts,
    pub(super) ports: &'b mut PortsTable,
    pub(super) direction: Direction,
}

impl<'a> Evaluation<'a, '_> {
    pub(super) fn side(&mut self, profiles: &'a Profiles) -> Side {
        let mut known: HashMap<Outline, Vec<u32>> = HashMap::new();
        let (mut tables, mut members): (Vec<Table>, Vec<Set>) = (Vec::new(), Vec::new());
        let mut of_node = vec![0; profiles.of_node.len()];
        for profile in &profiles.all {
            let table = self.table(profile);
            let outline = table.iter().map(|(ports, set)| (*ports, set.len(), set.min(), set.max())).collect();
            let alike = known.entry(outline).or_default();
            let same = alike.iter().copied().find(|number| at(&tables, *number) == Some(&table));
            let number = same.unwrap_or_else(|| {
                tables.push(table);
                members.push(Set::new());
                let number = u32::try_from(tables.len() - 1).unwrap_or(u32::MAX);
                alike.push(number);
                number
            });
            if let Some(members) = usize::try_from(number).ok().and_then(|number| members.get_mut(number)) {
                *members |= &profile.nodes;
            }
            for node in &profile.nodes {
                if let Some(of_node) = usize::try_from(node).ok().and_then(|node| of_node.get_mut(node)) {
                    *of_node = number;
                }
            }
        }
        Side { tables, members, of_node, wide: Vec::new(), of_peer: HashMap::new() }
    }

    fn table(&mut self, profile: &'a Profile) -> Table {
        let Some(own) = profile.nodes.min() else { return Table::new() };
        let mut found: BTreeMap<PortsId, Set> = BTreeMap::new();
        for atom in self.atoms(profile.policies.as_deref()) {
            let Some(peer) = atom.min() else { continue };
            let Some((own, peer)) = self.nodes.party(own).zip(self.nodes.party(peer)) else { continue };
            let (source, destination) = match self.direction {
                Direction::Ingress => (peer, own),
                Direction::Egress => (own, peer),
            };
            let bounds = of_policies(self.plugin, profile.policies.as_deref(), source, destination, self.direction);
            if !bounds.most.is_empty() {
                *found.entry(self.ports.number(bounds)).or_default() |= atom;
            }
        }
        found.into_iter().collect()
    }

    /// The nodes, cut where a rule of the policies may tell them apart.
    fn atoms(&mut self, policies: Option<&'a [Arc<Policy>]>) -> Vec<Set> {
        let policies = policies.unwrap_or_default();
        // What no rule means needs no cuts but the last one.
        let mut rest = self.index.all.clone();
        let mut atoms: Vec<Set> = Vec::new();
        let mut names = Vec::new();
        for rule in policies.iter().flat_map(|policy| policy.rules(self.direction).unwrap_or_default()) {
            let fits = self.index.rule(rule);
            for part in [&fits.yes, &fits.partly] {
                cut(&mut atoms, part);
                let fresh = &rest & part;
                if !fresh.is_empty() {
                    rest -= part;
                    atoms.push(fresh);
                }
            }
            if self.direction == Direction::Egress {
                names.extend(rule.ports.names.iter().filter(|_| !fits.yes.is_empty() || !fits.partly.is_empty()));
            }
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            for part in self.named.parts(name, self.nodes) {
                cut(&mut atoms, part);
            }
        }
        atoms.push(rest);
        if self.direction == Direction::Ingress && self.plugin.node_traffic_exempt {
            cut(&mut atoms, &self.index.host);
        }
        atoms.retain(|atom| !atom.is_empty());
        atoms
    }
}

/// Cuts each set into what is in another and what is not.
fn cut(atoms: &mut Vec<Set>, part: &Set) {
    if part.is_empty() {
        return;
    }
    let mut cut_out = Vec::new();
    for atom in atoms.iter_mut() {
        if atom.is_disjoint(part) || atom.is_subset(part) {
            continue;
        }
        cut_out.push(&*atom & part);
        *atom -= part;
    }
    atoms.append(&mut cut_out);
}

impl NamedPorts {
    /// The nodes by what the name comes to on them.
    fn parts(&mut self, name: &(Protocol, Name), nodes: &Nodes) -> &[Set] {
        if !self.0.contains_key(name) {
            let mut parts: HashMap<Vec<PortSet>, Set> = HashMap::new();
            for (number, node) in nodes.iter() {
                parts.entry(resolved(std::slice::from_ref(name), &node.facts)).or_default().insert(number);
            }
            self.0.insert(name.clone(), parts.into_values().collect());
        }
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Side {
    /// Keeps only these nodes, of others that are equal.
    pub(super) fn keep(&mut self, nodes: &Set) {
        for set in self.tables.iter_mut().flatten().map(|(_, set)| set).chain(&mut self.members) {
            *set &= nodes;
        }
        self.tables.iter_mut().for_each(|table| table.retain(|(_, set)| !set.is_empty()));
    }

    /// Makes it known which tables a peer is in.
    pub(super) fn invert(&mut self) {
        let limit = few(self.of_node.len());
        (self.wide, self.of_peer) = (Vec::new(), HashMap::new());
        for (number, table) in (0..).zip(&self.tables) {
            if table.iter().map(|(_, set)| set.len()).sum::<u64>() > limit {
                self.wide.push(number);
                continue;
            }
            for peer in table.iter().flat_map(|(_, set)| set) {
                self.of_peer.entry(peer).or_default().push(number);
            }
        }
    }

    /// The number of the table of a node.
    pub(super) fn table_of(&self, node: u32) -> Option<u32> {
        self.of_node.get(usize::try_from(node).ok()?).copied()
    }

    /// The nodes that a node and they let each other through, with the ports; sorted by node.
    pub(super) fn row(&self, node: u32, other: &Self, meet: &mut Meet<'_>) -> Vec<(u32, PortsId)> {
        let mut row = Vec::new();
        let Some((number, own)) = self.table_of(node).and_then(|number| Some((number, at(&self.tables, number)?)))
        else {
            return row;
        };
        for candidate in self.candidates(number, &Set::from([node]), other) {
            let Some(theirs) = other.entry(candidate, node) else { continue };
            let Some(members) = at(&other.members, candidate) else { continue };
            for (ours, peers) in own {
                if let Some(ports) = meet.meet(*ours, theirs) {
                    row.extend((peers & members).into_iter().map(|peer| (peer, ports)));
                }
            }
        }
        row.sort_unstable();
        row
    }

    /// On which ports a table lets a peer through.
    fn entry(&self, table: u32, peer: u32) -> Option<PortsId> {
        at(&self.tables, table)?.iter().find(|(_, set)| set.contains(peer)).map(|(ports, _)| *ports)
    }

    /// Whether every table says the same of two peers.
    pub(super) fn meets_alike(&self, one: u32, other: u32) -> bool {
        let narrow = |peer| self.of_peer.get(&peer).map(Vec::as_slice).unwrap_or_default();
        let tables = narrow(one);
        tables == narrow(other)
            && tables.iter().chain(&self.wide).all(|table| self.entry(*table, one) == self.entry(*table, other))
    }

    /// The tables of the other side that may let some of these nodes through, where these nodes have this table.
    pub(super) fn candidates(&self, table: u32, nodes: &Set, other: &Self) -> Vec<u32> {
        let Some(own) = at(&self.tables, table) else { return Vec::new() };
        let reached = own.iter().map(|(_, set)| set.len()).sum::<u64>();
        let mut found: Vec<u32> = if reached <= few(self.of_node.len()) {
            own.iter().flat_map(|(_, set)| set).filter_map(|node| other.table_of(node)).collect()
        } else {
            let narrow = nodes.iter().filter_map(|node| other.of_peer.get(&node)).flatten().copied();
            narrow.chain(other.wide.iter().copied()).collect()
        };
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// So many peers are gone through one by one.
fn few(nodes: usize) -> u64 {
    (nodes as u64 / 16).max(64)
}

/// An item by its number.
pub(super) fn at<T>(items: &[T], number: u32) -> Option<&T> {
    items.get(usize::try_from(number).ok()?)
}
