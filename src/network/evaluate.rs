//! Tiers evaluated from first to last, with the traffic that is still undecided.

use std::{borrow::Cow, sync::Arc};

use crate::model::{AddressSet, PodFacts, PortSet};

use super::{
    Action, Admission, Direction, Exposure, Peer, Policy, Rule, Tier, WidePeer, WideReach,
    segments::{Bound, Piece},
    unnamed,
};

/// The exposure of Pods with these facts under the policies that select them, of whatever kind and in any order.
pub fn evaluate(mut policies: Vec<Arc<Policy>>, facts: &PodFacts, direction: Direction) -> Exposure {
    policies.retain(|policy| policy.rules(direction).is_some());
    if policies.is_empty() || facts.host_network {
        return Exposure::unisolated();
    }
    policies.sort_by(|a, b| (a.order, &a.source).cmp(&(b.order, &b.source)));
    let mut traffic = Traffic {
        facts,
        direction,
        undecided: Undecided::Everything,
        accepted: Admission::nothing(),
        isolated_by: Vec::new(),
        wide: Vec::new(),
    };
    for tier in policies.chunk_by(|a, b| a.order.tier == b.order.tier) {
        traffic.pass(tier);
    }
    traffic.finish()
}

/// A rule and the policy that it is from.
type Place<'a> = (&'a Arc<Policy>, &'a Rule);

/// The traffic of unnamed peers on its way through the tiers.
struct Traffic<'a> {
    facts: &'a PodFacts,
    direction: Direction,
    undecided: Undecided,
    accepted: Admission,
    isolated_by: Vec<Arc<Policy>>,
    wide: Vec<WidePeer>,
}

/// What no rule has decided yet. Everything, in the common case, needs no sets.
enum Undecided {
    Everything,
    Only(Region),
}

/// A part of all traffic.
#[derive(Default)]
struct Region {
    /// That of unnamed peers.
    unnamed: Admission,
    /// The ports on which that of some Pod, named or not, may be in it.
    some_pod: PortSet,
}

impl Region {
    fn everything() -> Self {
        Self { unnamed: Admission::everything(), some_pod: PortSet::every() }
    }

    fn union(&self, other: &Self) -> Self {
        Self { unnamed: self.unnamed.union(&other.unnamed), some_pod: self.some_pod.union(&other.some_pod) }
    }
}

