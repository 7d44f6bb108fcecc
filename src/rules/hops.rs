//! What the rules about hops share: the hops behind the edge, and whether the Pods that they lead to accept mutual TLS alone.

use std::collections::BTreeMap;

use crate::{
    edge::{Hop, Surface, Tls, Wanted},
    encryption::mesh::{self, Accepts},
    model::{Kind, Name, Object, PodFacts, Protocol, Service, ServicePort, TargetPort},
    network::{endpoints, service_port},
    snapshot::{Blind, Lookup, Need},
};

use super::{Aspect, Breach, Context, Extent, Finding, Fix, RuleInfo, Subject, at_the_edge::AtTheEdge};

/// What is wrong with a hop.
pub(super) struct Fault {
    /// Whether it is proved.
    pub(super) certain: Result<(), Blind>,
    /// The fact, to follow the object in a sentence.
    pub(super) fact: String,
    /// What mends it.
    pub(super) fix: String,
}

/// How a rule judges hops; the last argument is whether TLS ends at the edge before it.
pub(super) type Judging = fn(&AtTheEdge<'_>, &dyn Surface, &Hop, bool) -> Option<Fault>;

/// Adds the breaches of an object.
pub(super) fn judge(
    info: &'static RuleInfo,
    judging: Judging,
    context: &Context<'_>,
    subject: &Subject,
    out: &mut Vec<Breach>,
) {
    let Some(at) = AtTheEdge::of(context, subject) else { return };
    for (aspect, (fault, _)) in faults(&at, judging) {
        out.push(Breach {
            rule: info.id,
            family: info.family,
            subject: subject.clone(),
            aspect,
            extent: Extent::Count(1),
            certain: fault.certain,
        });
    }
}

/// The text of a breach.
pub(super) fn explain(info: &'static RuleInfo, judging: Judging, context: &Context<'_>, breach: &Breach) -> Finding {
    let subject = breach.subject.reference(context.snapshot);
    let mut finding = Finding {
        rule: info.id,
        aspect: breach.aspect.to_string(),
        message: format!("{subject} breaks {}", info.id),
        why: info.why.to_owned(),
        fix: Fix::Words(info.mend.to_owned()),
        places: Vec::new(),
        subject,
    };
    let Some(at) = AtTheEdge::of(context, &breach.subject) else { return finding };
    let Some((fault, hop)) = faults(&at, judging).remove(&breach.aspect) else { return finding };
    finding.message = format!("{} {}", finding.subject, fault.fact);
    finding.fix = Fix::Words(fault.fix);
    finding.places = vec![at.place(hop.at)];
    finding
}

/// One fault for each port of a Service that hops lead to; what is proved goes before what is not. An Ingress may have thousands of
/// hosts that all lead to a few Services: each is judged once for each way in which its hops are protected.
fn faults(at: &AtTheEdge<'_>, judging: Judging) -> BTreeMap<Aspect, (Fault, Hop)> {
    let mut faults: BTreeMap<Aspect, (Fault, Hop)> = BTreeMap::new();
    let Some(surface) = at.surface() else { return faults };
    let hops = surface.hops();
    if hops.is_empty() {
        return faults;
    }
    let ended = Ended::of(surface.as_ref());
    let mut ways: BTreeMap<Aspect, Vec<(Hop, bool)>> = BTreeMap::new();
    for hop in hops {
        let aspect = match &hop.service {
            Some(service) => Aspect::Service(service.clone(), hop.port.clone().unwrap_or_default()),
            None => Aspect::Place(hop.at.clone()),
        };
        let ends_tls = ended.before(&hop);
        let known = ways.entry(aspect).or_default();
        match known.iter_mut().find(|(other, _)| other.protection == hop.protection) {
            // The hop that is shown is the first for which TLS ends.
            Some((other, ended)) if ends_tls && !*ended => (*other, *ended) = (hop, true),
            Some(_) => {}
            None => known.push((hop, ends_tls)),
        }
    }
    for (aspect, hops) in ways {
        for (hop, ends_tls) in hops {
            if faults.get(&aspect).is_some_and(|(known, _)| known.certain.is_ok()) {
                break;
            }
            if let Some(fault) = judging(at, surface.as_ref(), &hop, ends_tls)
                && (fault.certain.is_ok() || !faults.contains_key(&aspect))
            {
                faults.insert(aspect.clone(), (fault, hop));
            }
        }
    }
    faults
}

/// For which hosts TLS is ended at the edge. Where the edge itself is plaintext, `plaintext-ingress` says so.
struct Ended {
    /// By host, whether there is TLS; of requests of any host under `None`.
    hosts: BTreeMap<Option<Name>, bool>,
    /// Whether there is any TLS.
    any: bool,
}

impl Ended {
    fn of(surface: &dyn Surface) -> Self {
        let mut hosts: BTreeMap<Option<Name>, bool> = BTreeMap::new();
        for listener in surface.listeners(Wanted::All) {
            *hosts.entry(listener.host).or_default() |= listener.tls != Tls::None;
        }
        let any =
            if hosts.is_empty() { !surface.settings().is_empty() } else { hosts.values().any(|has_tls| *has_tls) };
        Self { hosts, any }
    }

    /// Whether TLS ends before a hop. Hosts of routes and of listeners may differ (a wildcard above them): then any listener may be meant.
    fn before(&self, hop: &Hop) -> bool {
        if hop.hosts.is_empty() {
            return self.any;
        }
        let any_host = self.hosts.get(&None).copied();
        let own = hop.hosts.iter().filter_map(|host| self.hosts.get(&Some(host.clone())).copied());
        own.chain(any_host).reduce(|one, other| one || other).unwrap_or(self.any)
    }
}

/// Where a hop leads, for sentences.
pub(super) fn target(hop: &Hop) -> String {
    match (&hop.service, &hop.port) {
        (Some(service), Some(port)) => format!("{service} port {port}"),
        (Some(service), None) => service.to_string(),
        (None, _) => format!("the backend of {}", hop.at),
    }
}

/// Whether the Pods behind a hop accept mutual TLS alone, so that whatever reaches them goes through a mesh.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Sealed {
    /// They do.
    Yes,
    /// They accept plaintext; why, to follow "because".
    No(Name),
    /// It cannot be said.
    Unknown(Blind),
}

