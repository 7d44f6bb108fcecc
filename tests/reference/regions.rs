//! The algebra of admissions, checked point by point.

use std::net::IpAddr;

use proptest::{collection::vec, prelude::*, sample::select};
use ringwall::{
    model::{AddressSet, PortSet, Protocol},
    network::Admission,
};

use crate::strategies::protocol;

/// Where port ranges begin and end.
const PORTS: [u16; 9] = [1, 2, 3, 4, 5, 6, 7, 65534, 65535];
/// The borders, and one port of the gap between them.
const POINTS: [u16; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 65534, 65535];
/// One address of every part into which the networks below cut the families, and more.
const ADDRESSES: [&str; 12] = [
    "0.0.0.0",
    "63.255.255.255",
    "64.0.0.0",
    "127.255.255.255",
    "128.0.0.0",
    "192.0.0.0",
    "255.255.255.255",
    "::",
    "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "8000::",
    "c000::",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];
const NETWORKS: [&str; 10] = [
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "0.0.0.0/2",
    "64.0.0.0/2",
    "192.0.0.0/2",
    "::/0",
    "::/1",
    "8000::/1",
    "c000::/2",
];

type Piece = (PortSet, AddressSet);

fn port_set() -> impl Strategy<Value = PortSet> {
    let range = (protocol(), select(PORTS.to_vec()), select(PORTS.to_vec()));
    vec(range, 0..3)
        .prop_map(|ranges| ranges.into_iter().map(|(protocol, a, b)| (protocol, a.min(b)..=a.max(b))).collect())
}

fn addresses() -> impl Strategy<Value = AddressSet> {
    vec(select(NETWORKS.to_vec()), 0..3).prop_map(|networks| {
        let sets: Vec<_> = networks.iter().map(|text| AddressSet::of_network(text.parse().unwrap())).collect();
        AddressSet::union_of(&sets)
    })
}

fn boxes() -> impl Strategy<Value = (PortSet, Vec<Piece>)> {
    (port_set(), vec((port_set(), addresses()), 0..6))
}

fn admission((pods, boxes): &(PortSet, Vec<Piece>)) -> Admission {
    let mut admission = Admission::nothing();
    admission.pods = pods.clone();
    for (ports, addresses) in boxes {
        admission.add(ports, addresses);
    }
    admission
}

/// Every point that tells any two of these regions apart.
fn points() -> impl Iterator<Item = (Protocol, u16, Option<IpAddr>)> {
    let addresses = || ADDRESSES.iter().map(|text| Some(text.parse().unwrap())).chain([None]);
    let at = move |(protocol, port): (Protocol, u16)| addresses().map(move |address| (protocol, port, address));
    Protocol::ALL.into_iter().flat_map(|protocol| POINTS.map(|port| (protocol, port))).flat_map(at)
}

fn has(admission: &Admission, (protocol, port, address): (Protocol, u16, Option<IpAddr>)) -> bool {
    match address {
        None => admission.pods.contains(protocol, port),
        Some(address) => admission
            .addresses()
            .any(|(ports, addresses)| ports.contains(protocol, port) && addresses.contains(address)),
    }
}

fn holds((pods, boxes): &(PortSet, Vec<Piece>), (protocol, port, address): (Protocol, u16, Option<IpAddr>)) -> bool {
    match address {
        None => pods.contains(protocol, port),
        Some(address) => {
            boxes.iter().any(|(ports, addresses)| ports.contains(protocol, port) && addresses.contains(address))
        }
    }
}

proptest! {
    #[test]
    fn an_admission_holds_what_was_added_to_it(boxes in boxes()) {
        let admission = admission(&boxes);
        for point in points() {
            prop_assert_eq!(has(&admission, point), holds(&boxes, point), "{:?}", point);
        }
    }

    #[test]
    fn the_algebra_is_that_of_sets(a in boxes(), b in boxes()) {
        let (first, second) = (admission(&a), admission(&b));
        let (union, both, rest) = (first.union(&second), first.intersection(&second), first.difference(&second));
        for point in points() {
            let (in_a, in_b) = (holds(&a, point), holds(&b, point));
            prop_assert_eq!(has(&union, point), in_a || in_b, "union at {:?}", point);
            prop_assert_eq!(has(&both, point), in_a && in_b, "intersection at {:?}", point);
            prop_assert_eq!(has(&rest, point), in_a && !in_b, "difference at {:?}", point);
        }
        prop_assert_eq!(rest.union(&both), first);
    }

    #[test]
    fn containment_is_exact(a in boxes(), b in boxes()) {
        let (first, second) = (admission(&a), admission(&b));
        let expected = points().all(|point| !holds(&a, point) || holds(&b, point));
        prop_assert_eq!(first.is_within(&second), expected);
        prop_assert!(first.is_within(&first.union(&second)) && first.intersection(&second).is_within(&second));
        prop_assert_eq!(first.is_within(&second) && second.is_within(&first), first == second);
    }

    /// The same region, cut and added otherwise, is the same value.
    #[test]
    fn equal_regions_are_equal_values(a in boxes(), cut in port_set(), share in addresses()) {
        let (pods, boxes) = &a;
        let mut pieces = Vec::new();
        for (ports, addresses) in boxes {
            let outside = addresses.difference(&share);
            pieces.push((ports.clone(), outside.clone()));
            pieces.push((ports.intersection(&cut), addresses.intersection(&share)));
            pieces.push((ports.difference(&cut), addresses.clone()));
        }
        pieces.reverse();
        prop_assert_eq!(admission(&(pods.clone(), pieces)), admission(&a));
    }
}
