//! Sets of IP addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;
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

    /// The addresses of a network; host bits are ignored, as the API server's parser does.
    pub fn of_network(network: IpNet) -> Self {
        match network {
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
        match address {
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

    /// The first and last address of each interval, IPv4 first.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let v4 = self.v4.ranges().map(|r| (IpAddr::V4(*r.start()), IpAddr::V4(*r.end())));
        let v6 = self.v6.ranges().map(|r| (IpAddr::V6(*r.start()), IpAddr::V6(*r.end())));
        v4.chain(v6)
    }
}

/// The position of the highest bit that is set: a count of 2^24 to 2^25-1 gives 24.
fn last_bit(count: u128) -> u32 {
    127 - count.leading_zeros()
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
    fn host_bits_are_ignored() {
        assert_eq!(set(&["192.168.1.5/24"]), set(&["192.168.1.0/24"]));
    }
}
