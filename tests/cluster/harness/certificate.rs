//! Certificates for the webhook's listener.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// A certificate authority, whose certificate goes into `caBundle`.
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut request = CertificateParams::default();
        request.distinguished_name.push(DnType::CommonName, name);
        request.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        request.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        let pem = request.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(request, key) }
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for the loopback address, where the API server finds the webhook.
    pub(crate) fn issue(&self) -> Certificate {
        self.issue_for("127.0.0.1")
    }

    /// A certificate for an address or a DNS name.
    pub(crate) fn issue_for(&self, name: &str) -> Certificate {
        let request = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let chain = request.signed_by(&key, &self.issuer).unwrap().pem();
        Certificate { chain, key: key.serialize_pem() }
    }
}
