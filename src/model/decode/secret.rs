//! Secrets to public facts. What a key holds is read here and dies here.
//!
//! The values that may hold a key live in buffers that are wiped when they are dropped, and nothing in this file can be printed.
//! No fault quotes a value.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use zeroize::Zeroizing;

use super::{
    DecodeError, certificate,
    meta::WireMeta,
    pem::{self, Piece, Section},
    private_key,
    wire::nullable,
};
use crate::model::{
    Bundle, FieldPath, Name, Secret, TlsFacts,
    certificate::MAX_CERTIFICATES,
    secret::{AUTHORITY, Block, CERTIFICATE, Instead, KeyMatch, OPAQUE_TYPE, PRIVATE_KEY, TLS_TYPE, Unreadable},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireSecret {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    secret_type: Name,
    #[serde(default, deserialize_with = "nullable")]
    data: Values,
    #[serde(default, deserialize_with = "nullable")]
    string_data: Values,
}

/// The values that are looked into, as they are written.
#[derive(Default)]
struct Values {
    certificate: Option<Text>,
    key: Option<Text>,
    has_authority: bool,
}

/// A value; wiped when it is dropped.
struct Text(Zeroizing<String>);

impl WireSecret {
    pub(super) fn into_secret(self) -> Result<Secret, DecodeError> {
        let Self { metadata, secret_type, data, string_data } = self;
        let meta = metadata.into_meta(true)?;
        let secret_type = if secret_type.is_empty() { Name::from(OPAQUE_TYPE) } else { secret_type };
        let has_pair = (data.certificate.is_some() || string_data.certificate.is_some())
            && (data.key.is_some() || string_data.key.is_some());
        let tls = if secret_type == TLS_TYPE {
            let has_authority = data.has_authority || string_data.has_authority;
            let certificates = value(CERTIFICATE, data.certificate, string_data.certificate)?;
            let key = value(PRIVATE_KEY, data.key, string_data.key)?;
            Some(tls(
                certificates.as_ref().map(|text| text.as_slice()),
                key.as_ref().map(|text| text.as_slice()),
                has_authority,
            ))
        } else {
            None
        };
        Ok(Secret { meta, secret_type, has_pair, tls })
    }
}

/// A value without its base64. What is in `stringData` counts before what is in `data`, as for the API server.
fn value(name: &str, data: Option<Text>, plain: Option<Text>) -> Result<Option<Zeroizing<Vec<u8>>>, DecodeError> {
    match (plain, data) {
        (Some(Text(text)), _) => Ok(Some(Zeroizing::new(text.as_bytes().to_vec()))),
        (None, Some(Text(text))) => pem::base64(text.as_bytes()).map(Some).ok_or_else(|| DecodeError {
            path: FieldPath::new("data").field(name),
            message: "expected base64".to_owned(),
        }),
        (None, None) => Ok(None),
    }
}

fn tls(certificates: Option<&[u8]>, key: Option<&[u8]>, has_authority: bool) -> TlsFacts {
    let contents = match certificates {
        Some(text) => contents(text),
        None => Err(Unreadable::Missing),
    };
    let mut parsed = Vec::new();
    let mut unreadable = 0;
    for (position, content) in (0_u16..).zip(contents.iter().flat_map(|found| &found.certificates)) {
        match content.as_ref().and_then(|der| certificate::parse(der)) {
            Some(certificate) => parsed.push((position, certificate)),
            None => unreadable += 1,
        }
    }
    let (key, has_several_keys) = match key {
        Some(text) => compare(text, &parsed),
        None => (KeyMatch::Unreadable(Unreadable::Missing), false),
    };
    let certificates = contents.as_ref().map_err(|why| *why).and_then(|contents| {
        let Some((0, leaf)) = parsed.first() else { return Err(Unreadable::Malformed) };
        let followers = parsed.iter().enumerate().skip(1);
        let ders = || contents.certificates.iter().flatten();
        Ok(Bundle {
            leaf: certificate::facts(leaf, certificate::issuer(&parsed, 0)),
            rest: followers
                .map(|(index, (position, found))| {
                    certificate::follower(found, *position, certificate::issuer(&parsed, index))
                })
                .collect(),
            unreadable: unreadable + contents.broken,
            unread: contents.unread,
            has_duplicates: ders().enumerate().any(|(index, der)| ders().skip(index + 1).any(|other| other == der)),
            has_private_key: contents.has_private_key,
            has_other_blocks: contents.has_other_blocks,
        })
    });
    TlsFacts { certificates, key, has_several_keys, has_authority }
}

/// What is in `tls.crt`.
#[derive(Default)]
struct Contents {
    /// The first certificates in their order, `None` for one whose content is not base64.
    certificates: Vec<Option<Zeroizing<Vec<u8>>>>,
    unread: usize,
    broken: usize,
    has_private_key: bool,
    has_other_blocks: bool,
}

fn contents(text: &[u8]) -> Result<Contents, Unreadable> {
    let mut contents = Contents::default();
    for piece in pem::pieces(text) {
        match piece {
            Piece::Whole(section) if section.block == Block::Certificate => {
                if contents.certificates.len() < MAX_CERTIFICATES {
                    contents.certificates.push(section.content());
                } else {
                    contents.unread += 1;
                }
            }
            Piece::Whole(section) if section.block == Block::PrivateKey => contents.has_private_key = true,
            Piece::Whole(_) => contents.has_other_blocks = true,
            // Where the server's own certificate is to be, nothing behind it helps.
            Piece::Broken if contents.certificates.is_empty() => return Err(Unreadable::BrokenPem),
            Piece::Broken => contents.broken += 1,
        }
    }
    match contents.certificates.first() {
        Some(Some(_)) => Ok(contents),
        Some(None) => Err(Unreadable::BrokenPem),
        None => Err(pem::without(text)),
    }
}

/// Whether the key is that of the first certificate, and whether there are several keys.
fn compare(text: &[u8], certificates: &[(u16, x509_parser::certificate::X509Certificate<'_>)]) -> (KeyMatch, bool) {
    let keys: Vec<Section<'_>> = pem::pieces(text)
        .filter_map(|piece| match piece {
            Piece::Whole(section) if section.block == Block::PrivateKey => Some(section),
            _ => None,
        })
        .take(MAX_CERTIFICATES)
        .collect();
    let has_several_keys = keys.len() > 1;
    let Some((first, later)) = keys.split_first() else {
        return (KeyMatch::Unreadable(pem::without(text)), false);
    };
    let half = match half(first) {
        Ok(half) => half,
        Err(why) => return (KeyMatch::Unreadable(why), has_several_keys),
    };
    let Some(((0, leaf), others)) =
        certificates.split_first().map(|((position, leaf), others)| ((*position, leaf), others))
    else {
        return (KeyMatch::Unknown("there is no certificate to compare it with"), has_several_keys);
    };
    let verdict = match half.is_of(leaf.public_key()) {
        Some(true) => KeyMatch::Matches,
        None => KeyMatch::Unknown("keys of its kind are not computed with"),
        Some(false) => {
            let other = others.iter().find(|(_, other)| half.is_of(other.public_key()) == Some(true));
            let mut later = later.iter().filter_map(|section| self::half(section).ok());
            KeyMatch::Differs(match other {
                Some((position, _)) => Instead::Certificate(*position),
                None if later.any(|half| half.is_of(leaf.public_key()) == Some(true)) => Instead::LaterKey,
                None => Instead::Nothing,
            })
        }
    };
    (verdict, has_several_keys)
}

fn half(key: &Section<'_>) -> Result<private_key::PublicHalf, Unreadable> {
    if key.is_encrypted {
        return Err(Unreadable::Encrypted);
    }
    let content = key.content().ok_or(Unreadable::BrokenPem)?;
    private_key::read(&content, key.is_dsa)
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Values;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Values, A::Error> {
                let mut values = Values::default();
                while let Some(name) = fields.next_key::<Name>()? {
                    match name.as_str() {
                        CERTIFICATE => {
                            values.certificate = Some(fields.next_value::<Option<Text>>()?.unwrap_or_default())
                        }
                        PRIVATE_KEY => values.key = Some(fields.next_value::<Option<Text>>()?.unwrap_or_default()),
                        AUTHORITY => {
                            fields.next_value::<IgnoredAny>()?;
                            values.has_authority = true;
                        }
                        _ => drop(fields.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(values)
            }
        }
        from.deserialize_map(Fields)
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Zeroizing::new(String::new()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Held;
        impl Visitor<'_> for Held {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Zeroizing::new(text.to_owned())))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Text, E> {
                Ok(Text(Zeroizing::new(text)))
            }
        }
        from.deserialize_str(Held)
    }
}
