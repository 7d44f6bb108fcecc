//! What is weak about a certificate, whatever it is used for, and for serving.

use std::fmt;

use crate::model::{
    AskedCertificate, Bundle, CertificateFacts, Curve, IssuedBy, Name, PublicKey, ServerUse, SignatureHash,
};

/// Below this, RSA keys are within reach of whoever can afford it; no public authority signs them and TLS libraries refuse them.
pub const MIN_RSA_BITS: u32 = 2048;

/// The usages of cert-manager that become an extended key usage without serving in it.
const OTHER_PURPOSES: [&str; 11] = [
    "client auth",
    "code signing",
    "email protection",
    "s/mime",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "timestamping",
    "ocsp signing",
    "microsoft sgc",
    "netscape sgc",
];

/// A weakness.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Weakness {
    /// The key, in words; of the certificate itself, or of the one above it that is named.
    Key(String, Option<Name>),
    /// The hash of the signature, in words; likewise.
    Signature(String, Option<Name>),
    /// It is an authority's, and clients that are careful do not take that from a server.
    Authority,
    /// Its extended key usage leaves serving out.
    Purpose,
}

impl Weakness {
    /// What it is about: weaknesses of one sort are one scale.
    pub fn sort(&self) -> Name {
        match self {
            Self::Key(_, None) => "key".into(),
            Self::Key(_, Some(whose)) => format!("key of {whose}").into(),
            Self::Signature(_, None) => "signature".into(),
            Self::Signature(_, Some(whose)) => format!("signature on {whose}").into(),
            Self::Authority => "authority".into(),
            Self::Purpose => "purpose".into(),
        }
    }

    /// What mends it, as an instruction.
    pub fn mend(&self) -> &'static str {
        match self {
            Self::Key(_, None) => "issue it anew with a key on P-256 or RSA with 2048 bits",
            Self::Signature(_, None) => "have it signed anew with SHA-256",
            Self::Key(_, Some(_)) | Self::Signature(_, Some(_)) => {
                "have it issued by an authority with strong keys and signatures"
            }
            Self::Authority => "let the authority issue a certificate for the host, and serve that",
            Self::Purpose => "issue it anew with the extended key usage serverAuth",
        }
    }
}

/// To be said behind the certificate: "its key is RSA with 1024 bits".
impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key, None) => write!(f, "its key is {key}"),
            Self::Key(key, Some(whose)) => write!(f, "the key of {whose} above it is {key}"),
            Self::Signature(hash, None) => write!(f, "it is signed with {hash}"),
            Self::Signature(hash, Some(whose)) => write!(f, "{whose} above it is signed with {hash}"),
            Self::Authority => f.write_str("it is an authority's own certificate, which could sign for any name"),
            Self::Purpose => f.write_str("its extended key usage does not name serverAuth, so that clients refuse it"),
        }
    }
}

/// What is weak about a certificate and those above it, whoever uses it. The signature of a root counts nothing: clients trust
/// the root and not what is written under it.
pub fn of_bundle(bundle: &Bundle) -> Vec<Weakness> {
    let leaf = &bundle.leaf;
    let own = [key(&leaf.key, None), signature(&leaf.signature, None)];
    let above = bundle.path().into_iter().filter(|above| above.issued_by != IssuedBy::Itself);
    let above = above
        .flat_map(|above| [key(&above.key, Some(&above.subject)), signature(&above.signature, Some(&above.subject))]);
    own.into_iter().chain(above).flatten().collect()
}

/// What is weak about a certificate that serves.
pub fn of_use(leaf: &CertificateFacts) -> Vec<Weakness> {
    // Who signs for himself is his own root; the flag then says no more than that.
    let authority = (leaf.is_authority && !leaf.is_self_signed()).then_some(Weakness::Authority);
    let purpose = (leaf.serves == ServerUse::Excluded).then_some(Weakness::Purpose);
    authority.into_iter().chain(purpose).collect()
}

/// What would be weak about the certificate that a Certificate of cert-manager asks for: whoever uses it, and for serving.
pub fn of_asked(asked: &AskedCertificate, is_used: bool) -> Vec<Weakness> {
    let bits = asked.size.unwrap_or(MIN_RSA_BITS);
    let weak = asked.algorithm == "RSA" && bits < MIN_RSA_BITS;
    let key = weak.then(|| Weakness::Key(PublicKey::Rsa { bits }.to_string(), None));
    let authority = (is_used && asked.is_ca).then_some(Weakness::Authority);
    let has = |usage: &str| asked.usages.iter().any(|asked| *asked == usage);
    let serves = has("server auth") || has("any") || !OTHER_PURPOSES.into_iter().any(has);
    let purpose = (is_used && !serves).then_some(Weakness::Purpose);
    key.into_iter().chain(authority).chain(purpose).collect()
}

fn key(key: &PublicKey, whose: Option<&Name>) -> Option<Weakness> {
    let is_strong = match key {
        PublicKey::Rsa { bits } => *bits >= MIN_RSA_BITS,
        PublicKey::Ecdsa(curve) => matches!(curve, Curve::P256 | Curve::P384 | Curve::P521),
        PublicKey::Ed25519 => true,
        PublicKey::Other(_) => false,
    };
    (!is_strong).then(|| Weakness::Key(key.to_string(), whose.cloned()))
}

/// A signature that is not known says nothing: newer ones than are known here are stronger, as a rule.
fn signature(hash: &SignatureHash, whose: Option<&Name>) -> Option<Weakness> {
    let is_weak = matches!(hash, SignatureHash::Md5 | SignatureHash::Sha1);
    is_weak.then(|| Weakness::Signature(hash.to_string(), whose.cloned()))
}
