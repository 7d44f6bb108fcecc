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
    /// What certificate is asked for, where it is a Certificate of cert-manager.
    pub asks: Option<AskedCertificate>,
}

/// What a `Certificate` of cert-manager asks for (cert-manager, pkg/apis/certmanager/v1/types_certificate.go).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AskedCertificate {
    /// `dnsNames`.
    pub dns_names: Vec<Name>,
    /// `ipAddresses`.
    pub addresses: Vec<Name>,
    /// `commonName`, which clients ignore.
    pub common_name: Option<Name>,
    /// `isCA`.
    pub is_ca: bool,
    /// `usages`; empty for the default, which restricts nothing.
    pub usages: Vec<Name>,
    /// `duration` in seconds; 90 days where it is not set.
    pub duration: u64,
    /// `renewBefore` in seconds; `None` for a third of the life.
    pub renew_before: Option<u64>,
    /// `privateKey.algorithm`: `RSA` where it is not set.
    pub algorithm: Name,
    /// `privateKey.size`; `None` for the algorithm's default.
    pub size: Option<u32>,
    /// Whether `privateKey.rotationPolicy` is `Never`: the key outlives every certificate.
    pub keeps_key: bool,
    /// `issuerRef`: the kind and the name.
    pub issuer: (Name, Name),
}

/// The life of a certificate whose `duration` is not set, in seconds.
pub(super) const DEFAULT_DURATION: u64 = 2160 * 60 * 60;

impl Issuance {
    /// The Secret.
    pub fn secret(&self) -> ObjectKey {
        ObjectKey { kind: Kind::Secret, namespace: self.meta.namespace.clone(), name: self.secret.clone() }
    }
}