impl Traffic<'_> {
    fn pass(&mut self, policies: &[Arc<Policy>]) {
        let direction = self.direction;
        let rules = policies
            .iter()
            .flat_map(|policy| policy.rules(direction).unwrap_or_default().iter().map(move |rule| (policy, rule)));
        let steps: Vec<Vec<Place<'_>>> = match policies.first().map(|policy| policy.order.tier) {
            // A union without order: what one rule denies, no other accepts.
            Some(Tier::NetworkPolicy) => {
                let (accepting, others): (Vec<_>, Vec<_>) = rules.partition(|(_, rule)| rule.action == Action::Accept);
                others.into_iter().map(|place| vec![place]).chain([accepting]).collect()
            }
            _ => rules.map(|place| vec![place]).collect(),
        };
        let isolating: Vec<_> = policies.iter().filter(|policy| policy.denies_rest).cloned().collect();
        let last = steps.len().saturating_sub(1);
        let mut passed = Region::default();
        for (index, step) in steps.into_iter().enumerate() {
            let Some((policy, rule)) = step.first().copied() else { continue };
            let hit = self.hit(&step);
            match rule.action {
                Action::Accept => self.accepted = self.accepted.union(&hit.unnamed),
                Action::Deny if !hit.unnamed.is_nothing() && !policy.denies_rest => {
                    self.isolated_by.push(Arc::clone(policy));
                }
                Action::Deny => {}
                Action::Pass => passed = passed.union(&hit),
            }
            // What the last step leaves is denied in any case where the tier denies the rest.
            if index < last || isolating.is_empty() {
                self.settle(&hit);
            }
        }
        if !isolating.is_empty() {
            self.isolated_by.extend(isolating);
            self.undecided = Undecided::Only(passed);
        } else if let Undecided::Only(undecided) = &mut self.undecided {
            *undecided = undecided.union(&passed);
        }
        self.isolated_by.dedup();
    }

    /// The undecided traffic that rules of one action match.
    fn hit(&mut self, places: &[Place<'_>]) -> Region {
        let (mut pods, mut every_pod) = (Vec::new(), Vec::new());
        let mut bound = Bound::Above;
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for (policy, rule) in places {
            let ports = match self.direction {
                Direction::Ingress => rule.ports.on(self.facts),
                Direction::Egress => Cow::Borrowed(&rule.ports.numbers),
            };
            if rule.action == Action::Accept {
                self.note_wide(policy, rule, &ports);
            }
            // To over-state what is denied would be to under-state what is admitted.
            if rule.action != Action::Accept {
                bound = Bound::Exact;
            }
            if rule.unnamed.pod {
                pods.push(ports.clone());
            }
            if rule.unnamed.every_pod {
                every_pod.push(ports.clone());
            }
            if !rule.unnamed.addresses.is_empty() {
                pieces.push((ports, Cow::Borrowed(&rule.unnamed.addresses)));
            }
        }
        let pods = PortSet::union_of(pods.iter().map(Cow::as_ref));
        let every_pod = PortSet::union_of(every_pod.iter().map(Cow::as_ref));
        let unnamed = Admission::of(pods, pieces, bound);
        match &self.undecided {
            Undecided::Everything => Region { unnamed, some_pod: every_pod },
            Undecided::Only(undecided) => Region {
                unnamed: unnamed.intersection(&undecided.unnamed),
                some_pod: every_pod.intersection(&undecided.some_pod),
            },
        }
    }

    fn settle(&mut self, hit: &Region) {
        let undecided = match std::mem::replace(&mut self.undecided, Undecided::Everything) {
            Undecided::Everything => Region::everything(),
            Undecided::Only(undecided) => undecided,
        };
        self.undecided = Undecided::Only(Region {
            unnamed: undecided.unnamed.difference(&hit.unnamed),
            some_pod: undecided.some_pod.difference(&hit.some_pod),
        });
    }

    /// Notes the entries of an accepting rule that admit peers without naming a namespace, as far as earlier tiers leave
    /// something to decide there.
    fn note_wide(&mut self, policy: &Arc<Policy>, rule: &Rule, ports: &PortSet) {
        for (peer, at) in &rule.peers {
            let reach = match peer {
                Peer::Everyone => WideReach::Everyone,
                Peer::Pods { namespace: None, namespaces, pods } if unnamed::is_namespace(namespaces) => {
                    WideReach::Namespaces { pods: pods.clone() }
                }
                Peer::Pods { .. } => continue,
                Peer::Addresses(addresses) if addresses.is_empty() => continue,
                Peer::Addresses(addresses) => WideReach::Addresses(Arc::clone(addresses)),
            };
            let ports = match &self.undecided {
                Undecided::Everything => ports.clone(),
                Undecided::Only(undecided) => ports.intersection(&undecided.ports_of(&reach)),
            };
            let names = match (self.direction, &reach) {
                (Direction::Egress, WideReach::Everyone | WideReach::Namespaces { .. }) => rule.ports.names.clone(),
                _ => Vec::new(),
            };
            if !ports.is_empty() || !names.is_empty() {
                self.wide.push(WidePeer { policy: policy.source.clone(), at: at.clone(), reach, ports, names });
            }
        }
    }

    /// What no tier has decided is let through.
    fn finish(self) -> Exposure {
        let admission = match self.undecided {
            Undecided::Everything => return Exposure { wide: self.wide, ..Exposure::unisolated() },
            Undecided::Only(undecided) => self.accepted.union(&undecided.unnamed),
        };
        Exposure { isolated_by: self.isolated_by, admission: Arc::new(admission), wide: self.wide }
    }
}

