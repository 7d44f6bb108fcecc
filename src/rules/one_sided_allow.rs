//! `one-sided-allow`: an entry that admits workloads whose own policies do not let them.

use std::collections::BTreeSet;

use crate::{
    model::{FieldPath, PodFacts},
    network::{Action, Direction, Peer, Policy, Rule as PolicyRule, half, unplaced},
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject, SubjectReference,
    isolation::known,
    mismatch::{Resident, breach, lowered, meant_by, path_of, places, rules_of, selected_by},
};

/// The rule.
pub(super) struct OneSidedAllow;

/// How many peers of an entry are asked: replicas of one mistake are alike.
const PEERS: usize = 32;
/// How many of those that a policy selects are asked.
const SELECTED: usize = 4;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("one-sided-allow"),
    family: Family("one-sided-allow"),
    level: Level::Hint,
    what: "An entry of an ingress rule that admits workloads by labels whose own egress isolation keeps all of them from the port; or an \
           entry of an egress rule for workloads whose ingress isolation keeps it from all of them.",
    why: "A connection needs both ends: the sender's egress and the receiver's ingress. What one side alone allows does not happen.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation",
    ],
    parameters: &[],
    aspect: "the entry",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  containers: [{name: api, image: example.com/api:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: shop, labels: {app: front}}
spec:
  containers: [{name: front, image: example.com/front:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: front, namespace: shop}
spec:
  podSelector: {matchLabels: {app: front}}
  policyTypes: [Egress]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  containers: [{name: api, image: example.com/api:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: shop, labels: {app: front}}
spec:
  containers: [{name: front, image: example.com/front:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: front, namespace: shop}
spec:
  podSelector: {matchLabels: {app: front}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: api}}}]
      ports: [{port: 8080}]
",
    mend: "Allow it on the other side as well, or remove the entry.",
};

impl Rule for OneSidedAllow {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let policies = lowered(context.snapshot, subject);
        let mut seen = BTreeSet::new();
        for (policy, direction, rule) in rules_of(&policies) {
            if rule.action != Action::Accept {
                continue;
            }
            for (peer, at) in &rule.peers {
                if let Some((_, other)) = blocked(context, policy, direction, rule, peer)
                    && seen.insert(at)
                {
                    let certain = known(context, other.namespace);
                    out.push(breach(&INFO, subject, Aspect::Place(at.clone()), certain));
                }
            }
        }
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let at = path_of(breach);
        let policies = lowered(context.snapshot, &breach.subject);
        let found =
            rules_of(&policies).find_map(|(policy, direction, rule)| told(context, policy, direction, rule, &at));
        let (fact, fix) = found.unwrap_or_else(|| ("allows what the other side does not".into(), INFO.mend.into()));
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} {fact}"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(format!("{fix} ({at})")),
            places: places(&breach.subject, [at]),
            subject: reference,
        }
    }
}

/// One of those whom the policy selects and one of those whom the entry means, where none of the second can have any of the first
/// on the rule's ports for policies of its own.
fn blocked<'a>(
    context: &Context<'a>,
    policy: &'a Policy,
    direction: Direction,
    rule: &'a PolicyRule,
    peer: &'a Peer,
) -> Option<(Resident<'a>, Resident<'a>)> {
    let (snapshot, plugin) = (context.snapshot, &context.environment.plugin);
    // Whoever admits everybody says nothing of anybody's own policies.
    let Peer::Pods { namespace, namespaces, pods } = peer else { return None };
    if pods.is_everything() && (namespace.is_some() || namespaces.is_everything()) {
        return None;
    }
    let selected: Vec<_> = selected_by(snapshot, plugin, &policy.subject).take(SELECTED).collect();
    let mut first = None;
    for other in meant_by(snapshot, plugin, peer).take(PEERS) {
        for (index, own) in selected.iter().enumerate() {
            if own.namespace == other.namespace && std::ptr::eq::<PodFacts>(own.facts, other.facts) {
                continue;
            }
            let (mine, theirs) = (unplaced(own.view()), unplaced(other.view()));
            let (ports, let_through) = match direction {
                Direction::Ingress => {
                    (rule.ports.on(plugin, own.facts), half(snapshot, plugin, theirs, mine, Direction::Egress))
                }
                Direction::Egress => {
                    (rule.ports.on(plugin, other.facts), half(snapshot, plugin, mine, theirs, Direction::Ingress))
                }
            };
            if ports.is_empty() {
                continue;
            }
            if !let_through.most.is_disjoint(&ports) {
                return None;
            }
            first.get_or_insert_with(|| (index, other.subject.clone()));
        }
    }
    let (index, subject) = first?;
    let other = meant_by(snapshot, plugin, peer).find(|resident| resident.subject == subject)?;
    Some((selected.into_iter().nth(index)?, other))
}

/// The fact and the fix for the entry at a place.
fn told(
    context: &Context<'_>,
    policy: &Policy,
    direction: Direction,
    rule: &PolicyRule,
    at: &FieldPath,
) -> Option<(String, String)> {
    let (peer, _) = rule.peers.iter().find(|(_, place)| place == at)?;
    let (own, other) = blocked(context, policy, direction, rule, peer)?;
    let name = |subject: &Subject| SubjectReference { pods: None, ..subject.reference(context.snapshot) };
    let (own_name, other_name) = (name(&own.subject), name(&other.subject));
    let ports = match direction {
        Direction::Ingress => rule.ports.on(&context.environment.plugin, own.facts),
        Direction::Egress => rule.ports.on(&context.environment.plugin, other.facts),
    };
    let ports = if ports.ranges().count() > 3 { "its ports".to_owned() } else { ports.to_string() };
    Some(match direction {
        Direction::Ingress => (
            format!("admits {other_name} on {ports}, whose own egress policies do not let it reach {own_name} there"),
            format!("allow {other_name} egress to {own_name} on {ports} as well, or remove the entry"),
        ),
        Direction::Egress => (
            format!("lets {own_name} out to {other_name} on {ports}, whose own ingress policies do not admit it there"),
            format!("allow {other_name} ingress from {own_name} on {ports} as well, or remove the entry"),
        ),
    })
}
