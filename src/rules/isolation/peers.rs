//! Peers in words.

use std::net::IpAddr;

use ipnet::{Ipv4Subnets, Ipv6Subnets};

use crate::{
    model::{AddressSet, Family},
    network::WideReach,
};

/// Whom a wide entry admits: `every Pod of every namespace`, `0.0.0.0/1`.
pub(in crate::rules) fn describe_reach(reach: &WideReach) -> String {
    match reach {
        WideReach::Everyone => "everyone".to_owned(),
        WideReach::Namespaces { pods } if pods.is_everything() => "every Pod of every namespace".to_owned(),
        WideReach::Namespaces { pods } => format!("every Pod with {pods} of any namespace"),
        WideReach::Addresses(addresses) => describe_addresses(addresses),
    }
}

/// `every IPv4 address`, `10.0.0.0/8`, or the first networks and how many more.
fn describe_addresses(addresses: &AddressSet) -> String {
    if *addresses == AddressSet::every() {
        return "every address".to_owned();
    }
    let mut parts = Vec::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        let networks = networks(addresses, family);
        match (addresses.width(family), networks.as_slice()) {
            (Some(0), _) => parts.push(format!("every {family} address")),
            (Some(_), [first]) => parts.push(first.clone()),
            (Some(1), _) => parts.push(format!("half of {family} or more")),
            (Some(_), [first, second]) => parts.push(format!("{first} and {second}")),
            (Some(_), [first, rest @ ..]) => parts.push(format!("{first} and {} more networks", rest.len())),
            (None, _) | (Some(_), []) => {}
        }
    }
    parts.join(", ")
}

fn networks(addresses: &AddressSet, family: Family) -> Vec<String> {
    let networks = addresses.ranges().flat_map(|(first, last)| match (first, last, family) {
        (IpAddr::V4(first), IpAddr::V4(last), Family::Ipv4) => {
            Ipv4Subnets::new(first, last, 0).map(|network| network.to_string()).collect::<Vec<_>>()
        }
        (IpAddr::V6(first), IpAddr::V6(last), Family::Ipv6) => {
            Ipv6Subnets::new(first, last, 0).map(|network| network.to_string()).collect()
        }
        _ => Vec::new(),
    });
    networks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(networks: &[&str]) -> String {
        let set = networks
            .iter()
            .fold(AddressSet::none(), |sum, text| sum.union(&AddressSet::of_network(text.parse().unwrap())));
        describe_addresses(&set)
    }

    #[test]
    fn addresses_read_as_networks() {
        assert_eq!(described(&["10.0.0.0/8"]), "10.0.0.0/8");
        assert_eq!(described(&["0.0.0.0/1", "128.0.0.0/1"]), "every IPv4 address");
        assert_eq!(described(&["0.0.0.0/0", "::/0"]), "every address");
        assert_eq!(described(&["10.0.0.0/8", "192.168.0.0/16"]), "10.0.0.0/8 and 192.168.0.0/16");
        assert_eq!(described(&["10.0.0.0/8", "2001:db8::/32"]), "10.0.0.0/8, 2001:db8::/32");
    }

    #[test]
    fn a_family_less_one_address_is_half_of_it_or_more() {
        let every = AddressSet::of_network("0.0.0.0/0".parse().unwrap());
        let but_one = every.difference(&AddressSet::of_address("169.254.169.254".parse().unwrap()));
        assert_eq!(describe_addresses(&but_one), "half of IPv4 or more");
    }
}
