//! What makes a Secret that is not there yet: cert-manager's Certificates, `ExternalSecrets`, `SealedSecrets`.

use super::{Kind, Meta, Name, ObjectKey};

/// An object that will make a Secret of its namespace.
#[derive(Clone, PartialEq, Debug)]
pub struct Issuance {
    /// Which kind.
    pub kind: Kind,
    /// Name.
    pub meta: Meta,
    /// The Secret's name.
    pub secret: Name,
}

impl Issuance {
    /// The Secret.
    pub fn secret(&self) -> ObjectKey {
        ObjectKey { kind: Kind::Secret, namespace: self.meta.namespace.clone(), name: self.secret.clone() }
    }
}
