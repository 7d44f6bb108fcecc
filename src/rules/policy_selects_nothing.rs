//! `policy-selects-nothing`: a policy whose selector matches no workload.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    model::{FieldPath, Kind, Labels, Name, NetworkPolicy, Object, Selector},
    snapshot::{Coverage, Need, Snapshot},
    source,
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    affected::workloads,
};

/// The rule.
pub(super) struct PolicySelectsNothing;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("policy-selects-nothing"),
    family: Family("policy-selects-nothing"),
    level: Level::Hint,
    what: "A NetworkPolicy whose podSelector matches no Pod and no template of its namespace.",
    why: "A selector with a typing error protects nobody, and nothing tells.",
    sources: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    parameters: &[],
    aspect: "none",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: wbe}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
",
    mend: "Correct the selector or the namespace, or remove the policy.",
};

impl Rule for PolicySelectsNothing {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some((namespace, policy)) = policy(context.snapshot, subject) else { return };
        let selects = |labels: &Labels| policy.pod_selector.matches(labels);
        if policy.pod_selector.is_everything()
            || policy.meta.is_terminating()
            || labels_in(context.snapshot, Some(&namespace)).any(selects)
        {
            return;
        }
        out.push(Breach {
            rule: INFO.id,
            family: INFO.family,
            subject: subject.clone(),
            aspect: Aspect::Whole,
            extent: Extent::Count(1),
            certain: whole(context.snapshot, &namespace),
        });
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let snapshot = context.snapshot;
        let reference = breach.subject.reference(snapshot);
        let found = policy(snapshot, &breach.subject);
        let selector = found.as_ref().map(|(_, policy)| policy.pod_selector.to_string()).unwrap_or_default();
        let near = found.as_ref().and_then(|(namespace, policy)| nearest(snapshot, namespace, &policy.pod_selector));
        let message = format!("{reference} selects {selector}, which no workload of its namespace has");
        let fix = match &near {
            Some(Near::Label(label)) => format!("correct spec.podSelector; nearest is {label}"),
            Some(Near::Namespace(namespace)) => format!("move it to the namespace {namespace}, where workloads match"),
            None => "none is needed if its workload is yet to come; else correct spec.podSelector".to_owned(),
        };
        let near = match near {
            Some(Near::Label(label)) => format!(" A workload of the namespace has {label}."),
            Some(Near::Namespace(namespace)) => format!(" Workloads of the namespace {namespace} match."),
            None => String::new(),
        };
        let places = match &breach.subject {
            Subject::Object(key) => vec![Place { object: key.clone(), path: FieldPath::new("spec.podSelector") }],
            Subject::Class(_) => Vec::new(),
        };
        Finding {
            rule: INFO.id,
            subject: reference,
            aspect: String::new(),
            message,
            why: format!("{}{near}", INFO.why),
            fix: Fix::Words(fix),
            places,
        }
    }
}

/// What was probably meant.
enum Near {
    /// A label that workloads of the namespace have.
    Label(String),
    /// Another namespace, in which the selector matches.
    Namespace(Name),
}

/// The label that comes nearest to one that no workload has, or a namespace where the selector matches.
fn nearest(snapshot: &Snapshot, namespace: &Name, selector: &Selector) -> Option<Near> {
    let present: BTreeSet<(&Name, &Name)> = labels_in(snapshot, Some(namespace)).flat_map(Labels::iter).collect();
    let absent = || wanted(selector).into_iter().filter(|label| !present.contains(label));
    // The same value under another key is a convention mistaken: app for app.kubernetes.io/name.
    let misnamed = absent().find_map(|(_, value)| present.iter().find(|(_, other)| *other == value).copied());
    let mistyped = absent().find_map(|(key, value)| {
        let values = present.iter().filter(|(other, _)| *other == key).map(|(_, value)| value.as_str());
        let meant = source::nearest::nearest(value, values)?;
        present.iter().find(|(other, value)| *other == key && value.as_str() == meant).copied()
    });
    if let Some((key, value)) = mistyped.or(misnamed) {
        return Some(Near::Label(format!("{key}={value}")));
    }
    let mut others =
        snapshot.list(Kind::Namespace, None).map(|object| &object.meta().name).filter(|name| *name != namespace);
    others
        .find(|name| labels_in(snapshot, Some(name)).any(|labels| selector.matches(labels)))
        .map(|name| Near::Namespace(name.clone()))
}

/// The labels that a selector asks for.
fn wanted(selector: &Selector) -> Vec<(&Name, &Name)> {
    match selector {
        Selector::All(conditions) => conditions.iter().flat_map(wanted).collect(),
        Selector::In(key, values) => values.iter().map(|value| (key, value)).collect(),
        Selector::Any(_) | Selector::Not(_) | Selector::Has(_) | Selector::Like(..) => Vec::new(),
    }
}

/// The labels of every class and every template of a namespace.
fn labels_in<'a>(snapshot: &'a Snapshot, namespace: Option<&'a Name>) -> impl Iterator<Item = &'a Labels> + 'a {
    let classes = snapshot.classes(namespace).map(|(_, class)| &class.facts.labels);
    classes.chain(workloads(snapshot, namespace).filter_map(|object| object.pod_facts()).map(|facts| &facts.labels))
}

/// Whether all that could be selected has been seen.
fn whole(snapshot: &Snapshot, namespace: &Name) -> Coverage {
    let kinds = Kind::all().filter(|kind| *kind == Kind::Pod || kind.is_workload());
    kinds.into_iter().try_for_each(|kind| snapshot.coverage(kind, Some(namespace)))
}

fn policy(snapshot: &Snapshot, subject: &Subject) -> Option<(Name, Arc<NetworkPolicy>)> {
    let Subject::Object(key) = subject else { return None };
    match snapshot.object(key).found()? {
        Object::NetworkPolicy(policy) => Some((key.namespace.clone()?, policy)),
        _ => None,
    }
}
