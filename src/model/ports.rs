//! Transport protocols and sets of ports.

use std::{fmt, ops::RangeInclusive};

use range_set_blaze::RangeSetBlaze;

/// The transport protocols that a NetworkPolicy can name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Protocol {
    /// TCP, the default where a protocol is left out.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// The name in Kubernetes objects.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }

    /// The protocol of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    const fn offset(self) -> u32 {
        (self as u32) << 16
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of (protocol, port) pairs, ports from 1 to 65535, kept as intervals.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct PortSet(RangeSetBlaze<u32>);

impl PortSet {
    /// No port.
    pub fn none() -> Self {
        Self::default()
    }

    /// All ports of all three protocols.
    pub fn every() -> Self {
        Protocol::ALL.into_iter().map(|protocol| (protocol, 1..=u16::MAX)).collect()
    }

    /// Whether there is no port in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many (protocol, port) pairs are in it.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether the pair is in it.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.0.contains(protocol.offset() | u32::from(port))
    }

    /// Whether every pair of this set is in the other.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The pairs in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(&self.0 | &other.0)
    }

    /// The pairs in any of them. Cheaper than one union after the other.
    pub fn union_of<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        let ranges: Vec<_> = sets.into_iter().flat_map(|set| set.0.ranges()).collect();
        Self(ranges.into_iter().collect())
    }

    /// Whether no pair is in both.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.0.is_disjoint(&other.0)
    }

    /// The pairs in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(&self.0 & &other.0)
    }

    /// The pairs of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    /// The intervals, by protocol and then by port.
    pub fn ranges(&self) -> impl Iterator<Item = (Protocol, RangeInclusive<u16>)> + '_ {
        Protocol::ALL.into_iter().flat_map(move |protocol| {
            let offset = protocol.offset();
            self.0.ranges().filter_map(move |range| {
                let first = range.start().checked_sub(offset).filter(|first| u16::try_from(*first).is_ok())?;
                let last = range.end().checked_sub(offset)?;
                Some((protocol, u16::try_from(first).ok()?..=u16::try_from(last).ok()?))
            })
        })
    }
}

impl FromIterator<(Protocol, RangeInclusive<u16>)> for PortSet {
    fn from_iter<I: IntoIterator<Item = (Protocol, RangeInclusive<u16>)>>(ranges: I) -> Self {
        let encode = |(protocol, range): (Protocol, RangeInclusive<u16>)| {
            (protocol.offset() | u32::from(*range.start()).max(1))..=(protocol.offset() | u32::from(*range.end()))
        };
        Self(ranges.into_iter().filter(|(_, range)| *range.end() > 0).map(encode).collect())
    }
}

/// `TCP 80, UDP 53, TCP 8000-8999`, or `all ports`.
impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::every() {
            return f.write_str("all ports");
        }
        for (index, (protocol, range)) in self.ranges().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match (*range.start(), *range.end()) {
                (1, u16::MAX) => write!(f, "{comma}all {protocol} ports")?,
                (first, last) if first == last => write!(f, "{comma}{protocol} {first}")?,
                (first, last) => write!(f, "{comma}{protocol} {first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_never_run_into_each_other() {
        let set: PortSet = [(Protocol::Tcp, 1..=65535), (Protocol::Udp, 53..=53)].into_iter().collect();
        assert_eq!(set.len(), 65536);
        assert!(!set.contains(Protocol::Sctp, 53) && set.contains(Protocol::Udp, 53));
        assert_eq!(set.to_string(), "all TCP ports, UDP 53");
        assert_eq!(PortSet::every().to_string(), "all ports");
        assert!(set.is_within(&PortSet::every()));
    }

    #[test]
    fn port_zero_is_not_a_port() {
        let set: PortSet = [(Protocol::Tcp, 0..=1)].into_iter().collect();
        assert_eq!(set.len(), 1);
    }
}
