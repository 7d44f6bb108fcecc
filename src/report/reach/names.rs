//! What ends of flows are called, and how many of them are named before the rest is only counted.

use std::{fmt::Write, net::IpAddr};

use crate::network::reach::{Precision, WorkloadName};

/// How many are named.
pub(super) const NAMED: usize = 8;

/// `a, b and 3 more`.
pub(super) fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    let count = names.len();
    // One that is left over is named as well: counting it would take as much space.
    let shown = if count == NAMED + 1 { count } else { count.min(NAMED) };
    let mut out = names.take(shown).collect::<Vec<_>>().join(", ");
    if count > shown {
        let _ = write!(out, " and {} more", count - shown);
    }
    out
}

/// `Deployment web`, where the namespace is said elsewhere.
pub(super) fn short(workload: &WorkloadName) -> String {
    format!("{} {}", workload.kind, workload.name)
}

/// How well something is known, behind the ports.
pub(super) const fn precision(precision: Precision) -> &'static str {
    match precision {
        Precision::Exact => "",
        Precision::AtMost => " at most",
        Precision::AtLeast => " at least",
        Precision::Unknown => " perhaps",
    }
}

/// Ranges of addresses: `any address`, networks where they are networks, else both ends.
pub(super) fn addresses(ranges: &[(IpAddr, IpAddr)]) -> String {
    let has_whole = |wanted: [&str; 2]| {
        ranges.iter().any(|(first, last)| [first.to_string(), last.to_string()] == wanted.map(str::to_owned))
    };
    let (v4, v6) = (has_whole(WHOLE_V4), has_whole(WHOLE_V6));
    match (v4, v6) {
        (true, true) => "any address".to_owned(),
        (true, false) if ranges.len() == 1 => "any IPv4 address".to_owned(),
        (false, true) if ranges.len() == 1 => "any IPv6 address".to_owned(),
        _ => list(ranges.iter().map(|(first, last)| range(*first, *last))),
    }
}

/// Whether the ranges are all addresses of both families.
pub(super) fn is_any_address(ranges: &[(IpAddr, IpAddr)]) -> bool {
    addresses(ranges) == "any address"
}

const WHOLE_V4: [&str; 2] = ["0.0.0.0", "255.255.255.255"];
const WHOLE_V6: [&str; 2] = ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"];

fn range(first: IpAddr, last: IpAddr) -> String {
    let (from, to, bits) = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => (u128::from(first.to_bits()), u128::from(last.to_bits()), 32),
        (IpAddr::V6(first), IpAddr::V6(last)) => (first.to_bits(), last.to_bits(), 128),
        _ => return format!("{first}-{last}"),
    };
    let different = from ^ to;
    // A network: the ends differ in their last bits alone, which are all zeros in one and all ones in the other.
    let is_network = different.checked_add(1).is_none_or(u128::is_power_of_two) && from & different == 0;
    match u128::BITS - different.leading_zeros() {
        0 => first.to_string(),
        host if is_network => format!("{first}/{}", bits - host.min(bits)),
        _ => format!("{first}-{last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ranges: &[(&str, &str)]) -> String {
        let ranges: Vec<_> =
            ranges.iter().map(|(first, last)| (first.parse().unwrap(), last.parse().unwrap())).collect();
        addresses(&ranges)
    }

    #[test]
    fn ranges_are_networks_where_they_can_be() {
        assert_eq!(told(&[("10.0.0.0", "10.255.255.255")]), "10.0.0.0/8");
        assert_eq!(told(&[("10.0.0.0", "11.255.255.254")]), "10.0.0.0-11.255.255.254");
        assert_eq!(told(&[("9.0.0.0", "10.255.255.255")]), "9.0.0.0-10.255.255.255");
        assert_eq!(told(&[("10.1.2.3", "10.1.2.3"), ("fd00::", "fd00::ffff")]), "10.1.2.3, fd00::/112");
        assert_eq!(told(&[("0.0.0.0", "255.255.255.255")]), "any IPv4 address");
        let every = [("0.0.0.0", "255.255.255.255"), ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")];
        assert_eq!(told(&every), "any address");
        assert_eq!(told(every.get(1..).unwrap_or_default()), "any IPv6 address");
    }

    #[test]
    fn long_lists_are_counted() {
        let names = |count: usize| list((0..count).map(|n| n.to_string()));
        assert_eq!(names(9), "0, 1, 2, 3, 4, 5, 6, 7, 8");
        assert_eq!(names(10), "0, 1, 2, 3, 4, 5, 6, 7 and 2 more");
    }
}
