//! Cipher strings of OpenSSL and `BoringSSL`: names, keywords and operators (openssl-ciphers(1); `ssl/ssl_ciph.c`,
//! `ssl_create_cipher_list`).
//!
//! A keyword stands for all suites with some property, so it is read as that property over the table of suites. Suites that libraries
//! of today leave out unless they are built otherwise (RC4, 3DES, export), and those without encryption, count only where they are asked
//! for by name or by a keyword that means them; a broad one (`ALL`, `HIGH`, `RSA`) does not bring them. So what is found is surely asked for. Words that are not known
//! are ignored by OpenSSL, or stand for suites that are not known here: where they would enable something, it cannot be said.

use std::collections::BTreeSet;

use super::{
    Authentication::{Anonymous, Dss, Ecdsa, Rsa as RsaKey},
    Encryption::{
        self, Aes128Cbc, Aes128Ccm, Aes128Ccm8, Aes128Gcm, Aes256Cbc, Aes256Ccm, Aes256Ccm8, Aes256Gcm, Aria128Gcm,
        Aria256Gcm, Camellia128Cbc, Camellia128Gcm, Camellia256Cbc, Camellia256Gcm, Chacha20, Des, Export, Idea, Null,
        Rc4, Seed, TripleDes,
    },
    Exchange::{self, Dh, Dhe, Ecdh, Ecdhe},
    Mac, Offer, Suite, is_of_no_account,
    suites::SUITES,
};

type Suites = BTreeSet<&'static Suite>;

/// What a cipher string offers.
pub(super) fn offered(text: &str) -> Offer {
    let mut offer = Offer::default();
    let mut killed = Suites::new();
    let mut level = None;
    // Envoy's groups of equal preference, `[A|B]`, are one more way to separate names.
    let separators = [':', ',', ';', '[', ']', '|'];
    let words = text.split(|c: char| separators.contains(&c) || c.is_whitespace()).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if let Some(command) = word.strip_prefix('@') {
            match command.strip_prefix("SECLEVEL=") {
                Some(value) => level = value.parse::<u8>().ok().or(level),
                None if command == "STRENGTH" => {}
                None => offer.asks_for_unknown(word),
            }
            continue;
        }
        let (operator, meant) = match word.split_at_checked(1) {
            Some((operator @ ("!" | "-" | "+"), rest)) => (operator, rest),
            _ => ("", word),
        };
        let reach = match operator {
            "" if index == 0 => Reach::First,
            "" => Reach::Enabled,
            _ => Reach::Taken,
        };
        let Some(meant) = meaning(meant, reach) else {
            if operator.is_empty() && !is_of_no_account(meant) {
                offer.asks_for_unknown(meant);
            }
            continue;
        };
        match operator {
            "" => offer.suites.extend(meant.difference(&killed)),
            "-" => offer.suites.retain(|suite| !meant.contains(suite)),
            "!" => {
                offer.suites.retain(|suite| !meant.contains(suite));
                killed.extend(meant);
            }
            // It only moves suites to the end.
            _ => {}
        }
    }
    offer.is_level_zero = level == Some(0);
    // From level 3 on OpenSSL takes forward secret suites alone (ssl/ssl_cert.c, `ssl_security_default_callback`).
    if level.is_some_and(|level| level >= 3) {
        offer.suites.retain(|suite| suite.is_forward_secret());
    }
    offer
}

/// What becomes of the suites that a word stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// They are enabled by the first word, which may be `DEFAULT`.
    First,
    /// They are enabled.
    Enabled,
    /// They are taken away or moved: all of them, whether libraries of today have them or not.
    Taken,
}

/// The suites that a word stands for; `None` if it is not known.
fn meaning(word: &str, reach: Reach) -> Option<Suites> {
    if let Some(suite) = Suite::by_openssl(word).or_else(|| Suite::by_iana(word)) {
        return Some([suite].into());
    }
    if word == "DEFAULT" && reach == Reach::First {
        return Some(SUITES.iter().filter(|suite| is_of_all(suite) && suite.authentication != Anonymous).collect());
    }
    let keywords: Vec<&str> = word.split('+').collect();
    let names_its_cipher = keywords.iter().any(|keyword| NAMING.contains(keyword));
    let means_null = keywords.iter().any(|keyword| ["COMPLEMENTOFALL", "eNULL", "NULL"].contains(keyword));
    let is_brought = |suite: &&Suite| match suite.encryption {
        _ if reach == Reach::Taken => true,
        Null => means_null,
        _ => names_its_cipher || !suite.is_withdrawn(),
    };
    let mut meant: Suites = SUITES.iter().filter(is_brought).collect();
    for keyword in keywords {
        if !is_keyword(keyword) {
            return None;
        }
        meant.retain(|suite| has(suite, keyword));
    }
    Some(meant)
}

/// The keywords that mean ciphers which libraries of today leave out: whoever writes them asks for them.
const NAMING: [&str; 14] = [
    "RC4", "RC2", "3DES", "DES", "IDEA", "SEED", "MD5", "LOW", "MEDIUM", "EXP", "EXPORT", "EXPORT40", "EXPORT56",
    "SSLv2",
];

