//! The ways that a packet can take: one for each pair of ends that differ.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use crate::{
    model::{AddressSet, Kind, Object, ObjectKey, Protocol, TargetPort},
    network::{Direction, Peer, Plugin, Policy},
    snapshot::Snapshot,
};

use super::{
    Actor, End, Hop, KindName, NameStep, Named, Naming, Path, PortName, Question, Surroundings, Trace, TraceError,
    Verdict, Who, change,
    controller::{self, Candidate},
    ends::{self, Group},
    merge::Merged,
    protection::stretches,
    service,
    side::Asked,
};

/// How many ways are shown.
const HANDFUL: usize = 5;
/// How many pairs of Pods are followed.
const PAIRS: usize = 400;

pub(super) fn trace(snapshot: &Snapshot, plugin: &Plugin, question: Question<'_>) -> Result<Trace, TraceError> {
    let landing = landing(snapshot, question);
    // Who the source is depends on the target; a slip in the source is told first all the same.
    let sources = sources(snapshot, question, landing.as_deref().unwrap_or_default())?;
    let landing = landing?;
    let pairs = sources.iter().flat_map(|source| landing.iter().map(move |spot| (source, spot)));
    let mut pairs = pairs.flat_map(|(source, spot)| apart(snapshot, plugin, source, spot));
    let mut merged = Merged::default();
    for (source, spot) in pairs.by_ref().take(PAIRS) {
        merged.take(follow(snapshot, plugin, question.surroundings, &source, &spot));
    }
    let beyond = pairs.count();
    let mut paths = merged.paths();
    let verdict = paths.iter().map(|path| path.verdict).reduce(Verdict::or).unwrap_or(Verdict::Unknown);
    // What was not followed may differ.
    let verdict = if beyond > 0 { verdict.or(Verdict::MayBeAllowed) } else { verdict };
    let more = paths.len().saturating_sub(HANDFUL) + beyond;
    paths.truncate(HANDFUL);
    change::tell_apart(snapshot, &mut paths);
    Ok(Trace { verdict, paths, more })
}

/// Whom the source can be, each with the steps that lead there.
struct Start {
    who: Ends,
    steps: Vec<NameStep>,
}

enum Ends {
    IngressController,
    Address(IpAddr),
    Pods(Group),
    Controller(Group),
}

/// Where the name of the target leads.
struct Spot {
    to: Landing,
    steps: Vec<NameStep>,
}

enum Landing {
    /// A port of Pods.
    Pods(Group, (Protocol, u16)),
    Address(IpAddr, (Protocol, u16)),
    /// No port of the Pods.
    NoPort(Group),
    /// No Pod.
    Nobody(ObjectKey),
}

/// A source of which one Pod speaks for all.
struct Way {
    actor: Actor,
    pods: usize,
    steps: Vec<NameStep>,
}

/// A destination of which one Pod speaks for all.
#[derive(Clone)]
struct Arrival {
    end: Option<(Actor, usize)>,
    service: Option<ObjectKey>,
    port: Option<(Protocol, u16)>,
    steps: Vec<NameStep>,
}

fn sources(snapshot: &Snapshot, question: Question<'_>, landing: &[Spot]) -> Result<Vec<Start>, TraceError> {
    let start = |who| Start { who, steps: Vec::new() };
    Ok(match question.source {
        Who::IngressController => controllers(snapshot, question, landing),
        Who::Address(address) => match ends::of_address(snapshot, *address, question.now) {
            Some(group) => {
                let step = NameStep { what: Naming::AddressOf(*address, group.object.clone()), at: None };
                vec![Start { who: Ends::Pods(group), steps: vec![step] }]
            }
            None => vec![start(Ends::Address(*address))],
        },
        Who::Named(named) if is_service(named) => {
            return Err(TraceError::ServiceAsSource(named.name.to_string()));
        }
        Who::Named(named) => {
            let namespace = named.namespace.as_ref().unwrap_or(question.namespace);
            let groups = ends::workload(snapshot, named, namespace, question.now)?;
            groups.into_iter().map(|group| start(Ends::Pods(group))).collect()
        }
    })
}

