//! What the listener speaks TLS with, exchanged while it runs.
//!
//! The files are compared by content on a timer: mounted Secrets change by swapping a symbolic link, which file notifications
//! miss. A pair is taken in only after it was proved to belong together; on any error the one in force stays.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::WebPkiClientVerifier,
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::telemetry::Metrics;

use super::client_name::NamedClientVerifier;

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum Certificate {
    /// PEM files, read again when their content changes.
    Files {
        /// The chain, leaf first.
        certificate: PathBuf,
        /// The leaf's private key.
        key: PathBuf,
    },
    /// PEM that was made at the start.
    Made {
        /// The chain, leaf first.
        certificate: String,
        /// The leaf's private key.
        key: String,
    },
}

/// What is asked of the peer.
#[derive(Clone, Debug, Default)]
pub struct TlsPolicy {
    /// Whether TLS 1.2 is spoken, too.
    pub allow_tls12: bool,
    /// The authorities of client certificates; without them no client is asked for one.
    pub client_ca: Option<PathBuf>,
    /// The name that a client certificate must bear, as common name or DNS name; any if there is none.
    pub client_name: Option<String>,
}

/// Why there is nothing to speak TLS with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no certificate.
    #[error("{0} holds no certificate in PEM: expected -----BEGIN CERTIFICATE-----")]
    NoCertificate(String),
    /// There is no private key.
    #[error("{0} holds no private key in PEM: expected -----BEGIN PRIVATE KEY-----")]
    NoKey(String),
    /// Certificate and key cannot be used together.
    #[error("{certificate} and {key} cannot be used together: {source}")]
    Pair {
        /// Where the certificate is from.
        certificate: String,
        /// Where the key is from.
        key: String,
        /// Why not.
        source: rustls::Error,
    },
    /// The client authorities cannot be used.
    #[error("the client authorities in {path} cannot be used: {reason}")]
    ClientAuthorities {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The TLS library refuses the settings.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// The settings in force, and where they come from.
pub struct Tls {
    current: ArcSwap<ServerConfig>,
    certificate: Certificate,
    policy: TlsPolicy,
    /// What the start was made of.
    loaded: Material,
    metrics: Arc<Metrics>,
}

/// The bytes that the settings are made of.
#[derive(PartialEq, Eq)]
struct Material {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Tls {
    /// Loads everything; an error here is one of the start.
    pub fn load(certificate: Certificate, policy: TlsPolicy, metrics: Arc<Metrics>) -> Result<Self, TlsError> {
        let material = Material::read(&certificate, &policy)?;
        let (config, expiry) = build(&material, &certificate, &policy)?;
        metrics.certificate_expiry(expiry);
        tell_expiry(expiry, "the serving certificate is loaded");
        Ok(Self { current: ArcSwap::from_pointee(config), certificate, policy, loaded: material, metrics })
    }

    /// The settings for a new connection.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Takes in what changes in the files, for ever.
    pub async fn follow(self: Arc<Self>, every: Duration) {
        let mut last = None;
        let mut last_error = String::new();
        loop {
            tokio::time::sleep(every).await;
            let this = Arc::clone(&self);
            let read = tokio::task::spawn_blocking(move || Material::read(&this.certificate, &this.policy)).await;
            let Ok(read) = read else { continue };
            let outcome = match read {
                // What was tried already, in force or not, is not tried again.
                Ok(material) if *last.as_ref().unwrap_or(&self.loaded) == material => continue,
                Ok(material) => {
                    let built = build(&material, &self.certificate, &self.policy);
                    last = Some(material);
                    built
                }
                Err(error) => Err(error),
            };
            match outcome {
                Ok((config, expiry)) => {
                    self.current.store(Arc::new(config));
                    self.metrics.certificate_expiry(expiry);
                    self.metrics.certificate_reload("ok");
                    tell_expiry(expiry, "a new serving certificate is in force");
                    last_error.clear();
                }
                Err(error) => {
                    self.metrics.certificate_reload("error");
                    let error = error.to_string();
                    if error != last_error {
                        tracing::error!(error, "the new serving certificate is not used; the old one stays");
                        last_error = error;
                    }
                }
            }
        }
    }
}

impl Material {
    fn read(certificate: &Certificate, policy: &TlsPolicy) -> Result<Self, TlsError> {
        let file = |path: &Path| std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source });
        let (certificate, key) = match certificate {
            Certificate::Files { certificate, key } => (file(certificate)?, file(key)?),
            Certificate::Made { certificate, key } => (certificate.clone().into_bytes(), key.clone().into_bytes()),
        };
        Ok(Self { certificate, key, client_ca: policy.client_ca.as_deref().map(file).transpose()? })
    }
}

