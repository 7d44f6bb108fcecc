//! The naive evaluator of Calico's policies: one packet at a time, tiers, policies and rules in order, from the facts' section 1.4
//! and Calico's sources alone. A selector is the set of addresses of the endpoints and sets of networks that it selects.

use std::net::IpAddr;

use ringwall::{model::Protocol, network::Direction};

use super::world::{Action, Comparison, Entity, Expr, Kubernetes, Pod, Policy, Port, Rule, World, network};

/// A packet. Nobody says from which port it comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
}

pub(crate) const SOURCE_PORT: u16 = 40_000;

pub(crate) fn allowed(world: &World, packet: &Packet) -> bool {
    let pod_at = |address: IpAddr| world.pods.iter().find(|pod| pod.address == [address] && !pod.host_network);
    pod_at(packet.source).is_none_or(|pod| permits(world, pod, Direction::Egress, packet))
        && pod_at(packet.destination).is_none_or(|pod| permits(world, pod, Direction::Ingress, packet))
}

enum Any<'a> {
    Calico(&'a Policy),
    Kubernetes(&'a Kubernetes),
}

fn permits(world: &World, pod: &Pod, direction: Direction, packet: &Packet) -> bool {
    let mut tiers: Vec<(f64, String, bool)> = vec![
        (1_000.0, "kube-admin".to_owned(), true),
        (1_000_000.0, "default".to_owned(), false),
        (10_000_000.0, "kube-baseline".to_owned(), true),
    ];
    for tier in &world.tiers {
        tiers.push((tier.order.unwrap_or(f64::INFINITY), tier.name.clone(), tier.default_action == Some("Pass")));
    }
    tiers.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    for (_, tier, passes) in tiers {
        let mut policies: Vec<(f64, String, Any<'_>)> = Vec::new();
        for policy in &world.policies {
            if policy.tier.as_deref().unwrap_or("default") == tier
                && types(policy).contains(&direction)
                && applies(world, policy, pod)
            {
                let kind = if policy.namespace.is_some() { "NetworkPolicy" } else { "GlobalNetworkPolicy" };
                let name = format!("{}/{}/{kind}", policy.name, policy.namespace.as_deref().unwrap_or_default());
                policies.push((policy.order.unwrap_or(f64::INFINITY), name, Any::Calico(policy)));
            }
        }
        for policy in world.kubernetes.iter().filter(|_| tier == "default") {
            let selected = policy.app.as_ref().is_none_or(|app| pod.labels.get("app") == Some(app));
            if policy.namespace == pod.namespace && selected && policy.direction == direction {
                policies.push((1_000.0, format!("knp.default.{}", policy.name), Any::Kubernetes(policy)));
            }
        }
        policies.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        let mut verdict = None;
        'tier: for (_, _, policy) in &policies {
            match policy {
                Any::Calico(policy) => {
                    let rules = if direction == Direction::Ingress { &policy.ingress } else { &policy.egress };
                    for rule in rules {
                        if rule.action != Action::Log && matches(world, policy, rule, packet) {
                            verdict = Some(rule.action);
                            break 'tier;
                        }
                    }
                }
                Any::Kubernetes(policy) => {
                    if let Some((net, port)) = &policy.admits {
                        let peer = if direction == Direction::Ingress { packet.source } else { packet.destination };
                        if packet.protocol == Protocol::Tcp && packet.port == *port && network(net).contains(&peer) {
                            verdict = Some(Action::Allow);
                            break 'tier;
                        }
                    }
                }
            }
        }
        match verdict {
            Some(Action::Allow) => return true,
            Some(Action::Deny) => return false,
            None if !policies.is_empty() && !passes => return false,
            Some(Action::Pass | Action::Log) | None => {}
        }
    }
    true
}

fn types(policy: &Policy) -> Vec<Direction> {
    match &policy.types {
        Some(types) if !types.is_empty() => types.clone(),
        _ if policy.stored => Direction::BOTH.to_vec(),
        _ if policy.egress.is_empty() => vec![Direction::Ingress],
        _ if policy.ingress.is_empty() => vec![Direction::Egress],
        _ => Direction::BOTH.to_vec(),
    }
}

fn applies(world: &World, policy: &Policy, pod: &Pod) -> bool {
    let label = |key: &str| pod_label(world, pod, key);
    policy.namespace.as_ref().is_none_or(|own| *own == pod.namespace)
        && policy.selector.as_ref().is_none_or(|selector| holds(selector, &label))
        && policy.namespace_selector.as_ref().is_none_or(|selector| holds_of(selector, "pcns.", &label))
        && policy.account_selector.as_ref().is_none_or(|selector| holds_of(selector, "pcsa.", &label))
}

fn matches(world: &World, policy: &Policy, rule: &Rule, packet: &Packet) -> bool {
    let number = match packet.protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "132",
    };
    let version = if packet.source.is_ipv4() { 4 } else { 6 };
    let address = |entity: &Entity, address: IpAddr| entity_matches(world, policy, entity, address);
    rule.ip_version.is_none_or(|only| only == version)
        && rule.protocol.is_none_or(|only| only == number)
        && rule.not_protocol.is_none_or(|not| not != number)
        && address(&rule.source, packet.source)
        && address(&rule.destination, packet.destination)
        && ports_match(world, &rule.source, packet.source, packet.protocol, SOURCE_PORT, rule)
        && ports_match(world, &rule.destination, packet.destination, packet.protocol, packet.port, rule)
}

