//! X.509 certificates to what is judged of them, and who in a list issued whom. What Ringwall's own certificate is known by is read here, too.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use x509_parser::{
    certificate::X509Certificate,
    error::X509Error,
    extensions::{GeneralName, ParsedExtension},
    oid_registry::OID_X509_EXT_BASIC_CONSTRAINTS,
    prelude::FromDer,
    public_key::RSAPublicKey,
    signature_algorithm::RsaSsaPssParams,
    x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name},
};

use super::private_key::without_zeros;
use crate::model::{
    CertificateFacts, ChainCertificate, Name,
    certificate::{Curve, IssuedBy, MAX_NAMES, PublicKey, ServerUse, SignatureHash},
};

pub(super) const RSA: &str = "1.2.840.113549.1.1.1";
pub(super) const RSA_PSS: &str = "1.2.840.113549.1.1.10";
pub(super) const EC: &str = "1.2.840.10045.2.1";
pub(super) const ED25519: &str = "1.3.101.112";

/// How much of a name is kept; RFC 5280 allows 64 characters.
const LONGEST_NAME: usize = 128;
/// No host has a longer name (RFC 1035).
const LONGEST_HOST: usize = 253;

/// What a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlternativeName<'a> {
    /// A host by its DNS name, as it is written.
    Host(&'a str),
    /// An address.
    Address(IpAddr),
}

/// The hosts and addresses that a certificate is for (RFC 5280, 4.2.1.6), in order. What is neither is passed over.
pub fn alternative_names<'a>(certificate: &'a X509Certificate<'_>) -> impl Iterator<Item = AlternativeName<'a>> {
    let names = certificate.subject_alternative_name().ok().flatten().map(|found| found.value);
    names.into_iter().flat_map(|names| &names.general_names).filter_map(|name| match name {
        GeneralName::DNSName(host) => Some(AlternativeName::Host(host)),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(AlternativeName::Address)
        }
        _ => None,
    })
}

/// From when until when a certificate is valid. An end that lies beyond all times is the last one: 31 December 9999 stands for none
/// (RFC 5280, 4.1.2.5).
pub fn validity(certificate: &X509Certificate<'_>) -> (Timestamp, Timestamp) {
    let validity = certificate.validity();
    let time = |seconds, beyond| Timestamp::from_second(seconds).unwrap_or(beyond);
    (time(validity.not_before.timestamp(), Timestamp::MIN), time(validity.not_after.timestamp(), Timestamp::MAX))
}

/// The SHA-256 of a certificate, in lower-case hexadecimal digits.
pub fn fingerprint(der: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, der).as_ref())
}

/// Reads one certificate. `None` for what a server would not take: what does not parse, goes on behind its end, or has
/// extensions that are there twice or do not parse.
pub(super) fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    let is_sound = rest.is_empty()
        && certificate.signature_algorithm == certificate.tbs_certificate.signature
        && certificate.extensions_map().is_ok()
        && certificate.key_usage().is_ok()
        && certificate.extended_key_usage().is_ok()
        && certificate.subject_alternative_name().is_ok()
        && certificate.get_extension_unique(&OID_X509_EXT_BASIC_CONSTRAINTS).is_ok_and(|found| {
            found.is_none_or(|found| matches!(found.parsed_extension(), ParsedExtension::BasicConstraints(_)))
        });
    is_sound.then_some(certificate)
}

/// All that is kept of the first certificate.
pub(super) fn facts(certificate: &X509Certificate<'_>, issued_by: IssuedBy) -> CertificateFacts {
    let (names, names_left_out, addresses) = names(certificate);
    let (not_before, not_after) = validity(certificate);
    let usage = certificate.key_usage().ok().flatten();
    let serves = match certificate.extended_key_usage().ok().flatten() {
        None => ServerUse::Unrestricted,
        Some(usage) if usage.value.server_auth => ServerUse::Named,
        Some(usage) if usage.value.any => ServerUse::Unrestricted,
        Some(_) => ServerUse::Excluded,
    };
    CertificateFacts {
        names,
        names_left_out,
        addresses,
        common_name: text(certificate.subject().iter_common_name().next()),
        subject: short(certificate.subject()),
        issuer: short(certificate.issuer()),
        issuer_organization: text(certificate.issuer().iter_organization().next()),
        not_before,
        not_after,
        key: key(certificate.public_key()),
        signature: signature(&certificate.signature_algorithm),
        is_authority: certificate.is_ca(),
        may_sign: usage.is_some_and(|usage| usage.value.key_cert_sign()),
        serves,
        issued_by,
    }
}

