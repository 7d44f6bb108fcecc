//! Finding Traefik's own objects by the names that others have for them.

use std::sync::Arc;

use crate::{
    model::{EdgeResource, EdgeSpec, Kind, Name, Object, ObjectKey, traefik::TraefikReference, traefik::TraefikSpec},
    snapshot::{Blind, Lookup, Need, Snapshot},
};

/// One of Traefik's objects, found.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) key: ObjectKey,
    resource: Arc<EdgeResource>,
}

impl Found {
    /// What it says.
    pub(super) fn spec(&self) -> Option<&TraefikSpec> {
        match &self.resource.spec {
            EdgeSpec::Traefik(spec) => Some(spec),
            _ => None,
        }
    }
}

/// The first of the objects that a name may mean that is there.
pub(super) fn first(snapshot: &Snapshot, candidates: &[ObjectKey]) -> Lookup<Found> {
    let mut unseen = None;
    for key in candidates {
        match snapshot.object(key) {
            Lookup::Found(Object::EdgeResource(resource)) => {
                return Lookup::Found(Found { key: key.clone(), resource });
            }
            Lookup::Found(_) | Lookup::Absent => {}
            Lookup::Unseen(blind) => unseen = unseen.or(Some(blind)),
        }
    }
    unseen.map_or(Lookup::Absent, Lookup::Unseen)
}

/// The reads that the answer of [`first`] rests on.
pub(super) fn needs(snapshot: &Snapshot, candidates: Vec<ObjectKey>) -> Vec<Need> {
    match first(snapshot, &candidates) {
        Lookup::Found(found) => vec![Need::Get(found.key)],
        Lookup::Unseen(Blind::NotServed(_)) => Vec::new(),
        Lookup::Absent | Lookup::Unseen(_) => candidates.into_iter().map(Need::Get).collect(),
    }
}

/// An object by a name in an annotation. Without a provider it is one of the Ingresses' own, which have none such.
pub(super) fn annotated(name: &str) -> TraefikReference {
    if name.contains('@') {
        TraefikReference::named(name)
    } else {
        TraefikReference::named(format!("{name}@kubernetes"))
    }
}

/// The objects that a name may mean, seen from a namespace.
pub(super) fn candidates(reference: &TraefikReference, kind: Kind, own: Option<&Name>) -> Vec<ObjectKey> {
    own.map(|own| reference.candidates(kind, own)).unwrap_or_default()
}
