//! NetworkPolicies lowered to the tiered form.

use std::sync::Arc;

use crate::model::{
    AddressSet, FieldPath, Kind, Name, NetworkPolicy, ObjectKey, PolicyPeer, PolicyPort, PolicyRule, PortMatch,
    PortSet, Selector,
};

use super::{Action, Direction, Order, Peer, Policy, PolicySubject, Ports, Rule, Tier};

/// The lowered form of a NetworkPolicy, computed once per object. Rules of a direction that `policyTypes` leaves out are not in
/// it: they do nothing.
pub fn lower(policy: &NetworkPolicy) -> Arc<Policy> {
    policy.lowered.fact(|| {
        let namespace = policy.meta.namespace.clone().unwrap_or_default();
        let rules = |direction: Direction, rules: &[PolicyRule]| {
            let section = FieldPath::new("spec").field(direction.name());
            let lowered = rules.iter().enumerate();
            lowered.map(|(index, rule)| lower_rule(&namespace, rule, direction, section.index(index))).collect()
        };
        Policy {
            source: ObjectKey::namespaced(Kind::NetworkPolicy, namespace.clone(), policy.meta.name.clone()),
            order: Order { tier: Tier::NetworkPolicy, priority: 0 },
            subject: PolicySubject {
                namespace: Some(namespace.clone()),
                namespaces: Selector::everything(),
                pods: policy.pod_selector.clone(),
            },
            ingress: policy.isolates_ingress.then(|| rules(Direction::Ingress, &policy.ingress)),
            egress: policy.isolates_egress.then(|| rules(Direction::Egress, &policy.egress)),
            denies_rest: true,
        }
    })
}

fn lower_rule(namespace: &Name, rule: &PolicyRule, direction: Direction, at: FieldPath) -> Rule {
    let list = at.field(match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    });
    let peers = match rule.peers.as_deref() {
        None | Some([]) => vec![(Peer::Everyone, at.clone())],
        Some(peers) => {
            peers.iter().enumerate().map(|(index, peer)| (lower_peer(namespace, peer), list.index(index))).collect()
        }
    };
    Rule::new(Action::Accept, peers, lower_ports(rule.ports.as_deref()), at)
}

fn lower_peer(namespace: &Name, peer: &PolicyPeer) -> Peer {
    match peer {
        PolicyPeer::Pods { namespaces: None, pods } => {
            Peer::Pods { namespace: Some(namespace.clone()), namespaces: Selector::everything(), pods: pods.clone() }
        }
        PolicyPeer::Pods { namespaces: Some(namespaces), pods } => {
            Peer::Pods { namespace: None, namespaces: namespaces.clone(), pods: pods.clone() }
        }
        PolicyPeer::IpBlock { cidr, except } => {
            let except: Vec<_> = except.iter().map(|network| AddressSet::of_network(*network)).collect();
            Peer::Addresses(Arc::new(AddressSet::of_network(*cidr).difference(&AddressSet::union_of(&except))))
        }
    }
}

/// No entries mean every port; entries mean their union, which may be empty.
fn lower_ports(ports: Option<&[PolicyPort]>) -> Ports {
    let ports = match ports {
        None | Some([]) => return Ports::every(),
        Some(ports) => ports,
    };
    let numbers = ports.iter().filter_map(|port| match port.port {
        PortMatch::Every => Some((port.protocol, 1..=u16::MAX)),
        PortMatch::Range(first, last) => Some((port.protocol, first..=last)),
        PortMatch::Named(_) => None,
    });
    let names = ports.iter().filter_map(|port| match &port.port {
        PortMatch::Named(name) => Some((port.protocol, name.clone())),
        PortMatch::Every | PortMatch::Range(..) => None,
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names.dedup();
    Ports { numbers: numbers.collect::<PortSet>(), names }
}
