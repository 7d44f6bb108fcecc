//! `peer-selects-nothing`: an entry of `from` or `to` whose selectors match nobody.

use std::collections::BTreeSet;

use crate::{
    model::{Kind, METADATA_NAME, Name},
    network::{Direction, Peer},
    snapshot::{Blind, Coverage, Need},
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    mismatch::{
        Near, breach, is_whole_cluster, lowered, meant_by, meant_namespaces, nearest, nearest_namespace, path_of,
        places, residents, rules_of, seen_whole,
    },
};

/// The rule.
pub(super) struct PeerSelectsNothing;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("peer-selects-nothing"),
    family: Family("peer-selects-nothing"),
    level: Level::Hint,
    what: "An entry of a policy's `from` or `to` whose selectors match no workload in the namespaces that they mean, or no Namespace. In \
           files it is told only where something near is there: the rest may be in other files.",
    why: "Such an entry admits nobody, and nothing tells: a podSelector alone means the policy's own namespace, and nobody sets the \
          label `name` on Namespaces, which have kubernetes.io/metadata.name.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#targeting-a-namespace-by-its-name",
    ],
    parameters: &[],
    aspect: "the entry",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {team: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: web, labels: {app: front}}
spec:
  containers: [{name: front, image: example.com/front:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  containers: [{name: api, image: example.com/api:1, ports: [{containerPort: 8080}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: front}}
        - namespaceSelector: {matchLabels: {name: kube-system}}
      ports: [{port: 8080}]
",
    keeps: "\
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {team: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: web, labels: {app: front}}
spec:
  containers: [{name: front, image: example.com/front:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  containers: [{name: api, image: example.com/api:1, ports: [{containerPort: 8080}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {team: web}}
          podSelector: {matchLabels: {app: front}}
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      ports: [{port: 8080}]
",
    mend: "Correct the selector, or name the namespace that is meant by kubernetes.io/metadata.name.",
};

impl Rule for PeerSelectsNothing {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let policies = lowered(context.snapshot, subject);
        let mut seen = BTreeSet::new();
        for (_, _, rule) in rules_of(&policies) {
            for (peer, at) in &rule.peers {
                if let Some((_, certain)) = fault(context, peer)
                    && seen.insert(at)
                {
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
            let (peer, _) = rule.peers.iter().find(|(_, place)| *place == at)?;
            let (fault, _) = fault(context, peer)?;
            Some((direction, peer, fault))
        });
        let (message, near, fix, field) = match &found {
            Some((direction, peer, fault)) => told(*direction, peer, fault),
            None => (String::new(), String::new(), INFO.mend.to_owned(), ""),
        };
        let is_own_form = matches!(&breach.subject, Subject::Object(key) if key.kind == Kind::NetworkPolicy);
        let path = if is_own_form && !field.is_empty() { at.field(field) } else { at.clone() };
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} {message}"),
            why: format!("{}{near}", INFO.why),
            fix: Fix::Words(format!("{fix} ({at})")),
            places: places(&breach.subject, [path]),
            subject: reference,
        }
    }
}

/// Why an entry matches nobody.
enum Fault {
    /// No Namespace has the labels.
    NoNamespace(Option<Near>),
    /// No workload of these namespaces has the labels.
    NoWorkload(Vec<Name>, Option<Near>),
    /// All that do are on their node's network.
    OnNode,
}

fn fault(context: &Context<'_>, peer: &Peer) -> Option<(Fault, Coverage)> {
    let (snapshot, plugin) = (context.snapshot, &context.environment.plugin);
    let Peer::Pods { namespace, namespaces, pods } = peer else { return None };
    if namespaces.is_everything() && pods.is_everything() {
        return None;
    }
    let certain = seen_whole(snapshot, namespace.as_ref());
    let is_whole = is_whole_cluster(snapshot);
    let meant = || meant_namespaces(snapshot, namespace.as_ref(), namespaces);
    if meant().next().is_none() {
        let near = nearest_namespace(snapshot, namespaces, is_whole);
        return match near {
            _ if is_whole => Some((Fault::NoNamespace(near), certain)),
            Some(_) => Some((Fault::NoNamespace(near), certain.and(Err(Blind::NotInFiles(Kind::Namespace))))),
            None => None,
        };
    }
    if meant_by(snapshot, plugin, peer).next().is_some() {
        return None;
    }
    let mut others = meant().flat_map(|namespace| residents(snapshot, namespace));
    if others.any(|resident| resident.facts.host_network && resident.view().satisfies(pods)) {
        return Some((Fault::OnNode, certain));
    }
    if pods.is_everything() {
        return None;
    }
    let names: Vec<&Name> = meant().map(|(name, _)| name).collect();
    let near = nearest(snapshot, names.iter().copied(), namespace.is_some(), pods);
    let names = names.into_iter().cloned().collect();
    (is_whole || near.is_some()).then_some((Fault::NoWorkload(names, near), certain))
}

/// The fact, what is nearest, the fix, and the field at fault.
fn told(direction: Direction, peer: &Peer, fault: &Fault) -> (String, String, String, &'static str) {
    let Peer::Pods { namespaces, pods, .. } = peer else { return Default::default() };
    let verb = match direction {
        Direction::Ingress => "admits",
        Direction::Egress => "lets out to",
    };
    match fault {
        Fault::NoNamespace(near) => {
            let message = format!("{verb} namespaces with {namespaces}, which no Namespace has");
            match near {
                Some(Near::Label(key, value)) => (
                    format!("{message}; nearest is {key}={value}"),
                    if key == METADATA_NAME { String::new() } else { format!(" A Namespace has {key}={value}.") },
                    format!("write {key}: {value}"),
                    "namespaceSelector",
                ),
                _ => (
                    message,
                    String::new(),
                    "correct the namespaceSelector, or label the Namespace".into(),
                    "namespaceSelector",
                ),
            }
        }
        Fault::NoWorkload(names, near) => {
            let whose = match names.as_slice() {
                [name] => format!("the namespace {name}"),
                _ => format!("the {} namespaces that it means", names.len()),
            };
            let message = format!("{verb} Pods with {pods}, which no workload of {whose} has");
            match near {
                Some(Near::Label(key, value)) => (
                    format!("{message}; nearest is {key}={value}"),
                    format!(" A workload there has {key}={value}."),
                    format!("write {key}: {value}"),
                    "podSelector",
                ),
                Some(Near::Namespace(other)) => (
                    format!("{message}; workloads of {other} have it"),
                    format!(" Workloads of the namespace {other} match."),
                    format!(
                        "add namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {other}}}}} to the same entry"
                    ),
                    "podSelector",
                ),
                None => (
                    message,
                    String::new(),
                    "none is needed if its workload is yet to come; else correct the podSelector".into(),
                    "podSelector",
                ),
            }
        }
        Fault::OnNode => (
            format!("{verb} Pods that are all on their node's network, where no selector matches them"),
            " What such Pods send has their node's address.".into(),
            "admit the nodes' addresses by an ipBlock, or take hostNetwork from the Pods".into(),
            "",
        ),
    }
}
