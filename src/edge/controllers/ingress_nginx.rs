//! ingress-nginx, the controller of the Kubernetes project (retired in March 2026, and everywhere).
//!
//! Port 443 is always open, with the controller's default certificate where there is no better one. Whether plaintext is
//! redirected is decided per request: `force-ssl-redirect`, or `ssl-redirect` (on unless turned off) **and** a certificate
//! configured for the requested host. One is configured for every host of an Ingress with any entry in `spec.tls`, listed
//! there or not: hosts that are not listed get a listed Secret's certificate if it names them, else the default one. It is
//! configured for the host, not for the Ingress: another Ingress of the same host may have brought it. Requests that no
//! host matches never have one, so that they are redirected only by force; and `spec.defaultBackend` ignores even that.
//!
//! Not seen here: the controller's `ConfigMap` and flags (`ssl-redirect`, `no-tls-redirect-locations`,
//! `default-ssl-certificate`), whose built-in values are taken. Paths below `/.well-known/acme-challenge` are never
//! redirected; what is said of a host leaves them aside.

use crate::{
    edge::{Cause, CausePlace, Mend, Serving, hosts, resolve},
    model::{FieldPath, Ingress, Kind, Name},
    snapshot::{Blind, Need},
};

use super::{Controller, Doubt, HostMatch, Identity, MissingSecret, Plaintext, Point, Reading, Tls};

/// ingress-nginx.
#[derive(Debug)]
pub(super) struct IngressNginx;

static IDENTITY: Identity = Identity {
    title: "ingress-nginx",
    controllers: &["k8s.io/ingress-nginx"],
    annotation: Some("nginx"),
    matching: HostMatch::Wildcard,
    missing_secret: MissingSecret::DefaultCertificate,
    source: "https://github.com/kubernetes/ingress-nginx: internal/ingress/controller/controller.go (createServers), \
             rootfs/etc/nginx/lua/lua_ingress.lua (redirect_to_https)",
};

const SSL_REDIRECT: &str = "nginx.ingress.kubernetes.io/ssl-redirect";
const FORCE_SSL_REDIRECT: &str = "nginx.ingress.kubernetes.io/force-ssl-redirect";
const SERVER_ALIAS: &str = "nginx.ingress.kubernetes.io/server-alias";
const CANARY: &str = "nginx.ingress.kubernetes.io/canary";
const REDIRECTS: [&str; 2] =
    ["nginx.ingress.kubernetes.io/permanent-redirect", "nginx.ingress.kubernetes.io/temporal-redirect"];

static NO_TLS: Cause = Cause {
    fact: "no spec.tls gives it a certificate, and ingress-nginx redirects to HTTPS only where there is one",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls],
};
static REDIRECT_OFF: Cause = Cause {
    fact: "ssl-redirect is turned off",
    places: &[CausePlace::Annotation(SSL_REDIRECT), CausePlace::Point],
    mends: &[Mend::RemoveAnnotation(SSL_REDIRECT)],
};
static NO_TLS_AND_REDIRECT_OFF: Cause = Cause {
    fact: "no spec.tls gives it a certificate, and ssl-redirect is turned off",
    places: &[CausePlace::Point, CausePlace::Annotation(SSL_REDIRECT), CausePlace::Tls],
    mends: &[Mend::AddTls, Mend::RemoveAnnotation(SSL_REDIRECT)],
};
static ANY_HOST: Cause = Cause {
    fact: "ingress-nginx redirects requests of hosts that it has no certificate for only by force-ssl-redirect",
    places: &[CausePlace::Point],
    mends: &[Mend::Annotate(FORCE_SSL_REDIRECT, "true")],
};
static DEFAULT_BACKEND: Cause = Cause {
    fact: "ingress-nginx never redirects requests to a default backend, whatever the annotations say",
    places: &[CausePlace::Point],
    mends: &[Mend::NameHost],
};

impl Controller for IngressNginx {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    /// Rules, with the backend of the Ingress as their default; the backend alone where there are no rules; aliases of
    /// the rules' hosts. A canary opens nothing of its own: it rides on the hosts of the Ingress it is a canary of.
    fn points(&self, ingress: &Ingress) -> Vec<Point> {
        if flag(ingress, CANARY) == Some(true) {
            return Vec::new();
        }
        if ingress.rules.is_empty() {
            return ingress.default_backend.iter().map(|_| hosts::default_backend()).collect();
        }
        let mut points = hosts::rule_points(ingress);
        let at = FieldPath::new("metadata.annotations").field(SERVER_ALIAS);
        for alias in annotation(ingress, SERVER_ALIAS).unwrap_or_default().split(',').map(str::trim) {
            if !alias.is_empty() && points.iter().all(|point| point.host.as_deref() != Some(alias)) {
                points.push(Point { host: Some(alias.into()), at: at.clone(), is_default_backend: false });
            }
        }
        points
    }