/// Whether the Pods behind a hop accept mutual TLS alone.
pub(super) fn sealed(context: &Context<'_>, hop: &Hop) -> Sealed {
    let Some(key) = &hop.service else { return Sealed::No("it leads to no Pods that Ringwall knows".into()) };
    let unknown = |what: String| Sealed::Unknown(Blind::Unknowable(what.into()));
    match context.snapshot.object(key) {
        Lookup::Found(Object::Service(service)) => {
            match hop.port.as_deref().and_then(|port| service_port(&service, port)) {
                Some(port) => sealed_port(context, &service, port),
                None => unknown(format!("{key} has no such port")),
            }
        }
        Lookup::Found(_) | Lookup::Absent => unknown(format!("there is no {key}")),
        Lookup::Unseen(blind) => Sealed::Unknown(blind),
    }
}

/// Whether the Pods behind a port of a Service accept mutual TLS alone on it.
pub(super) fn sealed_port(context: &Context<'_>, service: &Service, port: &ServicePort) -> Sealed {
    let namespace = service.meta.namespace.clone().unwrap_or_default();
    let name = &service.meta.name;
    if !service.has_selector() {
        return Sealed::No(format!("Service {namespace}/{name} selects no Pods").into());
    }
    if port.protocol != Protocol::Tcp {
        return Sealed::No(format!("no mesh encrypts {}", port.protocol).into());
    }
    let behind = endpoints(context.snapshot, service, context.now);
    if behind.is_empty() {
        return Sealed::Unknown(match context.snapshot.coverage(Kind::Pod, Some(&namespace)) {
            Ok(()) => Blind::Unknowable(format!("no Pod stands behind Service {namespace}/{name}").into()),
            Err(blind) => blind,
        });
    }
    let mut doubt = None;
    for pods in behind {
        let Some(number) = target_number(service, port, &pods.facts) else {
            let what = format!("Pods behind Service {namespace}/{name} have no port of the name that it leads to");
            doubt.get_or_insert(Blind::Unknowable(what.into()));
            continue;
        };
        let inbound = mesh::inbound(context.snapshot, &context.environment.mesh, &pods.namespace, &pods.facts);
        match inbound.on(number) {
            // Who may connect is another question: nothing goes over the network in the clear.
            Accepts::MutualTls | Accepts::OneSidedTls(_) => {}
            Accepts::Plaintext(because) => return Sealed::No(because.fact.clone()),
            Accepts::Unknown(blind) => {
                doubt.get_or_insert(blind.clone());
            }
        }
    }
    doubt.map_or(Sealed::Yes, Sealed::Unknown)
}

/// The Pod's port that a port of a Service leads to.
fn target_number(service: &Service, port: &ServicePort, pod: &PodFacts) -> Option<u16> {
    match &port.target {
        _ if service.headless => Some(port.port),
        TargetPort::Number(number) => Some(*number),
        TargetPort::Named(name) => {
            let mut declared = pod.ports.iter();
            declared.find(|it| it.protocol == port.protocol && it.name.as_ref() == Some(name)).map(|it| it.number)
        }
    }
}

/// The reads that what is said of Pods behind Services rests on: the Services, their Pods, and what the mesh is told of them.
pub(super) fn rests_on(context: &Context<'_>, namespace: &Name) -> Vec<Need> {
    let is_seen = |kind: &Kind| kind.is_mesh_policy() && context.snapshot.coverage(*kind, Some(namespace)).is_ok();
    let kinds = [Kind::Service, Kind::Pod].into_iter().chain(Kind::all().filter(is_seen));
    kinds.map(|kind| Need::List(kind, Some(namespace.clone()))).collect()
}
