//! What the listener speaks TLS with, exchanged while it runs.
//!
//! The files are compared by content on a timer: mounted Secrets change by swapping a symbolic link, which file notifications
//! miss. A pair is taken in only after it was proved to belong together; on any error the one in force stays.

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::WebPkiClientVerifier,
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use zeroize::Zeroizing;

use crate::{model::decode, telemetry::Metrics};

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
    /// What [`Tls::put`] brings, and nothing before that.
    Managed,
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
    current: ArcSwapOption<InForce>,
    certificate: Certificate,
    policy: TlsPolicy,
    loaded: Mutex<Loaded>,
    metrics: Arc<Metrics>,
}

/// What new connections are spoken to with.
struct InForce {
    config: Arc<ServerConfig>,
    /// The SHA-256 of the leaf, in lower-case hexadecimal digits.
    fingerprint: String,
    /// When the leaf expires.
    expiry: Timestamp,
}

/// What was loaded so far.
#[derive(Default)]
struct Loaded {
    /// What was tried last, in force or not.
    tried: Option<Arc<Material>>,
    /// What the settings in force are made of.
    in_force: Option<Arc<Material>>,
    /// What was said of the last failure.
    error: String,
}

/// The bytes that the settings are made of.
#[derive(PartialEq, Eq)]
struct Material {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    client_ca: Option<Vec<u8>>,
}

impl Tls {
    /// Loads everything; an error here is one of the start.
    pub fn load(certificate: Certificate, policy: TlsPolicy, metrics: Arc<Metrics>) -> Result<Self, TlsError> {
        let mut loaded = Loaded::default();
        let mut current = None;
        if let Some(material) = Material::read(&certificate, &policy)? {
            let in_force = build(&material, &certificate, &policy)?;
            metrics.certificate_expiry(in_force.expiry.as_second());
            tell_expiry(in_force.expiry, "the serving certificate is loaded");
            let material = Arc::new(material);
            loaded = Loaded { tried: Some(Arc::clone(&material)), in_force: Some(material), error: String::new() };
            current = Some(Arc::new(in_force));
        } else if let (Some(path), Some(pem)) = (&policy.client_ca, client_ca(&policy)?) {
            // Nothing else would look at it before the first certificate is there.
            client_verifier(&pem, policy.client_name.as_deref(), Arc::new(aws_lc_rs::default_provider()))
                .map_err(|reason| TlsError::ClientAuthorities { path: path.clone(), reason })?;
        }
        Ok(Self { current: ArcSwapOption::new(current), certificate, policy, loaded: Mutex::new(loaded), metrics })
    }

    /// The settings for a new connection; `None` while there is no certificate.
    pub fn current(&self) -> Option<Arc<ServerConfig>> {
        self.current.load().as_ref().map(|in_force| Arc::clone(&in_force.config))
    }

    /// The SHA-256 of the leaf in force, in lower-case hexadecimal digits.
    pub fn fingerprint(&self) -> Option<String> {
        self.current.load().as_ref().map(|in_force| in_force.fingerprint.clone())
    }

    /// Puts a pair in force, where [`Certificate::Managed`] is the source: the chain, leaf first, and the key, in PEM. On any error the
    /// one in force stays.
    pub fn put(&self, certificate: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let mut loaded = self.loaded();
        // A change of the client authorities is the business of `follow`: a broken file there must not keep a certificate out.
        let client_ca = match &loaded.in_force {
            Some(in_force) => in_force.client_ca.clone(),
            None => client_ca(&self.policy)?,
        };
        let key = Zeroizing::new(key.to_vec());
        self.attempt(&mut loaded, Material { certificate: certificate.to_vec(), key, client_ca })
    }

