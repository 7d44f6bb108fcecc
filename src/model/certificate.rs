//! Certificates: what is written in them, and how those of one list hang together.
//!
//! Of the first certificate of a list, which a server sends as its own, all is kept that is judged; of the others, which lead up
//! to a root, only what can break the way there.

use std::{fmt, net::IpAddr};

use jiff::Timestamp;

use super::Name;

/// How many certificates of one list are read. Real lists have up to five; a Secret has room for hundreds.
pub const MAX_CERTIFICATES: usize = 16;
/// How many names of one certificate are kept. Public authorities put a hundred into one, few up to a thousand.
pub const MAX_NAMES: usize = 1_000;

/// The certificates of a `tls.crt`, in their order.
#[derive(Clone, PartialEq, Debug)]
pub struct Bundle {
    /// The first: the one that a server sends as its own, whatever it may be.
    pub leaf: CertificateFacts,
    /// Those behind it, as far as they could be read: position 1 and on.
    pub rest: Box<[ChainCertificate]>,
    /// How many certificates behind the first do not parse; they are not in `rest`. Some servers then refuse the whole list.
    pub unreadable: usize,
    /// How many are behind the [`MAX_CERTIFICATES`] that are read.
    pub unread: usize,
    /// Whether one certificate is in the list twice.
    pub has_duplicates: bool,
    /// Whether there is a private key among the certificates. Servers pass over it, Contour refuses the Secret.
    pub has_private_key: bool,
    /// Whether there are other PEM blocks, which servers pass over and Contour refuses.
    pub has_other_blocks: bool,
}

/// The certificate of a server.
#[derive(Clone, PartialEq, Debug)]
pub struct CertificateFacts {
    /// The DNS names of the subject alternative name, in lower case, in their order, at most [`MAX_NAMES`].
    pub names: Box<[Name]>,
    /// How many more names there are.
    pub names_left_out: usize,
    /// The addresses of the subject alternative name.
    pub addresses: Box<[IpAddr]>,
    /// The common name, which clients ignore (Go since 1.15).
    pub common_name: Option<Name>,
    /// Whose certificate it is, in short: the common name, else the organization, else the whole name.
    pub subject: Name,
    /// Who issued it, in short.
    pub issuer: Name,
    /// The organization that issued it, where the issuer's name says so.
    pub issuer_organization: Option<Name>,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid, that second included.
    pub not_after: Timestamp,
    /// The kind and strength of its key.
    pub key: PublicKey,
    /// What it is signed over.
    pub signature: SignatureHash,
    /// Basic constraints say `CA:TRUE`.
    pub is_authority: bool,
    /// Key usage allows it to sign certificates.
    pub may_sign: bool,
    /// Whether it may serve, by its extended key usage.
    pub serves: ServerUse,
    /// Who in the list issued it.
    pub issued_by: IssuedBy,
}

/// A certificate behind the first.
#[derive(Clone, PartialEq, Debug)]
pub struct ChainCertificate {
    /// Where in the list it stands; the first is 0.
    pub position: u16,
    /// Whose certificate it is, in short.
    pub subject: Name,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid, that second included.
    pub not_after: Timestamp,
    /// The kind and strength of its key.
    pub key: PublicKey,
    /// What it is signed over.
    pub signature: SignatureHash,
    /// Basic constraints say `CA:TRUE`: it may issue others.
    pub is_authority: bool,
    /// Who in the list issued it.
    pub issued_by: IssuedBy,
}

/// Who in a list issued a certificate: by the names, and by the signature where its algorithm can be computed here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IssuedBy {
    /// It signed itself: a root, or a certificate that no authority stands behind.
    Itself,
    /// The certificate at that position.
    Listed(u16),
    /// None of the list.
    Elsewhere,
}

/// The kind and the strength of a public key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PublicKey {
    /// RSA, by the bits of its modulus.
    Rsa {
        /// How many.
        bits: u32,
    },
    /// A point of a curve.
    Ecdsa(Curve),
    /// Ed25519.
    Ed25519,
    /// Another algorithm, by its object identifier or its name.
    Other(Name),
}

/// The curve of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Curve {
    /// P-192, also prime192v1.
    P192,
    /// P-224.
    P224,
    /// P-256.
    P256,
    /// P-384.
    P384,
    /// P-521.
    P521,
    /// Another, by its object identifier or its name.
    Other(Name),
}

/// The hash that a signature is made over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignatureHash {
    /// MD2, MD4 or MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256 and better, Ed25519's own among them.
    Strong,
    /// Not known, by the algorithm's object identifier.
    Other(Name),
}

/// What the extended key usage says about serving.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServerUse {
    /// `serverAuth` is named.
    Named,
    /// There is no extended key usage, or it allows everything: clients accept that, public authorities must not issue it.
    Unrestricted,
    /// There is one, and it does not name `serverAuth`: clients refuse.
    Excluded,
}

impl Bundle {
    /// How many certificates could be read.
    pub fn count(&self) -> usize {
        self.rest.len() + 1
    }

    /// The certificate of a position behind the first.
    pub fn at(&self, position: u16) -> Option<&ChainCertificate> {
        self.rest.iter().find(|certificate| certificate.position == position)
    }

    /// The certificates that lead up from the first one, nearest first, as far as the list has them.
    pub fn path(&self) -> Vec<&ChainCertificate> {
        let mut path: Vec<&ChainCertificate> = Vec::new();
        let mut issuer = self.leaf.issued_by;
        while let IssuedBy::Listed(position) = issuer
            && let Some(certificate) = self.at(position)
            && !path.iter().any(|known| known.position == position)
        {
            path.push(certificate);
            issuer = certificate.issued_by;
        }
        path
    }

    /// Whether each certificate is issued by the one behind it, as TLS up to 1.2 has it (RFC 5246, 7.4.2). What does not lead
    /// up from the first breaks the order as well.
    pub fn is_in_order(&self) -> bool {
        let followers = self.rest.iter().map(|certificate| certificate.position);
        self.path().iter().map(|certificate| certificate.position).eq(followers)
    }

    /// Whether nobody in the list issued the first certificate, and it did not do so itself: clients that do not know its issuer
    /// already cannot build a chain.
    pub fn lacks_issuer(&self) -> bool {
        self.leaf.issued_by == IssuedBy::Elsewhere
    }
}

impl CertificateFacts {
    /// Whether it signed itself.
    pub fn is_self_signed(&self) -> bool {
        self.issued_by == IssuedBy::Itself
    }

    /// Whether it names anything that clients compare with what they called.
    pub fn has_names(&self) -> bool {
        !self.names.is_empty() || !self.addresses.is_empty()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA with {bits} bits"),
            Self::Ecdsa(curve) => write!(f, "ECDSA on {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(name) => write!(f, "the algorithm {name}"),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P192 => "P-192",
            Self::P224 => "P-224",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Other(name) => name,
        })
    }
}

impl fmt::Display for SignatureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Strong => "SHA-256 or better",
            Self::Other(name) => name,
        })
    }
}
