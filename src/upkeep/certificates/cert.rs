//! A certificate and a private key, as far as a rotation must know them.

use data_encoding::BASE64;
use jiff::Timestamp;
use rcgen::{KeyPair, PublicKeyData};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use zeroize::Zeroizing;

use crate::model::decode::{self, AlternativeName};

/// More certificates than that in one place are not ours.
const MOST: usize = 16;

#[cfg(test)]
thread_local! {
    static VERIFIED: std::cell::RefCell<std::collections::HashMap<(String, String), bool>> = std::cell::RefCell::default();
}

/// A certificate.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Cert {
    der: Vec<u8>,
    /// The SHA-256 of it, in lower-case hexadecimal digits.
    pub(super) fingerprint: String,
    /// Nothing that is made here begins later than now: only the API servers of a test look.
    #[cfg(test)]
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// The names and addresses that it is for.
    pub(super) names: Vec<String>,
    is_authority: bool,
    public_key: Vec<u8>,
}

/// A private key in PEM. It is wiped when it is dropped and cannot be printed.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) pem: Zeroizing<String>,
    public_key: Vec<u8>,
}

/// A private key that signs. It is wiped when it is dropped.
pub(super) type Signer = Zeroizing<KeyPair>;

impl Cert {
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let (_, parsed) = x509_parser::parse_x509_certificate(der).ok()?;
        let validity = decode::validity(&parsed);
        let name = |name| match name {
            AlternativeName::Host(host) => host.to_owned(),
            AlternativeName::Address(address) => address.to_string(),
        };
        Some(Self {
            fingerprint: decode::fingerprint(der),
            #[cfg(test)]
            not_before: validity.0,
            not_after: validity.1,
            names: decode::alternative_names(&parsed).map(name).collect(),
            is_authority: parsed.is_ca(),
            public_key: parsed.public_key().raw.to_vec(),
            der: der.to_vec(),
        })
    }

    /// The first certificate of a text.
    pub(super) fn from_pem(text: &[u8]) -> Option<Self> {
        CertificateDer::pem_slice_iter(text).next()?.ok().and_then(|der| Self::from_der(&der))
    }

    /// The authorities that a text holds; what is none is passed over, as API servers do.
    pub(super) fn authorities(text: &[u8]) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for der in CertificateDer::pem_slice_iter(text).take(MOST).flatten() {
            if let Some(certificate) = Self::from_der(&der).filter(|certificate| certificate.is_authority)
                && !found.contains(&certificate)
            {
                found.push(certificate);
            }
        }
        found
    }

    pub(super) fn pem(&self) -> String {
        let text = BASE64.encode(&self.der);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem + "-----END CERTIFICATE-----\n"
    }

    pub(super) fn der(&self) -> CertificateDer<'_> {
        CertificateDer::from(self.der.as_slice())
    }

    pub(super) fn is_authority(&self) -> bool {
        self.is_authority
    }

    /// Whether that authority signed it.
    pub(super) fn is_signed_by(&self, authority: &Self) -> bool {
        #[cfg(test)]
        {
            // Years of it are run without optimization.
            let pair = (self.fingerprint.clone(), authority.fingerprint.clone());
            VERIFIED.with_borrow_mut(|known| *known.entry(pair).or_insert_with(|| self.verifies_by(authority)))
        }
        #[cfg(not(test))]
        self.verifies_by(authority)
    }

    fn verifies_by(&self, authority: &Self) -> bool {
        let (Ok((_, own)), Ok((_, issuer))) =
            (x509_parser::parse_x509_certificate(&self.der), x509_parser::parse_x509_certificate(&authority.der))
        else {
            return false;
        };
        own.issuer().as_raw() == issuer.subject().as_raw() && own.verify_signature(Some(issuer.public_key())).is_ok()
    }

    /// Whether it is for all of these names.
    pub(super) fn bears(&self, names: &[String]) -> bool {
        names.iter().all(|name| self.names.iter().any(|own| own.eq_ignore_ascii_case(name)))
    }

    /// The first digits of its fingerprint, for people.
    pub(super) fn short(&self) -> &str {
        self.fingerprint.get(..12).unwrap_or(&self.fingerprint)
    }
}

impl Key {
    /// The key of a text, if it is one that signs.
    pub(super) fn from_pem(text: &[u8]) -> Option<Self> {
        let pem = Zeroizing::new(std::str::from_utf8(text).ok()?.to_owned());
        let public_key = signer(&pem)?.subject_public_key_info();
        Some(Self { pem, public_key })
    }

    pub(super) fn of(signer: &Signer) -> Self {
        Self { pem: Zeroizing::new(signer.serialize_pem()), public_key: signer.subject_public_key_info() }
    }

    pub(super) fn signer(&self) -> Option<Signer> {
        signer(&self.pem)
    }

    /// Whether it is the private half of the certificate's key.
    pub(super) fn is_of(&self, certificate: &Cert) -> bool {
        self.public_key == certificate.public_key
    }
}

fn signer(pem: &str) -> Option<Signer> {
    KeyPair::from_pem(pem).ok().map(Zeroizing::new)
}
