//! Networks in CIDR notation, as the API server reads them.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use super::wire::wrong;

/// The network that is written so, host bits and all. As lenient as the API server's `ParseCIDRSloppy`: numbers may have
/// leading zeros (and are decimal, but in the groups of IPv6), and an IPv4 network may be written inside of `::ffff:0:0/96`.
pub fn parse_network(text: &str) -> Option<IpNet> {
    let (address, prefix) = text.split_once('/')?;
    let prefix: u8 = decimal(prefix)?;
    match parse_address(address)? {
        IpAddr::V4(address) => IpNet::new(IpAddr::V4(address), prefix).ok(),
        IpAddr::V6(address) => match (address.to_ipv4_mapped(), prefix.checked_sub(96)) {
            (Some(mapped), Some(prefix)) => IpNet::new(IpAddr::V4(mapped), prefix).ok(),
            _ => IpNet::new(IpAddr::V6(address), prefix).ok(),
        },
    }
}

fn parse_address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        let groups: Option<Vec<_>> = text.split(':').map(without_leading_zeros).collect();
        return groups?.join(":").parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    parse_ipv4(text).map(IpAddr::V4)
}

/// A group of an IPv6 address, or the IPv4 address that ends it.
fn without_leading_zeros(group: &str) -> Option<Cow<'_, str>> {
    if group.contains('.') {
        return parse_ipv4(group).map(|address| Cow::Owned(address.to_string()));
    }
    let digits = group.trim_start_matches('0');
    Some(Cow::Borrowed(if digits.is_empty() && !group.is_empty() { "0" } else { digits }))
}

fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = text.split('.').map(decimal);
    let mut next = || octets.next().flatten();
    let address = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    octets.next().is_none().then_some(address)
}

fn decimal(text: &str) -> Option<u8> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A network on the wire.
pub(super) struct WireNetwork(pub(super) IpNet);

impl<'de> Deserialize<'de> for WireNetwork {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        parse_network(&text).map(Self).ok_or_else(|| wrong(&"a network such as 10.0.0.0/8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_leniently_as_the_api_server_does() {
        let parsed = |text| parse_network(text).map(|network| network.trunc().to_string());
        assert_eq!(parsed("192.168.1.5/24").as_deref(), Some("192.168.1.0/24"));
        assert_eq!(parsed("010.000.000.000/08").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(parsed("::ffff:10.0.0.0/104").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(parsed("::ffff:010.000.0.0/104").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(parsed("00fd00:0000::01/0008").as_deref(), Some("fd00::/8"));
        assert_eq!(parsed("::/0").as_deref(), Some("::/0"));
        assert_eq!(parsed("fd00::1/8").as_deref(), Some("fd00::/8"));
        for wrong in [
            ":::/0",
            "::10.0.0/8",
            "10.0.0.0::/8",
            "1fd00::/8",
            "::0x1/8",
            "::+1/8",
            "10.0.0.0",
            "10.0.0/8",
            "10.0.0.0.0/8",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "fe80::1%eth0/64",
            "",
            "/8",
        ] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
