//! GKE's own controller, which makes an Application Load Balancer of Google's of each Ingress.
//!
//! It has no `IngressClass`: it serves Ingresses by the annotation `kubernetes.io/ingress.class`, `gce` or `gce-internal`, and none
//! that have `spec.ingressClassName`. Certificates (of Secrets, `pre-shared-cert`, `managed-certificates`) add port 443, and
//! **port 80 stays** unless `allow-http` is off or a `FrontendConfig` redirects. The internal load balancer has one of the
//! two: asked for both, GKE changes nothing. Hosts of `spec.tls` are ignored: whichever certificate names the host is
//! served, else the first one.
//!
//! Without an SSL policy Google's load balancers accept TLS 1.0 and every suite of the profile COMPATIBLE (CIS Google Cloud
//! Platform Foundation Benchmark 3.0, 3.9). Of a policy only the name is written in the cluster.
//!
//! Sources: pkg/loadbalancers/l7.go (`edgeHop`), pkg/annotations/ingress.go and service.go, pkg/loadbalancers/certificates.go.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{
    edge::{
        By, Cause, CausePlace, Ciphers, ClientCertificates, Hop, HopProtection, Mend, Notation, Oldest, Setting,
        TlsSettings, Verified, hosts::Listed,
    },
    model::{
        EdgeSpec, FieldPath, Ingress, IngressBackend, Kind, Name, Object, ObjectKey, Place, Service, TlsVersion,
        annotations::GKE_FRONTEND_CONFIG, gke::FrontendConfig,
    },
    snapshot::{Lookup, Need},
};

use super::{
    Controller, Doubt, HostMatch, Identity, Knowledge, MissingSecret, Opening, Plaintext, Point, Reading, Tls, Topic,
    backends,
    values::{by_annotation, go_bool},
};

/// GKE's controller, for one of its two classes.
#[derive(Debug)]
pub(super) struct Gke {
    is_internal: bool,
}

/// The class `gce`.
pub(super) static EXTERNAL: Gke = Gke { is_internal: false };
/// The class `gce-internal`.
pub(super) static INTERNAL: Gke = Gke { is_internal: true };

const SOURCE: &str = "https://github.com/kubernetes/ingress-gce: pkg/loadbalancers/l7.go (edgeHop), pkg/annotations";

// There is no IngressClass, and so no name of its own: these are Ringwall's.
static EXTERNAL_IDENTITY: Identity = Identity {
    title: "GKE",
    controllers: &["k8s.io/ingress-gce"],
    annotation: Some("gce"),
    matching: HostMatch::Certificates,
    missing_secret: MissingSecret::NoRoute,
    source: SOURCE,
};
static INTERNAL_IDENTITY: Identity = Identity {
    title: "GKE (internal)",
    controllers: &["k8s.io/ingress-gce-internal"],
    annotation: Some("gce-internal"),
    matching: HostMatch::Certificates,
    missing_secret: MissingSecret::NoRoute,
    source: SOURCE,
};

static KNOWLEDGE: Knowledge = Knowledge {
    exact: &[
        (Topic::Plaintext, "`kubernetes.io/ingress.allow-http`, and `redirectToHttps` of the `FrontendConfig`"),
        (
            Topic::Versions,
            "`sslPolicy` of the `FrontendConfig` where the ruleset's `tlsPolicies` says what it accepts, else TLS 1.0",
        ),
        (Topic::Ciphers, "the profile COMPATIBLE where there is no `sslPolicy`"),
        (Topic::Certificates, "the Secrets of `spec.tls`; `pre-shared-cert` and `managed-certificates` as asked for"),
        (
            Topic::Backends,
            "`service.alpha.kubernetes.io/app-protocols` and `cloud.google.com/app-protocols` of the Service; certificates are never verified",
        ),
        (Topic::OwnKinds, "`FrontendConfig`"),
    ],
    doubts: &[
        "what an SSL policy says, of which only the name is written in the cluster: its version by the ruleset's `tlsPolicies`, its ciphers not at all",
        "whether a pre-shared or managed certificate names a host",
        "a `gce-internal` Ingress that asks for HTTP and HTTPS at once, for which GKE changes nothing",
        "Ingresses of the class `gce-multi-cluster`, and those without any class",
    ],
};

const ALLOW_HTTP: &str = "kubernetes.io/ingress.allow-http";
const PRE_SHARED: &str = "ingress.gcp.kubernetes.io/pre-shared-cert";
const MANAGED: &str = "networking.gke.io/managed-certificates";
const OLD_PROTOCOLS: &str = "service.alpha.kubernetes.io/app-protocols";
const PROTOCOLS: &str = "cloud.google.com/app-protocols";
const BY_DEFAULT: By = By::Default("the default of Google's load balancers");
/// What the profile COMPATIBLE has beside forward-secret suites (CIS Google Cloud Platform Foundation Benchmark 3.0, 3.9).
const COMPATIBLE: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_128_GCM_SHA256,\
                          TLS_RSA_WITH_AES_256_GCM_SHA384,TLS_RSA_WITH_AES_128_CBC_SHA,TLS_RSA_WITH_AES_256_CBC_SHA,\
                          TLS_RSA_WITH_3DES_EDE_CBC_SHA";

