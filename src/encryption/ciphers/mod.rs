//! Cipher suites: what a list offers, in whichever notation it is written, and what is weak of it.
//!
//! A list becomes one set of suites ([`Offer`]). What is judged is the set: the same suites written for nginx, Go and Envoy get the
//! same verdict. The measure is Mozilla's intermediate configuration 6.0, six suites, all forward secret and all AEAD; the DHE twins of
//! those with RSA, which version 5.7 still had, are no worse (they were dropped for their cost) and are let pass, for ingress-nginx
//! offers two of them by default. What is outside that list is weak in a certain degree ([`Weakness`]), and a ruleset may allow more.

mod openssl;
mod suites;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use crate::{
    edge::{By, Ciphers, Doubt, EdgeSettings, Notation, Setting},
    model::Name,
};

pub use suites::{Authentication, Encryption, Exchange, Mac, Suite};

use super::policies;

/// Why a suite is weak. Their order is their badness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are explained by their words.
pub enum Weakness {
    NotListed,
    CbcWithSha1,
    NoForwardSecrecy,
    SmallBlocks,
    LevelZero,
    ShortKey,
    Rc4,
    Md5,
    Export,
    Anonymous,
    Null,
}

impl Weakness {
    /// The reason, to follow the name of a suite in parentheses.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotListed => "not in Mozilla's intermediate list",
            Self::CbcWithSha1 => "CBC with SHA-1",
            Self::NoForwardSecrecy => "no forward secrecy",
            Self::SmallBlocks => "64-bit blocks",
            Self::LevelZero => "allows keys and signatures of any weakness",
            Self::ShortKey => "a 56-bit key",
            Self::Rc4 => "RC4",
            Self::Md5 => "MD5",
            Self::Export => "export-grade keys",
            Self::Anonymous => "no authentication",
            Self::Null => "no encryption",
        }
    }

    /// Whether traffic can be read or forged today, by whoever makes the effort: what no default may bring unseen.
    pub fn is_broken(self) -> bool {
        self >= Self::SmallBlocks
    }

    /// How much it counts beside others.
    pub fn weight(self) -> u64 {
        match self {
            Self::NotListed => 1,
            Self::CbcWithSha1 => 2,
            Self::NoForwardSecrecy => 4,
            Self::SmallBlocks => 16,
            _ => 64,
        }
    }
}

impl Suite {
    /// Why it is weak; `None` for those of the list.
    pub fn weakness(&self) -> Option<Weakness> {
        use Encryption::{
            Aes128Cbc, Aes128Gcm, Aes256Cbc, Aes256Gcm, Camellia128Cbc, Camellia256Cbc, Chacha20, Des, Export, Idea,
            Null, Rc4, Seed, TripleDes,
        };
        if self.encryption == Null {
            return Some(Weakness::Null);
        }
        if self.authentication == Authentication::Anonymous {
            return Some(Weakness::Anonymous);
        }
        match (self.encryption, self.mac) {
            (Export, _) => return Some(Weakness::Export),
            (_, Mac::Md5) => return Some(Weakness::Md5),
            (Rc4, _) => return Some(Weakness::Rc4),
            (Des, _) => return Some(Weakness::ShortKey),
            (TripleDes | Idea, _) => return Some(Weakness::SmallBlocks),
            _ => {}
        }
        if !self.is_forward_secret() {
            return Some(Weakness::NoForwardSecrecy);
        }
        match self.encryption {
            Aes128Gcm | Aes256Gcm | Chacha20 if self.authentication != Authentication::Dss => None,
            Aes128Cbc | Aes256Cbc | Camellia128Cbc | Camellia256Cbc | Seed if self.mac == Mac::Sha1 => {
                Some(Weakness::CbcWithSha1)
            }
            _ => Some(Weakness::NotListed),
        }
    }
}

/// What a list offers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offer {
    /// The suites of TLS 1.2 and before that are surely offered.
    pub suites: BTreeSet<&'static Suite>,
    /// Whether OpenSSL is told to take keys and signatures of any weakness (`@SECLEVEL=0`).
    pub is_level_zero: bool,
    /// What is asked for besides, and not known. Capped: nobody reads more.
    pub unknown: BTreeSet<Name>,
}

/// Something weak of an offer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Weak {
    /// Why; the worst sorts last.
    pub weakness: Weakness,
    /// The suite, or the part of the list, as OpenSSL writes it.
    pub name: &'static str,
}

/// How many unknown words are kept of a list.
const UNKNOWN: usize = 8;

