//! The Services behind an Ingress, and their ports.

use std::{collections::HashSet, sync::Arc};

use crate::{
    edge::{Doubt, Point},
    model::{FieldPath, Ingress, IngressBackend, Kind, Name, Object, ObjectKey, Service, ServicePort},
    snapshot::{Lookup, Snapshot},
};

/// Where an Ingress leads.
pub(super) struct Backend {
    /// The Service; `None` where it is another object.
    pub(super) service: Option<ObjectKey>,
    /// Its port, by name or number.
    pub(super) port: Option<Name>,
    /// The host whose requests go there; none for any.
    pub(super) hosts: Vec<Name>,
    /// Where the Ingress says so.
    pub(super) at: FieldPath,
}

/// The backends of an Ingress: that of each path, and the default one.
pub(super) fn of_ingress(ingress: &Ingress) -> Vec<Backend> {
    let namespace = &ingress.meta.namespace;
    let backend = |backend: &IngressBackend, hosts: Vec<Name>, at: FieldPath| match backend {
        IngressBackend::Service { name, port } => {
            let key = ObjectKey { kind: Kind::Service, namespace: namespace.clone(), name: name.clone() };
            Backend { service: Some(key), port: port.clone(), hosts, at: at.field("service") }
        }
        IngressBackend::Resource { .. } => Backend { service: None, port: None, hosts, at: at.field("resource") },
    };
    let default = ingress.default_backend.iter();
    let mut backends: Vec<Backend> =
        default.map(|default| backend(default, Vec::new(), FieldPath::new("spec.defaultBackend"))).collect();
    for (rule_index, rule) in ingress.rules.iter().enumerate() {
        for (index, path) in rule.paths.iter().enumerate() {
            let at = FieldPath::new(format!("spec.rules[{rule_index}].http.paths[{index}].backend"));
            backends.push(backend(&path.backend, rule.host.iter().cloned().collect(), at));
        }
    }
    backends
}

/// Those of the hosts for which there is some path, for controllers to which a rule without paths is nothing.
pub(super) fn with_paths(ingress: &Ingress, points: Vec<Point>) -> Vec<Point> {
    let rules = ingress.rules.iter().filter(|rule| !rule.paths.is_empty());
    let with_paths: HashSet<_> = rules.map(|rule| rule.host.as_ref()).collect();
    let has_path = |point: &Point| point.is_default_backend || with_paths.contains(&point.host.as_ref());
    points.into_iter().filter(has_path).collect()
}

/// A Service that somebody leads to.
pub(super) fn service(snapshot: &Snapshot, key: &ObjectKey) -> Result<Arc<Service>, Doubt> {
    match snapshot.object(key) {
        Lookup::Found(Object::Service(service)) => Ok(service),
        Lookup::Found(_) | Lookup::Absent => Err(Doubt::new(format!("there is no {key}"), format!("create the {key}"))),
        Lookup::Unseen(blind) => Err(blind.into()),
    }
}

/// A port of a Service, by name or number, and its position.
pub(super) fn port<'a>(service: &'a Service, wanted: Option<&Name>) -> Option<(usize, &'a ServicePort)> {
    let wanted = wanted?;
    let number = wanted.parse::<u16>().ok();
    let is_wanted = |port: &ServicePort| number == Some(port.port) || (number.is_none() && port.name == *wanted);
    service.ports.iter().enumerate().find(|(_, port)| is_wanted(port))
}
