//! `blocked-scrape`: a Pod that asks Prometheus to scrape it, and lets nobody in on that port.

use crate::{
    model::{Protocol, annotations},
    network::Direction,
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    isolation::place,
    mismatch::{Side, breach},
};

/// The rule.
pub(super) struct BlockedScrape;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("blocked-scrape"),
    family: Family("blocked-scrape"),
    level: Level::Hint,
    what: "A Pod with the annotations prometheus.io/scrape and prometheus.io/port whose policies admit nobody on that port.",
    why: "Prometheus connects to the Pod itself; isolated from it, the Pod is missed and nobody knows whether it is well.",
    sources: &["https://github.com/prometheus/prometheus/blob/main/documentation/examples/prometheus-kubernetes.yml"],
    parameters: &[],
    aspect: "the port",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web}
  annotations: {prometheus.io/scrape: \"true\", prometheus.io/port: \"9090\"}
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
    keeps: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web}
  annotations: {prometheus.io/scrape: \"true\", prometheus.io/port: \"9090\"}
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
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
      ports: [{port: 9090}]
",
    mend: "Admit Prometheus's namespace on that port, or take the annotations off.",
};

impl Rule for BlockedScrape {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(port) = context.workload(subject).and_then(|workload| workload.facts.scrape_port) else { return };
        let Some(side) = Side::of(context, subject, Direction::Ingress) else { return };
        if !side.admits(context, Protocol::Tcp, port) {
            out.push(breach(&INFO, subject, Aspect::Port(Protocol::Tcp, port), side.certain(context)));
        }
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let side = Side::of(context, &breach.subject, Direction::Ingress);
        let mut places: Vec<_> = side
            .iter()
            .map(|side| place(&side.workload, &format!("metadata.annotations[\"{}\"]", annotations::SCRAPE_PORT)))
            .collect();
        places.extend(side.as_ref().map(Side::places).unwrap_or_default());
        let in_policy = side.as_ref().and_then(Side::policy_name).map(|name| format!(" in {name}")).unwrap_or_default();
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} asks to be scraped on {}, where its policies admit nobody", breach.aspect),
            why: INFO.why.to_owned(),
            fix: Fix::Words(format!("admit Prometheus's namespace on {}{in_policy}", breach.aspect)),
            places,
            subject: reference,
        }
    }
}