/// What is kept of the others.
pub(super) fn follower(certificate: &X509Certificate<'_>, position: u16, issued_by: IssuedBy) -> ChainCertificate {
    let (not_before, not_after) = validity(certificate);
    ChainCertificate {
        position,
        subject: short(certificate.subject()),
        not_before,
        not_after,
        key: key(certificate.public_key()),
        signature: signature(&certificate.signature_algorithm),
        is_authority: certificate.is_ca(),
        issued_by,
    }
}

/// Who issued the certificate at an index of the list: itself, else the next behind it that did, else one before it.
pub(super) fn issuer(list: &[(u16, X509Certificate<'_>)], index: usize) -> IssuedBy {
    let Some((own, certificate)) = list.get(index) else { return IssuedBy::Elsewhere };
    if is_issued_by(certificate, certificate) {
        return IssuedBy::Itself;
    }
    let (before, behind) = list.split_at(index);
    let others = behind.iter().chain(before).filter(|(position, _)| position != own);
    others
        .filter(|(_, other)| other.as_raw() != certificate.as_raw())
        .find(|(_, other)| is_issued_by(certificate, other))
        .map_or(IssuedBy::Elsewhere, |(position, _)| IssuedBy::Listed(*position))
}

/// By the names, byte for byte as Go compares them, by the identifiers of the keys, and by the signature, unless its algorithm
/// is one that is not computed with here.
fn is_issued_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    if certificate.issuer().as_raw() != issuer.subject().as_raw() {
        return false;
    }
    if let (Some(wanted), Some(held)) = (authority_key(certificate), subject_key(issuer))
        && wanted != held
    {
        return false;
    }
    let key = issuer.public_key();
    let is_computed = match self::key(key) {
        PublicKey::Rsa { bits } => (2048..=8192).contains(&bits),
        PublicKey::Ecdsa(Curve::P256 | Curve::P384) | PublicKey::Ed25519 => true,
        PublicKey::Ecdsa(_) | PublicKey::Other(_) => false,
    };
    !is_computed || !matches!(certificate.verify_signature(Some(key)), Err(X509Error::SignatureVerificationError))
}

fn authority_key<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(found) => found.key_identifier.as_ref().map(|id| id.0),
        _ => None,
    })
}

fn subject_key<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(found) => Some(found.0),
        _ => None,
    })
}

type Names = (Box<[Name]>, usize, Box<[IpAddr]>);

fn names(certificate: &X509Certificate<'_>) -> Names {
    let (mut names, mut left_out, mut addresses) = (Vec::new(), 0, Vec::new());
    for name in alternative_names(certificate) {
        let is_full = names.len() + addresses.len() >= MAX_NAMES;
        match name {
            AlternativeName::Host(host) if host.len() > LONGEST_HOST => {}
            _ if is_full => left_out += 1,
            AlternativeName::Host(host) => names.push(Name::from(printable(&host.to_ascii_lowercase()))),
            AlternativeName::Address(address) => addresses.push(address),
        }
    }
    (names.into(), left_out, addresses.into())
}

fn short(name: &X509Name<'_>) -> Name {
    text(name.iter_common_name().next())
        .or_else(|| text(name.iter_organization().next()))
        .unwrap_or_else(|| Name::from(printable(&name.to_string())))
}

fn text(attribute: Option<&x509_parser::x509::AttributeTypeAndValue<'_>>) -> Option<Name> {
    let text = attribute?.as_str().ok()?;
    Some(Name::from(printable(text))).filter(|text| !text.is_empty())
}

