//! Authorities and certificates, made.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData,
};
use zeroize::Zeroizing;

use super::{
    cert::{Cert, Key, Signer},
    clock::{earlier, later},
    stored::{Authority, Contents, FORMER, Leaf},
};

/// How long before they are made certificates begin. Nothing is won by a late beginning, and much is lost by it: what a machine makes
/// whose clock runs ahead would be "not yet valid" to every API server, until the time that the clock showed.
const BACK: Duration = Duration::from_secs(2 * 366 * 86_400);

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The life of a serving certificate.
    pub leaf: Duration,
    /// The life of an authority.
    pub authority: Duration,
    /// How long an authority stands in the bundle before anything is served that it signed.
    pub wait: Duration,
    /// How long a former authority stays in the bundle.
    pub keep: Duration,
    /// How long an answer to the probe is waited for before the rotation goes on without one.
    pub patience: Duration,
}

/// As a server is started that is told nothing else.
#[cfg(test)]
impl Default for Terms {
    fn default() -> Self {
        let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
        Self { leaf: 30 * day, authority: 365 * day, wait: minute, keep: 60 * minute, patience: 10 * minute }
    }
}

/// Which authority signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    /// The one that signed before.
    Current,
    /// The one that takes its place.
    Next,
}

/// What certificates are made with.
pub(super) struct Maker<'a> {
    pub(super) terms: &'a Terms,
    pub(super) names: &'a [String],
}

impl Maker<'_> {
    /// An authority and a certificate by it, where there was nothing.
    pub(super) fn begin(&self, now: Timestamp) -> Result<Contents, rcgen::Error> {
        let (authority, signer) = self.authority(now)?;
        let leaf = self.leaf(&authority.certificate, &signer, now)?;
        Ok(Contents { authority: Some(authority), leaf: Some(leaf), next: None, previous: Vec::new() })
    }

    /// The same with a new authority that is to sign next.
    pub(super) fn with_next(&self, contents: &Contents, now: Timestamp) -> Result<Contents, rcgen::Error> {
        Ok(Contents { next: Some(self.authority(now)?.0), ..contents.clone() })
    }

    /// The same with a new certificate.
    pub(super) fn with_leaf(&self, contents: &Contents, by: By, now: Timestamp) -> Result<Contents, rcgen::Error> {
        let mut contents = contents.clone();
        if by == By::Next
            && let Some(next) = contents.next.take()
        {
            let former = contents.authority.replace(next);
            contents.previous.splice(0..0, former.map(|former| former.certificate));
            contents.previous.truncate(FORMER);
        }
        let (Some(authority), Some(signer)) = (&contents.authority, contents.authority.as_ref().and_then(signer))
        else {
            return Err(rcgen::Error::CouldNotParseKeyPair);
        };
        let leaf = self.leaf(&authority.certificate, &signer, now)?;
        Ok(Contents { leaf: Some(leaf), ..contents })
    }

    fn authority(&self, now: Timestamp) -> Result<(Authority, Signer), rcgen::Error> {
        let signer = generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        // A name of its own: clients look for issuers by name.
        params.distinguished_name.push(DnType::CommonName, authority_name(&signer, now));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        valid(&mut params, earlier(now, BACK), later(now, self.terms.authority));
        let made = params.self_signed(&*signer)?;
        let certificate = Cert::from_der(made.der()).ok_or(rcgen::Error::CouldNotParseCertificate)?;
        Ok((Authority { certificate, key: Some(Key::of(&signer)) }, signer))
    }

    fn leaf(&self, authority: &Cert, signer: &Signer, now: Timestamp) -> Result<Leaf, rcgen::Error> {
        let own = generate()?;
        let mut params = CertificateParams::new(self.names.to_vec())?;
        params.distinguished_name.push(DnType::CommonName, "ringwall");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid(&mut params, earlier(now, BACK), later(now, self.terms.leaf).min(authority.not_after));
        let made = params.signed_by(&*own, &Issuer::from_ca_cert_der(&authority.der(), &**signer)?)?;
        let certificate = Cert::from_der(made.der()).ok_or(rcgen::Error::CouldNotParseCertificate)?;
        Ok(Leaf { certificate, key: Key::of(&own) })
    }
}

fn signer(authority: &Authority) -> Option<Signer> {
    authority.key.as_ref()?.signer()
}

fn generate() -> Result<Signer, rcgen::Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map(Zeroizing::new)
}

/// `ringwall 2026-11-22 1f0c2d3e`: when it was made, and the beginning of its key's fingerprint.
fn authority_name(signer: &Signer, now: Timestamp) -> String {
    let key = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &signer.subject_public_key_info());
    let key = data_encoding::HEXLOWER.encode(key.as_ref().get(..4).unwrap_or_default());
    format!("ringwall {} {key}", now.to_zoned(TimeZone::UTC).date())
}

/// Sets from when until when a certificate is valid, to the second.
fn valid(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let parts = |time: Timestamp| {
        let time = time.to_zoned(TimeZone::UTC);
        let seconds = u64::try_from(time.timestamp().as_second().rem_euclid(86_400)).unwrap_or_default();
        let day = time.date();
        (day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs(), Duration::from_secs(seconds))
    };
    let (year, month, day, seconds) = parts(from);
    params.not_before = rcgen::date_time_ymd(year, month, day) + seconds;
    let (year, month, day, seconds) = parts(until);
    params.not_after = rcgen::date_time_ymd(year, month, day) + seconds;
}
