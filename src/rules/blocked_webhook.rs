//! `blocked-webhook`: an admission webhook that the API server cannot reach.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    model::{Kind, Labels, METADATA_NAME, Name, Object, ObjectKey, Webhook, WebhookConfiguration},
    network::{Backend, Fit, Peer, Rule as PolicyRule},
    snapshot::{Need, Snapshot},
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    behind_services::{certainty, endpoints_of, needs, object_of},
};

/// The rule.
pub(super) struct BlockedWebhook;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("blocked-webhook"),
    family: Family("blocked-webhook"),
    level: Level::Hint,
    what: "An admission webhook whose Pods are isolated for ingress and admit no address on their port, so that the API server cannot \
           reach them.",
    why: "The API server is no Pod that a selector could name: it connects from an address of the control plane. With failurePolicy \
          Fail every request that the webhook is asked about is refused, with Ignore it is not asked. An API server on the Pod's own \
          node gets through all the same, which hides the fault in small clusters.",
    sources: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    ],
    parameters: &[],
    aspect: "the port of the Service",
    extent: "the number of webhooks",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: checker, namespace: guard, labels: {app: checker}}
spec:
  containers: [{name: checker, image: example.com/checker:1, ports: [{containerPort: 9443}]}]
---
apiVersion: v1
kind: Service
metadata: {name: checker, namespace: guard}
spec:
  selector: {app: checker}
  ports: [{port: 443, targetPort: 9443}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: guard}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: checker}
webhooks:
  - name: check.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: {service: {namespace: guard, name: checker}}
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: checker, namespace: guard, labels: {app: checker}}
spec:
  containers: [{name: checker, image: example.com/checker:1, ports: [{containerPort: 9443}]}]
---
apiVersion: v1
kind: Service
metadata: {name: checker, namespace: guard}
spec:
  selector: {app: checker}
  ports: [{port: 443, targetPort: 9443}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: checker, namespace: guard}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from: [{ipBlock: {cidr: 192.0.2.0/28}}]
      ports: [{port: 9443}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: checker}
webhooks:
  - name: check.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: {service: {namespace: guard, name: checker}}
",
    mend: "Admit the addresses of the control plane on the webhook's Pod port, or every address where they are not known.",
};

impl Rule for BlockedWebhook {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some((_, configuration)) = configuration_of(context.snapshot, subject) else { return };
        for (backend, webhooks) in by_backend(&configuration) {
            if blocked(context, &backend).is_none() {
                continue;
            }
            let namespace = backend.service.namespace.clone().unwrap_or_default();
            out.push(Breach {
                rule: INFO.id,
                family: INFO.family,
                subject: subject.clone(),
                aspect: Aspect::Service(backend.service, backend.port),
                extent: Extent::Count(webhooks.len() as u64),
                certain: certainty(context, &namespace),
            });
        }
    }

    fn rests_on(&self, _: &Context<'_>, breach: &Breach) -> Vec<Need> {
        match &breach.aspect {
            Aspect::Service(service, _) => needs(&service.namespace),
            _ => Vec::new(),
        }
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let mut finding = Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} has a webhook that the API server cannot reach"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject: reference,
        };
        let Aspect::Service(service, port) = &breach.aspect else { return finding };
        let backend = Backend { service: service.clone(), port: port.clone() };
        let Some((key, configuration)) = configuration_of(context.snapshot, &breach.subject) else { return finding };
        let webhooks = by_backend(&configuration).remove(&backend).unwrap_or_default();
        let (Some(first), Some(blocked)) = (webhooks.first(), blocked(context, &backend)) else { return finding };
        let more = match webhooks.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let Blocked { workload, target, isolated_by } = blocked;
        finding.message = format!(
            "{}: the API server cannot reach {}{more}: {workload} admits no address on {target} (isolated by {isolated_by})",
            finding.subject, first.name
        );
        finding.fix = Fix::Words(format!(
            "admit the control plane's addresses on {target}: from: [{{ipBlock: {{cidr: CONTROL PLANE}}}}]"
        ));
        finding.places.push(Place { object: key, path: first.at.clone() });
        finding
    }
}

fn configuration_of(snapshot: &Snapshot, subject: &Subject) -> Option<(ObjectKey, Arc<WebhookConfiguration>)> {
    match object_of(snapshot, subject, Kind::is_webhook_configuration)? {
        (key, Object::WebhookConfiguration(configuration)) => Some((key, configuration)),
        _ => None,
    }
}

/// The webhooks by the port of a Service that they are called at.
fn by_backend(configuration: &WebhookConfiguration) -> BTreeMap<Backend, Vec<&Webhook>> {
    let mut backends: BTreeMap<Backend, Vec<&Webhook>> = BTreeMap::new();
    for webhook in &configuration.webhooks {
        let backend = Backend { service: webhook.service.clone(), port: webhook.port.to_string().into() };
        backends.entry(backend).or_default().push(webhook);
    }
    backends
}

/// Pods that the API server cannot reach.
struct Blocked {
    workload: String,
    target: String,
    isolated_by: String,
}

fn blocked(context: &Context<'_>, backend: &Backend) -> Option<Blocked> {
    let (service, port) = backend.resolve(context.snapshot)?;
    let endpoints = endpoints_of(context, &service);
    let targets = endpoints.iter().map(|endpoint| (endpoint, endpoint.target(&service, &port)));
    let reached: Vec<_> = targets.filter(|(_, target)| !target.is_empty()).collect();
    let (first, target) = reached.first()?;
    let is_blocked = reached.iter().all(|(it, target)| it.lets_in(context, admits_api_server).is_disjoint(target));
    is_blocked.then(|| Blocked {
        workload: first.pods.workload.to_string(),
        target: target.to_string(),
        isolated_by: first.isolating(),
    })
}

/// Whether a rule may mean the API server: by an address or as a node, or through an agent of the control plane in `kube-system`
/// (konnectivity), where it has no way into the cluster's network of its own.
fn admits_api_server(rule: &PolicyRule) -> Fit {
    let kube_system: Name = "kube-system".into();
    let labels: Labels = [(METADATA_NAME, kube_system.clone())].into_iter().collect();
    let fit = |peer: &Peer| match peer {
        Peer::Everyone => Fit::Yes,
        Peer::Addresses(set) | Peer::World(set) => {
            if set.is_empty() {
                Fit::No
            } else {
                Fit::Partly
            }
        }
        Peer::Nodes => Fit::Partly,
        Peer::Pods { namespace, namespaces, .. } => {
            let is_there = namespace.as_ref().is_none_or(|it| *it == kube_system)
                && (namespaces.is_everything() || namespaces.matches(&labels));
            if is_there { Fit::Partly } else { Fit::No }
        }
    };
    rule.peers.iter().map(|(peer, _)| fit(peer)).max().unwrap_or(Fit::No)
}
