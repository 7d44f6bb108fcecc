//! Whether an API server trusts a certificate, as Go does: by the bundle, for the name, at a time.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rustls::{
    CertificateError, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::aws_lc_rs,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};

use crate::model::decode::{self, AlternativeName};

pub(super) use crate::model::decode::fingerprint;

/// Why it does not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Distrust {
    /// Nobody in the bundle signed it.
    Issuer,
    /// It is for other names.
    Name(Vec<String>),
    /// It is over, or has not begun.
    Time,
    /// Something else, in the library's words.
    Other(String),
}

/// The certificates in PEM, as DER.
pub(super) fn certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).map(|certificate| certificate.to_vec()).collect()
}

/// From when until when a certificate is valid.
pub(super) fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(decode::validity(&parsed))
}

/// Whether who trusts the authorities trusts the chain (leaf first) for a name.
pub(super) fn verify(chain: &[Vec<u8>], authorities: &[Vec<u8>], name: &str, now: Timestamp) -> Result<(), Distrust> {
    let other = |error: &dyn std::fmt::Display| Distrust::Other(error.to_string());
    let Some((leaf, rest)) = chain.split_first() else { return Err(other(&"there is no certificate")) };
    let server = ServerName::try_from(name.to_owned()).map_err(|error| other(&error))?;
    // Go takes a certificate that is in the bundle itself, authority or not.
    if authorities.contains(leaf) {
        return by_itself(leaf, &server, now);
    }
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        // What cannot be an authority is passed over, as Go does.
        let _ = roots.add(CertificateDer::from(authority.clone()));
    }
    if roots.is_empty() {
        return Err(Distrust::Issuer);
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let verifier = verifier.map_err(|error| other(&error))?;
    let rest: Vec<CertificateDer<'_>> = rest.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let outcome = verifier.verify_server_cert(&CertificateDer::from(leaf.as_slice()), &rest, &server, &[], time);
    outcome.map(drop).map_err(|error| match error {
        rustls::Error::InvalidCertificate(error) => distrust(&error, leaf),
        error => other(&error),
    })
}

fn distrust(error: &CertificateError, leaf: &[u8]) -> Distrust {
    match error {
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::InvalidPurpose
        | CertificateError::InvalidPurposeContext { .. } => Distrust::Issuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Distrust::Name(names(leaf))
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Distrust::Time,
        error => Distrust::Other(error.to_string()),
    }
}

/// A certificate that is trusted for its own sake: its names and dates remain.
fn by_itself(leaf: &[u8], server: &ServerName<'_>, now: Timestamp) -> Result<(), Distrust> {
    let Some((from, until)) = validity(leaf) else { return Err(Distrust::Other("it cannot be read".to_owned())) };
    if now < from || now > until {
        return Err(Distrust::Time);
    }
    let names = names(leaf);
    let wanted = server.to_str().to_ascii_lowercase();
    let covers = |name: &String| match name.strip_prefix("*.") {
        Some(domain) => wanted.split_once('.').is_some_and(|(_, rest)| rest == domain),
        None => *name == wanted,
    };
    if names.iter().any(covers) { Ok(()) } else { Err(Distrust::Name(names)) }
}

/// The DNS names and addresses of a certificate.
fn names(certificate: &[u8]) -> Vec<String> {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else { return Vec::new() };
    let text = |name| match name {
        AlternativeName::Host(host) => host.to_ascii_lowercase(),
        AlternativeName::Address(address) => address.to_string(),
    };
    decode::alternative_names(&parsed).map(text).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};

    use super::*;

    /// An authority, and a certificate of it for names, both in DER.
    pub(in crate::cli::doctor) fn pair(names: &[&str]) -> (Vec<u8>, Vec<u8>) {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate().unwrap();
        let authority_der = authority.self_signed(&authority_key).unwrap().der().to_vec();
        let mut leaf = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        leaf.not_before = rcgen::date_time_ymd(2026, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2026, 12, 31);
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(authority, authority_key);
        (authority_der, leaf.signed_by(&key, &issuer).unwrap().der().to_vec())
    }

    pub(in crate::cli::doctor) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_is_trusted_by_its_authority_for_its_name_in_its_time() {
        let (authority, leaf) = pair(&["ringwall.guard.svc", "127.0.0.1"]);
        let (stranger, _) = pair(&["ringwall.guard.svc"]);
        let chain = [leaf.clone()];
        let now = at("2026-06-01T00:00:00Z");
        for name in ["ringwall.guard.svc", "127.0.0.1"] {
            assert_eq!(verify(&chain, std::slice::from_ref(&authority), name, now), Ok(()), "{name}");
            // While the authority changes there are two.
            assert_eq!(verify(&chain, &[stranger.clone(), authority.clone()], name, now), Ok(()), "{name}");
        }
        assert_eq!(verify(&chain, &[stranger], "ringwall.guard.svc", now), Err(Distrust::Issuer));
        assert_eq!(verify(&chain, &[], "ringwall.guard.svc", now), Err(Distrust::Issuer));
        let other = verify(&chain, std::slice::from_ref(&authority), "ringwall.other.svc", now);
        assert_eq!(other, Err(Distrust::Name(vec!["ringwall.guard.svc".to_owned(), "127.0.0.1".to_owned()])));
        let late = at("2027-01-02T00:00:00Z");
        assert_eq!(verify(&chain, &[authority], "ringwall.guard.svc", late), Err(Distrust::Time));
    }

    #[test]
    fn a_certificate_that_is_its_own_authority_is_trusted_as_go_does() {
        let mut own = CertificateParams::new(vec!["ringwall.guard.svc".to_owned()]).unwrap();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.not_before = rcgen::date_time_ymd(2026, 1, 1);
        own.not_after = rcgen::date_time_ymd(2026, 12, 31);
        let der = own.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        let chain = [der.clone()];
        let now = at("2026-06-01T00:00:00Z");
        assert_eq!(verify(&chain, std::slice::from_ref(&der), "ringwall.guard.svc", now), Ok(()));
        assert!(matches!(verify(&chain, std::slice::from_ref(&der), "other", now), Err(Distrust::Name(_))));
        assert_eq!(verify(&chain, &[der], "ringwall.guard.svc", at("2027-06-01T00:00:00Z")), Err(Distrust::Time));
    }
}
