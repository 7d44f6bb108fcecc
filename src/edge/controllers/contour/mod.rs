//! Contour, as a provider of `networking.k8s.io/v1` Ingresses, and with its own kind ([`proxy`]).
//!
//! Every rule is served in plaintext, unless the Ingress forbids that (`kubernetes.io/ingress.allow-http: "false"`, nothing but
//! this very text) or asks for a redirect (`ingress.kubernetes.io/force-ssl-redirect: "true"`, which goes first). TLS is opened
//! **beside** that for the hosts of `spec.tls` whose Secret is there, and a rule gets it if its host is literally one of them:
//! the hosts of all Ingresses count alike. A missing Secret leaves plaintext alone. There is no default certificate, and
//! no TLS for rules without a host.
//!
//! Contour finds its classes by their name and reads no `IngressClass`, so that its `spec.controller` is a convention.

mod backends;
mod proxy;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::{
    edge::{
        By, Cause, CausePlace, CertificateUse, Ciphers, ClientCertificates, Hop, Mend, Notation, Oldest, Setting,
        TlsSettings, Vouched,
        hosts::{self, Listed, Wanted},
    },
    model::{FieldPath, Ingress, Kind, Name, ObjectKey, Place, TlsVersion, annotations::CONTOUR_CERTIFICATE_NAMESPACE},
    snapshot::Snapshot,
};

use super::{
    Controller, Doubt, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls,
    certificates::{Certificates, Sharing},
    secrets,
    values::key_of,
};

pub(super) use proxy::surface;

/// Adds those whom a change of this object concerns, beyond those that refer to it.
pub(super) fn alters(snapshot: &Snapshot, key: &ObjectKey, out: &mut Vec<ObjectKey>) {
    if matches!(key.kind, Kind::HTTPProxy | Kind::Service) {
        proxy::alters(snapshot, key, out);
    }
}

/// Contour.
#[derive(Debug)]
pub(super) struct Contour;

static IDENTITY: Identity = Identity {
    title: "Contour",
    controllers: &["projectcontour.io/ingress-controller", "projectcontour.io/contour"],
    annotation: Some("contour"),
    matching: HostMatch::Exact,
    missing_secret: MissingSecret::Plaintext,
    source: "https://github.com/projectcontour/contour: internal/dag/ingress_processor.go, \
             internal/dag/httpproxy_processor.go, internal/annotation/annotations.go",
};

/// The hosts of all Ingresses count alike.
static SHARING: Sharing = Sharing { matching: HostMatch::Exact, leaves_out: |_| false };

const FORCE_REDIRECT: &str = "ingress.kubernetes.io/force-ssl-redirect";
const ALLOW_HTTP: &str = "kubernetes.io/ingress.allow-http";
const MIN_VERSION: &str = "projectcontour.io/tls-minimum-protocol-version";
/// Who speaks where nobody does.
const CONTOUR: By = By::Default("the default of Contour");
/// `DefaultTLSCiphers` of apis/projectcontour/v1alpha1.
const SUITES: &str = "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:\
                      [ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:\
                      ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

static BESIDE_TLS: Cause = Cause {
    fact: "Contour serves plaintext beside TLS unless it is told to redirect",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::Annotate(FORCE_REDIRECT, "true")],
};
static NO_TLS: Cause = Cause {
    fact: "no spec.tls has this very host, and Contour serves plaintext unless it is told to redirect",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls, Mend::Annotate(FORCE_REDIRECT, "true")],
};
static ANY_HOST: Cause = Cause {
    fact: "Contour opens no TLS for requests of any host",
    places: &[CausePlace::Point],
    mends: &[Mend::NameHost, Mend::Annotate(FORCE_REDIRECT, "true")],
};

