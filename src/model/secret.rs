//! Secrets, as far as anybody may know them: public facts, never a key.

use std::fmt;

use super::{Bundle, Meta, Name};

/// The type of a Secret that holds a certificate and its key.
pub const TLS_TYPE: &str = "kubernetes.io/tls";
/// The type of a Secret that names none.
pub const OPAQUE_TYPE: &str = "Opaque";
/// Where a TLS Secret holds its certificates, the server's first.
pub const CERTIFICATE: &str = "tls.crt";
/// Where a TLS Secret holds the key.
pub const PRIVATE_KEY: &str = "tls.key";
/// Where some controllers look for the authority of the clients; never trust for what is served.
pub const AUTHORITY: &str = "ca.crt";

/// A Secret. No type of the model can hold the bytes of a key: they die in the decoder.
#[derive(Clone, PartialEq, Debug)]
pub struct Secret {
    /// Name, owners, labels.
    pub meta: Meta,
    /// `type`; `Opaque` when none is given, as the API server has it.
    pub secret_type: Name,
    /// Whether both `tls.crt` and `tls.key` are there, whatever the type: some controllers serve such a Secret of another type,
    /// others do not.
    pub has_pair: bool,
    /// What `tls.crt` and `tls.key` come to, for Secrets of type `kubernetes.io/tls`; nothing is read of others.
    pub tls: Option<TlsFacts>,
}

/// What a `kubernetes.io/tls` Secret holds. The API server asks for no more than that both keys are there, were they empty.
#[derive(Clone, PartialEq, Debug)]
pub struct TlsFacts {
    /// The certificates of `tls.crt`.
    pub certificates: Result<Bundle, Unreadable>,
    /// Whether the key in `tls.key` is that of the first certificate.
    pub key: KeyMatch,
    /// Whether `tls.key` holds more than one private key. Servers take the first; Contour takes none of them.
    pub has_several_keys: bool,
    /// Whether there is a `ca.crt` as well.
    pub has_authority: bool,
}

/// Whether a private key is that of the first certificate beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyMatch {
    /// It is.
    Matches,
    /// It is another's.
    Differs(Instead),
    /// There is none that could be read.
    Unreadable(Unreadable),
    /// It cannot be said, and why: most often a kind of key that is not computed with here.
    Unknown(&'static str),
}

/// What a key that is not the first certificate's has to do with the rest of the Secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instead {
    /// Nothing.
    Nothing,
    /// It belongs to a later certificate of the list, by its position from 0: the server's certificate is not the first.
    Certificate(u16),
    /// A later key of `tls.key` is the certificate's.
    LaterKey,
}

/// Why a value cannot be read as what it is to be. Nothing here quotes the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// There is no such value.
    Missing,
    /// The value is empty, or white space.
    Empty,
    /// DER as it is, without the PEM around it.
    Der,
    /// PEM under one base64 too many: a text for `stringData` that was put into `data` by a tool that encodes it again.
    EncodedTwice,
    /// Neither PEM nor anything else that is known.
    NotPem,
    /// PEM, and none of its blocks is of the right kind; the kind of the first.
    WrongBlock(Block),
    /// A private key that only a password opens; servers in a cluster have none.
    Encrypted,
    /// A PEM block that is cut off, has no line of its own for its head or its end, or whose content is not base64.
    BrokenPem,
    /// A PEM block of the right kind, whose content is not what it says.
    Malformed,
}

/// What a PEM block says that it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Block {
    /// A certificate.
    Certificate,
    /// A request for a certificate.
    Request,
    /// A private key, in any of its forms.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// Something else.
    Other,
}

impl Secret {
    /// Whether it is of the type that holds a certificate and its key.
    pub fn is_tls(&self) -> bool {
        self.secret_type == TLS_TYPE
    }
}

impl Block {
    /// What it is, with its article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Certificate => "a certificate",
            Self::Request => "a certificate request",
            Self::PrivateKey => "a private key",
            Self::PublicKey => "a public key",
            Self::Other => "something else",
        }
    }
}

/// To be said behind the value's name: `tls.crt is empty`.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Empty => f.write_str("is empty"),
            Self::Der => f.write_str("is DER, which must be written as PEM"),
            Self::EncodedTwice => f.write_str("is base64 twice over"),
            Self::NotPem => f.write_str("is not PEM"),
            Self::WrongBlock(block) => write!(f, "holds {} instead", block.words()),
            Self::Encrypted => f.write_str("is encrypted with a password that no server knows"),
            Self::BrokenPem => f.write_str("holds a PEM block that is cut off or garbled"),
            Self::Malformed => f.write_str("holds a PEM block whose content cannot be read"),
        }
    }
}
