//! Certificates for tests, as good and as bad as they are wanted. Needs nothing of the crate, so that integration tests can
//! include it by its path.
//!
//! Tests judge at [`NOW`]; what is not said otherwise is valid from 2026-10-01 to 2026-12-30.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "for tests")]

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, RsaKeySize, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use serde_json::{Value, json};

/// When tests judge.
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Made {
    /// The certificate alone.
    pub(crate) certificate: String,
    /// Its key, PKCS#8 where nothing else is said.
    pub(crate) key: String,
}

/// A certificate that is wanted: by [`wanted`], changed by the methods, made by [`Wanted::by`] and [`Wanted::self_signed`].
pub(crate) struct Wanted {
    /// Everything else can be said here.
    pub(crate) params: CertificateParams,
    /// The key; P-256 where nothing else is said.
    pub(crate) key: KeyPair,
}

/// An authority, which signs.
pub(crate) struct Authority {
    /// Its certificate, as PEM.
    pub(crate) certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that no authority signed, for these names, good in all other ways.
pub(crate) fn good(names: &[&str]) -> Made {
    wanted(names).self_signed()
}

/// A certificate for a server with these names (DNS names and addresses): P-256, `serverAuth`, no common name.
pub(crate) fn wanted(names: &[&str]) -> Wanted {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date_time_ymd(2026, 10, 1);
    params.not_after = date_time_ymd(2026, 12, 30);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    Wanted { params, key: KeyPair::generate().unwrap() }
}

impl Wanted {
    /// Valid between these days.
    pub(crate) fn valid(mut self, from: (i32, u8, u8), until: (i32, u8, u8)) -> Self {
        self.params.not_before = date_time_ymd(from.0, from.1, from.2);
        self.params.not_after = date_time_ymd(until.0, until.1, until.2);
        self
    }

    /// With a common name.
    pub(crate) fn called(mut self, name: &str) -> Self {
        self.params.distinguished_name.push(DnType::CommonName, name);
        self
    }

    /// That may issue others.
    pub(crate) fn authority(mut self) -> Self {
        self.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self.params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        self
    }

    /// With these extended key usages; without any, the extension is left out.
    pub(crate) fn usages(mut self, usages: &[ExtendedKeyUsagePurpose]) -> Self {
        self.params.extended_key_usages = usages.to_vec();
        self
    }

    /// With another key.
    pub(crate) fn key(mut self, key: KeyPair) -> Self {
        self.key = key;
        self
    }

    /// Signed by itself.
    pub(crate) fn self_signed(self) -> Made {
        let certificate = self.params.self_signed(&self.key).unwrap().pem();
        Made { certificate, key: self.key.serialize_pem() }
    }

