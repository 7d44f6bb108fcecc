//! `policy-selects-nothing`: a policy whose selector matches no workload.

use std::sync::Arc;

use crate::{
    model::{FieldPath, Kind, Name},
    network::{Policy, PolicySubject},
    snapshot::{Coverage, Need},
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    mismatch::{
        Near, breach, is_whole_cluster, lowered, meant_namespaces, nearest, nearest_namespace, places, residents,
        seen_whole, selected_by,
    },
};

/// The rule.
pub(super) struct PolicySelectsNothing;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("policy-selects-nothing"),
    family: Family("policy-selects-nothing"),
    level: Level::Hint,
    what: "A policy whose selectors match no Pod and no template.",
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
        let policies = lowered(context.snapshot, subject);
        if let Some((_, certain)) = fault(context, &policies) {
            out.push(breach(&INFO, subject, Aspect::Whole, certain));
        }
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let policies = lowered(context.snapshot, &breach.subject);
        let found = policies.first().map(|policy| &policy.subject);
        let field = match breach.subject.kind() {
            Kind::NetworkPolicy => "spec.podSelector",
            Kind::ClusterNetworkPolicy | Kind::AdminNetworkPolicy | Kind::BaselineAdminNetworkPolicy => "spec.subject",
            Kind::CiliumNetworkPolicy | Kind::CiliumClusterwideNetworkPolicy => "spec.endpointSelector",
            _ => "spec.selector",
        };
        let what = found.map(described).unwrap_or_default();
        let whose = match found.and_then(|subject| subject.namespace.as_ref()) {
            Some(_) => " of its namespace",
            None => "",
        };
        let fault = fault(context, &policies).map(|(fault, _)| fault);
        let message = match &fault {
            Some(Fault::NoNamespace(_)) => format!("{reference} selects {what}, and no Namespace has these labels"),
            _ => format!("{reference} selects {what}, which no workload{whose} has"),
        };
        let near = match &fault {
            Some(Fault::NoWorkload(near) | Fault::NoNamespace(near)) => near.as_ref(),
            None => None,
        };
        let fix = match near {
            Some(Near::Label(key, value)) => format!("correct {field}; nearest is {key}={value}"),
            Some(Near::Namespace(namespace)) => {
                format!("move it to the namespace {namespace}, where workloads match")
            }
            None => format!("none is needed if its workload is yet to come; else correct {field}"),
        };
        let near = match (near, &fault) {
            (Some(Near::Label(key, value)), Some(Fault::NoNamespace(_))) => {
                format!(" A Namespace has {key}={value}.")
            }
            (Some(Near::Label(key, value)), _) => {
                format!(" A workload{} has {key}={value}.", whose.replace("its", "the"))
            }
            (Some(Near::Namespace(namespace)), _) => format!(" Workloads of the namespace {namespace} match."),
            (None, _) => String::new(),
        };
        Finding {
            rule: INFO.id,
            aspect: String::new(),
            message,
            why: format!("{}{near}", INFO.why),
            fix: Fix::Words(fix),
            places: places(&breach.subject, [FieldPath::new(field)]),
            subject: reference,
        }
    }
}

/// Why a policy selects nothing.
enum Fault {
    /// No Namespace has the labels.
    NoNamespace(Option<Near>),
    /// No workload has the labels.
    NoWorkload(Option<Near>),
}

/// An object selects nothing when none of the policies that it comes to does.
fn fault(context: &Context<'_>, policies: &[Arc<Policy>]) -> Option<(Fault, Coverage)> {
    let mut first = None;
    for policy in policies {
        let fault = fault_of(context, &policy.subject)?;
        first.get_or_insert(fault);
    }
    first
}

fn fault_of(context: &Context<'_>, subject: &PolicySubject) -> Option<(Fault, Coverage)> {
    let (snapshot, plugin) = (context.snapshot, &context.environment.plugin);
    let PolicySubject { namespace, namespaces, pods, .. } = subject;
    if (namespaces.is_everything() && pods.is_everything()) || selected_by(snapshot, plugin, subject).next().is_some() {
        return None;
    }
    let certain = seen_whole(snapshot, namespace.as_ref());
    // A policy for many namespaces may be meant for those of other files.
    let is_whole = is_whole_cluster(snapshot);
    let speaks = |near: &Option<Near>| namespace.is_some() || near.is_some() || is_whole;
    let meant = || meant_namespaces(snapshot, namespace.as_ref(), namespaces);
    if meant().next().is_none() {
        let near = nearest_namespace(snapshot, namespaces, is_whole);
        return speaks(&near).then_some((Fault::NoNamespace(near), certain));
    }
    // Of Pods on their node's network `host-network` says what is to be said.
    let mut all = meant().flat_map(|namespace| residents(snapshot, namespace));
    if all.any(|resident| resident.facts.host_network && resident.view().satisfies(pods)) {
        return None;
    }
    if pods.is_everything() {
        return None;
    }
    let names: Vec<&Name> = meant().map(|(name, _)| name).collect();
    let near = nearest(snapshot, names, namespace.is_some(), pods);
    speaks(&near).then_some((Fault::NoWorkload(near), certain))
}

/// What a policy selects by.
fn described(subject: &PolicySubject) -> String {
    match (subject.namespaces.is_everything(), subject.pods.is_everything()) {
        (true, _) => subject.pods.to_string(),
        (false, true) => format!("namespaces with {}", subject.namespaces),
        (false, false) => format!("{} in namespaces with {}", subject.pods, subject.namespaces),
    }
}
