//! Why a rule does not match, in words.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;

use crate::model::{AddressSet, METADATA_NAME, Protocol, Selector, reserved};

use super::{Mismatch, Uncertain, Unmet};

/// `has team=b, the rule wants team=a`.
impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.found.iter().enumerate() {
            let between = if index == 0 { "has" } else { " and" };
            let (of, key) = match key.strip_prefix(reserved::NAMESPACE_LABEL) {
                Some(label) => ("namespace ", label),
                None => ("", key.trim_start_matches('@')),
            };
            match value {
                Some(value) => write!(f, "{between} {of}{key}={value}"),
                None => write!(f, "{between} no {of}label {key}"),
            }?;
        }
        if self.found.is_empty() {
            f.write_str("is what it is")?;
        }
        write!(f, ", the rule wants {}", self.wanted)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnNamespace { wanted, found } => {
                write!(f, "the rule means only its own namespace {wanted}, and the Pod is in {found}")
            }
            // Every namespace has its name as a label.
            Self::Namespace(name, Unmet { wanted: Selector::In(key, names), .. }) if key == METADATA_NAME => {
                let s = if names.len() == 1 { "" } else { "s" };
                write!(f, "the Pod is in namespace {name}, the rule wants namespace{s} {}", names.join(" or "))
            }
            Self::Namespace(name, unmet) => write!(f, "namespace {name} {unmet}"),
            Self::Pod(unmet) => write!(f, "the Pod {unmet}"),
            Self::PodsOnly(address) => write!(f, "{address} is an address outside of the cluster, the rule means Pods"),
            Self::UnknownPod => f.write_str("nobody knows which Pods the ingress controller is"),
            Self::OnNode => f.write_str("the Pod is on its node's network, and no selector means such Pods"),
            Self::NodesOnly => f.write_str("the rule means nodes"),
            Self::OutsideOnly => f.write_str("the rule means addresses outside of the cluster"),
            Self::BlocksMeanNoPods => f.write_str("with this network plugin a network never means Pods"),
            Self::Address { found, wanted } => match found.as_slice() {
                [] => write!(f, "no address that it can have is in {}", Networks(wanted)),
                [address] => write!(f, "{address} is not in {}", Networks(wanted)),
                several => {
                    let several: Vec<_> = several.iter().map(ToString::to_string).collect();
                    write!(f, "none of {} is in {}", several.join(", "), Networks(wanted))
                }
            },
            Self::Excepted { found, network, except } => {
                write!(f, "{found} is in {except}, which is excepted from {network}")
            }
            Self::Port { found: (protocol, port), wanted, unresolved, of_pod } => {
                let names: Vec<&str> = unresolved.iter().map(|(_, name)| name.as_str()).collect();
                let names = names.join(", ");
                let plural = if unresolved.len() > 1 { "s" } else { "" };
                let reason = if *of_pod { "declared by no container" } else { "nothing that an address has" };
                match (wanted.is_empty(), unresolved.as_slice()) {
                    (true, []) => write!(f, "the rule means no port"),
                    (true, _) => {
                        let (of, _) = unresolved.first().map_or((Protocol::Tcp, ""), |(of, name)| (*of, name));
                        let is = if unresolved.len() > 1 { "are" } else { "is" };
                        let of = if of == Protocol::Tcp { String::new() } else { format!("{of} ") };
                        write!(f, "{of}port name{plural} {names} {is} {reason}")
                    }
                    (false, []) => write!(f, "{protocol} {port} is not among {wanted}"),
                    (false, _) => {
                        write!(f, "{protocol} {port} is not among {wanted} (port name{plural} {names}: {reason})")
                    }
                }
            }
            Self::Nobody => f.write_str("the rule means nobody"),
        }
    }
}

impl fmt::Display for Uncertain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition(reason) | Self::Subject(reason) => write!(f, "{reason}"),
            Self::Address(set) => write!(f, "whether its address is in {} is not known", Networks(set)),
            Self::Identity => f.write_str("nobody knows which Pods the ingress controller is"),
        }
    }
}