    /// Signed by an authority.
    pub(crate) fn by(self, authority: &Authority) -> Made {
        let certificate = self.params.signed_by(&self.key, &authority.issuer).unwrap().pem();
        Made { certificate, key: self.key.serialize_pem() }
    }
}

impl Authority {
    /// A root of that name.
    pub(crate) fn root(name: &str) -> Self {
        let Wanted { params, key } = Self::wanted(name);
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// An authority that another one stands behind.
    pub(crate) fn under(above: &Self, name: &str) -> Self {
        Self::of(above, Self::wanted(name))
    }

    /// The same, of a wanted certificate.
    pub(crate) fn of(above: &Self, Wanted { params, key }: Wanted) -> Self {
        let certificate = params.signed_by(&key, &above.issuer).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// What an authority's certificate is like: valid from 2026-01-01 to 2035-12-31.
    pub(crate) fn wanted(name: &str) -> Wanted {
        wanted(&[]).called(name).authority().usages(&[]).valid((2026, 1, 1), (2035, 12, 31))
    }
}

/// A certificate with a 1024-bit RSA key, whose signature is none. The key is one in form: its numbers are no primes.
pub(crate) fn rsa_1024(names: &[&str]) -> Made {
    struct Short(Vec<u8>);
    impl PublicKeyData for Short {
        fn der_bytes(&self) -> &[u8] {
            &self.0
        }
        fn algorithm(&self) -> &'static SignatureAlgorithm {
            &rcgen::PKCS_RSA_SHA256
        }
    }
    impl SigningKey for Short {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
            Ok(vec![7; 128])
        }
    }
    let mut modulus = vec![0_u8, 0xc5];
    modulus.extend((0..127).map(|index: u8| index.wrapping_mul(151) | 1));
    let exponent = [1, 0, 1];
    let public = der(0x30, &[der(2, &modulus), der(2, &exponent)].concat());
    let rest = [vec![1], vec![3], vec![5], vec![7], vec![9], vec![11]].map(|number| der(2, &number)).concat();
    let private = der(0x30, &[der(2, &[0]), der(2, &modulus), der(2, &exponent), rest].concat());
    let certificate = wanted(names).params.self_signed(&Short(public)).unwrap().pem();
    Made { certificate, key: pem("RSA PRIVATE KEY", &private) }
}

/// A certificate with a 2048-bit RSA key.
pub(crate) fn rsa_2048(names: &[&str]) -> Made {
    wanted(names).key(KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()).self_signed()
}

/// A certificate whose key says that it is on P-192, and that key.
pub(crate) fn p_192(names: &[&str]) -> Made {
    let Made { certificate, key } = good(names);
    let (from, to) = ([0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1]);
    Made { certificate: patched(&certificate, &from, &to), key: patched(&key, &from, &to) }
}

/// A certificate that says it is signed over SHA-1, with an RSA key.
pub(crate) fn sha_1(names: &[&str]) -> Made {
    let Made { certificate, key } = rsa_2048(names);
    let (from, to) = ([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b], [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5]);
    Made { certificate: patched(&certificate, &from, &to), key }
}

/// A key of PKCS#8 as PKCS#1 or SEC1, as what is within it was called before; of P-256 with the curve's name, which PKCS#8 has
/// elsewhere.
pub(crate) fn older_form(key: &str) -> String {
    let bytes = der_of(key);
    let is_rsa = position(&bytes, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]).is_some();
    if is_rsa {
        let start = position(&bytes[4..], &[0x30, 0x82]).unwrap() + 4;
        return pem("RSA PRIVATE KEY", &bytes[start..]);
    }
    // ECPrivateKey: version 1, then 32 bytes.
    let start = position(&bytes, &[2, 1, 1, 4, 0x20]).unwrap();
    let curve = der(0xa0, &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    pem("EC PRIVATE KEY", &der(0x30, &[&bytes[start..start + 37], curve.as_slice()].concat()))
}

/// A TLS Secret `shop/<name>` with these values, as the API server stores it.
pub(crate) fn secret(name: &str, certificate: &str, key: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": name, "namespace": "shop"},
        "data": {"tls.crt": BASE64.encode(certificate.as_bytes()), "tls.key": BASE64.encode(key.as_bytes())},
    })
}

impl Made {
    /// A TLS Secret `shop/<name>` with this certificate and its key.
    pub(crate) fn secret(&self, name: &str) -> Value {
        secret(name, &self.certificate, &self.key)
    }

    /// The certificate, and those of the authorities behind it.
    pub(crate) fn with(&self, authorities: &[&Authority]) -> String {
        let others = authorities.iter().map(|authority| authority.certificate.as_str());
        std::iter::once(self.certificate.as_str()).chain(others).collect()
    }
}

/// PEM around bytes.
pub(crate) fn pem(label: &str, content: &[u8]) -> String {
    let text = BASE64.encode(content);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The bytes of the one block of a PEM text.
pub(crate) fn der_of(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(body.as_bytes()).unwrap()
}

/// The one block of a PEM text with some of its bytes changed, wherever they are.
pub(crate) fn patched(text: &str, from: &[u8], to: &[u8]) -> String {
    assert_eq!(from.len(), to.len());
    let label = text.lines().next().unwrap().trim_matches('-').strip_prefix("BEGIN ").unwrap().to_owned();
    let mut bytes = der_of(text);
    let mut found = false;
    while let Some(at) = position(&bytes, from) {
        bytes[at..at + to.len()].copy_from_slice(to);
        found = true;
    }
    assert!(found, "the bytes are not in there");
    pem(&label, &bytes)
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..=127 => vec![tag, length[1]],
        128..=255 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [head, content.to_vec()].concat()
}
