//! The naive evaluator: one flow, by direct interpretation of the policies. Written from the specification of
//! `networking.k8s.io/v1` alone, and as plainly as it reads; the engine's code is not used.

use std::net::IpAddr;

use ipnet::IpNet;
use ringwall::{model::Protocol, network::Direction};

use crate::world::{Labelled, Map, Operator, Peer, Pod, Policy, Port, PortValue, Rule, World};

/// One end of a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End<'a> {
    Pod(&'a Pod),
    Address(IpAddr),
}

/// Whether a connection is allowed: the source's egress and the destination's ingress both allow it.
pub(crate) fn allowed(world: &World, source: End<'_>, destination: End<'_>, protocol: Protocol, port: u16) -> bool {
    let flow = Flow { source, destination, protocol, port };
    let leaves = match source {
        End::Pod(pod) => permits(world, pod, Direction::Egress, &flow),
        End::Address(_) => true,
    };
    let enters = match destination {
        End::Pod(pod) => permits(world, pod, Direction::Ingress, &flow),
        End::Address(_) => true,
    };
    leaves && enters
}

/// The policies that isolate a Pod in a direction, by name.
pub(crate) fn isolating<'a>(world: &'a World, pod: &Pod, direction: Direction) -> Vec<&'a Policy> {
    let mut policies = Vec::new();
    for policy in &world.policies {
        // A Pod on its node's network is no Pod for policies; a policy that is going away is not counted on.
        if pod.host_network || policy.terminating {
            continue;
        }
        if policy.namespace == pod.namespace
            && selects(&policy.pod_selector, &pod.labels)
            && types(policy).contains(&direction)
        {
            policies.push(policy);
        }
    }
    policies
}

/// `policyTypes`; without it Ingress always, and Egress when there are egress rules.
fn types(policy: &Policy) -> Vec<Direction> {
    match &policy.types {
        Some(types) if !types.is_empty() => types.clone(),
        _ => match &policy.egress {
            Some(rules) if !rules.is_empty() => vec![Direction::Ingress, Direction::Egress],
            _ => vec![Direction::Ingress],
        },
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow<'a> {
    pub(crate) source: End<'a>,
    pub(crate) destination: End<'a>,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
}

/// Whether the policies of one end let the flow through: it is not isolated, or some rule of some policy matches.
pub(crate) fn permits(world: &World, pod: &Pod, direction: Direction, flow: &Flow<'_>) -> bool {
    let policies = isolating(world, pod, direction);
    if policies.is_empty() {
        return true;
    }
    for policy in policies {
        let (rules, peer) = match direction {
            Direction::Ingress => (&policy.ingress, flow.source),
            Direction::Egress => (&policy.egress, flow.destination),
        };
        for rule in rules.iter().flatten() {
            if peer_matches(world, policy, rule, peer) && port_matches(rule, flow) {
                return true;
            }
        }
    }
    false
}

fn peer_matches(world: &World, policy: &Policy, rule: &Rule, peer: End<'_>) -> bool {
    let Some(entries) = rule.peers.as_ref().filter(|entries| !entries.is_empty()) else { return true };
    for entry in entries {
        let matches = match (entry, peer) {
            (Peer::Selectors { namespaces, pods }, End::Pod(pod)) => {
                let namespace_matches = match namespaces {
                    None => pod.namespace == policy.namespace,
                    Some(selector) => selects(selector, &namespace_labels(world, &pod.namespace)),
                };
                let pod_matches = match pods {
                    None => true,
                    Some(selector) => selects(selector, &pod.labels),
                };
                !pod.host_network && namespace_matches && pod_matches
            }
            (Peer::IpBlock { cidr, except }, End::Address(address)) => {
                holds(*cidr, address) && !except.iter().any(|network| holds(*network, address))
            }
            (Peer::Selectors { .. }, End::Address(_)) | (Peer::IpBlock { .. }, End::Pod(_)) => false,
        };
        if matches {
            return true;
        }
    }
    false
}

fn port_matches(rule: &Rule, flow: &Flow<'_>) -> bool {
    let Some(entries) = rule.ports.as_ref().filter(|entries| !entries.is_empty()) else { return true };
    entries.iter().any(|entry| entry_matches(entry, flow))
}

fn entry_matches(entry: &Port, flow: &Flow<'_>) -> bool {
    if entry.protocol.unwrap_or(Protocol::Tcp) != flow.protocol {
        return false;
    }
    match &entry.value {
        None => true,
        Some(PortValue::Number(number)) => match entry.end {
            None => *number == flow.port,
            Some(end) => *number <= flow.port && flow.port <= end,
        },
        Some(PortValue::Name(name)) => match flow.destination {
            End::Pod(pod) => pod.ports.iter().any(|(declared, protocol, number)| {
                declared.as_ref() == Some(name) && *protocol == flow.protocol && *number == flow.port
            }),
            End::Address(_) => false,
        },
    }
}

pub(crate) fn namespace_labels(world: &World, namespace: &str) -> Map {
    let mut labels = world.namespaces.get(namespace).cloned().unwrap_or_default();
    labels.insert("kubernetes.io/metadata.name".to_owned(), namespace.to_owned());
    labels
}

pub(crate) fn selects(selector: &Labelled, labels: &Map) -> bool {
    for (key, value) in &selector.labels {
        if labels.get(key) != Some(value) {
            return false;
        }
    }
    for (key, operator, values) in &selector.expressions {
        let holds = match (operator, labels.get(key)) {
            (Operator::In, Some(value)) => values.contains(value),
            (Operator::In, None) => false,
            (Operator::NotIn, Some(value)) => !values.contains(value),
            (Operator::NotIn, None) => true,
            (Operator::Exists, found) => found.is_some(),
            (Operator::DoesNotExist, found) => found.is_none(),
        };
        if !holds {
            return false;
        }
    }
    true
}

/// Whether a network holds an address: the first bits agree. IPv4-mapped IPv6 is IPv4.
pub(crate) fn holds(network: IpNet, address: IpAddr) -> bool {
    let (base, length, is_v4) = match (network, network.network().to_canonical()) {
        (IpNet::V4(net), _) => (u128::from(net.addr().to_bits()) << 96, net.prefix_len(), true),
        (IpNet::V6(net), IpAddr::V4(base)) if net.prefix_len() >= 96 => {
            (u128::from(base.to_bits()) << 96, net.prefix_len() - 96, true)
        }
        (IpNet::V6(net), _) => (net.addr().to_bits(), net.prefix_len(), false),
    };
    let bits = match address.to_canonical() {
        IpAddr::V4(address) if is_v4 => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) if !is_v4 => address.to_bits(),
        _ => return false,
    };
    length == 0 || (base ^ bits) >> (128 - length) == 0
}
