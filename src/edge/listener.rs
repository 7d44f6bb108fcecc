//! What a controller opens for one host.

use crate::{model::FieldPath, model::Name, snapshot::Blind};

/// A host that an Ingress asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Point {
    /// The host; `None` for requests of any host.
    pub host: Option<Name>,
    /// Where the Ingress asks for it: `spec.rules[0].host`.
    pub at: FieldPath,
    /// Whether it is `spec.defaultBackend`, to which some controllers apply less than to a rule.
    pub is_default_backend: bool,
    /// Whether it comes from an annotation and no rule has it.
    pub is_alias: bool,
}

/// What is open for one host.
#[derive(Clone, PartialEq, Debug)]
pub struct Listener {
    /// The listener's own name, where the object has several for one host.
    pub name: Option<Name>,
    /// The host; `None` for requests of any host.
    pub host: Option<Name>,
    /// Where the Ingress asks for it.
    pub at: FieldPath,
    /// What becomes of plaintext requests.
    pub plaintext: Plaintext,
    /// What TLS connections find.
    pub tls: Tls,
}

/// What becomes of requests in plaintext.
#[derive(Clone, PartialEq, Debug)]
pub enum Plaintext {
    /// They reach the backend.
    Served(&'static Cause),
    /// They are answered with a redirect to HTTPS.
    Redirected,
    /// They find nothing.
    Closed,
    /// It cannot be said.
    Unknown(Doubt),
}

/// What TLS connections find.
#[derive(Clone, PartialEq, Debug)]
pub enum Tls {
    /// A certificate that was asked for this host (whether it is there, and good, other rules judge).
    Covered,
    /// TLS, and a certificate that nobody asked for this host: the Ingress asks for others' only.
    Uncovered,
    /// Nobody relies on TLS here.
    None,
    /// TLS, and whether the certificate names the host cannot be said.
    Unknown(Doubt),
}

impl Plaintext {
    /// Whether clients are meant to use TLS: plaintext is redirected or finds nothing.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Redirected | Self::Closed)
    }
}

/// What is not known, and what would settle it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// What is not known, and why.
    pub blind: Blind,
    /// What would settle it, as an instruction.
    pub settle: Name,
}

impl Doubt {
    /// A doubt that no read settles.
    pub fn new(what: impl Into<Name>, settle: impl Into<Name>) -> Self {
        Self { blind: Blind::Unknowable(what.into()), settle: settle.into() }
    }
}

impl From<Blind> for Doubt {
    fn from(blind: Blind) -> Self {
        let settle = match &blind {
            Blind::Undecodable(key) => format!("mend {key}, which the API server should not have accepted"),
            Blind::Forbidden(kind) | Blind::NotWatched(kind) => {
                format!("let Ringwall get, list and watch {}", kind.info().plural)
            }
            Blind::NotInFiles(kind) => format!("add the {kind} to what is checked"),
            Blind::Stale(_) | Blind::NotServed(_) | Blind::Unknowable(_) => "ask again when it can be read".to_owned(),
        };
        Self { blind, settle: settle.into() }
    }
}

/// Why a controller serves plaintext, as its own file knows it.
#[derive(PartialEq, Eq, Debug)]
pub struct Cause {
    /// The fact, to follow the host in a sentence: "has no entry in `spec.tls`".
    pub fact: &'static str,
    /// What shows it.
    pub places: &'static [CausePlace],
    /// What mends it; all of it is needed.
    pub mends: &'static [Mend],
}

/// The part of an Ingress that shows a cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CausePlace {
    /// An annotation.
    Annotation(&'static str),
    /// `spec.tls`.
    Tls,
    /// The rule or default backend that asks for the host.
    Point,
    /// Any other field.
    Field(&'static str),
}

/// One step that mends a cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mend {
    /// Annotate the Ingress.
    Annotate(&'static str, &'static str),
    /// Take an annotation away.
    RemoveAnnotation(&'static str),
    /// Add an entry to `spec.tls` with the host and a Secret.
    AddTls,
    /// Give the rule a host, or put a rule with a host in place of the default backend.
    NameHost,
    /// What must be done, as an instruction: "set spec.tls.redirect.enable: true".
    Words(&'static str),
}