/// Who the ingress controller may be, for a target.
fn controllers(snapshot: &Snapshot, question: Question<'_>, landing: &[Spot]) -> Vec<Start> {
    let mut to = Vec::new();
    for spot in landing {
        if let Landing::Pods(group, port) = &spot.to {
            to.push((group, *port));
        }
    }
    let start = |candidate| {
        let said = |namespace| vec![NameStep { what: Naming::ControllerIn(namespace), at: None }];
        match candidate {
            Candidate::Unknown => Start { who: Ends::IngressController, steps: Vec::new() },
            Candidate::Workload(namespace, group) => Start { who: Ends::Pods(group), steps: said(namespace) },
            Candidate::Somebody(namespace, group) => Start { who: Ends::Controller(group), steps: said(namespace) },
        }
    };
    controller::candidates(snapshot, question, &to).into_iter().map(start).collect()
}

fn is_service(named: &Named) -> bool {
    named.kind == Some(KindName::Known(Kind::Service))
}

fn landing(snapshot: &Snapshot, question: Question<'_>) -> Result<Vec<Spot>, TraceError> {
    let target = question.target;
    let source_namespace = match question.source {
        Who::Named(source) => source.namespace.as_ref(),
        Who::Address(_) | Who::IngressController => None,
    };
    let default = source_namespace.unwrap_or(question.namespace);
    let protocol = target.protocol.unwrap_or(Protocol::Tcp);
    match (&target.who, &target.port) {
        (Who::Named(named), _) if is_service(named) => through_service(snapshot, question, named, default),
        (Who::Named(named), wanted) => {
            let namespace = named.namespace.as_ref().unwrap_or(default);
            let groups = ends::workload(snapshot, named, namespace, question.now)?;
            let spot = |group: Group| match wanted {
                PortName::Number(port) => Spot { to: Landing::Pods(group, (protocol, *port)), steps: Vec::new() },
                PortName::Named(name) => {
                    let found = service::pod_port(&group.object, &group.facts, name, target.protocol);
                    spot_of(group, found, Vec::new())
                }
            };
            Ok(groups.into_iter().map(spot).collect())
        }
        (Who::Address(address), PortName::Number(port)) => {
            Ok(match ends::of_address(snapshot, *address, question.now) {
                Some(group) => {
                    let step = NameStep { what: Naming::AddressOf(*address, group.object.clone()), at: None };
                    vec![Spot { to: Landing::Pods(group, (protocol, *port)), steps: vec![step] }]
                }
                None => match ends::service_of_address(snapshot, *address) {
                    Some(service) => {
                        let step = NameStep { what: Naming::AddressOf(*address, service.clone()), at: None };
                        let named = Named { kind: None, namespace: service.namespace, name: service.name };
                        let mut spots = through_service(snapshot, question, &named, default)?;
                        for spot in &mut spots {
                            spot.steps.insert(0, step.clone());
                        }
                        spots
                    }
                    None => vec![Spot { to: Landing::Address(*address, (protocol, *port)), steps: Vec::new() }],
                },
            })
        }
        // The grammar has neither.
        (Who::Address(_), PortName::Named(_)) | (Who::IngressController, _) => Ok(Vec::new()),
    }
}

fn spot_of(group: Group, found: Result<(Protocol, u16, NameStep), NameStep>, mut steps: Vec<NameStep>) -> Spot {
    match found {
        Ok((protocol, port, step)) => {
            steps.push(step);
            Spot { to: Landing::Pods(group, (protocol, port)), steps }
        }
        Err(step) => {
            steps.push(step);
            Spot { to: Landing::NoPort(group), steps }
        }
    }
}

