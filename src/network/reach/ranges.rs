//! What a profile lets through to or from addresses: ranges, merged as far as they are equal.

use std::net::IpAddr;

use crate::{
    model::{AddressSet, PortSet},
    network::{Bounds, Direction, Party, Plugin, of_policies},
};

use super::{
    Precision,
    meet::shown,
    nodes::Nodes,
    places::{after, borders, networks},
    profiles::Profile,
};

/// Contiguous addresses with what is let through there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Range {
    pub(super) first: IpAddr,
    pub(super) last: IpAddr,
    pub(super) ports: PortSet,
    pub(super) precision: Precision,
}

/// The ranges of a profile, sorted.
pub(super) fn ranges(
    plugin: &Plugin,
    nodes: &Nodes,
    profile: &Profile,
    direction: Direction,
    seen: bool,
) -> Vec<Range> {
    let Some(own) = profile.nodes.min().and_then(|node| nodes.party(node)) else { return Vec::new() };
    let policies = profile.policies.as_deref();
    let sets = policies.unwrap_or_default().iter().flat_map(|policy| networks(policy, direction));
    let firsts = borders(sets.map(AsRef::<AddressSet>::as_ref));
    let mut done: Vec<Range> = Vec::new();
    // One that may still grow for each precision.
    let mut open: Vec<Range> = Vec::new();
    for (index, first) in firsts.iter().enumerate() {
        let address = Party::Address(*first);
        let (source, destination) = match direction {
            Direction::Ingress => (address, own),
            Direction::Egress => (own, address),
        };
        let bounds: Bounds<PortSet> = of_policies(plugin, policies, source, destination, direction);
        let last = last_before(firsts.get(index + 1), *first);
        let mut next = Vec::new();
        for (ports, precision) in shown(&bounds, seen) {
            let grown = open.iter().position(|range| {
                range.precision == precision && range.ports == ports && after(range.last) == Some(*first)
            });
            match grown {
                Some(index) => next.push(Range { last, ..open.swap_remove(index) }),
                None => next.push(Range { first: *first, last, ports, precision }),
            }
        }
        done.append(&mut open);
        open = next;
    }
    done.append(&mut open);
    done.sort();
    done
}

/// The last address before the next border, or of the family.
fn last_before(next: Option<&IpAddr>, first: IpAddr) -> IpAddr {
    match (first, next) {
        (IpAddr::V4(_), Some(IpAddr::V4(next))) => IpAddr::V4(next.to_bits().saturating_sub(1).into()),
        (IpAddr::V4(_), _) => IpAddr::V4(u32::MAX.into()),
        (IpAddr::V6(_), Some(IpAddr::V6(next))) => IpAddr::V6(next.to_bits().saturating_sub(1).into()),
        (IpAddr::V6(_), _) => IpAddr::V6(u128::MAX.into()),
    }
}
