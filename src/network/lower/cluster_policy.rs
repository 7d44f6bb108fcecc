//! `ClusterNetworkPolicy`, `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` lowered.
//!
//! Being a subject isolates nothing: what no rule matches goes on to the next tier, and behind the last one it passes.

use std::sync::Arc;

use ipnet::IpNet;

use crate::{
    model::{
        AddressSet, ClusterAction, ClusterPeer, ClusterPolicy, ClusterPort, ClusterRule, ClusterTier, FieldPath,
        ObjectKey, PortSet, Protocol,
    },
    network::{Action, Direction, Order, Peer, Policy, PolicySubject, Ports, Rank, Rule, Tier},
};

/// The lowered form, computed once per object.
pub(super) fn lower(policy: &ClusterPolicy) -> Arc<Vec<Arc<Policy>>> {
    policy.lowered.fact(|| vec![Arc::new(lowered(policy))])
}

fn lowered(policy: &ClusterPolicy) -> Policy {
    let rules = |direction: Direction, rules: &[ClusterRule]| -> Option<Arc<[Rule]>> {
        let section = FieldPath::new("spec").field(direction.name());
        let lowered = rules.iter().enumerate();
        let lowered = lowered.flat_map(|(index, rule)| lower_rule(rule, direction, &section.index(index)));
        // Without rules it does not speak of the direction.
        (!rules.is_empty()).then(|| lowered.collect())
    };
    Policy {
        source: ObjectKey::cluster(policy.kind, policy.meta.name.clone()),
        order: Order {
            tier: match policy.tier {
                ClusterTier::Admin => Tier::admin(),
                ClusterTier::Baseline => Tier::baseline(),
            },
            priority: policy.priority.map_or(Rank::LAST, |priority| Rank::of(f64::from(priority))),
            name: policy.meta.name.clone(),
        },
        subject: PolicySubject {
            namespace: None,
            namespaces: policy.subject_namespaces.clone(),
            pods: policy.subject_pods.clone(),
            partial: None,
        },
        ingress: rules(Direction::Ingress, &policy.ingress),
        egress: rules(Direction::Egress, &policy.egress),
        isolates_ingress: false,
        isolates_egress: false,
    }
}

/// One rule comes to several where a part of its peers or ports is only matched in part; they are neighbours of one action, and
/// so a union.
fn lower_rule(rule: &ClusterRule, direction: Direction, at: &FieldPath) -> Vec<Rule> {
    let list = at.field(match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    });
    let action = match rule.action {
        ClusterAction::Accept => Action::Accept,
        ClusterAction::Deny => Action::Deny,
        ClusterAction::Pass => Action::Pass,
    };
    // A peer of a later version of the API: the rule fails closed, as the API has it.
    if let Some(unknown) = rule.peers.iter().position(|peer| *peer == ClusterPeer::Unknown) {
        return match action {
            Action::Accept => Vec::new(),
            Action::Deny | Action::Pass => {
                let everyone = vec![(Peer::Everyone, list.index(unknown))];
                vec![Rule::new(Action::Deny, everyone, Ports::every(), at.clone())]
            }
        };
    }
    let (mut whole, mut nodes, mut domains) = (Vec::new(), Vec::new(), Vec::new());
    for (index, peer) in rule.peers.iter().enumerate() {
        let (kept, peer) = match peer {
            ClusterPeer::Pods { namespaces, pods } => {
                (&mut whole, Peer::Pods { namespace: None, namespaces: namespaces.clone(), pods: pods.clone() })
            }
            ClusterPeer::Networks(networks) => (&mut whole, Peer::Addresses(Arc::new(addresses(networks)))),
            ClusterPeer::Nodes(labels) if labels.is_everything() => (&mut whole, Peer::Nodes),
            ClusterPeer::Nodes(_) => (&mut nodes, Peer::Nodes),
            ClusterPeer::DomainNames(_) => (&mut domains, Peer::World(Arc::new(AddressSet::every()))),
            ClusterPeer::Unknown => continue,
        };
        kept.push((peer, list.index(index)));
    }
    let ports = lower_ports(rule.ports.as_deref());
    let has_unknown_port = rule.ports.iter().flatten().any(|port| *port == ClusterPort::Unknown);
    let mut rules = Vec::new();
    for (peers, reason) in [(whole, None), (nodes, Some("labels of nodes")), (domains, Some("domain names"))] {
        if peers.is_empty() {
            continue;
        }
        let in_part = |rule: Rule| match reason {
            Some(reason) => rule.in_part(reason),
            None => rule,
        };
        if has_unknown_port {
            let unknown = Rule::new(action, peers.clone(), Ports::every(), at.clone());
            rules.push(unknown.in_part("a protocol of a later version of the API"));
        }
        rules.push(in_part(Rule::new(action, peers, ports.clone(), at.clone())));
    }
    rules
}

fn addresses(networks: &[IpNet]) -> AddressSet {
    let networks: Vec<_> = networks.iter().map(|network| AddressSet::of_network(*network)).collect();
    AddressSet::union_of(&networks)
}

/// No entries mean every port; entries mean their union, which may be empty. A name means ports of every protocol.
fn lower_ports(ports: Option<&[ClusterPort]>) -> Ports {
    let Some(ports) = ports else { return Ports::every() };
    let numbers = ports.iter().filter_map(|port| match port {
        ClusterPort::Range(protocol, first, last) => Some((*protocol, *first..=*last)),
        ClusterPort::Named(_) | ClusterPort::Unknown => None,
    });
    let names = ports.iter().flat_map(|port| match port {
        ClusterPort::Named(name) => Protocol::ALL.map(|protocol| (protocol, name.clone())).to_vec(),
        ClusterPort::Range(..) | ClusterPort::Unknown => Vec::new(),
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names.dedup();
    Ports { numbers: numbers.collect::<PortSet>(), without_ends: None, names }
}
