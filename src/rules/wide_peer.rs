//! `wide-peer`: an entry of a policy that admits far more than it names.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    model::{AddressSet, Family, Kind, Labels, Name, Object, Selector},
    network::{Admission, Claim, Direction, Exposure, WidePeer as Entry, WideReach, exposure},
    snapshot::{Blind, Coverage, Need, Snapshot},
};

use super::{
    Aspect, Breach, Context, Extent, Finding, Fix, Level, Parameter, ParameterKind, Place, Rule, RuleId, RuleInfo,
    Subject, Workload,
    isolation::{FAMILY, describe_reach, governed, is_open, known, needs, place, replace_policy, retry},
    open_egress, open_ingress,
};

/// The rule.
pub(super) struct WidePeer;

const IPV4: &str = "ipv4Prefix";
const IPV6: &str = "ipv6Prefix";

static INFO: RuleInfo = RuleInfo {
    id: RuleId("wide-peer"),
    family: FAMILY,
    level: Level::Restricted,
    what: "An entry of a policy that admits all namespaces, or a network wider than the parameters allow, for a workload that no Service \
           or Ingress exposes on purpose.",
    why: "Such an entry names nobody: whoever gets an address or a namespace there gets in. The labels of Pods in any namespace do not \
          narrow ingress either, for everybody may give them to a Pod of their own.",
    sources: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    parameters: &[
        Parameter {
            name: IPV4,
            kind: ParameterKind::Integer { least: 0, most: 32, default: 16 },
            what: "The shortest IPv4 prefix that is not wide.",
        },
        Parameter {
            name: IPV6,
            kind: ParameterKind::Integer { least: 0, most: 128, default: 48 },
            what: "The shortest IPv6 prefix that is not wide.",
        },
    ],
    aspect: "the direction, the policy and the entry; the direction alone for entries that are wide only together",
    extent: "what the entry admits",
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
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{ipBlock: {cidr: 10.0.0.0/8}}]
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
    - from: [{ipBlock: {cidr: 10.0.0.0/24}}]
      ports: [{port: 8080}]
",
    mend: "Name the namespace, the Pods or the network that is meant.",
};

impl Rule for WidePeer {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(workload) = governed(context, subject) else { return };
        for direction in Direction::BOTH {
            let exposure = context.exposure(subject, &workload, direction);
            let open = match direction {
                Direction::Ingress => &open_ingress::INFO,
                Direction::Egress => &open_egress::INFO,
            };
            if !exposure.is_isolated() || is_open(context, open, &exposure.admission) {
                continue;
            }
            let found = in_readings(context, &exposure, direction, open);
            if found.is_empty() {
                continue;
            }
            let seen = match exposed(context.snapshot, &workload) {
                Ok(true) if direction == Direction::Ingress => continue,
                Err(blind) if direction == Direction::Ingress => Err(blind),
                _ => known(context, &workload.namespace),
            };
            out.extend(found.into_iter().map(|(aspect, admission, certain)| Breach {
                rule: INFO.id,
                family: FAMILY,
                subject: subject.clone(),
                aspect,
                extent: Extent::Admission(Arc::new(admission)),
                certain: certain.and_then(|()| seen.clone()),
            }));
        }
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        let namespace: Option<Name> = breach.subject.namespace().cloned();
        let mut needs = needs(context, breach);
        if breach.aspect.direction() == Some(Direction::Ingress) {
            needs.push(Need::List(Kind::Service, namespace.clone()));
            needs.push(Need::List(Kind::Ingress, namespace));
        }
        needs
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let snapshot = context.snapshot;
        let reference = breach.subject.reference(snapshot);
        let workload = breach.subject.workload(snapshot);
        let direction = breach.aspect.direction().unwrap_or(Direction::Ingress);
        let exposure = workload.as_ref().map(|workload| {
            exposure(snapshot, &context.environment.plugin, &workload.namespace, &workload.facts, direction)
        });
        let entries = entries(exposure.as_ref());
        let verb = match direction {
            Direction::Ingress => "is open to",
            Direction::Egress => "may connect to",
        };
        let (fact, guilty, fix) = if let Aspect::Peer(_, policy, at) = &breach.aspect {
            let entry = entries.iter().copied().filter(|entry| entry.policy == *policy && entry.at == *at);
            let guilty: Vec<&Entry> = entry.collect();
            let reach = guilty.first().map(|entry| (describe_reach(&entry.reach), ports(entry)));
            let (whom, ports) = reach.unwrap_or_default();
            let fix = replace_policy(INFO.id, snapshot, policy, at, direction);
            (format!("{verb} {whom} on {ports}: policy {}, {at}", policy.name), guilty, fix)
        } else {
            let networks: Vec<&Entry> =
                entries.iter().copied().filter(|entry| matches!(entry.reach, WideReach::Addresses(_))).collect();
            let fact = format!("{verb} networks that are wide together: {} entries", networks.len());
            (fact, networks, Fix::Words("name fewer networks in its policies".to_owned()))
        };
        let message = format!("{reference} {fact}");
        let mut places: Vec<Place> =
            guilty.iter().map(|entry| Place { object: entry.policy.clone(), path: entry.at.clone() }).collect();
        places.extend(workload.iter().map(|workload| place(workload, "metadata.labels")));
        Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message,
            why: format!("{}{}", INFO.why, retry(&reference)),
            fix,
            places,
            subject: reference,
        }
    }
}

