//! Tiers evaluated from first to last, with the traffic that is still undecided.

use std::{borrow::Cow, sync::Arc};

use crate::model::{AddressSet, PodFacts, PortSet};

use super::{
    Action, Admission, Direction, Exposure, Peer, Plugin, Policy, Reading, Rule, WidePeer, WideReach,
    segments::{Bound, Piece, is_exact},
    select, unnamed,
};

/// The exposure of Pods with these facts under the policies that select them, of whatever kind and in any order. What is not
/// known exactly is taken as the reading says.
pub fn evaluate(
    mut policies: Vec<Arc<Policy>>,
    plugin: &Plugin,
    facts: &PodFacts,
    direction: Direction,
    reading: Reading,
) -> Exposure {
    policies.retain(|policy| policy.rules(direction).is_some());
    if policies.is_empty() {
        return Exposure::unisolated();
    }
    select::sort(&mut policies);
    let mut traffic = Traffic {
        plugin,
        facts,
        direction,
        reading,
        undecided: Undecided::Everything,
        effort: 0,
        accepted: Vec::new(),
        denying: Vec::new(),
        wide: Vec::new(),
    };
    for tier in policies.chunk_by(|a, b| a.order.tier == b.order.tier) {
        traffic.pass(tier);
    }
    traffic.finish()
}

/// How many pieces of undecided traffic are looked at in all. Rules that accept and deny by turns on nested ports cut it into as many
/// pieces as there are rules, squared; beyond this, what a rule has decided is taken for undecided still. That only ever over-states what
/// is admitted, and only of policies that nobody writes by accident.
const EFFORT: usize = 1 << 20;
/// So many pieces are few enough for every rule.
const FEW: usize = 64;

/// A rule and the policy that it is from.
type Place<'a> = (&'a Arc<Policy>, &'a Rule);

/// The traffic of unnamed peers on its way through the tiers.
struct Traffic<'a> {
    plugin: &'a Plugin,
    facts: &'a PodFacts,
    direction: Direction,
    reading: Reading,
    undecided: Undecided,
    /// How many pieces of undecided traffic have been looked at.
    effort: usize,
    accepted: Vec<Admission>,
    /// The policies that isolate, and between them those that only deny something.
    denying: Vec<Arc<Policy>>,
    wide: Vec<WidePeer>,
}

/// What no rule has decided yet. Everything, in the common case, needs no sets.
enum Undecided {
    Everything,
    Only(Region),
}

/// A part of all traffic.
#[derive(Clone, Default)]
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

    fn union_of(regions: &[Self]) -> Self {
        Self {
            unnamed: Admission::union_of(regions.iter().map(|region| &region.unnamed)),
            some_pod: PortSet::union_of(regions.iter().map(|region| &region.some_pod)),
        }
    }
}

