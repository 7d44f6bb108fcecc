//! Secrets, as far as anybody may know them: public facts, never a key.

use super::{Meta, Name};

/// A Secret. No type of the model can hold the bytes of a key: they die in the decoder.
#[derive(Clone, PartialEq, Debug)]
pub struct Secret {
    /// Name, owners, labels.
    pub meta: Meta,
    /// `type`.
    pub secret_type: Name,
    /// What `tls.crt` and `tls.key` come to, for Secrets of type `kubernetes.io/tls`.
    pub tls: Option<TlsFacts>,
}

/// What a `kubernetes.io/tls` Secret holds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TlsFacts {}
