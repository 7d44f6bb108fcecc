//! Sets of IP addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Net};
use range_set_blaze::RangeSetBlaze;

/// A set of IPv4 and IPv6 addresses, kept as intervals.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct AddressSet {
    v4: RangeSetBlaze<Ipv4Addr>,
    v6: RangeSetBlaze<Ipv6Addr>,
}

/// An address family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

impl AddressSet {
    /// No address.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every address of both families.
    pub fn every() -> Self {
        Self {
            v4: RangeSetBlaze::from_iter([Ipv4Addr::UNSPECIFIED..=Ipv4Addr::BROADCAST]),
            v6: RangeSetBlaze::from_iter([Ipv6Addr::UNSPECIFIED..=Ipv6Addr::from_bits(u128::MAX)]),
        }
    }

    /// The addresses of a network; host bits are ignored, as the API server's parser does. An IPv4-mapped IPv6 network
    /// (`::ffff:10.0.0.0/104`) is the IPv4 network, as it is for Go's `net.IPNet`, with which network plugins match.
    pub fn of_network(network: IpNet) -> Self {
        match unmapped(network) {
            IpNet::V4(net) => {
                Self { v4: RangeSetBlaze::from_iter([net.network()..=net.broadcast()]), v6: RangeSetBlaze::default() }
            }
            IpNet::V6(net) => {
                Self { v4: RangeSetBlaze::default(), v6: RangeSetBlaze::from_iter([net.network()..=net.broadcast()]) }
            }
        }
    }

    /// One address.
    pub fn of_address(address: IpAddr) -> Self {
        Self::of_network(IpNet::from(address))
    }

    /// Whether there is no address in it.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.contains(address),
            IpAddr::V6(address) => self.v6.contains(address),
        }
    }

    /// Whether every address of this set is in the other.
    pub fn is_within(&self, other: &Self) -> bool {
        self.v4.is_subset(&other.v4) && self.v6.is_subset(&other.v6)
    }

    /// The addresses in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { v4: &self.v4 | &other.v4, v6: &self.v6 | &other.v6 }
    }

    /// The addresses in any of them. Cheaper than one union after the other.
    pub fn union_of<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for set in sets {
            v4.extend(set.v4.ranges());
            v6.extend(set.v6.ranges());
        }
        Self { v4: v4.into_iter().collect(), v6: v6.into_iter().collect() }
    }

    /// The addresses in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self { v4: &self.v4 & &other.v4, v6: &self.v6 & &other.v6 }
    }

    /// The addresses of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self { v4: &self.v4 - &other.v4, v6: &self.v6 - &other.v6 }
    }

    /// The share of a family that is in the set, as the number of leading zero bits of the count: 0 for the whole family, 1
    /// for half of it or more, 8 for at least a /8's worth. `None` when there is no address of that family.
    ///
    /// A count, not a prefix: 0.0.0.0/1 with 128.0.0.0/1 is the whole family.
    pub fn width(&self, family: Family) -> Option<u32> {
        match family {
            Family::Ipv4 => {
                let count: u128 =
                    self.v4.ranges().map(|r| u128::from(r.end().to_bits() - r.start().to_bits()) + 1).sum();
                (count > 0).then(|| 32 - last_bit(count))
            }
            Family::Ipv6 => {
                // The whole family does not fit a u128 as a count: it is counted less one.
                let less_one = self
                    .v6
                    .ranges()
                    .map(|r| r.end().to_bits() - r.start().to_bits())
                    .reduce(|sum, size| sum.saturating_add(size).saturating_add(1))?;
                match less_one.checked_add(1) {
                    None => Some(0),
                    Some(count) => Some(128 - last_bit(count)),
                }
            }
        }
    }

    /// Whether the set holds half of a family or more, or half of what of it is assigned to hosts: IPv4 below the multicast
    /// addresses, and the global unicast addresses of IPv6, `2000::/3`, which are an eighth of it and the whole Internet.
    pub fn is_half_of_a_family(&self) -> bool {
        const V4: (u32, u32) = (0, 0xdfff_ffff);
        const V6: (u128, u128) = (0x2000 << 112, (0x4000 << 112) - 1);
        let half = |family| self.width(family).is_some_and(|width| width <= 1);
        let v4 = self.v4.ranges().map(|r| overlap(r.start().to_bits().into(), r.end().to_bits().into(), V4));
        let v6 = self.v6.ranges().map(|r| overlap(r.start().to_bits(), r.end().to_bits(), V6));
        half(Family::Ipv4)
            || half(Family::Ipv6)
            || v4.sum::<u128>() * 2 > u128::from(V4.1 - V4.0)
            || v6.sum::<u128>() * 2 > V6.1 - V6.0
    }

    /// How many intervals it is kept as: what it costs to go through it.
    pub fn intervals(&self) -> usize {
        self.v4.ranges_len() + self.v6.ranges_len()
    }

    /// The first and last address of each interval, IPv4 first.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let v4 = self.v4.ranges().map(|r| (IpAddr::V4(*r.start()), IpAddr::V4(*r.end())));
        let v6 = self.v6.ranges().map(|r| (IpAddr::V6(*r.start()), IpAddr::V6(*r.end())));
        v4.chain(v6)
    }
}

