//! The Secrets of `spec.tls`.

use crate::{
    edge::{CertificateUse, MissingSecret},
    model::{FieldPath, Ingress, Kind, Meta, ObjectKey, annotations::TLS_ACME},
};

/// What asks cert-manager's ingress-shim or gateway-shim for certificates.
const ISSUERS: [&str; 2] = ["cert-manager.io/issuer", "cert-manager.io/cluster-issuer"];

/// The Secrets of an Ingress's `spec.tls`, each with the hosts of its entry.
pub(super) fn of_tls(ingress: &Ingress, missing: MissingSecret) -> Vec<CertificateUse> {
    let asks = asks_for_certificates(&ingress.meta);
    let entries = ingress.tls.iter().enumerate();
    let uses = entries.filter_map(|(index, entry)| {
        let name = entry.secret_name.clone()?;
        Some(CertificateUse {
            secret: ObjectKey { kind: Kind::Secret, namespace: ingress.meta.namespace.clone(), name },
            hosts: entry.hosts.clone(),
            at: FieldPath::new("spec.tls").index(index).field("secretName"),
            missing,
            // ingress-shim leaves entries without hosts alone.
            is_issued: asks && !entry.hosts.is_empty(),
        })
    });
    uses.collect()
}

/// Whether annotations ask cert-manager for the certificates that the object names (pkg/controller/certificate-shim).
pub(crate) fn asks_for_certificates(meta: &Meta) -> bool {
    let has = |key: &str| meta.annotations.value(key).is_some_and(|value| !value.is_empty());
    let named = ISSUERS.into_iter().filter(|key| has(key)).count();
    // Both at once are an error to cert-manager, which then makes nothing.
    named == 1 || (named == 0 && meta.annotations.value(TLS_ACME).is_some_and(|value| *value == "true"))
}