impl Certificate {
    /// The names of both parts in messages.
    fn names(&self) -> (String, String) {
        match self {
            Self::Files { certificate, key } => (certificate.display().to_string(), key.display().to_string()),
            Self::Made { .. } => ("the certificate".to_owned(), "the key".to_owned()),
        }
    }
}

/// The settings, and when the certificate expires (seconds since 1970).
fn build(material: &Material, from: &Certificate, policy: &TlsPolicy) -> Result<(ServerConfig, i64), TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let (certificate_name, key_name) = from.names();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&material.certificate)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate(certificate_name.clone()))?;
    let leaf = chain.first().ok_or_else(|| TlsError::NoCertificate(certificate_name.clone()))?;
    let expiry = expiry(leaf).ok_or_else(|| TlsError::NoCertificate(certificate_name.clone()))?;
    let key = PrivateKeyDer::from_pem_slice(&material.key).map_err(|_| TlsError::NoKey(key_name.clone()))?;
    // Fails when the key is not the certificate's.
    let pair = CertifiedKey::from_der(chain, key, &provider).map_err(|source| TlsError::Pair {
        certificate: certificate_name,
        key: key_name,
        source,
    })?;
    let versions: &[&rustls::SupportedProtocolVersion] = if policy.allow_tls12 { &[&TLS13, &TLS12] } else { &[&TLS13] };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
    let builder = match (&policy.client_ca, &material.client_ca) {
        (Some(path), Some(pem)) => {
            let verifier = client_verifier(pem, policy.client_name.as_deref(), provider)
                .map_err(|reason| TlsError::ClientAuthorities { path: path.clone(), reason })?;
            builder.with_client_cert_verifier(verifier)
        }
        _ => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(pair)));
    // The API server speaks HTTP/1.1 to webhooks.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A ticket would outlive an exchange of the client authorities, and connections are long-lived: they save nothing.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok((config, expiry))
}

fn client_verifier(
    pem: &[u8],
    name: Option<&str>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(pem) {
        let authority = authority.map_err(|error| error.to_string())?;
        roots.add(authority).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("it holds no certificate in PEM".to_owned());
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().map_err(|error| error.to_string())?;
    Ok(match name {
        Some(name) => Arc::new(NamedClientVerifier::new(verifier, name.to_owned())),
        None => verifier,
    })
}

/// When a certificate expires, in seconds since 1970.
fn expiry(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(parsed.validity().not_after.timestamp())
}

fn tell_expiry(expiry: i64, what: &str) {
    let now = jiff::Timestamp::now();
    match jiff::Timestamp::from_second(expiry) {
        Ok(at) if at < now => tracing::error!(expired = %at, "{what}, and it has expired: API servers will refuse it"),
        Ok(at) => tracing::info!(expires = %at, "{what}"),
        Err(_) => tracing::info!("{what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn load(certificate: &str, key: &str) -> Result<Tls, TlsError> {
        let certificate = Certificate::Made { certificate: certificate.to_owned(), key: key.to_owned() };
        Tls::load(certificate, TlsPolicy::default(), Arc::new(Metrics::new()))
    }

    #[test]
    fn a_pair_is_taken_only_when_it_belongs_together() {
        let ((certificate, key), (other_certificate, other_key)) = (made(), made());
        assert!(load(&certificate, &key).is_ok() && load(&other_certificate, &other_key).is_ok());
        assert!(matches!(load(&certificate, &other_key), Err(TlsError::Pair { .. })));
    }

    #[test]
    fn what_is_not_a_certificate_or_a_key_is_said_so() {
        let (certificate, key) = made();
        assert!(matches!(load("", &key), Err(TlsError::NoCertificate(_))));
        assert!(matches!(load(&certificate, ""), Err(TlsError::NoKey(_))));
        assert!(matches!(load(&key, &certificate), Err(TlsError::NoCertificate(_))));
    }
}
