//! What TLS at the edge is set to, which certificates it uses, and what becomes of traffic behind it: one shape for all
//! controllers. What is good and bad of it is not judged here.

use crate::model::{FieldPath, Name, ObjectKey, Place, TlsVersion};

use super::{Doubt, MissingSecret};

/// A value, and who says so.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Who says so.
    pub by: By,
}

/// Who says what a setting is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum By {
    /// Nobody: the controller's own default, named as sentences name it ("the default of ingress-nginx").
    Default(&'static str),
    /// A field of an object: the one that opens the edge, an option that it refers to, or the controller's `ConfigMap`.
    Field(Place),
    /// The ruleset's environment.
    Environment,
}

/// How TLS is done where an object serves it.
#[derive(Clone, PartialEq, Debug)]
pub struct TlsSettings {
    /// The part of the object that it holds for, where parts differ: the name of a listener. `None` for all of it.
    pub part: Option<Name>,
    /// The oldest version that is accepted.
    pub oldest: Setting<Oldest>,
    /// The cipher suites that are offered, of TLS 1.2 and before.
    pub ciphers: Setting<Ciphers>,
    /// Whether clients show a certificate.
    pub client: Setting<ClientCertificates>,
}

impl TlsSettings {
    /// Those of which nothing can be said, for one reason.
    pub fn unknown(doubt: &Doubt, by: &By) -> Self {
        Self {
            part: None,
            oldest: Setting { value: Oldest::Unknown(doubt.clone()), by: by.clone() },
            ciphers: Setting { value: Ciphers::Unknown(doubt.clone()), by: by.clone() },
            client: Setting { value: ClientCertificates::Unknown(doubt.clone()), by: by.clone() },
        }
    }
}

/// The oldest version of TLS that is accepted.
#[derive(Clone, PartialEq, Debug)]
pub enum Oldest {
    /// This one.
    Version(TlsVersion),
    /// What a policy of that name, known to a cloud, says (`ELBSecurityPolicy-2016-08`).
    Policy(Name),
    /// It cannot be said.
    Unknown(Doubt),
}

/// The cipher suites that are offered.
#[derive(Clone, PartialEq, Debug)]
pub enum Ciphers {
    /// These, as they are written.
    Written(Notation, Name),
    /// What a policy of that name, known to a cloud, says.
    Policy(Name),
    /// None but sound ones, whatever is set: there is nothing to judge.
    Sound,
    /// It cannot be said.
    Unknown(Doubt),
}

/// How cipher suites are written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Notation {
    /// One OpenSSL cipher string: names, keywords and operators between colons (openssl-ciphers(1)). Envoy's lists, joined by
    /// colons, are of this notation too (`BoringSSL`: `[A|B]` groups).
    OpenSsl,
    /// Names of Go's `crypto/tls`, with commas between.
    Go,
    /// Names of the registry of IANA, with commas between.
    Iana,
}

/// Whether clients show a certificate.
#[derive(Clone, PartialEq, Debug)]
pub enum ClientCertificates {
    /// They are not asked.
    NotAsked,
    /// Whoever has none that is trusted is refused.
    Required,
    /// They are asked, and may connect without one that is trusted. The fact, to follow "client certificates".
    Optional(Name),
    /// It cannot be said.
    Unknown(Doubt),
}

/// A certificate that an object at the edge uses.
#[derive(Clone, PartialEq, Debug)]
pub struct CertificateUse {
    /// The Secret that holds it.
    pub secret: ObjectKey,
    /// The hosts that it must name; empty where nobody says which.
    pub hosts: Vec<Name>,
    /// Where the object names the Secret.
    pub at: FieldPath,
    /// What the controller does when the Secret is not there.
    pub missing: MissingSecret,
    /// Whether annotations of the object ask cert-manager to make it (ingress-shim, gateway-shim).
    pub is_issued: bool,
}

/// One hop from the edge to a Service.
#[derive(Clone, PartialEq, Debug)]
pub struct Hop {
    /// The Service; `None` where the backend is none.
    pub service: Option<ObjectKey>,
    /// Its port, by name or number.
    pub port: Option<Name>,
    /// The hosts whose requests go there; empty for any.
    pub hosts: Vec<Name>,
    /// Where the object names the backend.
    pub at: FieldPath,
    /// How the traffic is protected on it.
    pub protection: HopProtection,
}

/// How traffic is protected behind the edge.
#[derive(Clone, PartialEq, Debug)]
pub enum HopProtection {
    /// Not at all.
    Plaintext(By),
    /// By TLS of the controller's own.
    Tls(By, Verified),
    /// By the client's own TLS, which is passed on unopened.
    PassedThrough,
    /// It cannot be said.
    Unknown(Doubt),
}

/// Whether the controller checks the backend's certificate.
#[derive(Clone, PartialEq, Debug)]
pub enum Verified {
    /// It does.
    Yes,
    /// It does not, because of that.
    No(By),
    /// It cannot be said.
    Unknown(Doubt),
}
