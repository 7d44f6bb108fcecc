//! Private keys: what is public of them, computed and compared with a certificate. Nothing else leaves this file.
//!
//! The bytes of a key are borrowed from buffers that are wiped; what the crypto library copies of them it wipes itself
//! (AWS-LC's `OPENSSL_free` does so with all that it frees).

use aws_lc_rs::{
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    },
};
use x509_parser::{
    asn1_rs::{Any, FromDer, Oid, Tag},
    x509::SubjectPublicKeyInfo,
};

use super::certificate::{EC, ED25519, RSA, RSA_PSS, curve_of, rsa_numbers};
use crate::model::secret::Unreadable;

const CURVES: [(&str, &EcdsaSigningAlgorithm); 4] = [
    ("1.2.840.10045.3.1.7", &ECDSA_P256_SHA256_ASN1_SIGNING),
    ("1.3.132.0.34", &ECDSA_P384_SHA384_ASN1_SIGNING),
    ("1.3.132.0.35", &ECDSA_P521_SHA512_ASN1_SIGNING),
    ("1.3.132.0.10", &ECDSA_P256K1_SHA256_ASN1_SIGNING),
];

/// The public half of a private key.
pub(super) enum PublicHalf {
    /// Modulus and exponent, without leading zeros.
    Rsa(Vec<u8>, Vec<u8>),
    /// A point, uncompressed, and the curve's object identifier.
    Point(&'static str, Vec<u8>),
    /// The 32 bytes of an Ed25519 key.
    Ed25519(Vec<u8>),
    /// Of a kind that is not computed with here: its algorithm, and its curve if it has one.
    Uncomputed(String, Option<String>),
}

/// Reads a private key as servers do: PKCS#8, PKCS#1 or SEC1, told apart by what is in it (Go's `tls.X509KeyPair`).
pub(super) fn read(der: &[u8], is_dsa: bool) -> Result<PublicHalf, Unreadable> {
    parse(der, is_dsa).ok_or(Unreadable::Malformed)
}

impl PublicHalf {
    /// Whether a certificate's key is this one; `None` when that cannot be computed.
    pub(super) fn is_of(&self, certificate: &SubjectPublicKeyInfo<'_>) -> Option<bool> {
        let algorithm = certificate.algorithm.algorithm.to_id_string();
        let bits: &[u8] = &certificate.subject_public_key.data;
        match self {
            Self::Rsa(modulus, exponent) if algorithm == RSA || algorithm == RSA_PSS => {
                let (theirs, their_exponent) = rsa_numbers(bits)?;
                Some(theirs == modulus && their_exponent == exponent)
            }
            Self::Point(curve, point) if algorithm == EC => match curve_of(&certificate.algorithm) {
                Some(theirs) if theirs != *curve => Some(false),
                Some(_) => Some(same_point(point, bits)),
                None => None,
            },
            Self::Ed25519(key) if algorithm == ED25519 => Some(key == bits),
            Self::Uncomputed(own, None) if *own == algorithm => None,
            Self::Uncomputed(own, Some(curve)) if *own == algorithm => match curve_of(&certificate.algorithm) {
                Some(theirs) if theirs != *curve => Some(false),
                _ => None,
            },
            // A key for one algorithm is never that of a certificate for another.
            Self::Uncomputed(own, _) => (own != RSA_PSS || algorithm != RSA).then_some(false),
            _ => Some(false),
        }
    }
}

fn parse(der: &[u8], is_dsa: bool) -> Option<PublicHalf> {
    let body = whole(der, Tag::Sequence)?;
    let (rest, version) = element(body)?;
    let (behind, second) = element(rest)?;
    if version.tag() != Tag::Integer {
        return None;
    }
    if is_dsa {
        return Some(PublicHalf::Uncomputed("1.2.840.10040.4.1".to_owned(), None));
    }
    match second.tag() {
        Tag::Integer => rsa(der, behind, second.data, rsa::KeyPair::from_der),
        Tag::OctetString => {
            let (_, parameters) = element(behind).filter(|(_, element)| element.tag() == Tag(0))?;
            let curve = object_identifier(parameters.data)?;
            point(&curve, |algorithm| EcdsaKeyPair::from_private_key_der(algorithm, der))
        }
        Tag::Sequence => pkcs8(der, second.data, behind),
        _ => None,
    }
}

fn pkcs8(der: &[u8], algorithm: &[u8], behind: &[u8]) -> Option<PublicHalf> {
    let (parameters, name) = element(algorithm).filter(|(_, element)| element.tag() == Tag::Oid)?;
    let name = Oid::new(name.data.into()).to_id_string();
    let (_, key) = element(behind).filter(|(_, element)| element.tag() == Tag::OctetString)?;
    match name.as_str() {
        RSA => {
            let (rest, _) = element(whole(key.data, Tag::Sequence)?)?;
            let (rest, modulus) = element(rest).filter(|(_, element)| element.tag() == Tag::Integer)?;
            rsa(der, rest, modulus.data, rsa::KeyPair::from_pkcs8)
        }
        EC => match object_identifier(parameters) {
            Some(curve) => point(&curve, |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, der)),
            None => Some(PublicHalf::Uncomputed(name, None)),
        },
        ED25519 => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
            Some(PublicHalf::Ed25519(pair.public_key().as_ref().to_vec()))
        }
        _ => Some(PublicHalf::Uncomputed(name, None)),
    }
}

