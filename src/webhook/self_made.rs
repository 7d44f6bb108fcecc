//! A certificate for trying things out on this machine, made at the start and gone at the end.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use super::Certificate;

/// A certificate for `localhost`, 127.0.0.1 and `::1`, and the authority that signed it, in PEM. The authority's key is not
/// kept, so that it can never sign anything else.
pub fn self_made() -> Result<(Certificate, String), rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "Ringwall development authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let (year, month, day) = a_month_from_now();
    authority.not_after = rcgen::date_time_ymd(year, month, day);
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;

    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name.push(DnType::CommonName, "ringwall");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.not_after = authority.not_after;
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &Issuer::from_params(&authority, &authority_key))?;
    let made = Certificate::Made { certificate: certificate.pem(), key: key.serialize_pem() };
    Ok((made, authority_certificate.pem()))
}

/// Long enough to try things out, and no longer.
fn a_month_from_now() -> (i32, u8, u8) {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let end = now.saturating_add(jiff::Span::new().days(30));
    (end.year().into(), end.month().unsigned_abs(), end.day().unsigned_abs())
}
