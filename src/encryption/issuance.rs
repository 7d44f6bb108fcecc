//! What makes the Secrets that are not there yet: cert-manager and its like.

use std::sync::Arc;

use crate::{
    model::{Issuance, Kind, Object, ObjectKey},
    snapshot::{Blind, Snapshot},
};

/// Whether something in the cluster will make a Secret.
#[derive(Clone, PartialEq, Debug)]
pub enum Maker {
    /// This will.
    Known(Arc<Issuance>),
    /// Nothing will.
    Nobody,
    /// Something may, of a kind that cannot be seen.
    Unseen(Blind),
}

impl Maker {
    /// The object, where there is one.
    pub fn known(&self) -> Option<&Arc<Issuance>> {
        match self {
            Self::Known(issuance) => Some(issuance),
            Self::Nobody | Self::Unseen(_) => None,
        }
    }
}

/// What will make a Secret: a Certificate, an `ExternalSecret` or a `SealedSecret` that names it. Of kinds that the cluster does not serve
/// there is none.
pub fn maker(snapshot: &Snapshot, secret: &ObjectKey) -> Maker {
    for key in snapshot.referrers(secret).filter(|key| key.kind.makes_secrets()) {
        if let Some(Object::Issuance(issuance)) = snapshot.object(key).found()
            && !issuance.meta.is_terminating()
        {
            return Maker::Known(issuance);
        }
    }
    let kinds = Kind::all().filter(|kind| kind.makes_secrets());
    let mut blind = kinds.filter_map(|kind| snapshot.coverage(kind, secret.namespace.as_ref()).err());
    let unseen = blind.find(|blind| !matches!(blind, Blind::NotServed(_)));
    unseen.map_or(Maker::Nobody, Maker::Unseen)
}