/// An RSA key, by the modulus and what is behind it. Of sizes that the library takes it is checked whole; of others only that
/// these two numbers are there, which is what a certificate holds.
fn rsa<E>(
    der: &[u8],
    behind: &[u8],
    modulus: &[u8],
    load: impl Fn(&[u8]) -> Result<rsa::KeyPair, E>,
) -> Option<PublicHalf> {
    let (_, exponent) = element(behind).filter(|(_, element)| element.tag() == Tag::Integer)?;
    let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent.data));
    if (256..=1024).contains(&modulus.len()) && modulus.first().is_some_and(|byte| *byte >= 0x80) {
        load(der).ok()?;
    }
    Some(PublicHalf::Rsa(modulus.to_vec(), exponent.to_vec()))
}

fn point<E>(
    curve: &str,
    load: impl Fn(&'static EcdsaSigningAlgorithm) -> Result<EcdsaKeyPair, E>,
) -> Option<PublicHalf> {
    match CURVES.into_iter().find(|(known, _)| *known == curve) {
        Some((known, algorithm)) => {
            Some(PublicHalf::Point(known, load(algorithm).ok()?.public_key().as_ref().to_vec()))
        }
        None => Some(PublicHalf::Uncomputed(EC.to_owned(), Some(curve.to_owned()))),
    }
}

/// Whether a point is the other one, which may be compressed to one coordinate and the parity of the other (SEC 1, 2.3.3).
fn same_point(whole: &[u8], other: &[u8]) -> bool {
    match (whole, other) {
        ([4, both @ ..], [sign @ (2 | 3), first @ ..]) => {
            both.starts_with(first)
                && both.len() == first.len() * 2
                && both.last().is_some_and(|last| last & 1 == sign & 1)
        }
        _ => whole == other,
    }
}

pub(super) fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn element(input: &[u8]) -> Option<(&[u8], Any<'_>)> {
    Any::from_der(input).ok()
}

/// The content of the one element that the input is.
fn whole(input: &[u8], tag: Tag) -> Option<&[u8]> {
    element(input).filter(|(rest, element)| rest.is_empty() && element.tag() == tag).map(|(_, element)| element.data)
}

fn object_identifier(input: &[u8]) -> Option<String> {
    whole(input, Tag::Oid).map(|data| Oid::new(data.into()).to_id_string())
}
