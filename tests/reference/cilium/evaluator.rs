//! The naive evaluator of Cilium's policies: one flow, by direct interpretation, with a guess at what no object tells. Written from the
//! documentation and the sources of Cilium alone; the engine's code is not used.

use std::net::IpAddr;

use ipnet::IpNet;
use ringwall::{model::Protocol, network::Direction};

use super::world::{Entry, Mixed, Peers, Policy, Port, Rule, Section};
use crate::{
    evaluator::{self, End, holds, isolating, permits},
    world::{Labelled, Map, Operator, Pod},
};

/// What no object tells.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a guess by itself")]
pub(crate) struct Guess {
    /// Whether Pods on a node's network are on the node of the other end.
    pub(crate) same_node: bool,
    /// Whether requests are such as the HTTP rules allow.
    pub(crate) http: bool,
    /// Whether the DNS names mean the addresses.
    pub(crate) dns: bool,
    /// Whether the other end is the API server, if it may be.
    pub(crate) api_server: bool,
}

impl Guess {
    pub(crate) fn all() -> Vec<Self> {
        let bits = |index: u8| {
            let bit = |place: u8| index >> place & 1 == 1;
            Self { same_node: bit(0), http: bit(1), dns: bit(2), api_server: bit(3) }
        };
        (0..16).map(bits).collect()
    }
}

pub(crate) struct Flow<'a> {
    pub(crate) source: End<'a>,
    pub(crate) destination: End<'a>,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
}

/// Whether a connection is allowed: the source's egress and the destination's ingress both allow it.
pub(crate) fn allowed(world: &Mixed, flow: &Flow<'_>, guess: Guess) -> bool {
    let leaves = match flow.source {
        End::Pod(pod) => side(world, pod, Direction::Egress, flow, guess),
        End::Address(_) => true,
    };
    let enters = match flow.destination {
        End::Pod(pod) => side(world, pod, Direction::Ingress, flow, guess),
        End::Address(_) => true,
    };
    leaves && enters
}

fn side(world: &Mixed, pod: &Pod, direction: Direction, flow: &Flow<'_>, guess: Guess) -> bool {
    // Endpoint policies are not for the host network.
    if pod.host_network {
        return true;
    }
    let peer = match direction {
        Direction::Ingress => flow.source,
        Direction::Egress => flow.destination,
    };
    // The local host may always reach its Pods (`--allow-localhost=always`).
    if direction == Direction::Ingress && is_node(peer) && guess.same_node {
        return true;
    }
    let isolated_by_kubernetes = !isolating(&world.plain, pod, direction).is_empty();
    let mut default_deny = isolated_by_kubernetes;
    let plain = evaluator::Flow {
        source: flow.source,
        destination: flow.destination,
        protocol: flow.protocol,
        port: flow.port,
    };
    let mut allow = isolated_by_kubernetes && permits(&world.plain, pod, direction, &plain);
    let mut stopped_by_proxy = false;
    for policy in &world.policies {
        for rule in &policy.rules {
            if !is_subject(world, policy, rule, pod) {
                continue;
            }
            let section = &rule.sections[usize::from(direction == Direction::Egress)];
            default_deny |= isolates(section);
            for entry in section.deny.iter().flatten() {
                if peer_matches(world, policy, entry, peer, guess) && port_matches(entry, flow).is_some() {
                    return false;
                }
            }
            for entry in section.allow.iter().flatten() {
                if !peer_matches(world, policy, entry, peer, guess) {
                    continue;
                }
                match port_matches(entry, flow) {
                    None => {}
                    Some(http) if !http || guess.http => allow = true,
                    Some(_) => stopped_by_proxy = true,
                }
            }
        }
    }
    allow || (!stopped_by_proxy && !default_deny)
}

/// A section isolates when it has an entry and `enableDefaultDeny` is not false.
fn isolates(section: &Section) -> bool {
    let entries = section.allow.iter().chain(&section.deny).flatten().count();
    entries > 0 && section.default_deny != Some(false)
}

fn is_node(end: End<'_>) -> bool {
    matches!(end, End::Pod(pod) if pod.host_network)
}

fn is_subject(world: &Mixed, policy: &Policy, rule: &Rule, pod: &Pod) -> bool {
    let mut selector = rule.selector.clone();
    if let Some(namespace) = &policy.namespace {
        if pod.namespace != *namespace {
            return false;
        }
        // It is replaced by the policy's own namespace.
        selector.labels.remove("k8s:io.kubernetes.pod.namespace");
    }
    selects(&selector, &labels_of(world, pod))
}

