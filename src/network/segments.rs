//! Overlapping pieces of ports and addresses, cut into parts that do not overlap.
//!
//! A sweep over the borders of the port ranges. What it keeps grows with what it hands back, and that is bounded: n rules with
//! nested ports and an address each come to n parts of up to n addresses, and a policy of ten thousand rules fits into one object.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use crate::model::{AddressSet, PortSet, Protocol};

/// Addresses on ports, one of many that may overlap.
pub(super) type Piece<'a> = (Cow<'a, PortSet>, Cow<'a, AddressSet>);

/// The most port ranges that are told apart.
const SEGMENTS: usize = 4_096;
/// The most address intervals of all parts together.
const INTERVALS: usize = 1 << 17;

/// What may be done with more parts than are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bound {
    /// Neighbours are taken together: each of their ports has the addresses of all. Never less than there is.
    Above,
    /// Pieces of the fewest ports are left out. Never more than there is.
    Below,
}

/// Cuts overlapping pieces at the borders of their port ranges, and unites the addresses on each segment.
pub(super) fn disjoint(mut pieces: Vec<Piece<'_>>, bound: Bound) -> Vec<(PortSet, AddressSet)> {
    pieces.retain(|(ports, addresses)| !ports.is_empty() && !addresses.is_empty());
    let mut pieces = grouped(pieces);
    if bound == Bound::Below && !fit(&pieces) {
        pieces.sort_by_key(|(ports, _)| std::cmp::Reverse(ports.len()));
        while pieces.len() > 1 && !fit(&pieces) {
            pieces.truncate(pieces.len() / 2);
        }
    }
    if pieces.len() < 2 {
        return pieces.into_iter().map(|(ports, addresses)| (ports.into_owned(), addresses.into_owned())).collect();
    }
    let steps = steps(&pieces);
    let weights = weights(&pieces);
    // How many segments are taken together.
    let mut together = 1;
    while bound == Bound::Above && together < steps.len() && !fits(&steps, &weights, together) {
        together *= 2;
    }
    let unite = |(members, ranges): (BTreeSet<usize>, Vec<Range>)| {
        let addresses = members.iter().filter_map(|index| pieces.get(*index)).map(|(_, addresses)| &**addresses);
        (ranges.into_iter().collect(), AddressSet::union_of(addresses))
    };
    sweep(&steps, together).map(unite).collect()
}

