//! The ports that a Calico rule matches: its protocol with the ports of its destination.

use std::ops::RangeInclusive;

use crate::{
    model::{CalicoPort, CalicoRule, Name, PortSet, Protocol},
    network::Ports,
};

/// The ports that a rule matches, and why it may be only a part of them; `None` when it is about other protocols than TCP, UDP and
/// SCTP.
pub(super) fn of_rule(rule: &CalicoRule) -> Option<(Ports, Option<&'static str>)> {
    // What is limited to a type of ICMP is ICMP.
    if rule.icmp {
        return None;
    }
    let entity = &rule.destination;
    let allowed: Vec<Protocol> = Protocol::ALL.into_iter().filter(|protocol| carries(rule, *protocol)).collect();
    let on_allowed = |ranges: &mut dyn Iterator<Item = RangeInclusive<u16>>| -> PortSet {
        ranges.flat_map(|range| allowed.iter().map(move |protocol| (*protocol, range.clone()))).collect()
    };
    let left_out = on_allowed(&mut numbers(&entity.not_ports));
    let mut ports = Ports::of(if entity.ports.is_empty() {
        on_allowed(&mut std::iter::once(1..=u16::MAX))
    } else {
        on_allowed(&mut numbers(&entity.ports))
    });
    ports.numbers = ports.numbers.difference(&left_out);
    // A name is one of TCP where the rule names no other protocol (felix/calc/rule_scanner.go).
    let named = Protocol::ALL.into_iter().find(|protocol| rule.protocol == Some(number_of(*protocol)));
    let named = named.unwrap_or(Protocol::Tcp);
    if allowed.contains(&named) {
        ports.names = names(&entity.ports).map(|name| (named, name.clone())).collect();
        ports.names.sort();
        ports.names.dedup();
    }
    if ports.numbers.is_empty() && ports.names.is_empty() {
        return None;
    }
    let numeric = numbers(&entity.ports).chain(numbers(&entity.not_ports)).next().is_some();
    let why = if names(&entity.not_ports).next().is_some() || (!ports.names.is_empty() && !entity.not_ports.is_empty())
    {
        Some("notPorts leaves out ports that depend on names")
    } else if numeric && rule.protocol.is_none() {
        Some("ports without a protocol that has them")
    } else {
        None
    };
    Some((ports, why))
}

/// Whether the ports are every port: then they are no condition.
pub(super) fn are_every(ports: &[CalicoPort]) -> bool {
    ports.iter().any(|port| matches!(port, CalicoPort::Range(0 | 1, u16::MAX)))
}

fn carries(rule: &CalicoRule, protocol: Protocol) -> bool {
    let number = number_of(protocol);
    rule.protocol.is_none_or(|only| only == number) && rule.not_protocol != Some(number)
}

/// The protocol's number (IANA).
const fn number_of(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
    }
}

fn numbers(ports: &[CalicoPort]) -> impl Iterator<Item = RangeInclusive<u16>> {
    ports.iter().filter_map(|port| match port {
        CalicoPort::Range(first, last) => Some(*first..=*last),
        CalicoPort::Named(_) => None,
    })
}

fn names(ports: &[CalicoPort]) -> impl Iterator<Item = &Name> {
    ports.iter().filter_map(|port| match port {
        CalicoPort::Named(name) => Some(name),
        CalicoPort::Range(..) => None,
    })
}
