//! `blocked-service`: a port of a Service that leads where no policy lets anybody in.

use crate::{
    model::{Kind, PortSet},
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    behind_services::{Endpoint, certainty, endpoints_of, needs, port_at, port_path, service_of},
};

/// The rule.
pub(super) struct BlockedService;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("blocked-service"),
    family: Family("blocked-service"),
    level: Level::Hint,
    what: "A port of a Service that leads to a port of its Pods on which no policy lets anybody in, while their policies admit peers \
           on other ports.",
    why: "Policies see the Pod's port, after the Service's was translated: a rule for the Service's port lets nobody through, and \
          clients run into timeouts.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        "kubernetes/pkg/api/v1/pod/util.go, FindPort",
    ],
    parameters: &[],
    aspect: "the port of the Service",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 80}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
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
    mend: "Write the Pod's port into the policy, or let the Service's port lead to one that the policy admits.",
};

impl Rule for BlockedService {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some((key, service)) = service_of(context.snapshot, subject) else { return };
        let endpoints = endpoints_of(context, &service);
        let admitted: Vec<PortSet> = endpoints.iter().map(|it| it.lets_anybody_in(context)).collect();
        if admitted.iter().all(PortSet::is_empty) {
            return;
        }
        for port in &service.ports {
            let targets = endpoints.iter().map(|endpoint| endpoint.target(&service, port));
            let mut reached = targets.zip(&admitted).filter(|(target, _)| !target.is_empty()).peekable();
            if reached.peek().is_none() || reached.any(|(target, admitted)| !target.is_disjoint(admitted)) {
                continue;
            }
            out.push(Breach {
                rule: INFO.id,
                family: INFO.family,
                subject: subject.clone(),
                aspect: Aspect::Port(port.protocol, port.port),
                extent: Extent::Count(1),
                certain: key.namespace.as_ref().map_or(Ok(()), |namespace| certainty(context, namespace)),
            });
        }
    }

    fn rests_on(&self, _: &Context<'_>, breach: &Breach) -> Vec<Need> {
        needs(breach.subject.namespace())
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let mut finding = Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} leads where no policy lets anybody in"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject: reference,
        };
        let Some((key, service)) = service_of(context.snapshot, &breach.subject) else { return finding };
        let Some((index, port)) = port_at(&service, breach) else { return finding };
        let endpoints = endpoints_of(context, &service);
        let Some(endpoint) = endpoints.iter().find(|it| !it.lets_anybody_in(context).is_empty()) else {
            return finding;
        };
        let target = endpoint.target(&service, port);
        let service_port: PortSet = [(port.protocol, port.port..=port.port)].into_iter().collect();
        let rules = endpoint.accepting(context, &service_port);
        let allowed = few(&endpoint.lets_anybody_in(context));
        let leads = target_in_words(&target, endpoint);
        let subject = &finding.subject;
        match rules.first() {
            Some((policy, rule)) => {
                let name = &policy.source;
                finding.message = format!(
                    "{subject} port {} leads to Pod port {leads}, on which no policy lets anybody in: {name} allows {allowed}",
                    port.port
                );
                finding.fix = Fix::Words(format!("write {target} into {} of {name}", rule.at));
                let at =
                    if policy.source.kind == Kind::NetworkPolicy { rule.at.field("ports") } else { rule.at.clone() };
                finding.places.push(Place { object: name.clone(), path: at });
            }
            None => {
                finding.message = format!(
                    "{subject} port {} leads to Pod port {leads}, on which no policy lets anybody in",
                    port.port
                );
            }
        }
        finding.places.push(Place { object: key, path: port_path(index) });
        finding
    }
}

/// `TCP 8080`, and whose it is.
fn target_in_words(target: &PortSet, endpoint: &Endpoint) -> String {
    format!("{target} of {}", endpoint.pods.workload)
}

/// The ports, or how many there are.
fn few(ports: &PortSet) -> String {
    if ports.ranges().count() > 4 { format!("{} other ports", ports.len()) } else { ports.to_string() }
}