fn peer_matches(world: &Mixed, policy: &Policy, entry: &Entry, peer: End<'_>, guess: Guess) -> bool {
    let Some(peers) = &entry.peers else {
        // Without peers an entry means everybody on its ports, and nobody without ports.
        return entry.ports.as_ref().is_some_and(|ports| !ports.is_empty());
    };
    match (peers, peer) {
        (Peers::Endpoints(selectors), End::Pod(pod)) if !pod.host_network => selectors.iter().any(|selector| {
            let names_namespace =
                selector.labels.keys().chain(selector.expressions.iter().map(|(key, ..)| key)).any(|key| {
                    key.ends_with("io.kubernetes.pod.namespace") || key.contains("io.cilium.k8s.namespace.labels.")
                });
            let in_scope = names_namespace || policy.namespace.as_ref().is_none_or(|own| *own == pod.namespace);
            in_scope && selects(selector, &labels_of(world, pod))
        }),
        (Peers::Networks(networks), End::Address(address)) => networks.iter().any(|network| holds(*network, address)),
        (Peers::Sets(sets), End::Address(address)) => sets.iter().any(|(network, except)| {
            holds(*network, address) && !except.iter().any(|network| holds(*network, address))
        }),
        (Peers::Endpoints(_), _) | (Peers::Networks(_) | Peers::Sets(_) | Peers::DnsNames, End::Pod(_)) => false,
        (Peers::Entities(names), peer) => names.iter().any(|name| is_entity(name, peer, guess)),
        (Peers::DnsNames, End::Address(_)) => guess.dns,
    }
}

fn is_entity(name: &str, peer: End<'_>, guess: Guess) -> bool {
    match (name, peer) {
        ("all", _) | ("world", End::Address(_)) | ("cluster", End::Pod(_)) => true,
        ("world-ipv4", End::Address(address)) => holds("0.0.0.0/0".parse::<IpNet>().unwrap(), address),
        ("world-ipv6", End::Address(address)) => matches!(address, IpAddr::V6(_)),
        ("host", peer) => is_node(peer) && guess.same_node,
        ("remote-node", peer) => is_node(peer) && !guess.same_node,
        ("kube-apiserver", End::Address(_)) => guess.api_server,
        ("kube-apiserver", peer) => is_node(peer) && guess.api_server,
        _ => false,
    }
}

/// Whether the ports match, and whether only HTTP requests are meant.
fn port_matches(entry: &Entry, flow: &Flow<'_>) -> Option<bool> {
    match entry.ports.as_deref() {
        // An entry for ICMP alone is for no port.
        None | Some([]) => (!entry.icmps).then_some(false),
        Some(rules) => {
            let matching = rules.iter().filter(|rule| rule.ports.iter().any(|port| is_port(port, flow)));
            // One rule without HTTP is enough.
            matching.map(|rule| rule.http).min()
        }
    }
}

fn is_port(port: &Port, flow: &Flow<'_>) -> bool {
    let protocol_matches = match port.protocol {
        None | Some("ANY") => true,
        Some(name) => name == flow.protocol.name(),
    };
    let number_matches = match port.written.parse::<u16>() {
        Ok(0) => match port.end {
            None | Some(0) => true,
            Some(end) => flow.port <= end,
        },
        Ok(first) => first == flow.port || port.end.is_some_and(|end| first <= flow.port && flow.port <= end),
        Err(_) => match flow.destination {
            End::Pod(pod) => pod.ports.iter().any(|(name, protocol, number)| {
                name.as_ref() == Some(&port.written) && *protocol == flow.protocol && *number == flow.port
            }),
            End::Address(_) => false,
        },
    };
    protocol_matches && number_matches
}

/// The labels that Cilium gives a Pod, all of the source `k8s`.
fn labels_of(world: &Mixed, pod: &Pod) -> Map {
    let mut labels = pod.labels.clone();
    labels.insert("io.kubernetes.pod.namespace".to_owned(), pod.namespace.clone());
    labels.insert("io.cilium.k8s.policy.serviceaccount".to_owned(), super::account(pod));
    for (key, value) in world.plain.namespaces.get(&pod.namespace).into_iter().flatten() {
        labels.insert(format!("io.cilium.k8s.namespace.labels.{key}"), value.clone());
    }
    labels
}

fn selects(selector: &Labelled, labels: &Map) -> bool {
    let value = |key: &str| match key.split_once(':') {
        None | Some(("k8s" | "any", _)) => labels.get(key.split_once(':').map_or(key, |(_, key)| key)),
        Some(_) => None,
    };
    let labels_match = selector.labels.iter().all(|(key, wanted)| value(key) == Some(wanted));
    labels_match
        && selector.expressions.iter().all(|(key, operator, values)| match (operator, value(key)) {
            (Operator::In, found) => found.is_some_and(|found| values.contains(found)),
            (Operator::NotIn, found) => found.is_none_or(|found| !values.contains(found)),
            (Operator::Exists, found) => found.is_some(),
            (Operator::DoesNotExist, found) => found.is_none(),
        })
}
