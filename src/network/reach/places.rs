//! Where addresses lie with respect to the networks that policies name: Pods of one class are told apart only where a network
//! cuts through the class.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use crate::{
    model::{AddressSet, PodFacts},
    network::{Direction, Peer, Plugin, Policy},
};

/// The networks that policies name, and the borders between them.
pub(super) struct Places<'a> {
    plugin: &'a Plugin,
    sets: Vec<&'a AddressSet>,
    /// Where a cell begins.
    borders: Vec<IpAddr>,
    /// The networks that a cell is in.
    cells: HashMap<usize, Vec<usize>>,
    /// The networks that a place is in; none where no address is known.
    known: HashMap<Option<Vec<usize>>, usize>,
}

/// The networks that rules of a direction name.
pub(super) fn networks(policy: &Policy, direction: Direction) -> impl Iterator<Item = &Arc<AddressSet>> {
    let rules = policy.rules(direction).unwrap_or_default();
    rules.iter().flat_map(|rule| &rule.peers).filter_map(|(peer, _)| match peer {
        Peer::Addresses(set) | Peer::World(set) => Some(set),
        Peer::Everyone | Peer::Pods { .. } | Peer::Nodes => None,
    })
}

/// The first addresses of the intervals into which the networks cut both families, sorted.
pub(super) fn borders<'a>(sets: impl IntoIterator<Item = &'a AddressSet>) -> Vec<IpAddr> {
    let mut borders = BTreeSet::from([IpAddr::from([0_u8; 4]), IpAddr::from([0_u8; 16])]);
    for (first, last) in sets.into_iter().flat_map(AddressSet::ranges) {
        borders.extend([Some(first), after(last)].into_iter().flatten().map(unmapped));
    }
    borders.into_iter().collect()
}

/// IPv4-mapped addresses are IPv4 addresses: no border of IPv6 lies among them.
fn unmapped(border: IpAddr) -> IpAddr {
    match border {
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => IpAddr::V6((1_u128 << 48).into()),
        _ => border,
    }
}

/// The next address of the family.
pub(super) fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => address.to_bits().checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

impl<'a> Places<'a> {
    pub(super) fn of(plugin: &'a Plugin, policies: &'a [Arc<Policy>]) -> Self {
        let named = policies.iter().flat_map(|policy| Direction::BOTH.map(|direction| networks(policy, direction)));
        let sets: HashSet<&AddressSet> = named.flatten().map(AsRef::as_ref).collect();
        let sets: Vec<&AddressSet> = sets.into_iter().collect();
        let borders = borders(sets.iter().copied());
        Self { plugin, sets, borders, cells: HashMap::new(), known: HashMap::new() }
    }

    /// The place of a Pod; equal for Pods that no network tells apart.
    pub(super) fn place(&mut self, facts: &PodFacts, addresses: &[IpAddr]) -> usize {
        let on_node = facts.host_network && !self.plugin.host_network_pods;
        let matter = if on_node { self.plugin.blocks_match_nodes } else { self.plugin.blocks_match_pods };
        if !matter || self.sets.is_empty() {
            return 0;
        }
        let mut networks: Option<Vec<usize>> = None;
        for address in addresses {
            let networks = networks.get_or_insert_default();
            networks.extend_from_slice(self.networks_of(address.to_canonical()));
        }
        if let Some(networks) = &mut networks {
            networks.sort_unstable();
            networks.dedup();
        }
        let next = self.known.len() + 1;
        *self.known.entry(networks).or_insert(next)
    }

    fn networks_of(&mut self, address: IpAddr) -> &[usize] {
        let cell = self.borders.partition_point(|border| *border <= address);
        let sets = &self.sets;
        self.cells.entry(cell).or_insert_with(|| {
            sets.iter().enumerate().filter(|(_, set)| set.contains(address)).map(|(index, _)| index).collect()
        })
    }
}