/// The entries of every reading, each once.
fn entries(exposure: Option<&Exposure>) -> Vec<&Entry> {
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for entry in exposure.iter().flat_map(|exposure| exposure.readings()).flat_map(|reading| &reading.wide) {
        if seen.insert((&entry.policy, &entry.at)) {
            entries.push(entry);
        }
    }
    entries
}

/// `TCP 80, port http`.
fn ports(entry: &Entry) -> String {
    let numbers = match entry.ports.ranges().count() {
        0 => None,
        1..=3 => Some(entry.ports.to_string()),
        _ => Some(format!("{} ports", entry.ports.len())),
    };
    let names = entry.names.iter().map(|(_, name)| format!("port {name}"));
    numbers.into_iter().chain(names).collect::<Vec<_>>().join(", ")
}

/// What is wide in some reading of the exposure, and whether it is in every one: then it is what all admit, else what any does.
fn in_readings(
    context: &Context<'_>,
    exposure: &Exposure,
    direction: Direction,
    open: &RuleInfo,
) -> Vec<(Aspect, Admission, Coverage)> {
    let Some(doubt) = &exposure.doubt else {
        let found = wide(context, exposure, direction).into_iter();
        return found.map(|(aspect, admission)| (aspect, admission, Ok(()))).collect();
    };
    let applies = |reading: &&Exposure| reading.is_isolated() && !is_open(context, open, &reading.admission);
    let mut found: BTreeMap<Aspect, Vec<Admission>> = BTreeMap::new();
    for reading in exposure.readings().filter(applies) {
        for (aspect, admission) in wide(context, reading, direction) {
            found.entry(aspect).or_default().push(admission);
        }
    }
    let count = exposure.readings().count();
    let found = found.into_iter().map(|(aspect, admissions)| {
        let certain = admissions.len() == count;
        let join =
            |one: Admission, other: Admission| if certain { one.intersection(&other) } else { one.union(&other) };
        let admission = admissions.into_iter().reduce(join).unwrap_or_default();
        (aspect, admission, if certain { Ok(()) } else { Err(doubt.why.clone()) })
    });
    found.filter(|(_, admission, _)| !admission.is_nothing()).collect()
}

/// The entries that are wide, and the networks that are wide only together, each with what it admits.
fn wide(context: &Context<'_>, exposure: &Exposure, direction: Direction) -> Vec<(Aspect, Admission)> {
    let too_wide = |addresses: &AddressSet| {
        [(Family::Ipv4, IPV4), (Family::Ipv6, IPV6)].into_iter().any(|(family, name)| {
            addresses.width(family).is_some_and(|width| u64::from(width) < context.parameters.integer(&INFO, name))
        })
    };
    let mut found = Vec::new();
    let mut rest = Vec::new();
    for entry in &exposure.wide {
        let is_wide = match &entry.reach {
            WideReach::Everyone => true,
            WideReach::Namespaces { pods } => direction == Direction::Ingress || pods.matches(&Labels::default()),
            WideReach::Addresses(addresses) => too_wide(addresses),
        };
        match &entry.reach {
            _ if is_wide => {
                let aspect = Aspect::Peer(direction, entry.policy.clone(), entry.at.clone());
                found.push((aspect, admission(entry)));
            }
            WideReach::Addresses(addresses) => rest.push((&entry.ports, &**addresses)),
            _ => {}
        }
    }
    // Many narrow networks may be one wide one in pieces.
    let rest = Admission::of_addresses(rest);
    let pieces = Admission::of_addresses(rest.addresses().filter(|(_, addresses)| too_wide(addresses)));
    if !pieces.is_nothing() {
        found.push((Aspect::Direction(direction), pieces));
    }
    found
}

/// What one entry admits.
fn admission(entry: &Entry) -> Admission {
    let mut admission = Admission::nothing();
    let every = Selector::everything();
    let pods = match &entry.reach {
        WideReach::Everyone => {
            admission.add(&entry.ports, &AddressSet::every());
            &every
        }
        WideReach::Namespaces { pods } => pods,
        WideReach::Addresses(addresses) => {
            admission.add(&entry.ports, addresses);
            return admission;
        }
    };
    if pods.matches(&Labels::default()) {
        admission.pods = entry.ports.clone();
    } else {
        admission.add_claim(Claim { pods: pods.clone(), port: None }, &entry.ports);
    }
    // A peer may declare any number under the name.
    for (protocol, name) in &entry.names {
        let claim = Claim { pods: pods.clone(), port: Some((*protocol, name.clone())) };
        admission.add_claim(claim, &[(*protocol, 1..=u16::MAX)].into_iter().collect());
    }
    admission
}

/// Whether something exposes the workload on purpose: a Service of type `LoadBalancer` or `NodePort`, or one that an Ingress routes to.
fn exposed(snapshot: &Snapshot, workload: &Workload) -> Result<bool, Blind> {
    let namespace = Some(&workload.namespace);
    let selects =
        |object: &Object| matches!(object, Object::Service(service) if service.selects(&workload.facts.labels));
    let opens = |object: &Object| {
        matches!(object, Object::Service(service) if service.is_exposed())
            || snapshot.referrers(&object.key()).any(|referrer| referrer.kind == Kind::Ingress)
    };
    let is_exposed = snapshot.list(Kind::Service, namespace).any(|object| selects(object) && opens(object));
    if is_exposed {
        return Ok(true);
    }
    snapshot.coverage(Kind::Service, namespace)?;
    snapshot.coverage(Kind::Ingress, namespace)?;
    Ok(false)
}