impl Region {
    /// The ports on which some of those peers are in it.
    fn ports_of(&self, reach: &WideReach) -> PortSet {
        let addresses = |condition: &dyn Fn(&AddressSet) -> bool| self.unnamed.ports_where(condition);
        match reach {
            WideReach::Everyone => self.some_pod.union(&addresses(&|_| true)),
            WideReach::Namespaces { .. } => self.some_pod.clone(),
            WideReach::Addresses(set) => addresses(&|theirs| !theirs.intersection(set).is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{FieldPath, Kind, Labels, ObjectKey, Protocol, Selector},
        network::{Order, PolicySubject, Ports},
    };

    fn policy(name: &str, tier: Tier, priority: u32, ingress: Vec<Rule>) -> Arc<Policy> {
        Arc::new(Policy {
            source: ObjectKey::namespaced(Kind::NetworkPolicy, "shop", name),
            order: Order { tier, priority },
            subject: PolicySubject {
                namespace: None,
                namespaces: Selector::everything(),
                pods: Selector::everything(),
            },
            ingress: Some(ingress),
            egress: None,
            denies_rest: tier == Tier::NetworkPolicy,
        })
    }

    fn rule(action: Action, peer: Peer, ports: &PortSet) -> Rule {
        let at = FieldPath::new("spec.ingress[0]");
        Rule::new(action, vec![(peer, at.clone())], Ports { numbers: ports.clone(), names: Vec::new() }, at)
    }

    fn tcp(first: u16, last: u16) -> PortSet {
        [(Protocol::Tcp, first..=last)].into_iter().collect()
    }

    fn all_pods() -> Peer {
        Peer::Pods { namespace: None, namespaces: Selector::everything(), pods: Selector::everything() }
    }

    fn network(text: &str) -> Peer {
        Peer::Addresses(Arc::new(AddressSet::of_network(text.parse().unwrap())))
    }

    fn ingress(policies: Vec<Arc<Policy>>) -> Exposure {
        evaluate(policies, &PodFacts::default(), Direction::Ingress)
    }

    #[test]
    fn without_a_policy_that_speaks_everything_is_admitted() {
        let egress_only = Arc::new(Policy {
            ingress: None,
            egress: Some(Vec::new()),
            ..Policy::clone(&policy("egress", Tier::NetworkPolicy, 0, vec![]))
        });
        let found = ingress(vec![egress_only]);
        assert!(found.isolated_by.is_empty());
        assert_eq!(*found.admission, Admission::everything());
    }

    #[test]
    fn a_policy_without_rules_denies_everything() {
        let found = ingress(vec![policy("deny", Tier::NetworkPolicy, 0, vec![])]);
        assert!(found.isolated_by.len() == 1 && found.admission.is_nothing() && found.wide.is_empty());
    }

    #[test]
    fn what_an_admin_denies_no_network_policy_admits() {
        let found = ingress(vec![
            policy("open", Tier::NetworkPolicy, 0, vec![rule(Action::Accept, Peer::Everyone, &PortSet::every())]),
            policy("admin", Tier::Admin, 0, vec![rule(Action::Deny, all_pods(), &tcp(1, 1024))]),
        ]);
        assert_eq!(found.admission.pods, PortSet::every().difference(&tcp(1, 1024)));
        assert_eq!(found.admission.ports_to("8.8.8.8".parse().unwrap()), PortSet::every());
        let names: Vec<_> = found.isolated_by.iter().map(|policy| policy.source.name.as_str()).collect();
        assert_eq!(names, ["admin", "open"]);
        assert_eq!(found.wide.len(), 1);
    }

    #[test]
    fn what_an_admin_accepts_no_network_policy_denies() {
        let found = ingress(vec![
            policy("admin", Tier::Admin, 0, vec![rule(Action::Accept, all_pods(), &tcp(53, 53))]),
            policy("deny", Tier::NetworkPolicy, 0, vec![]),
        ]);
        assert_eq!(found.admission.pods, tcp(53, 53));
        assert_eq!(found.admission.addresses().count(), 0);
        assert_eq!(found.wide.len(), 1);
    }

    #[test]
    fn the_first_rule_of_the_lower_priority_decides() {
        let found = ingress(vec![
            policy("later", Tier::Admin, 5, vec![rule(Action::Accept, all_pods(), &PortSet::every())]),
            policy(
                "first",
                Tier::Admin,
                1,
                vec![rule(Action::Accept, all_pods(), &tcp(80, 80)), rule(Action::Deny, all_pods(), &PortSet::every())],
            ),
        ]);
        assert_eq!(found.admission.pods, tcp(80, 80));
        assert_eq!(found.wide.len(), 1, "the later policy has no Pod left to admit: {:?}", found.wide);
    }

    #[test]
    fn what_is_passed_skips_the_tier_and_is_decided_by_the_next() {
        let passing =
            vec![rule(Action::Pass, all_pods(), &tcp(80, 80)), rule(Action::Deny, all_pods(), &PortSet::every())];
        let admin = || policy("admin", Tier::Admin, 0, passing.clone());
        assert_eq!(ingress(vec![admin()]).admission.pods, tcp(80, 80));
        let deny = policy("deny", Tier::NetworkPolicy, 0, vec![]);
        assert!(ingress(vec![admin(), deny]).admission.is_nothing());
        let base = policy("base", Tier::Baseline, 0, vec![rule(Action::Deny, all_pods(), &tcp(1, 100))]);
        assert!(ingress(vec![admin(), base]).admission.pods.is_empty());
    }

    #[test]
    fn the_baseline_is_asked_only_where_nothing_isolates() {
        let base = || policy("base", Tier::Baseline, 0, vec![rule(Action::Deny, Peer::Everyone, &PortSet::every())]);
        let alone = ingress(vec![base()]);
        assert!(alone.admission.is_nothing() && alone.isolated_by.len() == 1);
        let allow = policy("allow", Tier::NetworkPolicy, 0, vec![rule(Action::Accept, all_pods(), &tcp(80, 80))]);
        let both = ingress(vec![base(), allow]);
        assert_eq!(both.admission.pods, tcp(80, 80));
        assert_eq!(both.isolated_by.len(), 1);
    }

    #[test]
    fn denied_addresses_are_cut_out_of_what_the_tier_accepts_whatever_the_order() {
        let accept = rule(Action::Accept, network("0.0.0.0/0"), &tcp(443, 443));
        let deny = rule(Action::Deny, network("10.0.0.0/8"), &PortSet::every());
        for rules in [vec![accept.clone(), deny.clone()], vec![deny, accept]] {
            let admission = ingress(vec![policy("both", Tier::NetworkPolicy, 0, rules)]).admission;
            assert_eq!(admission.ports_to("8.8.8.8".parse().unwrap()), tcp(443, 443));
            assert!(admission.ports_to("10.1.2.3".parse().unwrap()).is_empty());
        }
    }

    #[test]
    fn a_network_of_which_every_part_is_excepted_is_not_wide() {
        let nobody = Peer::Addresses(Arc::new(AddressSet::none()));
        let found =
            ingress(vec![policy("none", Tier::NetworkPolicy, 0, vec![rule(Action::Accept, nobody, &tcp(1, 2))])]);
        assert!(found.wide.is_empty() && found.admission.is_nothing());
    }

    #[test]
    fn a_subject_of_all_namespaces_selects_by_their_labels_and_never_a_pod_on_its_nodes_network() {
        let subject = PolicySubject {
            namespace: None,
            namespaces: Selector::In("team".into(), vec!["a".into()]),
            pods: Selector::everything(),
        };
        let facts = PodFacts::default();
        let team_a: Labels = [("team", "a")].into_iter().collect();
        assert!(subject.selects(&"shop".into(), &team_a, &facts));
        assert!(!subject.selects(&"shop".into(), &Labels::default(), &facts));
        assert!(!subject.selects(&"shop".into(), &team_a, &PodFacts { host_network: true, ..facts }));
    }
}