fn entity_matches(world: &World, policy: &Policy, entity: &Entity, address: IpAddr) -> bool {
    let within = |nets: &[String]| nets.iter().any(|net| network(net).contains(&address));
    if (!entity.nets.is_empty() && !within(&entity.nets)) || within(&entity.not_nets) {
        return false;
    }
    if entity.not_selector.as_ref().is_some_and(|not| selected(world, address, |label| holds(not, label))) {
        return false;
    }
    let selects = entity.selector.is_some()
        || entity.namespace_selector.is_some()
        || !entity.accounts.is_empty()
        || (entity.not_selector.is_some() && policy.namespace.is_some());
    if !selects {
        return true;
    }
    selected(world, address, |label| {
        let in_namespace = match (&entity.namespace_selector, &policy.namespace) {
            (Some(namespaces), _) => holds_of(namespaces, "pcns.", label),
            (None, Some(own)) => label("projectcalico.org/namespace").as_deref() == Some(own),
            (None, None) => true,
        };
        let account = label("projectcalico.org/serviceaccount");
        let of_account =
            entity.accounts.is_empty() || account.is_some_and(|account| entity.accounts.contains(&account));
        in_namespace && of_account && entity.selector.as_ref().is_none_or(|selector| holds(selector, label))
    })
}

type Label<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Whether the address is one of an endpoint or a set of networks that is selected.
fn selected(world: &World, address: IpAddr, selects: impl Fn(Label<'_>) -> bool) -> bool {
    let of_pod =
        |pod: &&Pod| !pod.host_network && pod.address == [address] && selects(&|key| pod_label(world, pod, key));
    if world.pods.iter().find(of_pod).is_some() {
        return true;
    }
    world.sets.iter().any(|set| {
        let label = |key: &str| {
            if key == "projectcalico.org/namespace" {
                return set.namespace.clone();
            }
            let inherited = || namespace_label(world, set.namespace.as_deref()?, key.strip_prefix("pcns.")?);
            set.labels.get(key).cloned().or_else(inherited)
        };
        set.nets.iter().any(|net| network(net).contains(&address)) && selects(&label)
    })
}

fn ports_match(world: &World, entity: &Entity, address: IpAddr, protocol: Protocol, port: u16, rule: &Rule) -> bool {
    let is = |candidate: &Port| match candidate {
        Port::Range(first, last) => *first <= port && port <= *last,
        Port::Named(name) => {
            let of = match rule.protocol {
                Some("UDP") => Protocol::Udp,
                Some("132") => Protocol::Sctp,
                _ => Protocol::Tcp,
            };
            of == protocol
                && world.pods.iter().any(|pod| {
                    pod.address == [address]
                        && !pod.host_network
                        && pod.ports.iter().any(|declared| *declared == (name.clone(), of, port))
                })
        }
    };
    (entity.ports.is_empty() || entity.ports.iter().any(is)) && !entity.not_ports.iter().any(is)
}

fn namespace_label(world: &World, namespace: &str, key: &str) -> Option<String> {
    if key == "projectcalico.org/name" || key == "kubernetes.io/metadata.name" {
        return Some(namespace.to_owned());
    }
    world.namespaces.get(namespace)?.get(key).cloned()
}

fn pod_label(world: &World, pod: &Pod, key: &str) -> Option<String> {
    match key {
        "projectcalico.org/namespace" => Some(pod.namespace.clone()),
        "projectcalico.org/orchestrator" => Some("k8s".to_owned()),
        "projectcalico.org/serviceaccount" | "pcsa.projectcalico.org/name" => Some(pod.account.clone()),
        _ => match key.strip_prefix("pcns.") {
            Some(key) => namespace_label(world, &pod.namespace, key),
            None => pod.labels.get(key).cloned(),
        },
    }
}

fn holds(expr: &Expr, label: Label<'_>) -> bool {
    evaluate(expr, "", label)
}

/// A selector of the labels behind a prefix.
fn holds_of(expr: &Expr, prefix: &str, label: Label<'_>) -> bool {
    evaluate(expr, prefix, label)
}

fn evaluate(expr: &Expr, prefix: &str, label: Label<'_>) -> bool {
    let value = |key: &str| label(&format!("{prefix}{key}"));
    let owner = || match prefix {
        "" => true,
        "pcns." => label("projectcalico.org/namespace").is_some(),
        _ => label("projectcalico.org/serviceaccount").is_some(),
    };
    match expr {
        Expr::All => owner(),
        Expr::Global => prefix.is_empty() || !owner(),
        Expr::Has(key) => value(key).is_some(),
        Expr::Is(key, comparison, text) => match (comparison, value(key)) {
            (Comparison::Equal, found) => found.as_ref() == Some(text),
            (Comparison::Unequal, found) => found.as_ref() != Some(text),
            (_, None) => false,
            (Comparison::Contains, Some(found)) => found.contains(text.as_str()),
            (Comparison::StartsWith, Some(found)) => found.starts_with(text.as_str()),
            (Comparison::EndsWith, Some(found)) => found.ends_with(text.as_str()),
        },
        Expr::In(key, values) => value(key).is_some_and(|found| values.contains(&found)),
        Expr::NotIn(key, values) => value(key).is_none_or(|found| !values.contains(&found)),
        Expr::Not(part) => !evaluate(part, prefix, label),
        Expr::And(parts) => parts.iter().all(|part| evaluate(part, prefix, label)),
        Expr::Or(parts) => parts.iter().any(|part| evaluate(part, prefix, label)),
    }
}
