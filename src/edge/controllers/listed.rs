//! Which hosts the `spec.tls` of other Ingresses list, for controllers that make one pool of all certificates.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    edge::hosts,
    model::{Ingress, Kind, Name, ObjectKey},
};

use super::{HostMatch, Reading};

/// By Ingress, the hosts of its `spec.tls`; kept with the snapshot, for thousands of hosts may ask for the same few.
#[derive(Debug, Default)]
struct Indices(Mutex<HashMap<ObjectKey, Arc<BTreeSet<String>>>>);

/// Whether another Ingress with a rule for a host has it in its `spec.tls`, with a Secret. Who serves that one is not asked.
pub(super) fn another_lists(reading: &Reading<'_>, host: &Name, matching: HostMatch) -> bool {
    let own = &reading.ingress.meta;
    let is_other = |other: &Ingress| other.meta.namespace != own.namespace || other.meta.name != own.name;
    let has_secret = |other: &Ingress| other.tls.iter().any(|entry| entry.secret_name.is_some());
    let indices = reading.snapshot.memo().table::<Indices>();
    let mut others = reading.snapshot.ingresses_of_host(host).filter(|other| is_other(other) && has_secret(other));
    others.any(|other| hosts::covers(&indices.of(other), host, matching))
}

impl Indices {
    fn of(&self, ingress: &Ingress) -> Arc<BTreeSet<String>> {
        let meta = &ingress.meta;
        let key = ObjectKey { kind: Kind::Ingress, namespace: meta.namespace.clone(), name: meta.name.clone() };
        let mut indices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(indices.entry(key).or_insert_with(|| Arc::new(hosts::index(&ingress.tls))))
    }
}
