//! `unexposed-port`: a port that no container at the receiving end has.

use std::collections::BTreeSet;

use crate::{
    model::{FieldPath, Kind, Name, Object, PortSet, Protocol, TargetPort},
    network::{Direction, Policy, Rule as PolicyRule},
    snapshot::{Need, Snapshot},
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    mismatch::{
        PortEntry, Resident, breach, destinations, lowered, path_of, places, port_entries, rules_of, seen_whole,
    },
};

/// The rule.
pub(super) struct UnexposedPort;

/// Ports of the proxies that meshes put into Pods, which no template declares (istio.io, Application Requirements; linkerd.io, Proxy
/// Configuration).
const INJECTED: [u16; 11] = [4140, 4143, 4190, 4191, 15001, 15006, 15008, 15020, 15021, 15053, 15090];

static INFO: RuleInfo = RuleInfo {
    id: RuleId("unexposed-port"),
    family: Family("unexposed-port"),
    level: Level::Hint,
    what: "A port in a rule that no container of the receiving workloads declares, where all of them declare ports: most often a \
           Service's port instead of the Pod's.",
    why: "Policies see the packet after the Service has sent it on to the Pod: its port is the Pod's (targetPort), never the Service's. A \
          container may listen on a port that it does not declare.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        "https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports",
    ],
    parameters: &[],
    aspect: "the entry of ports",
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
    mend: "Write the Pod's port, or declare the port in the container if it listens there.",
};

impl Rule for UnexposedPort {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let policies = lowered(context.snapshot, subject);
        let mut seen = BTreeSet::new();
        for (policy, direction, rule) in rules_of(&policies) {
            let entries = port_entries(context.snapshot, policy, rule);
            if !entries.iter().any(|(entry, _)| matches!(entry, PortEntry::Numbers(_))) {
                continue;
            }
            let Some(destinations) = destinations(context, policy, direction, rule) else { continue };
            let Some(open) = open(context.snapshot, &destinations) else { continue };
            for (entry, at) in entries {
                if let PortEntry::Numbers(numbers) = &entry
                    && numbers.is_disjoint(&open)
                    && seen.insert(at.clone())
                {
                    let own = policy.subject.namespace.as_ref().filter(|_| direction == Direction::Ingress);
                    out.push(breach(&INFO, subject, Aspect::Place(at), seen_whole(context.snapshot, own)));
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
        let (fact, fix) = found.unwrap_or_else(|| ("has a port that nobody declares".into(), INFO.mend.into()));
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

/// The ports on which somebody of them can be taken to listen: what containers declare, what Services send to them, and what
/// proxies of meshes open. `None` where there is nobody, or somebody declares nothing.
fn open(snapshot: &Snapshot, destinations: &[Resident<'_>]) -> Option<PortSet> {
    if destinations.is_empty() || destinations.iter().any(|resident| resident.facts.ports.is_empty()) {
        return None;
    }
    let declared = destinations.iter().flat_map(|resident| &resident.facts.ports);
    let declared = declared.map(|port| (port.protocol, port.number..=port.number));
    let injected = INJECTED.into_iter().map(|port| (Protocol::Tcp, port..=port));
    let mut open: PortSet = declared.chain(injected).collect();
    for (_, _, protocol, target) in sent(snapshot, destinations) {
        if let TargetPort::Number(number) = target {
            open = open.union(&[(protocol, number..=number)].into_iter().collect());
        }
    }
    let scraped = destinations.iter().filter_map(|resident| resident.facts.scrape_port);
    Some(open.union(&scraped.map(|port| (Protocol::Tcp, port..=port)).collect()))
}

/// What Services of their namespaces send to them: the Service, its port, and the Pod's.
fn sent(snapshot: &Snapshot, destinations: &[Resident<'_>]) -> Vec<(Name, u16, Protocol, TargetPort)> {
    let namespaces: BTreeSet<&Name> = destinations.iter().map(|resident| resident.namespace).collect();
    let mut sent = Vec::new();
    for namespace in namespaces {
        for object in snapshot.list(Kind::Service, Some(namespace)) {
            let Object::Service(service) = object else { continue };
            let mut here = destinations.iter().filter(|resident| resident.namespace == namespace);
            if here.any(|resident| service.selects(&resident.facts.labels)) {
                let ports = service.ports.iter();
                sent.extend(ports.map(|it| (service.meta.name.clone(), it.port, it.protocol, it.target.clone())));
            }
        }
    }
    sent
}

/// The fact and the fix for the entry at a place.
fn told(
    context: &Context<'_>,
    policy: &Policy,
    direction: Direction,
    rule: &PolicyRule,
    at: &FieldPath,
) -> Option<(String, String)> {
    let destinations = destinations(context, policy, direction, rule)?;
    let open = open(context.snapshot, &destinations)?;
    let entries = port_entries(context.snapshot, policy, rule);
    let numbers = entries.into_iter().filter(|(_, place)| place == at).find_map(|(entry, _)| match entry {
        PortEntry::Numbers(numbers) if numbers.is_disjoint(&open) => Some(numbers),
        _ => None,
    })?;
    let whose = match direction {
        Direction::Ingress => "Pod that it selects",
        Direction::Egress => "Pod that it lets out to",
    };
    let verb = match direction {
        Direction::Ingress => "admits",
        Direction::Egress => "lets out on",
    };
    let fact = format!("{verb} {numbers}, which no {whose} declares");
    let services = sent(context.snapshot, &destinations);
    let service = services.iter().find(|(_, port, protocol, _)| numbers.contains(*protocol, *port));
    if let Some((service, port, protocol, target)) = service {
        let target = match target {
            TargetPort::Number(number) => number.to_string(),
            TargetPort::Named(name) => name.to_string(),
        };
        return Some((
            format!("{fact}: {protocol} {port} is the port of Service {service}, and {target} the Pod's"),
            format!("write port: {target}"),
        ));
    }
    let declared = destinations.iter().flat_map(|resident| &resident.facts.ports);
    let declared: PortSet = declared.map(|port| (port.protocol, port.number..=port.number)).collect();
    let declared = match declared.ranges().count() {
        0..=4 => format!(": they declare {declared}"),
        _ => String::new(),
    };
    Some((format!("{fact}{declared}"), "write a port that they declare, or declare it if they listen there".to_owned()))
}