fn through_service(
    snapshot: &Snapshot,
    question: Question<'_>,
    named: &Named,
    default: &crate::model::Name,
) -> Result<Vec<Spot>, TraceError> {
    let namespace = named.namespace.as_ref().unwrap_or(default);
    let key = ObjectKey::namespaced(Kind::Service, namespace.clone(), named.name.clone());
    let Some(Object::Service(found)) = snapshot.object(&key).found() else {
        let others = snapshot.list(Kind::Service, Some(namespace));
        let candidates = others.map(|object| format!("svc/{namespace}/{}", object.meta().name)).collect();
        return Err(TraceError::NoService { name: format!("svc/{namespace}/{}", named.name), candidates });
    };
    let nobody = |steps| vec![Spot { to: Landing::Nobody(key.clone()), steps }];
    let (protocol, target, step) =
        match service::service_port(&found, &key, &question.target.port, question.target.protocol) {
            Ok(found) => found,
            Err(step) => return Ok(nobody(vec![step])),
        };
    let groups = ends::groups(snapshot, namespace, question.now);
    let behind: Vec<Group> = groups.into_iter().filter(|group| found.selects(&group.facts.labels)).collect();
    if behind.is_empty() {
        let what = Naming::SelectsNobody(key.clone(), found.selector.clone().unwrap_or_default());
        let path = crate::model::FieldPath::new("spec.selector");
        let step = [step, NameStep { what, at: Some(super::Place { object: key.clone(), path }) }];
        return Ok(nobody(step.into()));
    }
    let spot = |group: Group| match &target {
        TargetPort::Number(number) => Spot { to: Landing::Pods(group, (protocol, *number)), steps: vec![step.clone()] },
        TargetPort::Named(name) => {
            let found = service::pod_port(&group.object, &group.facts, name, Some(protocol));
            spot_of(group, found, vec![step.clone()])
        }
    };
    Ok(behind.into_iter().map(spot).collect())
}

/// The pairs of Pods that rules about addresses tell apart, one for each.
fn apart(snapshot: &Snapshot, plugin: &Plugin, source: &Start, spot: &Spot) -> Vec<(Way, Arrival)> {
    let policies = |group: &Group, direction| -> Vec<Arc<Policy>> {
        crate::network::policies_on(snapshot, plugin, group.view(), direction).unwrap_or_default()
    };
    let entering = match &spot.to {
        Landing::Pods(group, _) => policies(group, Direction::Ingress),
        _ => Vec::new(),
    };
    let leaving = match &source.who {
        Ends::Pods(group) | Ends::Controller(group) => policies(group, Direction::Egress),
        _ => Vec::new(),
    };
    let actors = match &source.who {
        Ends::IngressController => vec![(Actor::IngressController, 0)],
        Ends::Address(address) => vec![(Actor::Address(*address), 0)],
        Ends::Controller(group) => vec![(Actor::Controller(group.clone()), 0)],
        Ends::Pods(group) => one_for_each(group, &networks(plugin, group, &entering, Direction::Ingress)),
    };
    let arrival = |end, service, port| Arrival { end, service, port, steps: spot.steps.clone() };
    let arrivals: Vec<Arrival> = match &spot.to {
        Landing::Nobody(service) => vec![arrival(None, Some(service.clone()), None)],
        Landing::Address(address, port) => vec![arrival(Some((Actor::Address(*address), 0)), None, Some(*port))],
        Landing::NoPort(group) => {
            one_for_each(group, &[]).into_iter().take(1).map(|end| arrival(Some(end), None, None)).collect()
        }
        Landing::Pods(group, port) => {
            let ends = one_for_each(group, &networks(plugin, group, &leaving, Direction::Egress));
            ends.into_iter().map(|end| arrival(Some(end), None, Some(*port))).collect()
        }
    };
    let mut ways = Vec::new();
    for (actor, pods) in &actors {
        for arrival in &arrivals {
            let way = Way { actor: actor.clone(), pods: *pods, steps: source.steps.clone() };
            ways.push((way, arrival.clone()));
        }
    }
    ways
}

/// The sets of addresses by which rules of a direction may mean a group's Pods.
fn networks<'a>(
    plugin: &Plugin,
    group: &Group,
    policies: &'a [Arc<Policy>],
    direction: Direction,
) -> Vec<&'a AddressSet> {
    let on_node = group.facts.host_network && !plugin.host_network_pods;
    if !(if on_node { plugin.blocks_match_nodes } else { plugin.blocks_match_pods }) {
        return Vec::new();
    }
    let rules = policies.iter().flat_map(|policy| policy.rules(direction).unwrap_or_default());
    let peers = rules.flat_map(|rule| &rule.peers);
    peers
        .filter_map(|(peer, _)| match peer {
            Peer::Addresses(set) => Some(&**set),
            Peer::Everyone | Peer::Pods { .. } | Peer::World(_) | Peer::Nodes => None,
        })
        .collect()
}