static NO_CERTIFICATE: Cause = Cause {
    fact: "neither spec.tls nor pre-shared-cert nor managed-certificates gives it a certificate, so that GKE opens port 80 alone",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls, Mend::Annotate(ALLOW_HTTP, "false")],
};
static BESIDE_TLS: Cause = Cause {
    fact: "GKE serves port 80 beside TLS unless allow-http is \"false\" or a FrontendConfig redirects",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::Annotate(ALLOW_HTTP, "false")],
};
static NO_REDIRECT: Cause = Cause {
    fact: "GKE serves port 80 beside TLS, and its FrontendConfig does not redirect",
    places: &[CausePlace::Annotation(GKE_FRONTEND_CONFIG), CausePlace::Point],
    mends: &[Mend::Words("set spec.redirectToHttps.enabled: true in the FrontendConfig")],
};

impl Controller for Gke {
    fn identity(&self) -> &'static Identity {
        if self.is_internal { &INTERNAL_IDENTITY } else { &EXTERNAL_IDENTITY }
    }

    fn knowledge(&self) -> &'static Knowledge {
        &KNOWLEDGE
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        Box::new(Opened {
            plaintext: self.plaintext(&reading),
            has_certificate: has_certificate(reading.ingress),
            has_other_certificates: has_other_certificates(reading.ingress),
            listed: Listed::new(&reading.ingress.tls),
        })
    }

    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        if !has_certificate(reading.ingress) {
            return Vec::new();
        }
        let policy = match frontend(&reading) {
            Ok(Some((key, config))) => Ok(config.ssl_policy.map(|name| {
                let by = By::Field(Place { object: key, path: FieldPath::new("spec.sslPolicy") });
                Setting { value: name, by }
            })),
            Ok(None) => Ok(None),
            Err(doubt) => Err(doubt),
        };
        let (oldest, ciphers) = match policy {
            Ok(Some(Setting { value, by })) => (
                Setting { value: Oldest::Policy(value.clone()), by: by.clone() },
                Setting { value: Ciphers::Policy(value), by },
            ),
            Ok(None) => (
                super::oldest(&reading, TlsVersion::Tls10, BY_DEFAULT),
                Setting { value: Ciphers::Written(Notation::Iana, COMPATIBLE.into()), by: BY_DEFAULT },
            ),
            Err(doubt) => (
                Setting { value: Oldest::Unknown(doubt.clone()), by: BY_DEFAULT },
                Setting { value: Ciphers::Unknown(doubt), by: BY_DEFAULT },
            ),
        };
        let client = Setting { value: ClientCertificates::NotAsked, by: BY_DEFAULT };
        vec![TlsSettings { part: None, oldest, ciphers, client }]
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        backends::hops_to(reading.ingress, |backend| Some(protection(&reading, backend)))
    }

    fn rests_on(&self, reading: Reading<'_>) -> Vec<Need> {
        frontend_key(reading.ingress).map(Need::Get).into_iter().collect()
    }
}

impl Gke {
    fn plaintext(&self, reading: &Reading<'_>) -> Plaintext {
        let ingress = reading.ingress;
        let has_certificate = has_certificate(ingress);
        if !allows_http(ingress) {
            // Without a certificate GKE refuses the Ingress: nothing is opened.
            return Plaintext::Closed;
        }
        if self.is_internal && has_certificate {
            return Plaintext::Unknown(Doubt::new(
                "gce-internal does not serve HTTP and HTTPS at once: GKE leaves the load balancer as it was",
                "set the annotation kubernetes.io/ingress.allow-http: \"false\"",
            ));
        }
        match frontend(reading) {
            Ok(Some((_, config))) if config.redirects && self.is_internal => Plaintext::Unknown(Doubt::new(
                "gce-internal does not redirect: GKE leaves the load balancer as it was",
                "set the annotation kubernetes.io/ingress.allow-http: \"false\"",
            )),
            Ok(Some((_, config))) if config.redirects => Plaintext::Redirected,
            Ok(_) if !has_certificate => Plaintext::Served(&NO_CERTIFICATE),
            Ok(Some(_)) => Plaintext::Served(&NO_REDIRECT),
            Ok(None) => Plaintext::Served(&BESIDE_TLS),
            Err(doubt) => Plaintext::Unknown(doubt),
        }
    }
}

struct Opened<'a> {
    plaintext: Plaintext,
    has_certificate: bool,
    /// Whether it has certificates that no Secret holds.
    has_other_certificates: bool,
    listed: Listed<'a>,
}

