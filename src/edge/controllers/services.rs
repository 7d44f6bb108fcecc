//! The Services that controllers look into, and their ports.

use std::sync::Arc;

use crate::{
    edge::Doubt,
    model::{Name, Object, ObjectKey, Service, ServicePort},
    snapshot::{Lookup, Snapshot},
};

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
