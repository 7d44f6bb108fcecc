//! Calico's policies lowered. What they mean depends on tiers and sets of networks as well.
//!
//! Host endpoints are not read: policies that are about them alone come to nothing, and selectors do not mean them.

mod context;
mod entity;
mod forms;
mod ports;
mod selectors;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use crate::{
    model::{CalicoAction, CalicoPolicy, CalicoRule, FieldPath, Name, ObjectKey, Selector},
    network::{Action, Direction, Order, Policy, PolicySubject, Rank, Rule},
    snapshot::Snapshot,
};

pub use forms::other_forms;

use context::{Context, Kept, Lowered};
use entity::Scope;
use forms::{is_served_too, short_name};
use selectors::{Estimate, all, of_accounts, of_namespaces, of_pods};

/// The lowered form, computed once per object and context.
pub(super) fn lower(snapshot: &Snapshot, policy: &CalicoPolicy) -> Lowered {
    static NOTHING: LazyLock<Lowered> = LazyLock::new(Lowered::default);
    // Both are about host endpoints (felix/calc/policy_resolver.go).
    if policy.do_not_track || policy.pre_dnat || is_served_too(snapshot, policy) {
        return Arc::clone(&NOTHING);
    }
    let context = Context::of(snapshot);
    policy.lowered.fact(Kept::default).under(&context, || lower_under(&context, policy))
}

/// The place among policies of one tier and order (`felix/calc/policy_sorter.go`, `PolKVLess`).
fn tie_break(policy: &CalicoPolicy) -> String {
    let kind = if policy.kind.info().namespaced { "NetworkPolicy" } else { "GlobalNetworkPolicy" };
    format!("{}/{}/{kind}", short_name(policy), policy.meta.namespace.as_deref().unwrap_or_default())
}

fn lower_under(context: &Context, policy: &CalicoPolicy) -> Vec<Policy> {
    let tier = context.tier(&policy.tier);
    let own =
        if policy.kind.info().namespaced { Some(policy.meta.namespace.clone().unwrap_or_default()) } else { None };
    let scope = Scope { context, own: own.as_ref() };
    let (subject, partial) = subject(policy, own.clone());
    let unknown_tier = (!tier.known).then(|| Name::from(format!("there is no Tier {}", policy.tier)));
    let subject = PolicySubject { partial: unknown_tier.or(partial), ..subject };
    let base = Policy {
        source: ObjectKey { kind: policy.kind, namespace: own.clone(), name: policy.meta.name.clone() },
        order: Order {
            tier: tier.tier,
            priority: policy.order.map_or(Rank::LAST, Rank::of),
            name: tie_break(policy).into(),
        },
        subject,
        ingress: None,
        egress: None,
        isolates_ingress: !tier.passes,
        isolates_egress: !tier.passes,
    };
    let rules = |governs: bool, direction: Direction, rules: &[CalicoRule]| {
        governs.then(|| {
            let section = FieldPath::new("spec").field(direction.name());
            let numbered = rules.iter().enumerate();
            numbered.filter_map(|(index, rule)| lower_rule(&scope, rule, direction, &section.index(index))).collect()
        })
    };
    let ingress = rules(policy.governs_ingress, Direction::Ingress, &policy.ingress);
    let egress = rules(policy.governs_egress, Direction::Egress, &policy.egress);
    split(&base, ingress, egress)
}

/// Whom the policy applies to, and why it may be fewer.
fn subject(policy: &CalicoPolicy, own: Option<Name>) -> (PolicySubject, Option<Name>) {
    let pods = |estimate| {
        let selector = policy.selector.as_ref().map(|selector| of_pods(selector, estimate));
        let accounts = policy.service_account_selector.as_ref().map(|selector| of_accounts(selector, estimate));
        all(selector.into_iter().chain(accounts).collect())
    };
    let (least, most) = (pods(Estimate::Least), pods(Estimate::Most));
    let partial = (least != most).then(|| "the labels of service accounts are not read".into());
    let namespaces = policy.namespace_selector.as_ref().map_or_else(Selector::everything, of_namespaces);
    (PolicySubject { namespace: own, namespaces, pods: most, partial: None }, partial)
}

