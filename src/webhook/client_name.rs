//! Client certificates that must bear a name. Authorities alone are often too wide: a cluster's own signs for every kubelet.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::model::decode::{AlternativeName, alternative_names};

/// Verifies as another verifier does, and then the name.
pub(super) struct NamedClientVerifier {
    inner: Arc<dyn ClientCertVerifier>,
    name: String,
}

impl NamedClientVerifier {
    pub(super) fn new(inner: Arc<dyn ClientCertVerifier>, name: String) -> Self {
        Self { inner, name }
    }
}

/// Whether the certificate bears the name, as common name or as a DNS name.
fn bears(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else { return false };
    let mut common_names = parsed.subject().iter_common_name();
    if common_names.any(|common_name| common_name.as_str().is_ok_and(|text| text == name)) {
        return true;
    }
    alternative_names(&parsed).any(|own| own == AlternativeName::Host(name))
}

impl fmt::Debug for NamedClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedClientVerifier").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for NamedClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.inner.verify_client_cert(end_entity, intermediates, now)?;
        if bears(end_entity, &self.name) {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn a_certificate_bears_its_common_name_and_its_dns_names() {
        let mut params = CertificateParams::new(vec!["api.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert!(bears(certificate.der(), "kube-apiserver") && bears(certificate.der(), "api.example"));
        assert!(!bears(certificate.der(), "kubelet") && !bears(certificate.der(), "kube"));
    }
}