impl Offer {
    /// What is weak of it, the worst first. `allowed` are the suites that the ruleset lets pass.
    pub fn weak(&self, allowed: &BTreeSet<&'static Suite>) -> Vec<Weak> {
        let suites = self.suites.iter().filter(|suite| !allowed.contains(*suite));
        let level = self.is_level_zero.then_some(Weak { weakness: Weakness::LevelZero, name: "@SECLEVEL=0" });
        let weak = suites.filter_map(|suite| Some(Weak { weakness: suite.weakness()?, name: suite.openssl }));
        let mut weak: Vec<Weak> = weak.chain(level).collect();
        weak.sort_by(|one, other| other.weakness.cmp(&one.weakness).then(one.name.cmp(other.name)));
        weak
    }

    fn asks_for_unknown(&mut self, word: &str) {
        if self.unknown.len() < UNKNOWN {
            self.unknown.insert(word.into());
        }
    }
}

/// What a list offers, as it is written.
pub fn offered(notation: Notation, text: &str) -> Offer {
    match notation {
        Notation::OpenSsl => openssl::offered(text),
        Notation::Go | Notation::Iana => {
            let mut offer = Offer::default();
            for name in text.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty()) {
                match Suite::by_iana(name) {
                    Some(suite) => {
                        offer.suites.insert(suite);
                    }
                    None if is_of_no_account(name) => {}
                    None => offer.asks_for_unknown(name),
                }
            }
            offer
        }
    }
}

/// Whether a name is one of TLS 1.3, whose suites are all sound, or a signal and no suite at all.
fn is_of_no_account(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
        "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        "TLS_FALLBACK_SCSV",
        // HAProxy's and Envoy's documentation writes these in lists of suites.
        "TLS13-AES-128-GCM-SHA256",
        "TLS13-AES-256-GCM-SHA384",
    ];
    NAMES.contains(&name) || name == "TLS13-CHACHA20-POLY1305-SHA256"
}

/// What is offered, as objects and the ruleset's environment settle it together.
#[derive(Clone, PartialEq, Debug)]
pub struct Settled {
    /// The offer, where it is known.
    pub offer: Result<Arc<Offer>, Doubt>,
    /// Who says so.
    pub by: By,
    /// The policy of a cloud whose offer it is: nobody can take single suites out of it.
    pub policy: Option<Name>,
}

/// What is offered, with what the ruleset's environment says of it.
pub fn settled(setting: &Setting<Ciphers>, controller: Option<&Name>, edge: &EdgeSettings) -> Settled {
    let policy = controller.and_then(|name| edge.of(name)?.tls_policy.as_ref());
    let (policy, by) = match (&setting.by, policy, &setting.value) {
        (by, _, Ciphers::Sound) => (None, by.clone()),
        // A policy that the operator names is what the controller takes where nobody names one.
        (By::Default(_), Some(policy), _) => (Some(policy), By::Environment),
        (by, _, Ciphers::Policy(name)) => (Some(name), by.clone()),
        (by, _, Ciphers::Written(..) | Ciphers::Unknown(_)) => (None, by.clone()),
    };
    let offer = match (policy, &setting.value) {
        (Some(policy), _) => of_policy(policy, edge).map(Arc::new),
        (None, Ciphers::Written(notation, text)) => Ok(match by {
            By::Default(_) => by_default(*notation, text),
            By::Field(_) | By::Environment => Arc::new(offered(*notation, text)),
        }),
        (None, Ciphers::Unknown(doubt)) => Err(doubt.clone()),
        (None, Ciphers::Sound | Ciphers::Policy(_)) => Ok(Arc::default()),
    };
    Settled { offer, by, policy: policy.cloned() }
}

/// As [`offered`], of a list that a controller has built in. There are few of these, and nearly every Ingress has one of them: the
/// lock is held to look, not to copy.
fn by_default(notation: Notation, text: &Name) -> Arc<Offer> {
    type Known = BTreeMap<(Notation, Name), Arc<Offer>>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry((notation, text.clone())).or_insert_with(|| Arc::new(offered(notation, text))))
}

/// What a policy of a cloud offers. One that the ruleset names under `tlsPolicies` is vouched for: its suites are nowhere to be seen.
fn of_policy(name: &Name, edge: &EdgeSettings) -> Result<Offer, Doubt> {
    if let Some(suites) = policies::suites(name) {
        return Ok(Offer { suites, ..Offer::default() });
    }
    if edge.tls_policies.contains_key(name) { Ok(Offer::default()) } else { Err(policies::doubt(name)) }
}
