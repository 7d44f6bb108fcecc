//! `outside-mesh`: a sensitive workload that no mesh protects.

use crate::{
    encryption::mesh::Accepts,
    model::{PodFacts, PortSet},
    snapshot::Need,
};

use super::{
    Breach, Context, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject, inside, isolation::place, sensitive,
};

/// The rule.
pub(super) struct OutsideMesh;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("outside-mesh"),
    family: inside::FAMILY,
    level: Level::Baseline,
    what: "A workload that is marked sensitive (`environment.sensitive`, by default `ringwall.dev/data: sensitive` on the Pod or its \
           Namespace), and in no mesh: no proxy beside it, and not captured by Istio's ambient mesh.",
    why: "Whatever it receives crosses the cluster's network in plaintext, from peers without an identity. A policy of a mesh says nothing \
          of a Pod without a proxy, and a Pod on its node's network is never in one.",
    sources: &[
        "istio/pkg/kube/inject/inject.go",
        "https://istio.io/latest/docs/ambient/usage/add-workloads/",
        "https://linkerd.io/2/features/proxy-injection/",
    ],
    parameters: &[],
    aspect: "none",
    extent: "all ports",
    breaks: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {ringwall.dev/data: sensitive}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  containers: [{name: db, image: example.com/db:1}]
",
    keeps: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {ringwall.dev/data: sensitive, istio.io/dataplane-mode: ambient}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  containers: [{name: db, image: example.com/db:1}]
",
    mend: "Take it into the mesh: label its Namespace istio-injection=enabled or istio.io/dataplane-mode=ambient, or annotate it \
           linkerd.io/inject=enabled, and restart the workload.",
};

impl Rule for OutsideMesh {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(workload) = context.workload(subject) else { return };
        let inbound = context.inbound(subject, &workload);
        if inbound.mesh.is_some() {
            return;
        }
        let certain = match &inbound.default {
            Accepts::Unknown(blind) => Err(blind.clone()),
            _ => Ok(()),
        };
        out.push(inside::breach(&INFO, subject, PortSet::every(), certain));
    }

    fn level(&self, context: &Context<'_>, breach: &Breach) -> Option<Level> {
        let workload = context.workload(&breach.subject)?;
        sensitive::is_sensitive(context, &workload).then_some(Level::Baseline)
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        inside::needs(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let workload = context.workload(&breach.subject);
        let on_node = workload.as_ref().is_some_and(|workload| workload.facts.host_network);
        let is_final = workload.as_ref().is_some_and(|workload| workload.facts.mesh.is_final);
        let fact = match (on_node, is_final) {
            (true, _) => "is on its node's network, where no mesh protects it",
            (false, true) => {
                "is in no mesh: no proxy of Istio or Linkerd is beside it, and no ambient mesh captures it"
            }
            (false, false) => {
                "will be in no mesh: neither its labels nor its Namespace ask for a proxy or for the ambient mesh"
            }
        };
        let out = workload.as_ref().filter(|_| !on_node).and_then(|workload| opt_out(&workload.facts));
        let fact = match out {
            Some(mark) => format!("keeps itself out of the mesh by {mark}"),
            None => fact.to_owned(),
        };
        let namespace = reference.namespace.clone().unwrap_or_default();
        let fix = if on_node {
            "remove hostNetwork, and take it into the mesh".to_owned()
        } else if let Some(mark) = out {
            format!("remove {mark} from the Pod template, and see that its Namespace asks for the mesh")
        } else {
            format!(
                "kubectl label namespace {namespace} istio-injection=enabled (or istio.io/dataplane-mode=ambient; Linkerd: annotate it \
                 linkerd.io/inject=enabled), and restart it"
            )
        };
        let field = if on_node { "spec.hostNetwork" } else { "metadata.labels" };
        Finding {
            rule: INFO.id,
            aspect: String::new(),
            message: format!("{reference} is marked sensitive and {fact}"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(fix),
            places: workload.iter().map(|workload| place(workload, field)).collect(),
            subject: reference,
        }
    }
}

/// The mark by which a Pod or template stays out of a mesh that its Namespace may ask for.
fn opt_out(facts: &PodFacts) -> Option<&'static str> {
    let labelled = |key: &str, value: &str| facts.labels.value(key).is_some_and(|is| *is == value);
    if labelled("sidecar.istio.io/inject", "false") {
        Some("its label sidecar.istio.io/inject: \"false\"")
    } else if labelled("istio.io/dataplane-mode", "none") {
        Some("its label istio.io/dataplane-mode: none")
    } else {
        (facts.linkerd == Some(false)).then_some("its annotation linkerd.io/inject: disabled")
    }
}
