//! `separate-peers`: two entries of a list where one with both selectors was most likely meant.

use crate::{
    model::{Kind, Selector},
    network::{Direction, Peer},
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    mismatch::{breach, lowered, meant_by, path_of, places, rules_of, seen_whole},
};

/// The rule.
pub(super) struct SeparatePeers;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("separate-peers"),
    family: Family("separate-peers"),
    level: Level::Hint,
    what: "Two neighbouring entries of `from` or `to`, one only a namespaceSelector, the other only a podSelector that is not plainly \
           meant for the policy's own namespace: one entry with both was most likely meant.",
    why: "Entries are alternatives: the first admits every Pod of those namespaces, the second Pods of the policy's own namespace. One \
          dash more or less tells them apart.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
    ],
    parameters: &[],
    aspect: "the second entry",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  containers: [{name: api, image: example.com/api:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}
        - podSelector: {matchLabels: {app: front}}
      ports: [{port: 8080}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  containers: [{name: api, image: example.com/api:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}
          podSelector: {matchLabels: {app: front}}
      ports: [{port: 8080}]
",
    mend: "Put both selectors into one entry, or write the entries into two rules if both are meant.",
};

impl Rule for SeparatePeers {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        // Only here an entry without namespaces means the policy's own.
        if subject.kind() != Kind::NetworkPolicy {
            return;
        }
        let policies = lowered(context.snapshot, subject);
        for (_, _, rule) in rules_of(&policies) {
            for pair in rule.peers.windows(2) {
                if let [(first, _), (second, at)] = pair
                    && let Some((namespaces, own)) = separate(first, second)
                    && !is_meant(context, namespaces, own)
                {
                    let certain = seen_whole(context.snapshot, subject.namespace());
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
        let found = rules_of(&policies).find_map(|(_, direction, rule)| {
            let index = rule.peers.iter().position(|(_, place)| *place == at)?;
            let [(first, before), (second, _)] = rule.peers.get(index.checked_sub(1)?..=index)? else { return None };
            let (namespaces, own) = separate(first, second)?;
            Some((direction, selector(namespaces)?, selector(own)?, before.clone()))
        });
        let (message, paths) = match found {
            Some((direction, namespaces, pods, before)) => {
                let verb = match direction {
                    Direction::Ingress => "admits",
                    Direction::Egress => "lets out to",
                };
                let message = format!(
                    "{reference} {verb} every Pod of namespaces with {namespaces}, and besides Pods with {pods} of its own namespace: two \
                     entries are alternatives"
                );
                (message, vec![at.clone(), before])
            }
            None => (format!("{reference} has two entries that are alternatives"), vec![at.clone()]),
        };
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message,
            why: INFO.why.to_owned(),
            fix: Fix::Words(format!(
                "take the dash from {at}, so that one entry has both selectors; two rules if both are meant"
            )),
            places: places(&breach.subject, paths),
            subject: reference,
        }
    }
}

/// Of two neighbours the one that means namespaces and the one that means Pods of its own.
fn separate<'a>(first: &'a Peer, second: &'a Peer) -> Option<(&'a Peer, &'a Peer)> {
    let means_namespaces = |peer: &Peer| matches!(peer, Peer::Pods { namespace: None, namespaces, pods } if !namespaces.is_everything() && pods.is_everything());
    let means_own = |peer: &Peer| matches!(peer, Peer::Pods { namespace: Some(_), pods, .. } if !pods.is_everything());
    if means_namespaces(first) && means_own(second) {
        Some((first, second))
    } else if means_own(first) && means_namespaces(second) {
        Some((second, first))
    } else {
        None
    }
}

/// Whether the Pods are meant as they are written: there are such in the policy's own namespace, and none in those namespaces.
fn is_meant(context: &Context<'_>, namespaces: &Peer, own: &Peer) -> bool {
    let (snapshot, plugin) = (context.snapshot, &context.environment.plugin);
    let Peer::Pods { pods, .. } = own else { return true };
    let both = match namespaces {
        Peer::Pods { namespaces, .. } => {
            Peer::Pods { namespace: None, namespaces: namespaces.clone(), pods: pods.clone() }
        }
        _ => return true,
    };
    meant_by(snapshot, plugin, own).next().is_some() && meant_by(snapshot, plugin, &both).next().is_none()
}

/// What an entry asks for.
fn selector(peer: &Peer) -> Option<&Selector> {
    match peer {
        Peer::Pods { namespace: None, namespaces, .. } => Some(namespaces),
        Peer::Pods { pods, .. } => Some(pods),
        _ => None,
    }
}