/// A rule, and whom of the policy's subjects it is limited to.
struct Placed {
    rules: Vec<Rule>,
    only: Option<(Selector, Selector)>,
}

fn lower_rule(scope: &Scope<'_>, rule: &CalicoRule, direction: Direction, at: &FieldPath) -> Option<Placed> {
    let action = match rule.action {
        CalicoAction::Allow => Action::Accept,
        CalicoAction::Deny => Action::Deny,
        CalicoAction::Pass => Action::Pass,
        CalicoAction::Log => return None,
    };
    let (ports, mut why) = ports::of_rule(rule)?;
    let (peer, subject, side) = match direction {
        Direction::Ingress => (&rule.source, &rule.destination, "source"),
        Direction::Egress => (&rule.destination, &rule.source, "destination"),
    };
    let only = scope.subject(subject).unwrap_or_else(|reason| {
        why = Some(reason);
        None
    });
    if rule.http {
        why = Some("HTTP");
    } else if rule.not_icmp {
        why = Some("ICMP");
    } else if entity::limits_source_ports(&rule.source) {
        why = Some("source ports");
    }
    let entity::Peers { whole, parts: uncertain, why: in_part } = scope.peers(peer, rule.family, at, &at.field(side));
    let made = |peers: Vec<_>, reason: Option<&'static str>| {
        let made = Rule::new(action, peers, ports.clone(), at.clone());
        if let Some(reason) = reason { made.in_part(reason) } else { made }
    };
    let whole = (!whole.is_empty()).then(|| made(whole, why));
    let uncertain = (!uncertain.is_empty()).then(|| made(uncertain, why.or(Some(in_part))));
    Some(Placed { rules: whole.into_iter().chain(uncertain).collect(), only })
}

/// One policy where every rule is about all whom it applies to; otherwise one for each run of rules that are about the same, behind
/// the one that isolates.
fn split(base: &Policy, ingress: Option<Vec<Placed>>, egress: Option<Vec<Placed>>) -> Vec<Policy> {
    let mut policies = vec![base.clone()];
    for (direction, placed) in [(Direction::Ingress, ingress), (Direction::Egress, egress)] {
        let Some(placed) = placed else { continue };
        let mut runs: Vec<Placed> = Vec::new();
        for next in placed {
            match runs.last_mut() {
                Some(last) if last.only == next.only => last.rules.extend(next.rules),
                _ => runs.push(next),
            }
        }
        let mut runs = runs.into_iter().peekable();
        let first = runs.next_if(|run| run.only.is_none()).map_or_else(Vec::new, |run| run.rules);
        if let Some(policy) = policies.first_mut() {
            *section(policy, direction) = Some(first.into());
        }
        for (index, run) in runs.enumerate() {
            let mut policy = base.clone();
            // Behind the first, and before any other policy of that order.
            policy.order.name = format!("{}#{}{index:05}", base.order.name, direction.name()).into();
            (policy.isolates_ingress, policy.isolates_egress) = (false, false);
            if let Some((namespaces, pods)) = run.only {
                let subject = &mut policy.subject;
                subject.namespaces = all(vec![subject.namespaces.clone(), namespaces]);
                subject.pods = all(vec![subject.pods.clone(), pods]);
            }
            *section(&mut policy, direction) = Some(run.rules.into());
            policies.push(policy);
        }
    }
    policies
}

fn section(policy: &mut Policy, direction: Direction) -> &mut Option<Arc<[Rule]>> {
    match direction {
        Direction::Ingress => &mut policy.ingress,
        Direction::Egress => &mut policy.egress,
    }
}