impl Controller for Contour {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    /// Rules with paths, and the default backend.
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        super::backends::with_paths(ingress, hosts::points(ingress, wanted))
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let ingress = reading.ingress;
        let refused = if annotation(ingress, FORCE_REDIRECT) == Some("true") {
            Some(Plaintext::Redirected)
        } else {
            (annotation(ingress, ALLOW_HTTP) == Some("false")).then_some(Plaintext::Closed)
        };
        Box::new(VirtualHosts {
            reading,
            refused,
            listed: Listed::new(&ingress.tls),
            certificates: reading.snapshot.memo().table(),
        })
    }

    fn settings(&self, Reading { ingress, vouched, controller, .. }: Reading<'_>) -> Vec<TlsSettings> {
        if ingress.tls.is_empty() {
            return Vec::new();
        }
        let path = FieldPath::new("metadata.annotations").field(MIN_VERSION);
        let object = key_of(ingress);
        let oldest = oldest(annotation(ingress, MIN_VERSION), Place { object, path }, vouched, controller);
        vec![settings(oldest, Setting { value: ClientCertificates::NotAsked, by: CONTOUR })]
    }

    /// The Secrets of `spec.tls`, of another namespace where an annotation says so and a `TLSCertificateDelegation` allows it.
    fn certificates(&self, Reading { ingress, .. }: Reading<'_>) -> Vec<CertificateUse> {
        let is_refused =
            annotation(ingress, FORCE_REDIRECT) == Some("true") || annotation(ingress, ALLOW_HTTP) == Some("false");
        let missing = if is_refused { MissingSecret::NoRoute } else { MissingSecret::Plaintext };
        let mut uses = secrets::of_tls(ingress, missing);
        if let Some(namespace) =
            annotation(ingress, CONTOUR_CERTIFICATE_NAMESPACE).filter(|namespace| !namespace.is_empty())
        {
            for used in &mut uses {
                used.secret.namespace = Some(namespace.into());
            }
        }
        uses
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        backends::of_ingress(reading)
    }
}

/// What an Ingress asks Contour to open.
struct VirtualHosts<'a> {
    reading: Reading<'a>,
    /// What becomes of plaintext where it is refused.
    refused: Option<Plaintext>,
    listed: Listed<'a>,
    /// What other Ingresses bring.
    certificates: Arc<Certificates>,
}

impl Opening for VirtualHosts<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        if let Some(refused) = &self.refused {
            return refused.clone();
        }
        Plaintext::Served(match &point.host {
            None => &ANY_HOST,
            Some(host) if self.has_tls(host) => &BESIDE_TLS,
            Some(_) => &NO_TLS,
        })
    }

    fn tls(&self, point: &Point, plaintext: &Plaintext) -> Tls {
        if self.reading.ingress.tls.is_empty() && !plaintext.is_refused() {
            return Tls::None;
        }
        match &point.host {
            None => Tls::Unknown(Doubt::new("Contour opens no TLS for requests of any host", "give the rule a host")),
            Some(host) if self.has_tls(host) => Tls::Covered,
            Some(_) => Tls::Uncovered,
        }
    }
}

impl VirtualHosts<'_> {
    /// Whether TLS is asked for a host, by this Ingress or by another one that has the host, too.
    fn has_tls(&self, host: &Name) -> bool {
        self.listed.covers(host, IDENTITY.matching) || self.certificates.another_covers(&SHARING, &self.reading, host)
    }
}

/// The oldest version. Contour knows 1.2 and 1.3, and takes anything else for its default.
fn oldest(text: Option<&str>, place: Place, vouched: Vouched<'_>, controller: Option<&Name>) -> Setting<TlsVersion> {
    let by = By::Field(place);
    match text {
        Some("1.2") => Setting { value: TlsVersion::Tls12, by },
        Some("1.3") => Setting { value: TlsVersion::Tls13, by },
        _ => {
            let said = controller.and_then(|name| vouched.settings.of(name)).and_then(|said| said.oldest_tls);
            said.map_or(Setting { value: TlsVersion::Tls12, by: CONTOUR }, |version| {
                Setting { value: version, by: By::Environment } //
            })
        }
    }
}

/// How Contour does TLS.
fn settings(oldest: Setting<TlsVersion>, client: Setting<ClientCertificates>) -> TlsSettings {
    let ciphers = if oldest.value < TlsVersion::Tls13 {
        Setting { value: Ciphers::Written(Notation::OpenSsl, SUITES.into()), by: CONTOUR }
    } else {
        Setting { value: Ciphers::Sound, by: oldest.by.clone() }
    };
    let oldest = Setting { value: Oldest::Version(oldest.value), by: oldest.by };
    TlsSettings { part: None, oldest, ciphers, client }
}

fn annotation<'a>(ingress: &'a Ingress, key: &str) -> Option<&'a str> {
    ingress.meta.annotations.value(key).map(Name::as_str)
}