    fn plaintext(&self, reading: &Reading<'_>, point: &Point) -> Plaintext {
        let ingress = reading.ingress;
        if point.is_default_backend {
            return Plaintext::Served(&DEFAULT_BACKEND);
        }
        let redirects_anyway =
            REDIRECTS.iter().any(|key| annotation(ingress, key).is_some_and(|to| to.starts_with("https://")));
        if redirects_anyway || flag(ingress, FORCE_SSL_REDIRECT) == Some(true) {
            return Plaintext::Redirected;
        }
        let Some(host) = &point.host else { return Plaintext::Served(&ANY_HOST) };
        let redirect_off = flag(ingress, SSL_REDIRECT) == Some(false);
        match has_certificate(reading, host) {
            Ok(true) | Err(_) if redirect_off => Plaintext::Served(&REDIRECT_OFF),
            // An alias has the certificate only if that names it.
            Ok(true) if is_alias(ingress, host) => Plaintext::Unknown(unknown_certificate(host)),
            Ok(true) => Plaintext::Redirected,
            Ok(false) if redirect_off => Plaintext::Served(&NO_TLS_AND_REDIRECT_OFF),
            Ok(false) => Plaintext::Served(&NO_TLS),
            Err(blind) => Plaintext::Unknown(blind.into()),
        }
    }

    fn tls(&self, reading: &Reading<'_>, point: &Point, plaintext: &Plaintext) -> Tls {
        let tls = &reading.ingress.tls;
        if tls.is_empty() && !plaintext.is_refused() {
            return Tls::None;
        }
        let Some(host) = &point.host else {
            return Tls::Unknown(Doubt::new(
                "requests of any host get the certificate that ingress-nginx has by default, for which no list of hosts can \
                 ask",
                "give the rule a host",
            ));
        };
        if hosts::covering(tls, host, IDENTITY.matching).is_some() || is_covered_elsewhere(reading, host) {
            return Tls::Covered;
        }
        if tls.is_empty() || is_alias(reading.ingress, host) || tls.iter().any(|entry| entry.hosts.is_empty()) {
            return Tls::Unknown(unknown_certificate(host));
        }
        Tls::Uncovered
    }

    /// That no other Ingress brings a certificate for the host rests on all of them; those of the namespace are read again,
    /// for it is they that arrive together.
    fn rests_on(&self, reading: &Reading<'_>) -> Vec<Need> {
        let namespace = reading.ingress.meta.namespace.clone();
        if reading.ingress.tls.is_empty() { vec![Need::List(Kind::Ingress, namespace)] } else { Vec::new() }
    }
}

fn unknown_certificate(host: &str) -> Doubt {
    Doubt::new(
        "a certificate that ingress-nginx has may name it or not",
        format!("list {host} under spec.tls[].hosts, with its Secret"),
    )
}

/// Whether some certificate, be it the default one, is configured for a host: by this Ingress or by another one of the
/// same host, or of the wildcard above it.
fn has_certificate(reading: &Reading<'_>, host: &Name) -> Result<bool, Blind> {
    if !reading.ingress.tls.is_empty() {
        return Ok(true);
    }
    let wildcard = hosts::wildcard_above(host).map(Name::from);
    if [Some(host.clone()), wildcard].iter().flatten().any(|host| others(reading, host).next().is_some()) {
        return Ok(true);
    }
    reading.snapshot.coverage(Kind::Ingress, None).map(|()| false)
}

/// Whether another Ingress of the same host asks for its certificate.
fn is_covered_elsewhere(reading: &Reading<'_>, host: &Name) -> bool {
    others(reading, host).any(|other| hosts::covering(&other.tls, host, IDENTITY.matching).is_some())
}

/// The other Ingresses that the same controller serves for a host and that have entries in `spec.tls`.
fn others<'a>(reading: &'a Reading<'a>, host: &'a Name) -> impl Iterator<Item = &'a Ingress> {
    let me = &reading.ingress.meta;
    reading.snapshot.ingresses_of_host(host).map(|other| &**other).filter(move |other| {
        let is_me = other.meta.namespace == me.namespace && other.meta.name == me.name;
        let same = || {
            let serving = resolve(reading.snapshot, reading.vouched, other).serving;
            matches!(&serving, Serving::Known { name, .. } if Some(name) == reading.controller)
        };
        !is_me && !other.tls.is_empty() && flag(other, CANARY) != Some(true) && same()
    })
}

fn is_alias(ingress: &Ingress, host: &Name) -> bool {
    ingress.rules.iter().all(|rule| rule.host.as_ref() != Some(host))
}

fn annotation<'a>(ingress: &'a Ingress, key: &str) -> Option<&'a str> {
    ingress.meta.annotations.value(key).map(|value| value.as_str().trim())
}

/// A boolean annotation; `None` when it is missing or cannot be parsed, where the controller takes its default. The
/// spellings are those of Go's `strconv.ParseBool`, which trims nothing.
fn flag(ingress: &Ingress, key: &str) -> Option<bool> {
    match ingress.meta.annotations.value(key)?.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
