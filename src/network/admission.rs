//! How much is admitted: the region of unnamed peers and ports that a breach leaves open, and its order.

use std::{borrow::Cow, collections::BTreeMap, net::IpAddr, ops::RangeInclusive};

use crate::model::{AddressSet, PortSet, Protocol};

/// What is admitted to peers that nothing names: ports for an arbitrary Pod, and addresses by ports. Two admissions compare by
/// containment, so that a change is worse only when it lets in what was not let in before. Equal regions are equal values.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Admission {
    /// The ports on which an arbitrary Pod of an arbitrary namespace is admitted.
    pub pods: PortSet,
    /// The addresses that are admitted, with the ports: disjoint port sets, different and non-empty address sets, sorted.
    addresses: Vec<(PortSet, AddressSet)>,
}

/// Addresses on ports, one of many that may overlap.
pub(super) type Piece<'a> = (Cow<'a, PortSet>, Cow<'a, AddressSet>);

impl Admission {
    /// Everybody on every port: what a workload admits that no policy isolates.
    pub fn everything() -> Self {
        Self { pods: PortSet::every(), addresses: vec![(PortSet::every(), AddressSet::every())] }
    }

    /// Nobody.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// An arbitrary Pod on these ports, and addresses on ports; the pieces may overlap.
    pub(super) fn of(pods: PortSet, pieces: Vec<Piece<'_>>) -> Self {
        Self { pods, addresses: canonical(disjoint(pieces)) }
    }

    /// Whether nobody is admitted.
    pub fn is_nothing(&self) -> bool {
        self.pods.is_empty() && self.addresses.is_empty()
    }

    /// The addresses that are admitted, with the ports; the port sets are disjoint.
    pub fn addresses(&self) -> impl Iterator<Item = (&PortSet, &AddressSet)> {
        self.addresses.iter().map(|(ports, addresses)| (ports, addresses))
    }

    /// Adds addresses on ports.
    pub fn add(&mut self, ports: &PortSet, addresses: &AddressSet) {
        let mut pieces: Vec<Piece<'_>> = std::mem::take(&mut self.addresses)
            .into_iter()
            .map(|(ports, addresses)| (Cow::Owned(ports), Cow::Owned(addresses)))
            .collect();
        pieces.push((Cow::Borrowed(ports), Cow::Borrowed(addresses)));
        self.addresses = canonical(disjoint(pieces));
    }

    /// Everything that either admits.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.is_nothing() {
            return self.clone();
        }
        if self.is_nothing() || self == other {
            return other.clone();
        }
        Self::of(self.pods.union(&other.pods), self.pieces().chain(other.pieces()).collect())
    }

    /// Everything that both admit.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let pairs = self.addresses.iter().flat_map(|mine| other.addresses.iter().map(move |theirs| (mine, theirs)));
        let both = pairs.filter_map(|((ports, addresses), (their_ports, their_addresses))| {
            let ports = ports.intersection(their_ports);
            (!ports.is_empty()).then(|| (ports, addresses.intersection(their_addresses)))
        });
        Self { pods: self.pods.intersection(&other.pods), addresses: canonical(both.collect()) }
    }

    /// What this one admits and the other does not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        for (ports, addresses) in &self.addresses {
            let mut alone = ports.clone();
            for (their_ports, their_addresses) in &other.addresses {
                let both = alone.intersection(their_ports);
                if !both.is_empty() {
                    alone = alone.difference(&both);
                    rest.push((both, addresses.difference(their_addresses)));
                }
            }
            rest.push((alone, addresses.clone()));
        }
        Self { pods: self.pods.difference(&other.pods), addresses: canonical(rest) }
    }

    /// Whether the other admits everything that this one does. On one port one entry of the other applies, so entries need not
    /// be put together.
    pub fn is_within(&self, other: &Self) -> bool {
        self.pods.is_within(&other.pods)
            && self
                .addresses
                .iter()
                .all(|(ports, addresses)| ports.is_within(&other.ports_where(|theirs| addresses.is_within(theirs))))
    }

    /// The ports on which the addresses satisfy a condition.
    pub fn ports_where(&self, condition: impl Fn(&AddressSet) -> bool) -> PortSet {
        let matching = self.addresses.iter().filter(|(_, addresses)| condition(addresses));
        matching.fold(PortSet::none(), |sum, (ports, _)| sum.union(ports))
    }

    /// The ports on which an address is admitted. Where nothing isolates, that is every port.
    pub fn ports_to(&self, address: IpAddr) -> PortSet {
        self.ports_where(|addresses| addresses.contains(address))
    }

    /// The ports on which just anybody is admitted: an arbitrary Pod, or half of an address family or more.
    pub fn open_ports(&self) -> PortSet {
        self.pods.union(&self.ports_where(AddressSet::is_half_of_a_family))
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.addresses.iter().map(|(ports, addresses)| (Cow::Borrowed(ports), Cow::Borrowed(addresses)))
    }
}