/// Every keyword whose meaning is known.
const KEYWORDS: [&str; 56] = [
    "ALL",
    "COMPLEMENTOFALL",
    "COMPLEMENTOFDEFAULT",
    "HIGH",
    "MEDIUM",
    "LOW",
    "EXP",
    "EXPORT",
    "EXPORT40",
    "EXPORT56",
    "eNULL",
    "NULL",
    "aNULL",
    "kRSA",
    "RSA",
    "aRSA",
    "kDHr",
    "kDHd",
    "kDH",
    "kEDH",
    "kDHE",
    "DH",
    "EDH",
    "DHE",
    "ADH",
    "kECDHr",
    "kECDHe",
    "kECDH",
    "kEECDH",
    "kECDHE",
    "ECDH",
    "EECDH",
    "ECDHE",
    "AECDH",
    "aDSS",
    "DSS",
    "aECDSA",
    "ECDSA",
    "TLSv1.2",
    "TLSv1.0",
    "TLSv1",
    "SSLv3",
    "SSLv2",
    "AES128",
    "AES256",
    "AES",
    "AESGCM",
    "AESCCM",
    "AESCCM8",
    "CHACHA20",
    "ARIA",
    "CAMELLIA",
    "SHA",
    "SHA1",
    "SHA256",
    "SHA384",
];

/// Whether a keyword's meaning is known: of properties, or of one cipher.
fn is_keyword(keyword: &str) -> bool {
    const CIPHERS: [&str; 11] =
        ["RC4", "RC2", "3DES", "DES", "IDEA", "SEED", "MD5", "ARIA128", "ARIA256", "CAMELLIA128", "CAMELLIA256"];
    KEYWORDS.contains(&keyword) || CIPHERS.contains(&keyword)
}

/// Whether a suite is one of those that a keyword stands for.
fn has(suite: &Suite, keyword: &str) -> bool {
    let (exchange, authentication, mac) = (suite.exchange, suite.authentication, suite.mac);
    let is = |some: &[Encryption]| some.contains(&suite.encryption);
    let named = authentication != Anonymous;
    match keyword {
        "ALL" => is_of_all(suite),
        "COMPLEMENTOFALL" | "eNULL" | "NULL" => is(&[Null]),
        "COMPLEMENTOFDEFAULT" | "aNULL" => !named,
        "HIGH" => is_of_all(suite) && !suite.is_withdrawn(),
        "MEDIUM" => is(&[Rc4, Seed, Idea, TripleDes]),
        "LOW" | "DES" => is(&[Des]),
        "EXP" | "EXPORT" | "EXPORT40" | "EXPORT56" => is(&[Export]),
        "kRSA" | "RSA" => exchange == Exchange::Rsa,
        "aRSA" => authentication == RsaKey,
        "kDHr" | "kDHd" | "kDH" => exchange == Dh,
        "kEDH" | "kDHE" => exchange == Dhe,
        "DH" => matches!(exchange, Dhe | Dh),
        "EDH" | "DHE" => exchange == Dhe && named,
        "ADH" => exchange == Dhe && !named,
        "kECDHr" | "kECDHe" | "kECDH" => exchange == Ecdh,
        "kEECDH" | "kECDHE" => exchange == Ecdhe,
        "ECDH" => matches!(exchange, Ecdhe | Ecdh),
        "EECDH" | "ECDHE" => exchange == Ecdhe && named,
        "AECDH" => exchange == Ecdhe && !named,
        "aDSS" | "DSS" => authentication == Dss,
        "aECDSA" | "ECDSA" => authentication == Ecdsa,
        "TLSv1.2" => matches!(mac, Mac::Aead | Mac::Sha256 | Mac::Sha384),
        "TLSv1.0" | "TLSv1" | "SSLv3" => matches!(mac, Mac::Sha1 | Mac::Md5),
        "AES128" => is(&[Aes128Gcm, Aes128Cbc, Aes128Ccm, Aes128Ccm8]),
        "AES256" => is(&[Aes256Gcm, Aes256Cbc, Aes256Ccm, Aes256Ccm8]),
        "AES" => has(suite, "AES128") || has(suite, "AES256"),
        "AESGCM" => is(&[Aes128Gcm, Aes256Gcm]),
        "AESCCM" => is(&[Aes128Ccm, Aes256Ccm, Aes128Ccm8, Aes256Ccm8]),
        "AESCCM8" => is(&[Aes128Ccm8, Aes256Ccm8]),
        "CHACHA20" => is(&[Chacha20]),
        "ARIA128" => is(&[Aria128Gcm]),
        "ARIA256" => is(&[Aria256Gcm]),
        "ARIA" => is(&[Aria128Gcm, Aria256Gcm]),
        "CAMELLIA128" => is(&[Camellia128Cbc, Camellia128Gcm]),
        "CAMELLIA256" => is(&[Camellia256Cbc, Camellia256Gcm]),
        "CAMELLIA" => has(suite, "CAMELLIA128") || has(suite, "CAMELLIA256"),
        "3DES" => is(&[TripleDes]),
        "RC4" => is(&[Rc4]) || suite.openssl.contains("RC4"),
        "RC2" => suite.openssl.contains("RC2"),
        "IDEA" => is(&[Idea]),
        "SEED" => is(&[Seed]),
        "MD5" => mac == Mac::Md5,
        "SHA" | "SHA1" => mac == Mac::Sha1,
        "SHA256" => mac == Mac::Sha256,
        "SHA384" => mac == Mac::Sha384,
        _ => false,
    }
}

/// Whether `ALL` stands for it: every suite that encrypts, anonymous ones included.
fn is_of_all(suite: &Suite) -> bool {
    suite.encryption != Null && !suite.is_withdrawn()
}
