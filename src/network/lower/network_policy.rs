//! NetworkPolicies lowered to the tiered form.

use std::sync::Arc;

use crate::model::{
    AddressSet, FieldPath, Kind, Name, NetworkPolicy, ObjectKey, PolicyPeer, PolicyPort, PolicyRule, PortMatch,
    PortSet, Selector,
};

use super::super::{Action, Direction, Order, Peer, Policy, PolicySubject, Ports, Rank, Rule, Tier};

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
            order: Order {
                tier: Tier::network_policy(),
                priority: Rank::of(Order::NETWORK_POLICY),
                // As Calico calls it, which alone has others beside it that go by name.
                name: format!("knp.default.{}", policy.meta.name).into(),
            },
            subject: PolicySubject {
                namespace: Some(namespace.clone()),
                namespaces: Selector::everything(),
                pods: policy.pod_selector.clone(),
                partial: None,
            },
            ingress: policy.isolates_ingress.then(|| rules(Direction::Ingress, &policy.ingress)),
            egress: policy.isolates_egress.then(|| rules(Direction::Egress, &policy.egress)),
            isolates_ingress: policy.isolates_ingress,
            isolates_egress: policy.isolates_egress,
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
    let has_ends = ports.iter().any(|port| matches!(port.port, PortMatch::Range(first, last) if first < last));
    let without_ends = has_ends.then(|| {
        let first = |port: &PolicyPort| match port.port {
            PortMatch::Every => Some((port.protocol, 1..=u16::MAX)),
            PortMatch::Range(first, _) => Some((port.protocol, first..=first)),
            PortMatch::Named(_) => None,
        };
        ports.iter().filter_map(first).collect()
    });
    Ports { numbers: numbers.collect::<PortSet>(), without_ends, names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Derived, Meta, Protocol},
        network::Plugin,
    };

    fn policy(ingress: Vec<PolicyRule>, egress: Vec<PolicyRule>, isolates_egress: bool) -> NetworkPolicy {
        NetworkPolicy {
            meta: Meta { name: "allow".into(), namespace: Some("shop".into()), ..Meta::default() },
            pod_selector: Selector::everything(),
            isolates_ingress: true,
            isolates_egress,
            ingress,
            egress,
            empty_egress_ignored: false,
            lowered: Derived::default(),
        }
    }

    fn ports(entries: &[(Protocol, PortMatch)]) -> Ports {
        let entries: Vec<_> = entries.iter().cloned().map(|(protocol, port)| PolicyPort { protocol, port }).collect();
        lower_ports(Some(&entries))
    }

    #[test]
    fn a_policy_is_lowered_once() {
        let policy = policy(vec![], vec![], false);
        assert!(Arc::ptr_eq(&lower(&policy), &lower(&policy)));
        assert_eq!(lower(&policy).source.to_string(), "NetworkPolicy shop/allow");
    }

    #[test]
    fn rules_of_a_direction_that_policy_types_leave_out_are_not_lowered() {
        let rule = PolicyRule { peers: None, ports: None };
        let lowered = lower(&policy(vec![], vec![rule.clone()], false));
        assert_eq!((lowered.ingress.as_deref(), lowered.egress.as_deref()), (Some(&[][..]), None));
        assert_eq!(lower(&policy(vec![], vec![rule], true)).egress.as_ref().map(|rules| rules.len()), Some(1));
    }

    #[test]
    fn every_peer_knows_where_it_was_written() {
        let pods = PolicyPeer::Pods { namespaces: None, pods: Selector::everything() };
        let rule = PolicyRule { peers: Some(vec![pods.clone(), pods]), ports: None };
        let everyone = PolicyRule { peers: None, ports: None };
        let lowered = lower(&policy(vec![everyone, rule.clone()], vec![rule], true));
        let paths = |direction| -> Vec<String> {
            let rules = lowered.rules(direction).unwrap();
            rules.iter().flat_map(|rule| rule.peers.iter().map(|(_, at)| at.to_string())).collect()
        };
        assert_eq!(
            paths(Direction::Ingress),
            ["spec.ingress[0]", "spec.ingress[1].from[0]", "spec.ingress[1].from[1]"]
        );
        assert_eq!(paths(Direction::Egress), ["spec.egress[0].to[0]", "spec.egress[0].to[1]"]);
    }

    #[test]
    fn an_entry_without_namespaces_means_the_policys_own() {
        let own = lower_peer(&"shop".into(), &PolicyPeer::Pods { namespaces: None, pods: Selector::everything() });
        assert!(matches!(&own, Peer::Pods { namespace: Some(name), .. } if name == "shop") && !own.is_unnamed_pod());
        let all = PolicyPeer::Pods { namespaces: Some(Selector::everything()), pods: Selector::everything() };
        assert!(lower_peer(&"shop".into(), &all).is_every_pod());
    }

    #[test]
    fn exceptions_are_cut_out() {
        let block =
            PolicyPeer::IpBlock { cidr: "10.0.0.0/8".parse().unwrap(), except: vec!["10.1.0.0/16".parse().unwrap()] };
        let Peer::Addresses(addresses) = lower_peer(&"shop".into(), &block) else { panic!("not addresses") };
        assert!(addresses.contains("10.0.255.255".parse().unwrap()) && addresses.contains("10.2.0.0".parse().unwrap()));
        assert!(
            !addresses.contains("10.1.0.0".parse().unwrap()) && !addresses.contains("10.1.255.255".parse().unwrap())
        );
    }

    #[test]
    fn ports_are_a_union_and_names_are_kept() {
        let mixed = ports(&[
            (Protocol::Tcp, PortMatch::Range(80, 80)),
            (Protocol::Udp, PortMatch::Every),
            (Protocol::Tcp, PortMatch::Named("web".into())),
        ]);
        assert_eq!(mixed.numbers.to_string(), "TCP 80, all UDP ports");
        assert_eq!(mixed.names, [(Protocol::Tcp, Name::from("web"))]);
        assert_eq!(lower_ports(None), Ports::every());
    }

    #[test]
    fn entries_that_come_to_no_port_match_nothing() {
        let unresolved = ports(&[(Protocol::Tcp, PortMatch::Named("web".into()))]);
        assert!(unresolved.on(&Plugin::default(), &crate::model::PodFacts::default()).is_empty());
        assert!(ports(&[(Protocol::Tcp, PortMatch::Range(90, 80))]).numbers.is_empty());
    }
}