/// Whoever made the certificate wrote the text; it is to appear in messages.
fn printable(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    visible.take(LONGEST_NAME.max(LONGEST_HOST)).collect()
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> PublicKey {
    let algorithm = info.algorithm.algorithm.to_id_string();
    match algorithm.as_str() {
        RSA | RSA_PSS => match rsa_numbers(&info.subject_public_key.data) {
            Some((modulus, _)) => PublicKey::Rsa { bits: bits(modulus) },
            None => PublicKey::Other(Name::from("RSA, which cannot be read")),
        },
        EC => PublicKey::Ecdsa(match curve_of(&info.algorithm).as_deref() {
            Some("1.2.840.10045.3.1.1") => Curve::P192,
            Some("1.3.132.0.33") => Curve::P224,
            Some("1.2.840.10045.3.1.7") => Curve::P256,
            Some("1.3.132.0.34") => Curve::P384,
            Some("1.3.132.0.35") => Curve::P521,
            Some("1.3.132.0.10") => Curve::Other(Name::from("secp256k1")),
            Some(other) => Curve::Other(Name::from(other)),
            None => Curve::Other(Name::from("a curve of its own")),
        }),
        ED25519 => PublicKey::Ed25519,
        "1.3.101.113" => PublicKey::Other(Name::from("Ed448")),
        "1.2.840.10040.4.1" => PublicKey::Other(Name::from("DSA")),
        other => PublicKey::Other(Name::from(other)),
    }
}

/// The named curve of an EC key, by its object identifier.
pub(super) fn curve_of(algorithm: &AlgorithmIdentifier<'_>) -> Option<String> {
    algorithm.parameters.as_ref()?.as_oid().ok().map(|curve| curve.to_id_string())
}

/// Modulus and exponent of an RSA key, without leading zeros.
pub(super) fn rsa_numbers(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, key) = RSAPublicKey::from_der(key).ok()?;
    Some((without_zeros(key.modulus), without_zeros(key.exponent)))
}

fn bits(number: &[u8]) -> u32 {
    let first = number.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(number.len() * 8).unwrap_or(u32::MAX).saturating_sub(first)
}

fn signature(algorithm: &AlgorithmIdentifier<'_>) -> SignatureHash {
    let name = algorithm.algorithm.to_id_string();
    match name.as_str() {
        // RSA with MD2, MD4, MD5.
        "1.2.840.113549.1.1.2" | "1.2.840.113549.1.1.3" | "1.2.840.113549.1.1.4" => SignatureHash::Md5,
        // RSA (twice), ECDSA and DSA with SHA-1.
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" | "1.2.840.10045.4.1" | "1.2.840.10040.4.3" => SignatureHash::Sha1,
        // RSA with SHA-256, SHA-384, SHA-512.
        "1.2.840.113549.1.1.11" | "1.2.840.113549.1.1.12" | "1.2.840.113549.1.1.13"
        // ECDSA with the same.
        | "1.2.840.10045.4.3.2" | "1.2.840.10045.4.3.3" | "1.2.840.10045.4.3.4"
        // Ed25519 and Ed448.
        | ED25519 | "1.3.101.113"
        // ML-DSA (FIPS 204).
        | "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => SignatureHash::Strong,
        RSA_PSS => {
            let parameters = algorithm.parameters.as_ref().and_then(|any| RsaSsaPssParams::try_from(any).ok());
            match parameters.map(|parameters| parameters.hash_algorithm_oid().to_id_string()).as_deref() {
                Some("1.3.14.3.2.26") => SignatureHash::Sha1,
                Some("2.16.840.1.101.3.4.2.1" | "2.16.840.1.101.3.4.2.2" | "2.16.840.1.101.3.4.2.3") => {
                    SignatureHash::Strong
                }
                Some(other) => SignatureHash::Other(Name::from(other)),
                None => SignatureHash::Other(Name::from(RSA_PSS)),
            }
        }
        other => SignatureHash::Other(Name::from(other)),
    }
}