/// How many numbers from first to last lie between the bounds, all inclusive.
fn overlap(first: u128, last: u128, bounds: (impl Into<u128>, impl Into<u128>)) -> u128 {
    let (low, high) = (first.max(bounds.0.into()), last.min(bounds.1.into()));
    if low > high { 0 } else { high - low + 1 }
}

/// The IPv4 network that an IPv4-mapped IPv6 network stands for; any other network as it is.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else { return network };
    let mapped = v6.network().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()).map_or(network, IpNet::V4)
}

/// The position of the highest bit that is set: a count of 2^24 to 2^25-1 gives 24.
fn last_bit(count: u128) -> u32 {
    count.checked_ilog2().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(networks: &[&str]) -> AddressSet {
        networks.iter().fold(AddressSet::none(), |sum, text| sum.union(&AddressSet::of_network(text.parse().unwrap())))
    }

    #[test]
    fn two_halves_are_the_whole_family() {
        assert_eq!(set(&["0.0.0.0/1", "128.0.0.0/1"]).width(Family::Ipv4), Some(0));
        assert_eq!(set(&["::/1", "8000::/1"]).width(Family::Ipv6), Some(0));
        assert_eq!(AddressSet::every().width(Family::Ipv6), Some(0));
    }

    #[test]
    fn the_width_of_a_network_is_its_prefix() {
        for prefix in 0..=32 {
            assert_eq!(set(&[&format!("0.0.0.0/{prefix}")]).width(Family::Ipv4), Some(prefix));
        }
        for prefix in 0..=128 {
            assert_eq!(set(&[&format!("::/{prefix}")]).width(Family::Ipv6), Some(prefix));
        }
        assert_eq!(set(&["10.0.0.0/8"]).width(Family::Ipv6), None);
    }

    #[test]
    fn an_ipv4_mapped_network_is_the_ipv4_network() {
        assert_eq!(set(&["::ffff:0:0/96"]), set(&["0.0.0.0/0"]));
        assert_eq!(set(&["::ffff:10.0.0.0/104"]), set(&["10.0.0.0/8"]));
        assert!(set(&["10.0.0.0/8"]).contains("::ffff:10.1.2.3".parse().unwrap()));
        assert_eq!(set(&["::/95"]).width(Family::Ipv6), Some(95));
        assert_eq!(set(&["::/0"]).width(Family::Ipv4), None);
    }

    #[test]
    fn half_a_family_is_half_of_all_addresses_or_of_those_that_hosts_have() {
        let half = |networks: &[&str]| set(networks).is_half_of_a_family();
        assert!(half(&["0.0.0.0/0"]) && half(&["0.0.0.0/1"]) && half(&["128.0.0.0/1"]) && half(&["::/1"]));
        assert!(half(&["2000::/3"]) && half(&["2000::/4"]) && half(&["3000::/5", "3800::/5"]));
        assert!(!half(&["2000::/5", "3000::/6"]) && !half(&["fc00::/7"]) && !half(&["64.0.0.0/2", "10.0.0.0/8"]));
        let hole = AddressSet::of_address("8.8.8.8".parse().unwrap());
        assert!(set(&["0.0.0.0/1"]).difference(&hole).is_half_of_a_family());
        assert!(!half(&[]));
    }

    #[test]
    fn host_bits_are_ignored() {
        assert_eq!(set(&["192.168.1.5/24"]), set(&["192.168.1.0/24"]));
    }
}
