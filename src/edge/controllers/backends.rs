//! The backends of an Ingress, as hops.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    edge::{Hop, HopProtection, Point},
    model::{FieldPath, Ingress, IngressBackend, Kind, Name, Object, ObjectKey, Service, ServicePort},
    snapshot::{Blind, Lookup, Snapshot},
};

/// By Service and port, the hop, if there is one, and the hosts.
type Known = HashMap<(Option<Name>, Option<Name>), (Option<usize>, HashSet<Option<Name>>)>;

/// A hop for each Service and port that an Ingress sends requests to, with the hosts of which it does, where it first names it.
pub(super) fn hops(ingress: &Ingress, protection: impl Fn(Option<&ObjectKey>) -> HopProtection) -> Vec<Hop> {
    hops_to(ingress, |backend| Some(protection(service_key(ingress, backend).as_ref())))
}

/// As [`hops`], where the port decides as well.
pub(super) fn hops_by_port(
    ingress: &Ingress,
    protection: impl Fn(Option<&ObjectKey>, Option<&Name>) -> HopProtection,
) -> Vec<Hop> {
    hops_to(ingress, |backend| {
        let port = match backend {
            IngressBackend::Service { port, .. } => port.as_ref(),
            IngressBackend::Resource { .. } => None,
        };
        Some(protection(service_key(ingress, backend).as_ref(), port))
    })
}

/// As [`hops`], for controllers that look at the whole backend; where nothing is answered, no traffic goes there.
pub(super) fn hops_to(ingress: &Ingress, protection: impl Fn(&IngressBackend) -> Option<HopProtection>) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    let mut known = Known::new();
    for (backend, host, at) in backends(ingress) {
        let (service, port) = match backend {
            IngressBackend::Service { name, port } => (Some(name), port.clone()),
            IngressBackend::Resource { .. } => (None, None),
        };
        let (index, hosts) = known.entry((service.cloned(), port.clone())).or_insert_with(|| {
            let hop = |protection| Hop {
                service: service_key(ingress, backend),
                port,
                hosts: Vec::new(),
                at: at(),
                protection,
            };
            let hop = protection(backend).map(hop);
            let index = hop.is_some().then_some(hops.len());
            hops.extend(hop);
            (index, HashSet::new())
        });
        let hop = index.and_then(|index| hops.get_mut(index)).filter(|_| hosts.insert(host.cloned()));
        if let (Some(hop), Some(host)) = (hop, host) {
            hop.hosts.push(host.clone());
        }
    }
    // Whatever serves any host has no list of them.
    for (index, hosts) in known.into_values() {
        let hop = index.and_then(|index| hops.get_mut(index));
        if let Some(hop) = hop.filter(|_| hosts.contains(&None)) {
            hop.hosts.clear();
        }
    }
    hops
}

/// The Service of a backend; `None` where it is none.
pub(super) fn service_key(ingress: &Ingress, backend: &IngressBackend) -> Option<ObjectKey> {
    match backend {
        IngressBackend::Service { name, .. } => {
            let namespace = ingress.meta.namespace.clone();
            Some(ObjectKey { kind: Kind::Service, namespace, name: name.clone() })
        }
        IngressBackend::Resource { .. } => None,
    }
}

/// A Service, as far as it can be seen.
pub(super) fn service(snapshot: &Snapshot, key: &ObjectKey) -> Result<Arc<Service>, Blind> {
    match snapshot.object(key) {
        Lookup::Found(Object::Service(service)) => Ok(service),
        Lookup::Found(_) | Lookup::Absent => Err(Blind::Unknowable(format!("there is no {key}").into())),
        Lookup::Unseen(blind) => Err(blind),
    }
}

/// The port of a Service that a backend names by name or number.
pub(super) fn port<'a>(service: &'a Service, backend: &IngressBackend) -> Option<&'a ServicePort> {
    let IngressBackend::Service { port: Some(named), .. } = backend else { return None };
    let is_it = |port: &&ServicePort| port.name == *named || named.parse() == Ok(port.port);
    service.ports.iter().find(is_it)
}

/// Those of the hosts for which there is some path, for controllers to which a rule without paths is nothing.
pub(super) fn with_paths(ingress: &Ingress, points: Vec<Point>) -> Vec<Point> {
    let rules = ingress.rules.iter().filter(|rule| !rule.paths.is_empty());
    let with_paths: HashSet<_> = rules.map(|rule| rule.host.as_ref()).collect();
    let has_path = |point: &Point| point.is_default_backend || with_paths.contains(&point.host.as_ref());
    points.into_iter().filter(has_path).collect()
}

/// The Services that an Ingress sends requests to, each once.
pub(super) fn services(ingress: &Ingress) -> Vec<ObjectKey> {
    let mut seen = HashSet::new();
    let names = backends(ingress).filter_map(|(backend, ..)| match backend {
        IngressBackend::Service { name, .. } => Some(name),
        IngressBackend::Resource { .. } => None,
    });
    let first = names.filter(|name| seen.insert((*name).clone()));
    let namespace = &ingress.meta.namespace;
    first.map(|name| ObjectKey { kind: Kind::Service, namespace: namespace.clone(), name: name.clone() }).collect()
}

/// The backends, each with the host of its rule and where it stands.
fn backends(ingress: &Ingress) -> impl Iterator<Item = (&IngressBackend, Option<&Name>, Box<dyn Fn() -> FieldPath>)> {
    let paths = ingress.rules.iter().enumerate().flat_map(|(rule_index, rule)| {
        rule.paths.iter().enumerate().map(move |(path_index, path)| {
            let at = move || {
                let paths = FieldPath::new("spec.rules").index(rule_index).field("http").field("paths");
                paths.index(path_index).field("backend")
            };
            (&path.backend, rule.host.as_ref(), Box::new(at) as Box<dyn Fn() -> FieldPath>)
        })
    });
    let default = ingress.default_backend.iter().map(|backend| {
        let at = || FieldPath::new("spec.defaultBackend");
        (backend, None, Box::new(at) as Box<dyn Fn() -> FieldPath>)
    });
    paths.chain(default)
}