impl Traffic<'_> {
    fn pass(&mut self, policies: &[Arc<Policy>]) {
        let (direction, reading) = (self.direction, self.reading);
        let rules = policies
            .iter()
            .flat_map(|policy| policy.rules(direction).unwrap_or_default().iter().map(move |rule| (policy, rule)));
        let is_partial = |(policy, rule): &Place<'_>| policy.subject.partial.is_some() || rule.partial.is_some();
        let rules: Vec<Place<'_>> = rules
            .filter(|place| !is_partial(place) || place.1.action == Action::Pass || reading.takes(place.1.action))
            .collect();
        // Neighbours of one action are a union without order. Where a Pass may match only in part, it stands alone.
        let joins = |a: &Place<'_>, b: &Place<'_>| {
            a.1.action == b.1.action && (a.1.action != Action::Pass || is_partial(a) == is_partial(b))
        };
        let steps: Vec<&[Place<'_>]> = rules.chunk_by(joins).collect();
        let certain = |policy: &&Arc<Policy>| policy.subject.partial.is_none() || reading == Reading::Least;
        let isolating: Vec<_> =
            policies.iter().filter(|policy| policy.isolates(direction)).filter(certain).cloned().collect();
        let last = steps.len().saturating_sub(1);
        let mut passed = Vec::new();
        for (index, step) in steps.into_iter().enumerate() {
            let Some((policy, rule)) = step.first().copied() else { continue };
            let (hit, exact) = self.hit(step);
            let may = rule.action == Action::Pass && (is_partial(&(policy, rule)) || !exact);
            match rule.action {
                Action::Accept => self.accepted.push(hit.unnamed.clone()),
                Action::Deny if !hit.unnamed.is_nothing() => {
                    let denying = step.iter().map(|(policy, _)| *policy).filter(|policy| !policy.isolates(direction));
                    self.denying.extend(denying.cloned());
                }
                Action::Deny => {}
                Action::Pass if may && exact && reading == Reading::Least => {}
                Action::Pass => passed.push(hit.clone()),
            }
            // What may pass stays to be decided here as well, at the most.
            if may && (reading == Reading::Most || !exact) {
                continue;
            }
            // What the last step leaves is denied in any case where the tier denies the rest.
            if index < last || isolating.is_empty() {
                self.settle(&hit);
            }
        }
        if !isolating.is_empty() {
            self.denying.extend(isolating);
            self.undecided = Undecided::Only(Region::union_of(&passed));
        } else if let Undecided::Only(undecided) = &mut self.undecided {
            passed.push(std::mem::take(undecided));
            *undecided = Region::union_of(&passed);
        }
        self.denying.dedup_by(|a, b| Arc::ptr_eq(a, b));
    }

    /// The undecided traffic that rules of one action match, and whether it is exactly that.
    fn hit(&mut self, places: &[Place<'_>]) -> (Region, bool) {
        let (mut pods, mut every_pod) = (Vec::new(), Vec::new());
        let bound = match places.first() {
            // To over-state what is denied would be to under-state what is admitted.
            Some((_, rule)) if rule.action == Action::Deny => Bound::Below,
            _ => Bound::Above,
        };
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for (policy, rule) in places {
            let ports = match self.direction {
                Direction::Ingress => rule.ports.on(self.plugin, self.facts),
                Direction::Egress => Cow::Borrowed(rule.ports.numbers(self.plugin)),
            };
            if rule.action == Action::Accept {
                self.note_wide(policy, rule, &ports);
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
        let exact = is_exact(&pieces);
        let unnamed = Admission::of(pods, pieces, bound);
        let hit = match &self.undecided {
            Undecided::Everything => Region { unnamed, some_pod: every_pod },
            Undecided::Only(undecided) => Region {
                unnamed: unnamed.intersection(&undecided.unnamed),
                some_pod: every_pod.intersection(&undecided.some_pod),
            },
        };
        (hit, exact)
    }

    fn settle(&mut self, hit: &Region) {
        let undecided = match std::mem::replace(&mut self.undecided, Undecided::Everything) {
            Undecided::Everything => Region::everything(),
            Undecided::Only(undecided) => undecided,
        };
        let mut unnamed = undecided.unnamed.difference(&hit.unnamed);
        self.effort += unnamed.pieces_in_all() + hit.unnamed.pieces_in_all();
        if self.effort > EFFORT && unnamed.pieces_in_all() > FEW {
            unnamed = unnamed.with_every_address();
        }
        self.undecided = Undecided::Only(Region { unnamed, some_pod: undecided.some_pod.difference(&hit.some_pod) });
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
                Peer::Pods { .. } | Peer::Nodes => continue,
                Peer::Addresses(addresses) | Peer::World(addresses) if addresses.is_empty() => continue,
                Peer::Addresses(addresses) | Peer::World(addresses) => WideReach::Addresses(Arc::clone(addresses)),
            };
            let ports = match &self.undecided {
                Undecided::Only(undecided) if self.effort <= EFFORT => {
                    self.effort += undecided.unnamed.pieces_in_all();
                    ports.intersection(&undecided.ports_of(&reach))
                }
                Undecided::Only(_) | Undecided::Everything => ports.clone(),
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

    /// What no tier has decided is let through. Rules that deny isolate only where they leave nothing to that: whom they deny a
    /// port or two is as open as before.
    fn finish(mut self) -> Exposure {
        let undecided = match self.undecided {
            Undecided::Everything => return Exposure { wide: self.wide, ..Exposure::unisolated() },
            Undecided::Only(undecided) => undecided.unnamed,
        };
        if !undecided.pods.is_empty() && undecided.addresses().next().is_some() {
            self.denying.retain(|policy| policy.isolates(self.direction));
        }
        self.accepted.push(undecided);
        let admission = Arc::new(Admission::union_of(&self.accepted));
        Exposure { isolated_by: self.denying, admission, wide: self.wide, ..Exposure::unisolated() }
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
        network::{Order, PodView, PolicySubject, Ports, Rank, Tier},
    };

    fn policy(name: &str, tier: Tier, priority: u32, ingress: Vec<Rule>) -> Arc<Policy> {
        let isolates_ingress = tier == Tier::network_policy();
        Arc::new(Policy {
            source: ObjectKey::namespaced(Kind::NetworkPolicy, "shop", name),
            order: Order { tier, priority: Rank::of(priority.into()), name: name.into() },
            subject: PolicySubject {
                namespace: None,
                namespaces: Selector::everything(),
                pods: Selector::everything(),
                partial: None,
            },
            ingress: Some(ingress.into()),
            egress: None,
            isolates_ingress,
            isolates_egress: false,
        })
    }

    /// Asked before any rule that accepts, as Cilium asks its denials.
    fn denial(name: &str, rule: Rule) -> Arc<Policy> {
        policy(name, Tier::network_policy(), 0, vec![rule])
    }

    fn rule(action: Action, peer: Peer, ports: &PortSet) -> Rule {
        let at = FieldPath::new("spec.ingress[0]");
        Rule::new(action, vec![(peer, at.clone())], Ports::of(ports.clone()), at)
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
        evaluate(policies, &Plugin::default(), &PodFacts::default(), Direction::Ingress, Reading::Most)
    }

    #[test]
    fn without_a_policy_that_speaks_everything_is_admitted() {
        let egress_only = Arc::new(Policy {
            ingress: None,
            egress: Some(Arc::from([])),
            ..Policy::clone(&policy("egress", Tier::network_policy(), 0, vec![]))
        });
        let found = ingress(vec![egress_only]);
        assert!(found.isolated_by.is_empty());
        assert_eq!(*found.admission, Admission::everything());
    }

    #[test]
    fn a_policy_without_rules_denies_everything() {
        let found = ingress(vec![policy("deny", Tier::network_policy(), 0, vec![])]);
        assert!(found.isolated_by.len() == 1 && found.admission.is_nothing() && found.wide.is_empty());
    }

    #[test]
    fn what_an_admin_denies_no_network_policy_admits() {
        let found = ingress(vec![
            policy("open", Tier::network_policy(), 0, vec![rule(Action::Accept, Peer::Everyone, &PortSet::every())]),
            policy("admin", Tier::admin(), 0, vec![rule(Action::Deny, all_pods(), &tcp(1, 1024))]),
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
            policy("admin", Tier::admin(), 0, vec![rule(Action::Accept, all_pods(), &tcp(53, 53))]),
            policy("deny", Tier::network_policy(), 0, vec![]),
        ]);
        assert_eq!(found.admission.pods, tcp(53, 53));
        assert_eq!(found.admission.addresses().count(), 0);
        assert_eq!(found.wide.len(), 1);
    }

    #[test]
    fn rules_that_accept_and_deny_by_turns_come_to_few_pieces_and_never_to_less_than_they_accept() {
        let count = 300_u16;
        let address = |index: u16| format!("10.{}.{}.0/24", index / 250, index % 250);
        let rules = (0..count).map(|index| {
            let action = if index % 2 == 0 { Action::Accept } else { Action::Deny };
            rule(action, network(&address(index)), &tcp(1 + index, 30_000 - index))
        });
        let mut rules: Vec<_> = rules.collect();
        rules.push(rule(Action::Deny, Peer::Everyone, &tcp(1, 60_000)));
        let found = ingress(vec![policy("turns", Tier::admin(), 0, rules)]);
        assert!(found.admission.pieces_in_all() <= 1 << 17, "{}", found.admission.pieces_in_all());
        for index in (0..count).step_by(2) {
            let ports = found.admission.ports_to(address(index).replace(".0/24", ".1").parse().unwrap());
            assert!(tcp(1 + index, 30_000 - index).is_within(&ports), "{index}");
        }
        // The last rule closes what is left, however coarse that was by then.
        assert!(!found.admission.ports_to("8.8.8.8".parse().unwrap()).contains(Protocol::Tcp, 40_000));
        assert!(found.admission.pods == PortSet::every().difference(&tcp(1, 60_000)));
    }

    #[test]
    fn the_first_rule_of_the_lower_priority_decides() {
        let found = ingress(vec![
            policy("later", Tier::admin(), 5, vec![rule(Action::Accept, all_pods(), &PortSet::every())]),
            policy(
                "first",
                Tier::admin(),
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
        let admin = || policy("admin", Tier::admin(), 0, passing.clone());
        assert_eq!(ingress(vec![admin()]).admission.pods, tcp(80, 80));
        let deny = policy("deny", Tier::network_policy(), 0, vec![]);
        assert!(ingress(vec![admin(), deny]).admission.is_nothing());
        let base = policy("base", Tier::baseline(), 0, vec![rule(Action::Deny, all_pods(), &tcp(1, 100))]);
        assert!(ingress(vec![admin(), base]).admission.pods.is_empty());
    }

    #[test]
    fn the_baseline_is_asked_only_where_nothing_isolates() {
        let base = || policy("base", Tier::baseline(), 0, vec![rule(Action::Deny, Peer::Everyone, &PortSet::every())]);
        let alone = ingress(vec![base()]);
        assert!(alone.admission.is_nothing() && alone.isolated_by.len() == 1);
        let allow = policy("allow", Tier::network_policy(), 0, vec![rule(Action::Accept, all_pods(), &tcp(80, 80))]);
        let both = ingress(vec![base(), allow]);
        assert_eq!(both.admission.pods, tcp(80, 80));
        assert_eq!(both.isolated_by.len(), 1);
    }

    #[test]
    fn denied_addresses_are_cut_out_of_what_the_tier_accepts_whatever_the_order() {
        let accept = rule(Action::Accept, network("0.0.0.0/0"), &tcp(443, 443));
        let deny = rule(Action::Deny, network("10.0.0.0/8"), &PortSet::every());
        let accepting = || policy("accepting", Tier::network_policy(), 1000, vec![accept.clone()]);
        let denying = || denial("denying", deny.clone());
        for policies in [vec![accepting(), denying()], vec![denying(), accepting()]] {
            let admission = ingress(policies).admission;
            assert_eq!(admission.ports_to("8.8.8.8".parse().unwrap()), tcp(443, 443));
            assert!(admission.ports_to("10.1.2.3".parse().unwrap()).is_empty());
        }
    }

    #[test]
    fn a_network_of_which_every_part_is_excepted_is_not_wide() {
        let nobody = Peer::Addresses(Arc::new(AddressSet::none()));
        let found =
            ingress(vec![policy("none", Tier::network_policy(), 0, vec![rule(Action::Accept, nobody, &tcp(1, 2))])]);
        assert!(found.wide.is_empty() && found.admission.is_nothing());
    }

    #[test]
    fn a_subject_of_all_namespaces_selects_by_their_labels_and_never_a_pod_on_its_nodes_network() {
        let subject = PolicySubject {
            namespace: None,
            namespaces: Selector::In("team".into(), vec!["a".into()]),
            pods: Selector::everything(),
            partial: None,
        };
        let selects = |plugin: &Plugin, labels: &[(&str, &str)], host_network| {
            let facts = PodFacts { host_network, ..PodFacts::default() };
            let namespace_labels: Labels = labels.iter().copied().collect();
            let namespace = "shop".into();
            subject
                .selects(plugin, PodView { namespace: &namespace, namespace_labels: &namespace_labels, facts: &facts })
        };
        let plugin = Plugin::default();
        assert!(selects(&plugin, &[("team", "a")], false) && !selects(&plugin, &[], false));
        assert!(!selects(&plugin, &[("team", "a")], true));
        assert!(selects(&Plugin { host_network_pods: true, ..plugin }, &[("team", "a")], true));
    }
}
