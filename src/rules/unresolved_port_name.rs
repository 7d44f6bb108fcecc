//! `unresolved-port-name`: a port by a name that means nothing on the Pods that it is resolved on.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{FieldPath, Name, Protocol},
    network::{Direction, Policy, Rule as PolicyRule},
    snapshot::Need,
};

use super::{
    Aspect, Breach, Context, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    mismatch::{
        PortEntry, Resident, breach, destinations, lowered, mistyped, path_of, places, port_entries, rules_of,
        seen_whole,
    },
};

/// The rule.
pub(super) struct UnresolvedPortName;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("unresolved-port-name"),
    family: Family("unresolved-port-name"),
    level: Level::Hint,
    what: "A port by name that no Pod at the receiving end declares, or only with another protocol, or that is another number on \
           different Pods of one policy.",
    why: "A name is resolved on the Pod that receives, by the ports that its containers declare with that name and protocol; where there \
          is none, the rule admits nothing.",
    sources: &[
        "k8s.io/api/networking/v1/types.go, NetworkPolicyPort",
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    ],
    parameters: &[],
    aspect: "the entry of ports",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{name: web, containerPort: 8080}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: http}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1, ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: http}]
",
    mend: "Write the name that the containers declare, or the number.",
};

impl Rule for UnresolvedPortName {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let policies = lowered(context.snapshot, subject);
        let mut seen = BTreeSet::new();
        for (policy, direction, rule) in rules_of(&policies).filter(|(_, _, rule)| !rule.ports.names.is_empty()) {
            let Some(destinations) = destinations(context, policy, direction, rule) else { continue };
            for (entry, at) in port_entries(context.snapshot, policy, rule) {
                if let PortEntry::Named(protocol, name) = &entry
                    && fault(policy, direction, &destinations, *protocol, name).is_some()
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
        let (fact, fix) = found.unwrap_or_else(|| ("names a port that nobody declares".into(), INFO.mend.into()));
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

/// What is wrong with a name.
enum Fault {
    /// Nobody declares it; the nearest name that somebody does.
    Nowhere(Option<Name>),
    /// It is declared with this protocol only.
    Protocol(Protocol),
    /// It is these numbers on different Pods.
    Differs(BTreeMap<u16, Subject>),
}

fn fault(
    policy: &Policy,
    direction: Direction,
    destinations: &[Resident<'_>],
    protocol: Protocol,
    name: &Name,
) -> Option<Fault> {
    if destinations.is_empty() {
        return None;
    }
    let declared =
        || destinations.iter().flat_map(|resident| resident.facts.ports.iter().map(move |it| (resident, it)));
    let named = || declared().filter(|(_, port)| port.name.as_ref() == Some(name));
    let mut numbers = BTreeMap::new();
    for (resident, port) in named().filter(|(_, port)| port.protocol == protocol) {
        numbers.entry(port.number).or_insert_with(|| resident.subject.clone());
    }
    if numbers.is_empty() {
        if let Some((_, port)) = named().next() {
            return Some(Fault::Protocol(port.protocol));
        }
        let others = declared().filter(|(_, port)| port.protocol == protocol);
        let others: BTreeSet<&Name> = others.filter_map(|(_, port)| port.name.as_ref()).collect();
        let only = match others.iter().collect::<Vec<_>>().as_slice() {
            [only] => Some((**only).clone()),
            _ => None,
        };
        let near = mistyped(name, others.iter().map(|other| other.as_str())).map(Name::from);
        return Some(Fault::Nowhere(near.or(only)));
    }
    // Whoever selects many workloads by one rule wants each one's own number. Who names one is told.
    let is_one = direction == Direction::Ingress && !policy.subject.pods.is_everything();
    (numbers.len() > 1 && is_one).then_some(Fault::Differs(numbers))
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
    let entries = port_entries(context.snapshot, policy, rule);
    let faulty = entries.into_iter().filter(|(_, place)| place == at).find_map(|(entry, _)| match entry {
        PortEntry::Named(protocol, name) => {
            Some((fault(policy, direction, &destinations, protocol, &name)?, protocol, name))
        }
        PortEntry::Numbers(_) => None,
    });
    let (fault, protocol, name) = faulty?;
    let whose = match direction {
        Direction::Ingress => "Pod that it selects",
        Direction::Egress => "Pod that it lets out to",
    };
    Some(match fault {
        Fault::Nowhere(near) => {
            let told = near.as_ref().map(|near| format!("; nearest is {near}")).unwrap_or_default();
            let fix = near.map_or_else(
                || "declare the name in a container, or write the number".into(),
                |near| format!("write port: {near}"),
            );
            (format!("names the port {name} ({protocol}), which no {whose} declares{told}"), fix)
        }
        Fault::Protocol(other) => (
            format!("names the port {name} with {protocol}, which every {whose} declares with {other}"),
            format!("write protocol: {other}"),
        ),
        Fault::Differs(numbers) => {
            let listed = numbers.iter().take(2).map(|(number, subject)| {
                let reference = super::SubjectReference { pods: None, ..subject.reference(context.snapshot) };
                format!("{number} on {reference}")
            });
            let listed: Vec<String> = listed.collect();
            (
                format!("names the port {name}, which is {}", listed.join(" and ")),
                "write the numbers, or none if each one's own is meant".to_owned(),
            )
        }
    })
}