    /// Takes in what changes in the files, for ever.
    pub async fn follow(self: Arc<Self>, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let this = Arc::clone(&self);
            // What fails is counted and told there.
            let _ = tokio::task::spawn_blocking(move || this.look()).await;
        }
    }

    /// Takes in what has changed in the files.
    fn look(&self) {
        let mut loaded = self.loaded();
        let read = match (&self.certificate, &loaded.in_force) {
            (Certificate::Managed, None) => return,
            (Certificate::Managed, Some(in_force)) => client_ca(&self.policy).map(|client_ca| {
                // Only the client authorities are looked after here; a pair that was tried last, and is not in force, is no change of them.
                let known = [Some(in_force), loaded.tried.as_ref()];
                let is_known = known.into_iter().flatten().any(|material| material.client_ca == client_ca);
                let (certificate, key) = (in_force.certificate.clone(), in_force.key.clone());
                (!is_known).then_some(Material { certificate, key, client_ca })
            }),
            _ => Material::read(&self.certificate, &self.policy),
        };
        match read {
            // What was tried already, in force or not, is not tried again.
            Ok(Some(material)) if loaded.tried.as_deref() == Some(&material) => {}
            Ok(Some(material)) => _ = self.attempt(&mut loaded, material),
            Ok(None) => {}
            Err(error) => self.failed(&mut loaded, &error),
        }
    }

    fn attempt(&self, loaded: &mut Loaded, material: Material) -> Result<(), TlsError> {
        let material = Arc::new(material);
        loaded.tried = Some(Arc::clone(&material));
        let in_force =
            build(&material, &self.certificate, &self.policy).inspect_err(|error| self.failed(loaded, error))?;
        loaded.in_force = Some(material);
        loaded.error.clear();
        self.metrics.certificate_expiry(in_force.expiry.as_second());
        self.metrics.certificate_reload("ok");
        tell_expiry(in_force.expiry, "a new serving certificate is in force");
        self.current.store(Some(Arc::new(in_force)));
        Ok(())
    }

    fn failed(&self, loaded: &mut Loaded, error: &TlsError) {
        self.metrics.certificate_reload("error");
        let error = error.to_string();
        if error != loaded.error {
            tracing::error!(error, "the new serving certificate is not used; the old one stays");
            loaded.error = error;
        }
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Material {
    /// What there is; `None` where somebody else will bring it.
    fn read(certificate: &Certificate, policy: &TlsPolicy) -> Result<Option<Self>, TlsError> {
        let (certificate, key) = match certificate {
            Certificate::Files { certificate, key } => (file(certificate)?, file(key)?),
            Certificate::Made { certificate, key } => (certificate.clone().into_bytes(), key.clone().into_bytes()),
            Certificate::Managed => return Ok(None),
        };
        Ok(Some(Self { certificate, key: Zeroizing::new(key), client_ca: client_ca(policy)? }))
    }
}

fn client_ca(policy: &TlsPolicy) -> Result<Option<Vec<u8>>, TlsError> {
    policy.client_ca.as_deref().map(file).transpose()
}

fn file(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

impl Certificate {
    /// The names of both parts in messages.
    fn names(&self) -> (String, String) {
        match self {
            Self::Files { certificate, key } => (certificate.display().to_string(), key.display().to_string()),
            Self::Made { .. } | Self::Managed => ("the certificate".to_owned(), "the key".to_owned()),
        }
    }
}

fn build(material: &Material, from: &Certificate, policy: &TlsPolicy) -> Result<InForce, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let (certificate_name, key_name) = from.names();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&material.certificate)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate(certificate_name.clone()))?;
    let leaf = chain.first().ok_or_else(|| TlsError::NoCertificate(certificate_name.clone()))?;
    let expiry = expiry(leaf).ok_or_else(|| TlsError::NoCertificate(certificate_name.clone()))?;
    let fingerprint = decode::fingerprint(leaf);
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
    Ok(InForce { config: Arc::new(config), fingerprint, expiry })
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

/// When a certificate expires.
fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(decode::validity(&parsed).1)
}

fn tell_expiry(expiry: Timestamp, what: &str) {
    if expiry < Timestamp::now() {
        tracing::error!(expired = %expiry, "{what}, and it has expired: API servers will refuse it");
    } else {
        tracing::info!(expires = %expiry, "{what}");
    }
}