/// Whether pieces are few enough to be told apart exactly.
pub(super) fn is_exact(pieces: &[Piece<'_>]) -> bool {
    // So few, of so few addresses, always are.
    let few = pieces.len() < 2 || pieces.len() * weights(pieces).into_iter().sum::<usize>() <= SEGMENTS;
    few || fit(&grouped(pieces.to_vec()))
}

fn fit(pieces: &[Piece<'_>]) -> bool {
    pieces.len() < 2 || fits(&steps(pieces), &weights(pieces), 1)
}

fn weights(pieces: &[Piece<'_>]) -> Vec<usize> {
    pieces.iter().map(|(_, addresses)| addresses.intervals()).collect()
}

/// The one way to write entries with disjoint ports: equal addresses together, nothing empty, sorted.
pub(super) fn canonical(entries: Vec<(PortSet, AddressSet)>) -> Vec<(PortSet, AddressSet)> {
    let mut by_addresses: BTreeMap<AddressSet, Vec<PortSet>> = BTreeMap::new();
    let full = |(ports, addresses): &(PortSet, AddressSet)| !ports.is_empty() && !addresses.is_empty();
    for (ports, addresses) in entries.into_iter().filter(full) {
        by_addresses.entry(addresses).or_default().push(ports);
    }
    let mut entries: Vec<_> =
        by_addresses.into_iter().map(|(addresses, ports)| (PortSet::union_of(&ports), addresses)).collect();
    entries.sort();
    entries
}

type Range = (Protocol, RangeInclusive<u16>);

/// The pieces with equal addresses as one, then those with equal ports: most rules share one or the other.
fn grouped(pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    if pieces.len() < 2 {
        return pieces;
    }
    let mut by_addresses: BTreeMap<Cow<'_, AddressSet>, Vec<Cow<'_, PortSet>>> = BTreeMap::new();
    for (ports, addresses) in pieces {
        by_addresses.entry(addresses).or_default().push(ports);
    }
    let mut by_ports: BTreeMap<Cow<'_, PortSet>, Vec<Cow<'_, AddressSet>>> = BTreeMap::new();
    for (addresses, mut ports) in by_addresses {
        let sum = match (ports.len(), ports.pop()) {
            (1, Some(only)) => only,
            (_, last) => Cow::Owned(PortSet::union_of(ports.iter().chain(&last).map(Cow::as_ref))),
        };
        by_ports.entry(sum).or_default().push(addresses);
    }
    let unite = |(ports, mut addresses): (_, Vec<Cow<'_, AddressSet>>)| match (addresses.len(), addresses.pop()) {
        (1, Some(only)) => (ports, Cow::Owned(only.into_owned())),
        (_, last) => (ports, Cow::Owned(AddressSet::union_of(addresses.iter().chain(&last).map(Cow::as_ref)))),
    };
    by_ports.into_iter().map(unite).collect()
}

/// A place where pieces begin or have ended, with the ports from there to the next such place.
struct Step {
    begin: Vec<usize>,
    end: Vec<usize>,
    ports: Range,
}

/// The steps of all protocols, one after the other. Nothing has begun between protocols: every range ends within its own.
fn steps(pieces: &[Piece<'_>]) -> Vec<Step> {
    let mut borders: BTreeMap<(Protocol, u32), (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (index, (ports, _)) in pieces.iter().enumerate() {
        for (protocol, range) in ports.ranges() {
            borders.entry((protocol, u32::from(*range.start()))).or_default().0.push(index);
            borders.entry((protocol, u32::from(*range.end()) + 1)).or_default().1.push(index);
        }
    }
    let after: Vec<_> = borders.keys().skip(1).copied().collect();
    let step = |(((protocol, at), (begin, end)), next): (_, Option<(Protocol, u32)>)| {
        let last = next.filter(|(theirs, _)| *theirs == protocol).map_or(at, |(_, next)| next - 1);
        let clamp = |port: u32| u16::try_from(port).unwrap_or(u16::MAX);
        Step { begin, end, ports: (protocol, clamp(at)..=clamp(last)) }
    };
    borders.into_iter().zip(after.into_iter().map(Some).chain([None])).map(step).collect()
}

/// Whether that many segments taken together make few enough parts.
fn fits(steps: &[Step], weights: &[usize], together: usize) -> bool {
    let weigh = |indices: &[usize]| indices.iter().filter_map(|index| weights.get(*index)).sum::<usize>();
    let (mut parts, mut total, mut active) = (0, 0, 0);
    for part in parts_of(steps, together) {
        let mut members = 0;
        for (index, step) in part.iter().enumerate() {
            let (begin, end) = (weigh(&step.begin), weigh(&step.end));
            active = active + begin - end;
            // What ends where the part begins is in none of its segments.
            members = if index == 0 { active } else { members + begin };
        }
        parts += usize::from(members > 0);
        total += members;
    }
    parts <= SEGMENTS && total <= INTERVALS
}

/// The parts in order, each with the pieces that are in one of its segments, and its ports.
fn sweep(steps: &[Step], together: usize) -> impl Iterator<Item = (BTreeSet<usize>, Vec<Range>)> {
    let mut active: BTreeSet<usize> = BTreeSet::new();
    let parts = parts_of(steps, together).map(move |part| {
        let mut members = BTreeSet::new();
        let mut ranges = Vec::new();
        for (index, step) in part.iter().enumerate() {
            for ended in &step.end {
                active.remove(ended);
            }
            active.extend(&step.begin);
            if index == 0 {
                members.clone_from(&active);
            } else {
                members.extend(&step.begin);
            }
            if !active.is_empty() {
                ranges.push(step.ports.clone());
            }
        }
        (members, ranges)
    });
    parts.filter(|(members, _)| !members.is_empty())
}

fn parts_of(steps: &[Step], together: usize) -> impl Iterator<Item = &[Step]> {
    let of_one_protocol = steps.chunk_by(|a, b| a.ports.0 == b.ports.0);
    of_one_protocol.flat_map(move |steps| steps.chunks(together))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn address(index: u16) -> AddressSet {
        AddressSet::of_address(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + u32::from(index) * 2)))
    }

    fn tcp(first: u16, last: u16) -> PortSet {
        [(Protocol::Tcp, first..=last)].into_iter().collect()
    }

    fn of<'a>(pieces: impl IntoIterator<Item = (PortSet, AddressSet)>) -> Vec<Piece<'a>> {
        pieces.into_iter().map(|(ports, addresses)| (Cow::Owned(ports), Cow::Owned(addresses))).collect()
    }

    fn nested(count: u16) -> impl Iterator<Item = (PortSet, AddressSet)> {
        (0..count).map(move |index| (tcp(1 + index, 30_000 - index), address(index)))
    }

    fn intervals(entries: &[(PortSet, AddressSet)]) -> usize {
        entries.iter().map(|(_, addresses)| addresses.intervals()).sum()
    }

    #[test]
    fn ten_thousand_nested_rules_come_to_a_bounded_number_of_parts_that_hold_them_all() {
        let entries = disjoint(of(nested(10_000)), Bound::Above);
        assert!(entries.len() <= SEGMENTS && intervals(&entries) <= INTERVALS, "{}", intervals(&entries));
        assert!(entries.len() > 1, "no coarser than it must be");
        for (ports, addresses) in nested(10_000).step_by(997) {
            let holding = entries.iter().filter(|(_, theirs)| addresses.is_within(theirs)).map(|(ports, _)| ports);
            assert!(ports.is_within(&PortSet::union_of(holding)), "{ports}");
        }
        let whole = PortSet::union_of(entries.iter().map(|(ports, _)| ports));
        assert_eq!(whole, tcp(1, 30_000), "no port is admitted on which no rule admits");
        assert_eq!(entries.iter().map(|(ports, _)| ports.len()).sum::<u64>(), whole.len(), "the parts are disjoint");
    }

    #[test]
    fn what_is_denied_is_never_more_than_there_is() {
        let entries = disjoint(of(nested(10_000)), Bound::Below);
        assert!(!entries.is_empty() && intervals(&entries) <= INTERVALS, "{}", intervals(&entries));
        // The widest rule is there, and what is there is what some rule says.
        assert!(entries.iter().any(|(_, addresses)| address(0).is_within(addresses)));
        for (ports, addresses) in &entries {
            let (_, first) = ports.ranges().next().unwrap();
            let saying = nested(10_000).filter(|(theirs, _)| theirs.contains(Protocol::Tcp, *first.start()));
            let said: Vec<_> = saying.map(|(_, addresses)| addresses).collect();
            assert!(addresses.is_within(&AddressSet::union_of(&said)));
        }
        assert!(!is_exact(&of(nested(10_000))) && is_exact(&of(nested(300))));
    }

    #[test]
    fn below_the_bound_every_segment_is_told_apart() {
        let entries = disjoint(of(nested(300)), Bound::Above);
        assert_eq!(entries.len(), 599);
        assert_eq!(entries, disjoint(of(nested(300)), Bound::Below));
    }

    #[test]
    fn many_rules_of_the_same_addresses_or_of_the_same_ports_are_one_part() {
        let same_addresses = (0..10_000).map(|index| (tcp(1 + index, 20_000 + 2 * index), address(0)));
        assert_eq!(disjoint(of(same_addresses), Bound::Above), [(tcp(1, 39_998), address(0))]);
        let same_ports = (0..10_000).map(|index| (tcp(1, 9), address(index)));
        let entries = disjoint(of(same_ports), Bound::Above);
        assert_eq!((entries.len(), intervals(&entries)), (1, 10_000));
    }

    #[test]
    fn ports_between_the_rules_stay_closed_when_their_neighbours_are_taken_together() {
        let apart = (0..10_000).map(|index| (tcp(1 + 4 * index, 2 + 4 * index), address(index)));
        let entries = disjoint(of(apart), Bound::Above);
        assert!(entries.len() <= SEGMENTS);
        let whole = PortSet::union_of(entries.iter().map(|(ports, _)| ports));
        assert_eq!((whole.len(), whole.contains(Protocol::Tcp, 3)), (20_000, false));
    }
}
