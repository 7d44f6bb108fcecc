//! The backends of an Ingress, for controllers that look at their Services and ports.

use std::{collections::HashMap, sync::Arc};

use crate::{
    edge::{Hop, HopProtection},
    model::{FieldPath, Ingress, IngressBackend, Kind, Name, Object, ObjectKey, Service, ServicePort},
    snapshot::{Blind, Lookup, Snapshot},
};

/// A hop for each backend that an Ingress names, where it first names it, with the hosts whose requests go there. `protection` is
/// asked once for each; where it answers nothing, no traffic goes there.
pub(super) fn hops(ingress: &Ingress, protection: impl Fn(&IngressBackend) -> Option<HopProtection>) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    let mut known: HashMap<(&Name, Option<&Name>), Option<usize>> = HashMap::new();
    for (backend, host, at) in backends(ingress) {
        let key = match backend {
            IngressBackend::Service { name, port } => (name, port.as_ref()),
            IngressBackend::Resource { name, kind } => (name, Some(kind)),
        };
        let index = *known.entry(key).or_insert_with(|| {
            let protection = protection(backend)?;
            let (service, port) = match backend {
                IngressBackend::Service { port, .. } => (service_key(ingress, backend), port.clone()),
                IngressBackend::Resource { .. } => (None, None),
            };
            hops.push(Hop { service, port, hosts: host.into_iter().cloned().collect(), at, protection });
            Some(hops.len() - 1)
        });
        let Some(hop) = index.and_then(|index| hops.get_mut(index)) else { continue };
        match host {
            // Whatever serves any host has no list of them.
            None => hop.hosts.clear(),
            Some(host) if !hop.hosts.is_empty() && !hop.hosts.contains(host) => hop.hosts.push(host.clone()),
            Some(_) => {}
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

/// The backends, each with the host of its rule and where it stands.
fn backends(ingress: &Ingress) -> Vec<(&IngressBackend, Option<&Name>, FieldPath)> {
    let mut backends = Vec::new();
    for (index, rule) in ingress.rules.iter().enumerate() {
        let paths = FieldPath::new("spec.rules").index(index).field("http").field("paths");
        for (index, path) in rule.paths.iter().enumerate() {
            backends.push((&path.backend, rule.host.as_ref(), paths.index(index).field("backend")));
        }
    }
    let default = ingress.default_backend.iter();
    backends.extend(default.map(|backend| (backend, None, FieldPath::new("spec.defaultBackend"))));
    backends
}
