//! The cipher suites of TLS 1.2 and before: one table, by their names in OpenSSL and in the registry of IANA.
//!
//! Go names suites as IANA does, two aliases aside. Suites that no server of a cluster's edge offers (PSK, SRP, Kerberos, GOST) are
//! left out: they need more than a certificate.

/// A cipher suite of TLS 1.2 or before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Suite {
    /// Its name in OpenSSL and `BoringSSL`: `ECDHE-RSA-AES128-GCM-SHA256`.
    pub openssl: &'static str,
    /// Its name in the registry of IANA: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
    pub iana: &'static str,
    /// How keys are agreed on.
    pub exchange: Exchange,
    /// How the server proves who it is.
    pub authentication: Authentication,
    /// How traffic is encrypted.
    pub encryption: Encryption,
    /// How it is protected against change.
    pub mac: Mac,
}

/// How keys are agreed on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are the key exchanges, as RFC 5246 and RFC 8422 name them.
pub enum Exchange {
    Ecdhe,
    Dhe,
    Ecdh,
    Dh,
    Rsa,
}

/// How the server proves who it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are the kinds of keys.
pub enum Authentication {
    Ecdsa,
    Rsa,
    Dss,
    /// Not at all.
    Anonymous,
}

/// How traffic is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are the ciphers with their modes, as suites name them.
pub enum Encryption {
    Aes128Gcm,
    Aes256Gcm,
    Chacha20,
    Aes128Ccm,
    Aes256Ccm,
    Aes128Ccm8,
    Aes256Ccm8,
    Aria128Gcm,
    Aria256Gcm,
    Camellia128Gcm,
    Camellia256Gcm,
    Aes128Cbc,
    Aes256Cbc,
    Camellia128Cbc,
    Camellia256Cbc,
    Seed,
    Idea,
    TripleDes,
    Des,
    Rc4,
    /// With keys of 40 or 56 bits, as laws on exports once asked.
    Export,
    Null,
}

/// How traffic is protected against change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are the MACs, as suites name them.
pub enum Mac {
    /// By the cipher itself.
    Aead,
    Sha256,
    Sha384,
    Sha1,
    Md5,
}

impl Suite {
    /// Whether what is recorded today stays secret when the server's key leaks later.
    pub fn is_forward_secret(&self) -> bool {
        matches!(self.exchange, Exchange::Ecdhe | Exchange::Dhe)
    }

    /// Whether libraries of today leave it out unless they are built for it (OpenSSL since 1.1.0: `enable-weak-ssl-ciphers`).
    pub(super) fn is_withdrawn(&self) -> bool {
        use Encryption::{Des, Export, Idea, Rc4, Seed, TripleDes};
        matches!(self.encryption, Des | Export | Idea | Rc4 | Seed | TripleDes)
    }

    /// The suite of that name, in OpenSSL's notation or an older spelling of it.
    pub fn by_openssl(name: &str) -> Option<&'static Self> {
        let name = OLD_NAMES.iter().find(|(old, _)| *old == name).map_or(name, |(_, current)| current);
        SUITES.iter().find(|suite| suite.openssl == name)
    }

    /// The suite of that name in the registry of IANA; also the two of Go that differ (`crypto/tls`, `cipher_suites.go`) and
    /// the older `SSL_` names.
    pub fn by_iana(name: &str) -> Option<&'static Self> {
        let name = match name {
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305" => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            name => name,
        };
        SUITES.iter().find(|suite| suite.iana == name)
    }

    /// The suite of that name, in whichever notation.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::by_openssl(name).or_else(|| Self::by_iana(name))
    }
}

/// Names that OpenSSL had before 1.1.0, and the ones that it has now (`ssl/ssl_ciph.c`, `cipher_aliases`; CHANGES).
const OLD_NAMES: [(&str, &str); 5] = [
    ("EDH-RSA-DES-CBC3-SHA", "DHE-RSA-DES-CBC3-SHA"),
    ("EDH-DSS-DES-CBC3-SHA", "DHE-DSS-DES-CBC3-SHA"),
    ("EDH-RSA-DES-CBC-SHA", "DHE-RSA-DES-CBC-SHA"),
    ("EDH-DSS-DES-CBC-SHA", "DHE-DSS-DES-CBC-SHA"),
    ("EXP-EDH-RSA-DES-CBC-SHA", "EXP-DHE-RSA-DES-CBC-SHA"),
];

