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
        rules.push(in_part(Rule::new(action, peers.clone(), ports.clone(), at.clone())));
        // Behind what is certain, so that it takes nothing of it.
        if has_unknown_port {
            let unknown = Rule::new(action, peers, Ports::every(), at.clone());
            rules.push(unknown.in_part("a protocol of a later version of the API"));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Object, decode};

    fn policy(kind: Kind, spec: &serde_json::Value) -> Arc<ClusterPolicy> {
        match decode::value(kind, &serde_json::json!({"metadata": {"name": "x"}, "spec": spec})).unwrap() {
            Object::ClusterPolicy(policy) => policy,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_policy_is_lowered_once_and_isolates_nobody() {
        let spec = serde_json::json!({"priority": 7, "subject": {"namespaces": {}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}], "egress": []});
        let policy = policy(Kind::AdminNetworkPolicy, &spec);
        let lowered = lower(&policy);
        assert!(Arc::ptr_eq(&lowered, &lower(&policy)));
        let [only] = lowered.as_slice() else { panic!("not one") };
        assert_eq!(only.source.to_string(), "AdminNetworkPolicy x");
        assert_eq!((&only.order.tier, only.order.priority), (&Tier::admin(), Rank::of(7.0)));
        assert!(only.ingress.is_some() && only.egress.is_none(), "an empty list says nothing");
        assert!(Direction::BOTH.iter().all(|direction| !only.isolates(*direction)));
    }

    #[test]
    fn rules_keep_their_order_and_every_peer_its_place() {
        let spec = serde_json::json!({"priority": 7, "subject": {"namespaces": {}}, "egress": [
            {"action": "Allow", "to": [{"someday": {}}]},
            {"action": "Pass", "to": [{"nodes": {}}, {"domainNames": ["a.b"]}, {"networks": ["10.0.0.0/8"]},
                                      {"nodes": {"matchLabels": {"a": "b"}}}]},
            {"action": "Deny", "to": [{"namespaces": {}}, {"someday": {}}]},
        ]});
        let lowered = lower(&policy(Kind::AdminNetworkPolicy, &spec));
        let shown = |rule: &Rule| {
            let peers: Vec<_> = rule.peers.iter().map(|(_, at)| at.to_string()).collect();
            format!("{:?} {} {} {}", rule.action, rule.at, peers.join(" "), rule.partial.as_deref().unwrap_or("whole"))
        };
        let rules: Vec<_> = lowered[0].egress.iter().flat_map(|rules| rules.iter().map(shown)).collect();
        let expected = [
            "Pass spec.egress[1] spec.egress[1].to[0] spec.egress[1].to[2] whole",
            "Pass spec.egress[1] spec.egress[1].to[3] labels of nodes",
            "Pass spec.egress[1] spec.egress[1].to[1] domain names",
            "Deny spec.egress[2] spec.egress[2].to[1] whole",
        ];
        assert_eq!(rules, expected);
        assert_eq!(lowered[0].egress.as_ref().unwrap()[3].peers[0].0, Peer::Everyone);
    }
}
