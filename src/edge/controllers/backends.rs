//! The backends of an Ingress, as hops.

use std::collections::{HashMap, HashSet};

use crate::{
    edge::{Hop, HopProtection},
    model::{FieldPath, Ingress, IngressBackend, Kind, Name, ObjectKey},
};

/// A hop for each Service and port that an Ingress sends requests to, with the hosts of which it does, where it first names it.
pub(super) fn hops(ingress: &Ingress, protection: impl Fn(Option<&ObjectKey>) -> HopProtection) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    let mut known: HashMap<(Option<Name>, Option<Name>), (usize, HashSet<Option<Name>>)> = HashMap::new();
    for (backend, host, at) in backends(ingress) {
        let (service, port) = match backend {
            IngressBackend::Service { name, port } => (Some(name), port.clone()),
            IngressBackend::Resource { .. } => (None, None),
        };
        let (index, hosts) = known.entry((service.cloned(), port.clone())).or_insert_with(|| {
            let key = |name: &Name| ObjectKey {
                kind: Kind::Service,
                namespace: ingress.meta.namespace.clone(),
                name: name.clone(),
            };
            let service = service.map(key);
            let protection = protection(service.as_ref());
            hops.push(Hop { service, port, hosts: Vec::new(), at: at(), protection });
            (hops.len() - 1, HashSet::new())
        });
        if hosts.insert(host.cloned()) {
            if let (Some(hop), Some(host)) = (hops.get_mut(*index), host) {
                hop.hosts.push(host.clone());
            }
        }
    }
    // Whatever serves any host has no list of them.
    for (index, hosts) in known.into_values() {
        if let Some(hop) = hops.get_mut(index).filter(|_| hosts.contains(&None)) {
            hop.hosts.clear();
        }
    }
    hops
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