/// One Pod for all that are in the same of those sets, with their number.
fn one_for_each(group: &Group, sets: &[&AddressSet]) -> Vec<(Actor, usize)> {
    if group.pods.is_empty() {
        return vec![(Actor::Pod(group.clone(), Arc::from([])), 0)];
    }
    let mut kinds: BTreeMap<(bool, Vec<bool>), (Actor, usize)> = BTreeMap::new();
    for (name, addresses) in &group.pods {
        let within = sets.iter().map(|set| addresses.iter().any(|address| set.contains(*address))).collect();
        let is_known = sets.is_empty() || !addresses.is_empty();
        let (_, count) = kinds.entry((is_known, within)).or_insert_with(|| {
            let object = ObjectKey::namespaced(Kind::Pod, group.namespace.clone(), name.clone());
            let one = Group { object, pods: Vec::new(), ..group.clone() };
            (Actor::Pod(one, Arc::clone(addresses)), 0)
        });
        *count += 1;
    }
    kinds.into_values().collect()
}

fn follow(
    snapshot: &Snapshot,
    plugin: &Plugin,
    surroundings: Option<Surroundings<'_>>,
    way: &Way,
    arrival: &Arrival,
) -> Path {
    let source = shown(&way.actor, way.pods);
    let mut hops: Vec<Hop> = way.steps.iter().chain(&arrival.steps).cloned().map(Hop::Name).collect();
    let destination = match (&arrival.end, &arrival.service) {
        (Some((actor, pods)), _) => shown(actor, *pods),
        (None, Some(service)) => End::Service(service.clone()),
        (None, None) => End::IngressController,
    };
    let mut changes = Vec::new();
    if let Some(pod) = itself(way, arrival) {
        hops.push(Hop::Name(NameStep { what: Naming::Itself(pod), at: None }));
    } else if let (Some((end, _)), Some(at)) = (&arrival.end, arrival.port) {
        let asked = |direction| Asked { snapshot, plugin, source: &way.actor, destination: end, direction, at };
        let sides = [Direction::Egress, Direction::Ingress].map(|direction| asked(direction).side());
        if sides.iter().any(|side| side.verdict == Verdict::Denied) {
            changes = change::changes(&sides, &asked);
        }
        let stops = sides.iter().any(|side| side.verdict == Verdict::Denied);
        hops.extend(sides.into_iter().map(Hop::Side));
        if let (Some(surroundings), Some(group), false) = (surroundings, end.group(), stops) {
            let stretches = stretches(snapshot, surroundings, &way.actor, group, at);
            hops.extend(stretches.into_iter().map(Hop::Protected));
        }
    }
    let verdict = hops.iter().map(Hop::verdict).reduce(Verdict::and).unwrap_or(Verdict::Unknown);
    Path { source, destination, port: arrival.port, verdict, hops, changes }
}

/// The one Pod that is both ends: it always reaches itself (specification of NetworkPolicy). Through a Service it need not.
fn itself(way: &Way, arrival: &Arrival) -> Option<ObjectKey> {
    let through_service =
        arrival.steps.iter().any(|step| matches!(step.what, Naming::ServicePort { .. } | Naming::Headless(_)));
    let (source, (destination, pods)) = (way.actor.group()?, arrival.end.as_ref()?);
    let destination = destination.group()?;
    let is_same = source.object == destination.object && source.object.kind == Kind::Pod;
    (is_same && way.pods == 1 && *pods == 1 && !through_service && arrival.port.is_some())
        .then(|| source.object.clone())
}

fn shown(actor: &Actor, pods: usize) -> End {
    match actor {
        Actor::IngressController | Actor::Controller(_) => End::IngressController,
        Actor::Address(address) => End::Address(*address),
        Actor::Pod(group, _) => End::Workload {
            name: group.workload.clone(),
            pod: (group.object.kind == Kind::Pod).then(|| group.object.name.clone()),
            pods,
        },
    }
}
