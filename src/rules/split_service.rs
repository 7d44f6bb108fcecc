//! `split-service`: endpoints of one Service of which some refuse what others take.

use crate::{
    model::{FieldPath, Labels, PortSet, Service, ServicePort},
    network::{Action, Direction, Fit, Peer, Rule as PolicyRule},
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    behind_services::{Endpoint, certainty, describe, endpoints_of, listed, needs, port_at, port_path, service_of},
};

/// How many peers the endpoints of a Service are compared for. Nobody writes so many, and nobody shall make it expensive.
const PEERS: usize = 64;

/// The rule.
pub(super) struct SplitService;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("split-service"),
    family: Family("split-service"),
    level: Level::Hint,
    what: "A Service whose Pods are under different policies, so that some of them refuse a peer that others take.",
    why: "Which Pod a connection goes to is left to chance: clients see failures that come and go.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        "https://kubernetes.io/docs/reference/networking/virtual-ips/",
    ],
    parameters: &[],
    aspect: "the port of the Service",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: api-1, namespace: shop, labels: {app: api, version: v1}}
spec:
  containers: [{name: api, image: example.com/api:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: api-2, namespace: shop, labels: {app: api, version: v2}}
spec:
  containers: [{name: api, image: example.com/api:2}]
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{port: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api, version: v1}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: api-1, namespace: shop, labels: {app: api, version: v1}}
spec:
  containers: [{name: api, image: example.com/api:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: api-2, namespace: shop, labels: {app: api, version: v2}}
spec:
  containers: [{name: api, image: example.com/api:2}]
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{port: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
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
",
    mend: "Let the policies select every Pod that the Service selects, or let the Service select fewer.",
};

impl Rule for SplitService {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some((key, service)) = service_of(context.snapshot, subject) else { return };
        let endpoints = different(context, &service);
        for port in &service.ports {
            if split(context, &service, port, &endpoints).is_none() {
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
            message: format!("{reference} stands for Pods of which some refuse what others take"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject: reference,
        };
        let Some((key, service)) = service_of(context.snapshot, &breach.subject) else { return finding };
        let Some((index, port)) = port_at(&service, breach) else { return finding };
        let endpoints = different(context, &service);
        let Some(Split { peer, taking, refusing }) = split(context, &service, port, &endpoints) else { return finding };
        let whom = peer.map_or_else(|| "a Pod that no rule names".to_owned(), describe);
        let first_policy = |endpoint: &Endpoint| endpoint.policies.iter().flatten().next().map(|it| it.source.clone());
        let (subject, number) = (&finding.subject, port.port);
        finding.message = format!(
            "{subject} port {number}: {} takes {whom}, and {} does not (isolated by {})",
            taking.pods.workload,
            refusing.pods.workload,
            refusing.isolating(),
        );
        if let Some(policy) = first_policy(taking).filter(|_| peer.is_some()) {
            let selector: Vec<String> =
                service.selector.iter().flat_map(Labels::iter).map(|(key, value)| format!("{key}={value}")).collect();
            finding.fix = Fix::Words(format!("let {policy} select what the Service selects: {}", listed(&selector)));
            finding.places.push(Place { object: policy, path: FieldPath::new("spec.podSelector") });
        }
        finding.places.push(Place { object: key.clone(), path: port_path(index) });
        finding.places.push(Place { object: key, path: FieldPath::new("spec.selector") });
        finding
    }
}

/// The endpoints, one for each set of policies and ports; none where all are under the same.
fn different(context: &Context<'_>, service: &Service) -> Vec<Endpoint> {
    let mut kept: Vec<Endpoint> = Vec::new();
    for endpoint in endpoints_of(context, service).iter() {
        let same = |other: &Endpoint| {
            let sources = |it: &Endpoint| {
                it.policies.as_ref().map(|list| list.iter().map(|it| it.source.clone()).collect::<Vec<_>>())
            };
            sources(other) == sources(endpoint) && other.pods.facts.ports == endpoint.pods.facts.ports
        };
        if !kept.iter().any(same) {
            kept.push(endpoint.clone());
        }
    }
    if kept.len() < 2 { Vec::new() } else { kept }
}

/// What one endpoint takes and another refuses.
struct Split<'a> {
    /// From whom; `None` for a Pod that nothing names.
    peer: Option<&'a Peer>,
    taking: &'a Endpoint,
    refusing: &'a Endpoint,
}

fn split<'a>(
    context: &Context<'_>,
    service: &Service,
    port: &ServicePort,
    endpoints: &'a [Endpoint],
) -> Option<Split<'a>> {
    let reached: Vec<(&Endpoint, PortSet)> = endpoints
        .iter()
        .map(|endpoint| (endpoint, endpoint.target(service, port)))
        .filter(|(_, target)| !target.is_empty())
        .collect();
    if reached.len() < 2 {
        return None;
    }
    let mut peers: Vec<Option<&Peer>> = vec![None];
    for (endpoint, _) in &reached {
        let rules =
            endpoint.policies.iter().flatten().flat_map(|policy| policy.rules(Direction::Ingress).unwrap_or_default());
        for (peer, _) in rules.filter(|rule| rule.action == Action::Accept).flat_map(|rule| &rule.peers) {
            if peers.len() < PEERS && !peers.contains(&Some(peer)) {
                peers.push(Some(peer));
            }
        }
    }
    // What is said of a peer that is named says more than what holds for everybody.
    peers.rotate_left(1);
    peers.into_iter().find_map(|peer| {
        let takes = |(endpoint, target): &&(&Endpoint, PortSet)| {
            !endpoint.lets_in(context, |rule| fit(rule, peer)).is_disjoint(target)
        };
        let (taking, _) = reached.iter().find(takes)?;
        let (refusing, _) = reached.iter().find(|it| !takes(it))?;
        Some(Split { peer, taking, refusing })
    })
}

/// Whether a rule means all of a peer.
fn fit(rule: &PolicyRule, peer: Option<&Peer>) -> Fit {
    let holds = match peer {
        None => rule.peers.iter().any(|(entry, _)| entry.is_unnamed_pod()),
        Some(peer) => rule.peers.iter().any(|(entry, _)| covers(entry, peer)),
    };
    if holds { Fit::Yes } else { Fit::No }
}

/// Whether an entry means all that another one means, judged by their form.
fn covers(entry: &Peer, other: &Peer) -> bool {
    match (entry, other) {
        _ if entry == other || *entry == Peer::Everyone => true,
        (Peer::Pods { namespace, namespaces, pods }, Peer::Pods { namespace: its, namespaces: their, pods: those }) => {
            (namespace.is_none() || namespace == its)
                && (namespaces.is_everything() || namespaces == their)
                && (pods.is_everything() || pods == those)
        }
        (Peer::Addresses(all), Peer::Addresses(some) | Peer::World(some)) | (Peer::World(all), Peer::World(some)) => {
            some.is_within(all)
        }
        _ => false,
    }
}