/// Every suite that is known, as openssl-ciphers(1) pairs the names.
pub(super) static SUITES: &[Suite] = {
    use {Authentication as A, Encryption as E, Exchange as K, Mac as M};
    const fn row(
        openssl: &'static str,
        iana: &'static str,
        exchange: Exchange,
        authentication: Authentication,
        encryption: Encryption,
        mac: Mac,
    ) -> Suite {
        Suite { openssl, iana, exchange, authentication, encryption, mac }
    }
    &[
        row(
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            K::Ecdhe,
            A::Ecdsa,
            E::Aes128Gcm,
            M::Aead,
        ),
        row(
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            K::Ecdhe,
            A::Ecdsa,
            E::Aes256Gcm,
            M::Aead,
        ),
        row(
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            K::Ecdhe,
            A::Ecdsa,
            E::Chacha20,
            M::Aead,
        ),
        row("ECDHE-ECDSA-AES128-CCM", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", K::Ecdhe, A::Ecdsa, E::Aes128Ccm, M::Aead),
        row("ECDHE-ECDSA-AES256-CCM", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", K::Ecdhe, A::Ecdsa, E::Aes256Ccm, M::Aead),
        row(
            "ECDHE-ECDSA-AES128-CCM8",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
            K::Ecdhe,
            A::Ecdsa,
            E::Aes128Ccm8,
            M::Aead,
        ),
        row(
            "ECDHE-ECDSA-AES256-CCM8",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
            K::Ecdhe,
            A::Ecdsa,
            E::Aes256Ccm8,
            M::Aead,
        ),
        row(
            "ECDHE-ECDSA-ARIA128-GCM-SHA256",
            "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256",
            K::Ecdhe,
            A::Ecdsa,
            E::Aria128Gcm,
            M::Aead,
        ),
        row(
            "ECDHE-ECDSA-ARIA256-GCM-SHA384",
            "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384",
            K::Ecdhe,
            A::Ecdsa,
            E::Aria256Gcm,
            M::Aead,
        ),
        row(
            "ECDHE-ECDSA-AES128-SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
            K::Ecdhe,
            A::Ecdsa,
            E::Aes128Cbc,
            M::Sha256,
        ),
        row(
            "ECDHE-ECDSA-AES256-SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
            K::Ecdhe,
            A::Ecdsa,
            E::Aes256Cbc,
            M::Sha384,
        ),
        row(
            "ECDHE-ECDSA-AES128-SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
            K::Ecdhe,
            A::Ecdsa,
            E::Aes128Cbc,
            M::Sha1,
        ),
        row(
            "ECDHE-ECDSA-AES256-SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
            K::Ecdhe,
            A::Ecdsa,
            E::Aes256Cbc,
            M::Sha1,
        ),
        row(
            "ECDHE-ECDSA-CAMELLIA128-SHA256",
            "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256",
            K::Ecdhe,
            A::Ecdsa,
            E::Camellia128Cbc,
            M::Sha256,
        ),
        row(
            "ECDHE-ECDSA-CAMELLIA256-SHA384",
            "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384",
            K::Ecdhe,
            A::Ecdsa,
            E::Camellia256Cbc,
            M::Sha384,
        ),
        row(
            "ECDHE-ECDSA-DES-CBC3-SHA",
            "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",
            K::Ecdhe,
            A::Ecdsa,
            E::TripleDes,
            M::Sha1,
        ),
        row("ECDHE-ECDSA-RC4-SHA", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", K::Ecdhe, A::Ecdsa, E::Rc4, M::Sha1),
        row("ECDHE-ECDSA-NULL-SHA", "TLS_ECDHE_ECDSA_WITH_NULL_SHA", K::Ecdhe, A::Ecdsa, E::Null, M::Sha1),
        row(
            "ECDHE-RSA-AES128-GCM-SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            K::Ecdhe,
            A::Rsa,
            E::Aes128Gcm,
            M::Aead,
        ),
        row(
            "ECDHE-RSA-AES256-GCM-SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            K::Ecdhe,
            A::Rsa,
            E::Aes256Gcm,
            M::Aead,
        ),
        row(
            "ECDHE-RSA-CHACHA20-POLY1305",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            K::Ecdhe,
            A::Rsa,
            E::Chacha20,
            M::Aead,
        ),
        row(
            "ECDHE-ARIA128-GCM-SHA256",
            "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256",
            K::Ecdhe,
            A::Rsa,
            E::Aria128Gcm,
            M::Aead,
        ),
        row(
            "ECDHE-ARIA256-GCM-SHA384",
            "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384",
            K::Ecdhe,
            A::Rsa,
            E::Aria256Gcm,
            M::Aead,
        ),
        row(
            "ECDHE-RSA-AES128-SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
            K::Ecdhe,
            A::Rsa,
            E::Aes128Cbc,
            M::Sha256,
        ),
        row(
            "ECDHE-RSA-AES256-SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
            K::Ecdhe,
            A::Rsa,
            E::Aes256Cbc,
            M::Sha384,
        ),
        row("ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", K::Ecdhe, A::Rsa, E::Aes128Cbc, M::Sha1),
        row("ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", K::Ecdhe, A::Rsa, E::Aes256Cbc, M::Sha1),
        row(
            "ECDHE-RSA-CAMELLIA128-SHA256",
            "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256",
            K::Ecdhe,
            A::Rsa,
            E::Camellia128Cbc,
            M::Sha256,
        ),
        row(
            "ECDHE-RSA-CAMELLIA256-SHA384",
            "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384",
            K::Ecdhe,
            A::Rsa,
            E::Camellia256Cbc,
            M::Sha384,
        ),
        row("ECDHE-RSA-DES-CBC3-SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", K::Ecdhe, A::Rsa, E::TripleDes, M::Sha1),
        row("ECDHE-RSA-RC4-SHA", "TLS_ECDHE_RSA_WITH_RC4_128_SHA", K::Ecdhe, A::Rsa, E::Rc4, M::Sha1),
        row("ECDHE-RSA-NULL-SHA", "TLS_ECDHE_RSA_WITH_NULL_SHA", K::Ecdhe, A::Rsa, E::Null, M::Sha1),
        row("DHE-RSA-AES128-GCM-SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", K::Dhe, A::Rsa, E::Aes128Gcm, M::Aead),
        row("DHE-RSA-AES256-GCM-SHA384", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", K::Dhe, A::Rsa, E::Aes256Gcm, M::Aead),
        row(
            "DHE-RSA-CHACHA20-POLY1305",
            "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            K::Dhe,
            A::Rsa,
            E::Chacha20,
            M::Aead,
        ),
        row("DHE-RSA-AES128-CCM", "TLS_DHE_RSA_WITH_AES_128_CCM", K::Dhe, A::Rsa, E::Aes128Ccm, M::Aead),
        row("DHE-RSA-AES256-CCM", "TLS_DHE_RSA_WITH_AES_256_CCM", K::Dhe, A::Rsa, E::Aes256Ccm, M::Aead),
        row("DHE-RSA-AES128-CCM8", "TLS_DHE_RSA_WITH_AES_128_CCM_8", K::Dhe, A::Rsa, E::Aes128Ccm8, M::Aead),
        row("DHE-RSA-AES256-CCM8", "TLS_DHE_RSA_WITH_AES_256_CCM_8", K::Dhe, A::Rsa, E::Aes256Ccm8, M::Aead),
        row(
            "DHE-RSA-ARIA128-GCM-SHA256",
            "TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256",
            K::Dhe,
            A::Rsa,
            E::Aria128Gcm,
            M::Aead,
        ),
        row(
            "DHE-RSA-ARIA256-GCM-SHA384",
            "TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384",
            K::Dhe,
            A::Rsa,
            E::Aria256Gcm,
            M::Aead,
        ),
        row("DHE-RSA-AES128-SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", K::Dhe, A::Rsa, E::Aes128Cbc, M::Sha256),
        row("DHE-RSA-AES256-SHA256", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", K::Dhe, A::Rsa, E::Aes256Cbc, M::Sha256),
        row("DHE-RSA-AES128-SHA", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", K::Dhe, A::Rsa, E::Aes128Cbc, M::Sha1),
        row("DHE-RSA-AES256-SHA", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", K::Dhe, A::Rsa, E::Aes256Cbc, M::Sha1),
        row(
            "DHE-RSA-CAMELLIA128-SHA256",
            "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256",
            K::Dhe,
            A::Rsa,
            E::Camellia128Cbc,
            M::Sha256,
        ),
        row(
            "DHE-RSA-CAMELLIA256-SHA256",
            "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256",
            K::Dhe,
            A::Rsa,
            E::Camellia256Cbc,
            M::Sha256,
        ),
        row(
            "DHE-RSA-CAMELLIA128-SHA",
            "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA",
            K::Dhe,
            A::Rsa,
            E::Camellia128Cbc,
            M::Sha1,
        ),
        row(
            "DHE-RSA-CAMELLIA256-SHA",
            "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA",
            K::Dhe,
            A::Rsa,
            E::Camellia256Cbc,
            M::Sha1,
        ),
        row("DHE-RSA-SEED-SHA", "TLS_DHE_RSA_WITH_SEED_CBC_SHA", K::Dhe, A::Rsa, E::Seed, M::Sha1),
        row("DHE-RSA-DES-CBC3-SHA", "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", K::Dhe, A::Rsa, E::TripleDes, M::Sha1),
        row("DHE-RSA-DES-CBC-SHA", "TLS_DHE_RSA_WITH_DES_CBC_SHA", K::Dhe, A::Rsa, E::Des, M::Sha1),
        row("DHE-DSS-AES128-GCM-SHA256", "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256", K::Dhe, A::Dss, E::Aes128Gcm, M::Aead),
        row("DHE-DSS-AES256-GCM-SHA384", "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384", K::Dhe, A::Dss, E::Aes256Gcm, M::Aead),
        row("DHE-DSS-AES128-SHA256", "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256", K::Dhe, A::Dss, E::Aes128Cbc, M::Sha256),
        row("DHE-DSS-AES256-SHA256", "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256", K::Dhe, A::Dss, E::Aes256Cbc, M::Sha256),
        row("DHE-DSS-AES128-SHA", "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", K::Dhe, A::Dss, E::Aes128Cbc, M::Sha1),
        row("DHE-DSS-AES256-SHA", "TLS_DHE_DSS_WITH_AES_256_CBC_SHA", K::Dhe, A::Dss, E::Aes256Cbc, M::Sha1),
        row("DHE-DSS-DES-CBC3-SHA", "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA", K::Dhe, A::Dss, E::TripleDes, M::Sha1),
        row("DHE-DSS-DES-CBC-SHA", "TLS_DHE_DSS_WITH_DES_CBC_SHA", K::Dhe, A::Dss, E::Des, M::Sha1),
        row(
            "ECDH-ECDSA-AES128-GCM-SHA256",
            "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256",
            K::Ecdh,
            A::Ecdsa,
            E::Aes128Gcm,
            M::Aead,
        ),
        row(
            "ECDH-ECDSA-AES256-GCM-SHA384",
            "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384",
            K::Ecdh,
            A::Ecdsa,
            E::Aes256Gcm,
            M::Aead,
        ),
        row(
            "ECDH-ECDSA-AES128-SHA256",
            "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256",
            K::Ecdh,
            A::Ecdsa,
            E::Aes128Cbc,
            M::Sha256,
        ),
        row(
            "ECDH-ECDSA-AES256-SHA384",
            "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384",
            K::Ecdh,
            A::Ecdsa,
            E::Aes256Cbc,
            M::Sha384,
        ),
        row("ECDH-ECDSA-AES128-SHA", "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", K::Ecdh, A::Ecdsa, E::Aes128Cbc, M::Sha1),
        row("ECDH-ECDSA-AES256-SHA", "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA", K::Ecdh, A::Ecdsa, E::Aes256Cbc, M::Sha1),
        row(
            "ECDH-RSA-AES128-GCM-SHA256",
            "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256",
            K::Ecdh,
            A::Rsa,
            E::Aes128Gcm,
            M::Aead,
        ),
        row(
            "ECDH-RSA-AES256-GCM-SHA384",
            "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384",
            K::Ecdh,
            A::Rsa,
            E::Aes256Gcm,
            M::Aead,
        ),
        row("ECDH-RSA-AES128-SHA256", "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256", K::Ecdh, A::Rsa, E::Aes128Cbc, M::Sha256),
        row("ECDH-RSA-AES256-SHA384", "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384", K::Ecdh, A::Rsa, E::Aes256Cbc, M::Sha384),
        row("ECDH-RSA-AES128-SHA", "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", K::Ecdh, A::Rsa, E::Aes128Cbc, M::Sha1),
        row("ECDH-RSA-AES256-SHA", "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA", K::Ecdh, A::Rsa, E::Aes256Cbc, M::Sha1),
        row("DH-RSA-AES128-GCM-SHA256", "TLS_DH_RSA_WITH_AES_128_GCM_SHA256", K::Dh, A::Rsa, E::Aes128Gcm, M::Aead),
        row("DH-RSA-AES256-GCM-SHA384", "TLS_DH_RSA_WITH_AES_256_GCM_SHA384", K::Dh, A::Rsa, E::Aes256Gcm, M::Aead),
        row("DH-RSA-AES128-SHA256", "TLS_DH_RSA_WITH_AES_128_CBC_SHA256", K::Dh, A::Rsa, E::Aes128Cbc, M::Sha256),
        row("DH-RSA-AES256-SHA256", "TLS_DH_RSA_WITH_AES_256_CBC_SHA256", K::Dh, A::Rsa, E::Aes256Cbc, M::Sha256),
        row("DH-RSA-AES128-SHA", "TLS_DH_RSA_WITH_AES_128_CBC_SHA", K::Dh, A::Rsa, E::Aes128Cbc, M::Sha1),
        row("DH-RSA-AES256-SHA", "TLS_DH_RSA_WITH_AES_256_CBC_SHA", K::Dh, A::Rsa, E::Aes256Cbc, M::Sha1),
        row("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256", K::Rsa, A::Rsa, E::Aes128Gcm, M::Aead),
        row("AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384", K::Rsa, A::Rsa, E::Aes256Gcm, M::Aead),
        row("AES128-CCM", "TLS_RSA_WITH_AES_128_CCM", K::Rsa, A::Rsa, E::Aes128Ccm, M::Aead),
        row("AES256-CCM", "TLS_RSA_WITH_AES_256_CCM", K::Rsa, A::Rsa, E::Aes256Ccm, M::Aead),
        row("AES128-CCM8", "TLS_RSA_WITH_AES_128_CCM_8", K::Rsa, A::Rsa, E::Aes128Ccm8, M::Aead),
        row("AES256-CCM8", "TLS_RSA_WITH_AES_256_CCM_8", K::Rsa, A::Rsa, E::Aes256Ccm8, M::Aead),
        row("ARIA128-GCM-SHA256", "TLS_RSA_WITH_ARIA_128_GCM_SHA256", K::Rsa, A::Rsa, E::Aria128Gcm, M::Aead),
        row("ARIA256-GCM-SHA384", "TLS_RSA_WITH_ARIA_256_GCM_SHA384", K::Rsa, A::Rsa, E::Aria256Gcm, M::Aead),
        row("AES128-SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA256", K::Rsa, A::Rsa, E::Aes128Cbc, M::Sha256),
        row("AES256-SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256", K::Rsa, A::Rsa, E::Aes256Cbc, M::Sha256),
        row("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", K::Rsa, A::Rsa, E::Aes128Cbc, M::Sha1),
        row("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", K::Rsa, A::Rsa, E::Aes256Cbc, M::Sha1),
        row("CAMELLIA128-SHA256", "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256", K::Rsa, A::Rsa, E::Camellia128Cbc, M::Sha256),
        row("CAMELLIA256-SHA256", "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256", K::Rsa, A::Rsa, E::Camellia256Cbc, M::Sha256),
        row("CAMELLIA128-SHA", "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", K::Rsa, A::Rsa, E::Camellia128Cbc, M::Sha1),
        row("CAMELLIA256-SHA", "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA", K::Rsa, A::Rsa, E::Camellia256Cbc, M::Sha1),
        row("SEED-SHA", "TLS_RSA_WITH_SEED_CBC_SHA", K::Rsa, A::Rsa, E::Seed, M::Sha1),
        row("IDEA-CBC-SHA", "TLS_RSA_WITH_IDEA_CBC_SHA", K::Rsa, A::Rsa, E::Idea, M::Sha1),
        row("DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", K::Rsa, A::Rsa, E::TripleDes, M::Sha1),
        row("DES-CBC-SHA", "TLS_RSA_WITH_DES_CBC_SHA", K::Rsa, A::Rsa, E::Des, M::Sha1),
        row("RC4-SHA", "TLS_RSA_WITH_RC4_128_SHA", K::Rsa, A::Rsa, E::Rc4, M::Sha1),
        row("RC4-MD5", "TLS_RSA_WITH_RC4_128_MD5", K::Rsa, A::Rsa, E::Rc4, M::Md5),
        row("NULL-SHA256", "TLS_RSA_WITH_NULL_SHA256", K::Rsa, A::Rsa, E::Null, M::Sha256),
        row("NULL-SHA", "TLS_RSA_WITH_NULL_SHA", K::Rsa, A::Rsa, E::Null, M::Sha1),
        row("NULL-MD5", "TLS_RSA_WITH_NULL_MD5", K::Rsa, A::Rsa, E::Null, M::Md5),
        row(
            "ADH-AES128-GCM-SHA256",
            "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
            K::Dhe,
            A::Anonymous,
            E::Aes128Gcm,
            M::Aead,
        ),
        row(
            "ADH-AES256-GCM-SHA384",
            "TLS_DH_anon_WITH_AES_256_GCM_SHA384",
            K::Dhe,
            A::Anonymous,
            E::Aes256Gcm,
            M::Aead,
        ),
        row("ADH-AES128-SHA256", "TLS_DH_anon_WITH_AES_128_CBC_SHA256", K::Dhe, A::Anonymous, E::Aes128Cbc, M::Sha256),
        row("ADH-AES256-SHA256", "TLS_DH_anon_WITH_AES_256_CBC_SHA256", K::Dhe, A::Anonymous, E::Aes256Cbc, M::Sha256),
        row("ADH-AES128-SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA", K::Dhe, A::Anonymous, E::Aes128Cbc, M::Sha1),
        row("ADH-AES256-SHA", "TLS_DH_anon_WITH_AES_256_CBC_SHA", K::Dhe, A::Anonymous, E::Aes256Cbc, M::Sha1),
        row("ADH-DES-CBC3-SHA", "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", K::Dhe, A::Anonymous, E::TripleDes, M::Sha1),
        row("ADH-RC4-MD5", "TLS_DH_anon_WITH_RC4_128_MD5", K::Dhe, A::Anonymous, E::Rc4, M::Md5),
        row("AECDH-AES128-SHA", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", K::Ecdhe, A::Anonymous, E::Aes128Cbc, M::Sha1),
        row("AECDH-AES256-SHA", "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", K::Ecdhe, A::Anonymous, E::Aes256Cbc, M::Sha1),
        row("AECDH-DES-CBC3-SHA", "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA", K::Ecdhe, A::Anonymous, E::TripleDes, M::Sha1),
        row("AECDH-RC4-SHA", "TLS_ECDH_anon_WITH_RC4_128_SHA", K::Ecdhe, A::Anonymous, E::Rc4, M::Sha1),
        row("AECDH-NULL-SHA", "TLS_ECDH_anon_WITH_NULL_SHA", K::Ecdhe, A::Anonymous, E::Null, M::Sha1),
        row("EXP-RC4-MD5", "TLS_RSA_EXPORT_WITH_RC4_40_MD5", K::Rsa, A::Rsa, E::Export, M::Md5),
        row("EXP-RC2-CBC-MD5", "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", K::Rsa, A::Rsa, E::Export, M::Md5),
        row("EXP-DES-CBC-SHA", "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", K::Rsa, A::Rsa, E::Export, M::Sha1),
        row("EXP-DHE-RSA-DES-CBC-SHA", "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", K::Dhe, A::Rsa, E::Export, M::Sha1),
        row("EXP-ADH-RC4-MD5", "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5", K::Dhe, A::Anonymous, E::Export, M::Md5),
    ]
};
