//! The backends of an Ingress.

use std::sync::Arc;

use crate::{
    edge::{Hop, HopProtection},
    model::{FieldPath, Ingress, IngressBackend, Kind, Name, Object, ObjectKey, Service, ServicePort},
    snapshot::{Blind, Lookup, Snapshot},
};

/// One backend that an Ingress names.
#[derive(Clone, Debug)]
pub(super) struct Backend<'a> {
    /// What it names.
    pub(super) target: &'a IngressBackend,
    /// The host whose requests go there; `None` for any.
    pub(super) host: Option<&'a Name>,
    /// Where it is named.
    pub(super) at: FieldPath,
}

/// The backends that an Ingress names: of its paths, and its default one.
pub(super) fn of(ingress: &Ingress) -> Vec<Backend<'_>> {
    let mut backends = Vec::new();
    for (index, rule) in ingress.rules.iter().enumerate() {
        let paths = FieldPath::new("spec.rules").index(index).field("http").field("paths");
        for (index, path) in rule.paths.iter().enumerate() {
            let at = paths.index(index).field("backend");
            backends.push(Backend { target: &path.backend, host: rule.host.as_ref(), at });
        }
    }
    let default = ingress.default_backend.iter();
    backends.extend(default.map(|target| Backend { target, host: None, at: FieldPath::new("spec.defaultBackend") }));
    backends
}

impl Backend<'_> {
    /// The Service and its port; `None` where the backend is none.
    pub(super) fn service(&self, ingress: &Ingress) -> Option<(ObjectKey, Option<Name>)> {
        match self.target {
            IngressBackend::Service { name, port } => {
                let namespace = ingress.meta.namespace.clone();
                Some((ObjectKey { kind: Kind::Service, namespace, name: name.clone() }, port.clone()))
            }
            IngressBackend::Resource { .. } => None,
        }
    }

    /// The hop to it, with its protection.
    pub(super) fn hop(self, ingress: &Ingress, protection: HopProtection) -> Hop {
        let (service, port) = self.service(ingress).unzip();
        Hop { service, port: port.flatten(), hosts: self.host.into_iter().cloned().collect(), at: self.at, protection }
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
pub(super) fn port<'a>(service: &'a Service, named: Option<&Name>) -> Option<&'a ServicePort> {
    let named = named?;
    let is_it = |port: &&ServicePort| port.name == *named || named.parse() == Ok(port.port);
    service.ports.iter().find(is_it)
}
