//! Cilium's policies lowered.
//!
//! Cilium has one tier for its own policies and NetworkPolicies, in which denials come before everything. What it allows is a union,
//! so each rule of an object is one policy of denials, which is asked first, and one of what is allowed. What speaks of more than
//! addresses and ports (HTTP, DNS names, nodes by labels) matches in part, and says why.

mod entry;
mod peers;

use std::sync::Arc;

use crate::{
    model::{CiliumDirection, CiliumPolicy, CiliumRule, Name, ObjectKey, Selector},
    network::{Action, Direction, Order, Policy, PolicySubject, Rank, Rule, Tier},
};

use entry::Entry;

/// The lowered form, computed once per object.
pub(super) fn lower(policy: &CiliumPolicy) -> Arc<Vec<Arc<Policy>>> {
    policy.lowered.fact(|| {
        let namespace = policy.kind.info().namespaced.then(|| policy.meta.namespace.clone().unwrap_or_default());
        let source = ObjectKey { kind: policy.kind, namespace, name: policy.meta.name.clone() };
        // Cilium rejects an object as a whole.
        let rejected = policy.rules.iter().find_map(rejection);
        let rules = policy.rules.iter();
        rules.flat_map(|rule| lower_rule(&source, rule, rejected)).map(Arc::new).collect()
    })
}

/// Why Cilium's agent rejects a rule that the API server stores (`cilium/pkg/policy/api/rule_validation.go`). A policy that is rejected is
/// not enforced, as far as that version goes.
fn rejection(rule: &CiliumRule) -> Option<&'static str> {
    if rule.endpoints.is_some() == rule.nodes.is_some() {
        return Some("Cilium rejects rules without exactly one of endpointSelector and nodeSelector");
    }
    let sections = [&rule.ingress, &rule.egress].into_iter().flat_map(|section| [&section.allow, &section.deny]);
    let mut entries = sections.flatten().flatten();
    entries.find_map(|entry| {
        if entry.lists.iter().filter(|list| !list.peers.is_empty()).count() > 1 {
            return Some("Cilium rejects entries with peers of several kinds");
        }
        (entry.icmps && !entry.ports.is_empty()).then_some("Cilium rejects icmps beside toPorts")
    })
}

/// When policies of Cilium are asked, within the tier of NetworkPolicies.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    /// Denials.
    First,
    /// What is allowed.
    Allowed,
    /// What a proxy stops although nothing denies the rest.
    Last,
}

impl Turn {
    const ALL: [Self; 3] = [Self::First, Self::Allowed, Self::Last];

    fn rank(self) -> Rank {
        match self {
            Self::First => Rank::of(0.0),
            Self::Allowed => Rank::of(Order::NETWORK_POLICY),
            Self::Last => Rank::LAST,
        }
    }
}

fn lower_rule(source: &ObjectKey, rule: &CiliumRule, rejected: Option<&'static str>) -> Vec<Policy> {
    // A rule with a nodeSelector is part of the nodes' firewall and says nothing of Pods.
    let Some(endpoints) = &rule.endpoints else { return Vec::new() };
    let own = source.namespace.as_ref();
    let mut said = Direction::BOTH.map(|direction| Said::of(own, rule, direction));
    let subject = subject(own, endpoints, rejected);
    let policies = Turn::ALL.into_iter().filter_map(|turn| {
        let [ingress, egress] = said.each_mut().map(|said| said.take(turn));
        if ingress.is_none() && egress.is_none() {
            return None;
        }
        let isolates = |rules: &Option<(Arc<[Rule]>, bool)>| rules.as_ref().is_some_and(|(_, isolates)| *isolates);
        Some(Policy {
            source: source.clone(),
            order: Order { tier: Tier::network_policy(), priority: turn.rank(), name: source.name.clone() },
            subject: subject.clone(),
            isolates_ingress: isolates(&ingress),
            isolates_egress: isolates(&egress),
            ingress: ingress.map(|(rules, _)| rules),
            egress: egress.map(|(rules, _)| rules),
        })
    });
    policies.collect()
}

fn subject(own: Option<&Name>, endpoints: &Selector, rejected: Option<&'static str>) -> PolicySubject {
    let parts = peers::apart(endpoints);
    let unknown = parts.cluster.then_some("which cluster the policy means is not known here");
    PolicySubject {
        namespace: own.cloned(),
        namespaces: parts.namespaces,
        pods: parts.pods,
        partial: rejected.or(unknown).map(Name::from),
    }
}

/// What a rule says of a direction, by whose turn it is.
struct Said {
    /// Whether the rule speaks of the direction at all.
    speaks: bool,
    /// Whether whom it selects is denied what nothing allows.
    isolates: bool,
    first: Vec<Rule>,
    allowed: Vec<Rule>,
    last: Vec<Rule>,
}

impl Said {
    fn of(own: Option<&Name>, rule: &CiliumRule, direction: Direction) -> Self {
        let section = match direction {
            Direction::Ingress => &rule.ingress,
            Direction::Egress => &rule.egress,
        };
        let speaks = speaks(section);
        let mut said = Self {
            speaks,
            isolates: speaks && section.default_deny.unwrap_or(true),
            first: Vec::new(),
            allowed: Vec::new(),
            last: Vec::new(),
        };
        let denied = rule.at.field(&format!("{}Deny", direction.name()));
        for (index, entry) in section.deny.iter().flatten().enumerate() {
            said.first.extend(Entry { own, written: entry, direction, at: denied.index(index) }.rules(Action::Deny));
        }
        let allowed = rule.at.field(direction.name());
        for (index, entry) in section.allow.iter().flatten().enumerate() {
            let entry = Entry { own, written: entry, direction, at: allowed.index(index) };
            said.first.extend(entry.conditions());
            said.allowed.extend(entry.rules(Action::Accept));
            if !said.isolates {
                said.last.extend(entry.stopped_by_proxy());
            }
        }
        said
    }

    /// The rules of a turn, and whether their policy is the one that isolates: that of what is allowed where there is any.
    fn take(&mut self, turn: Turn) -> Option<(Arc<[Rule]>, bool)> {
        let carries = match turn {
            Turn::First => self.allowed.is_empty() && !self.first.is_empty(),
            Turn::Allowed => !self.allowed.is_empty() || self.first.is_empty(),
            Turn::Last => false,
        };
        let isolates = carries && self.isolates;
        let rules = match turn {
            Turn::First => &self.first,
            Turn::Allowed => &self.allowed,
            Turn::Last => &self.last,
        };
        let there = self.speaks && (!rules.is_empty() || isolates);
        there.then(|| (Arc::from(rules.as_slice()), isolates))
    }
}

/// Whether a rule has an entry for the direction. `ingress: []` says nothing, and `enableDefaultDeny` without entries says nothing
/// either (`computePolicyEnforcementAndRules` in cilium/pkg/policy/repository.go).
fn speaks(section: &CiliumDirection) -> bool {
    [&section.allow, &section.deny].into_iter().flatten().any(|entries| !entries.is_empty())
}

#[cfg(test)]
mod tests;