impl Opening for Opened<'_> {
    fn plaintext(&self, _: &Point) -> Plaintext {
        self.plaintext.clone()
    }

    fn tls(&self, point: &Point, _: &Plaintext) -> Tls {
        if !self.has_certificate {
            return Tls::None;
        }
        let Some(host) = &point.host else {
            return Tls::Unknown(Doubt::new(
                "requests of any host get whichever of its certificates names the host, else the first one",
                "give the rule a host",
            ));
        };
        // Hosts are compared as the certificates' names will be: as wildcards.
        if self.has_other_certificates || self.listed.covers(host, HostMatch::Wildcard) {
            return Tls::Covered;
        }
        Tls::Unknown(Doubt::new(
            "GKE serves whichever of the Ingress's certificates names it, else the first one",
            format!("list {host} under spec.tls[].hosts, with its Secret"),
        ))
    }
}

/// Whether port 443 is opened. Entries of `spec.tls` without a Secret count for nothing.
fn has_certificate(ingress: &Ingress) -> bool {
    has_other_certificates(ingress) || ingress.tls.iter().any(|entry| entry.secret_name.is_some())
}

fn has_other_certificates(ingress: &Ingress) -> bool {
    let has = |key: &str| ingress.meta.annotations.value(key).is_some_and(|value| !value.trim().is_empty());
    has(PRE_SHARED) || has(MANAGED)
}

/// `allow-http`; what is no boolean is true.
fn allows_http(ingress: &Ingress) -> bool {
    ingress.meta.annotations.value(ALLOW_HTTP).and_then(|text| go_bool(text)).unwrap_or(true)
}

fn frontend_key(ingress: &Ingress) -> Option<ObjectKey> {
    let name = ingress.meta.annotations.value(GKE_FRONTEND_CONFIG).filter(|name| !name.is_empty())?;
    Some(ObjectKey { kind: Kind::FrontendConfig, namespace: ingress.meta.namespace.clone(), name: name.clone() })
}

/// The `FrontendConfig` that an Ingress names.
fn frontend(reading: &Reading<'_>) -> Result<Option<(ObjectKey, FrontendConfig)>, Doubt> {
    let Some(key) = frontend_key(reading.ingress) else { return Ok(None) };
    match reading.snapshot.object(&key) {
        Lookup::Found(Object::EdgeResource(resource)) => match &resource.spec {
            EdgeSpec::Gke(config) => Ok(Some((key, config.clone()))),
            _ => Ok(None),
        },
        Lookup::Found(_) | Lookup::Absent => Err(Doubt::new(
            format!("there is no {key}, and GKE changes nothing of the Ingress until there is"),
            format!("create the {key}"),
        )),
        Lookup::Unseen(blind) => Err(blind.into()),
    }
}

/// What becomes of traffic to a Service's port: its protocol by the older of two annotations, else by the newer one. GKE's
/// Ingress does not read `appProtocol`.
fn protection(reading: &Reading<'_>, backend: &IngressBackend) -> HopProtection {
    let Some(key) = backends::service_key(reading.ingress, backend) else {
        return HopProtection::Unknown(Doubt::new(
            "Ringwall does not know what becomes of traffic to a backend that is no Service",
            "name a Service",
        ));
    };
    let service = match backends::service(reading.snapshot, &key) {
        Ok(service) => service,
        Err(blind) => return HopProtection::Unknown(blind.into()),
    };
    let Some((annotation, text)) = protocols(&service) else { return HopProtection::Plaintext(BY_DEFAULT) };
    let by = || by_annotation(key.clone(), annotation);
    let unreadable = || {
        HopProtection::Unknown(Doubt::new(
            format!("GKE cannot read {annotation} of {key}, and changes nothing until it can"),
            format!("set the annotation {annotation}: '{{\"PORT NAME\": \"HTTPS\"}}' on the Service"),
        ))
    };
    let Ok(protocols) = serde_json::from_str::<BTreeMap<String, String>>(text) else { return unreadable() };
    if protocols.values().any(|protocol| !["HTTP", "HTTPS", "HTTP2"].contains(&protocol.as_str())) {
        return unreadable();
    }
    let name = backends::port(&service, backend).map_or("", |port| port.name.as_str());
    match protocols.get(name).map(String::as_str) {
        Some("HTTPS" | "HTTP2") => {
            let why = By::Default("Google's load balancers, which check no backend's certificate");
            HopProtection::Tls(by(), Verified::No(why))
        }
        Some(_) => HopProtection::Plaintext(by()),
        None => HopProtection::Plaintext(BY_DEFAULT),
    }
}

fn protocols(service: &Service) -> Option<(&'static str, &Name)> {
    let annotations = &service.meta.annotations;
    [OLD_PROTOCOLS, PROTOCOLS].into_iter().find_map(|key| Some((key, annotations.value(key)?)))
}