/// Cuts overlapping pieces at the borders of their port ranges, and unites the addresses on each segment.
fn disjoint(mut pieces: Vec<Piece<'_>>) -> Vec<(PortSet, AddressSet)> {
    pieces.retain(|(ports, addresses)| !ports.is_empty() && !addresses.is_empty());
    let (first, others) = match pieces.as_slice() {
        [] => return Vec::new(),
        [first, others @ ..] => (first, others),
    };
    if others.iter().all(|(ports, _)| *ports == first.0) {
        let union = AddressSet::union_of(pieces.iter().map(|(_, addresses)| &**addresses));
        return vec![(first.0.clone().into_owned(), union)];
    }
    // Where a piece begins, and after its end; by protocol.
    let mut borders: Vec<(Protocol, u32, usize, bool)> = Vec::new();
    for (index, (ports, _)) in pieces.iter().enumerate() {
        for (protocol, range) in ports.ranges() {
            borders.push((protocol, u32::from(*range.start()), index, true));
            borders.push((protocol, u32::from(*range.end()) + 1, index, false));
        }
    }
    borders.sort_unstable();
    // Segments on which the same pieces apply share one union.
    let mut segments: BTreeMap<Vec<usize>, Vec<(Protocol, RangeInclusive<u16>)>> = BTreeMap::new();
    let mut active: Vec<usize> = Vec::new();
    for (index, (protocol, at, piece, begins)) in borders.iter().enumerate() {
        match active.binary_search(piece) {
            Err(place) if *begins => active.insert(place, *piece),
            Ok(place) if !*begins => {
                active.remove(place);
            }
            // A piece that begins where its own last range ended cannot be: port sets keep neighbours as one range.
            _ => {}
        }
        let Some((next_protocol, next, ..)) = borders.get(index + 1) else { break };
        if active.is_empty() || protocol != next_protocol || at == next {
            continue;
        }
        if let (Ok(first), Ok(last)) = (u16::try_from(*at), u16::try_from(next - 1)) {
            segments.entry(active.clone()).or_default().push((*protocol, first..=last));
        }
    }
    let unite = |(active, ranges): (Vec<usize>, Vec<_>)| {
        let addresses = active.iter().filter_map(|index| pieces.get(*index)).map(|(_, addresses)| &**addresses);
        (ranges.into_iter().collect(), AddressSet::union_of(addresses))
    };
    segments.into_iter().map(unite).collect()
}

/// The one way to write entries with disjoint ports: equal addresses together, nothing empty, sorted.
fn canonical(entries: Vec<(PortSet, AddressSet)>) -> Vec<(PortSet, AddressSet)> {
    let mut by_addresses: BTreeMap<AddressSet, PortSet> = BTreeMap::new();
    let full = |(ports, addresses): &(PortSet, AddressSet)| !ports.is_empty() && !addresses.is_empty();
    for (ports, addresses) in entries.into_iter().filter(full) {
        let sum = by_addresses.entry(addresses).or_default();
        *sum = if sum.is_empty() { ports } else { sum.union(&ports) };
    }
    let mut entries: Vec<_> = by_addresses.into_iter().map(|(addresses, ports)| (ports, addresses)).collect();
    entries.sort();
    entries
}
