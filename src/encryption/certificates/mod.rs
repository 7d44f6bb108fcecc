//! Certificates: which hosts they cover, whether they can be used now, and what is weak about them.
//!
//! What is good enough is a deny list ("Strong" in the specification of encryption, 4.1): whoever signs for himself or runs an
//! authority of his own is nobody's fault. Only what clients or their libraries refuse is one, or what can be forged.

mod names;
mod validity;
mod weakness;

pub use names::Names;
pub use validity::{Lapse, SKEW, lapse, life, remaining};
pub use weakness::{MIN_RSA_BITS, Weakness, of_asked, of_bundle, of_use};

use crate::model::CertificateFacts;

/// What some controllers serve when they have nothing, and what no client trusts: told wherever such a certificate is spoken of.
const NEVER_TRUSTED: [(&str, &str); 4] = [
    ("Kubernetes Ingress Controller Fake Certificate", "ingress-nginx's own fake certificate"),
    ("TRAEFIK DEFAULT CERT", "Traefik's own default certificate"),
    ("(STAGING)", "of an issuer for tests, which no client trusts"),
    ("Fake LE", "of an issuer for tests, which no client trusts"),
];

/// What gives a certificate away as one that no client trusts: by its own name, or by its issuer's.
pub fn never_trusted(certificate: &CertificateFacts) -> Option<&'static str> {
    let organization = certificate.issuer_organization.iter();
    let names: Vec<_> = [&certificate.subject, &certificate.issuer].into_iter().chain(organization).collect();
    NEVER_TRUSTED.iter().find(|(mark, _)| names.iter().any(|name| name.contains(mark))).map(|(_, what)| *what)
}