/// A set of addresses as networks: the first few of them, or one network without a few.
struct Networks<'a>(&'a AddressSet);

impl fmt::Display for Networks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        let Self(set) = self;
        let networks = networks(set, SHOWN + 1);
        let list = |networks: &[IpNet]| networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if networks.is_empty() {
            return f.write_str("no network");
        }
        if networks.len() <= SHOWN {
            return f.write_str(&list(&networks));
        }
        if let Some(whole) = around(set) {
            let holes = self::networks(&AddressSet::of_network(whole).difference(set), SHOWN + 1);
            if holes.len() <= SHOWN {
                return write!(f, "{whole} without {}", list(&holes));
            }
        }
        write!(f, "{} and more", list(networks.get(..SHOWN).unwrap_or_default()))
    }
}

/// The first networks that make up a set.
fn networks(set: &AddressSet, most: usize) -> Vec<IpNet> {
    let networks = set.ranges().flat_map(|(first, last)| match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            ipnet::Ipv4Subnets::new(first, last, 0).map(IpNet::V4).take(most).collect::<Vec<_>>()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            ipnet::Ipv6Subnets::new(first, last, 0).map(IpNet::V6).take(most).collect()
        }
        _ => Vec::new(),
    });
    networks.take(most).collect()
}

/// The smallest network that holds all of a set, which must be of one family.
fn around(set: &AddressSet) -> Option<IpNet> {
    let (first, _) = set.ranges().next()?;
    let (_, last) = set.ranges().last()?;
    let mut network = IpNet::from(first);
    while !network.contains(&last) {
        network = network.supernet()?;
    }
    Some(network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Labels, Name},
        network::why_not,
    };

    fn set(networks: &[&str]) -> AddressSet {
        let sets: Vec<_> = networks.iter().map(|text| AddressSet::of_network(text.parse().unwrap())).collect();
        AddressSet::union_of(&sets)
    }

    #[test]
    fn a_set_is_shown_as_networks_or_as_one_network_without_a_few() {
        let shown = |set: &AddressSet| Networks(set).to_string();
        assert_eq!(shown(&set(&["10.0.0.0/8", "fd00::/8"])), "10.0.0.0/8, fd00::/8");
        assert_eq!(shown(&set(&["10.0.0.0/8"]).difference(&set(&["10.1.0.0/16"]))), "10.0.0.0/8 without 10.1.0.0/16");
        assert_eq!(shown(&set(&["::/0"]).difference(&set(&["fd00::1/128"]))), "::/0 without fd00::1/128");
        let many = set(&["1.0.0.0/8", "3.0.0.0/8", "5.0.0.0/8", "7.0.0.0/8", "200.0.0.0/8"]);
        assert_eq!(shown(&many), "1.0.0.0/8, 3.0.0.0/8, 5.0.0.0/8 and more");
        assert_eq!(shown(&AddressSet::none()), "no network");
    }

    #[test]
    fn the_first_condition_that_fails_is_told_with_what_is_there() {
        let labels: Labels = [("app", "front"), ("tier", "a"), ("@namespace/team", "b")].into_iter().collect();
        let value = |key: &str| labels.value(key);
        let one = |key: &str, value: &str| Selector::In(key.into(), vec![Name::from(value)]);
        let not = |selector| Selector::Not(Box::new(selector));
        for (selector, words) in [
            (Selector::All(vec![one("app", "front"), one("tier", "b")]), "has tier=a, the rule wants tier=b"),
            (one("zone", "x"), "has no label zone, the rule wants zone=x"),
            (not(Selector::Has("app".into())), "has app=front, the rule wants !app"),
            (not(one("tier", "a")), "has tier=a, the rule wants tier notin (a)"),
            (
                Selector::Any(vec![one("app", "web"), one("zone", "x")]),
                "has app=front and no label zone, the rule wants (app=web || zone=x)",
            ),
            (one("@namespace/team", "a"), "has namespace team=b, the rule wants namespace team=a"),
        ] {
            assert_eq!(why_not(&selector, &value).unwrap().to_string(), words);
        }
        assert_eq!(why_not(&one("app", "front"), &value), None);
    }
}
