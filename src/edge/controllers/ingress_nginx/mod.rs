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

mod certificates;
mod redirects;
#[cfg(test)]
mod tests;

use std::{collections::HashSet, sync::Arc};

use crate::{
    edge::{
        Cause, CausePlace, Mend,
        hosts::{self, Listed, Wanted},
    },
    model::{FieldPath, Ingress, Kind, Name},
    snapshot::{Blind, Need},
};

use super::{Controller, Doubt, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls};
use certificates::Certificates;

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
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        if flag(ingress, CANARY) == Some(true) {
            return Vec::new();
        }
        if ingress.rules.is_empty() {
            return hosts::lone_default_backend(ingress, wanted);
        }
        let mut points = hosts::rule_points(ingress, wanted);
        let mut seen: HashSet<Name> = points.iter().filter_map(|point| point.host.clone()).collect();
        let at = FieldPath::new("metadata.annotations").field(SERVER_ALIAS);
        let aliases = annotation(ingress, SERVER_ALIAS).unwrap_or_default().split(',').map(str::trim);
        for alias in aliases.filter(|alias| !alias.is_empty()).map(Name::from) {
            if wanted.includes(Some(&alias)) && seen.insert(alias.clone()) {
                points.push(Point { host: Some(alias), at: at.clone(), is_default_backend: false, is_alias: true });
            }
        }
        points
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let ingress = reading.ingress;
        Box::new(Servers {
            reading,
            is_forced: redirects::to_https(ingress) || flag(ingress, FORCE_SSL_REDIRECT) == Some(true),
            is_off: flag(ingress, SSL_REDIRECT) == Some(false),
            has_open_entry: ingress.tls.iter().any(|entry| entry.hosts.is_empty()),
            listed: Listed::new(&ingress.tls),
            certificates: reading.snapshot.memo().table(),
        })
    }

    /// That no other Ingress brings a certificate for the host rests on all of them; those of the namespace are read again,
    /// for it is they that arrive together.
    fn rests_on(&self, Reading { ingress, .. }: Reading<'_>) -> Vec<Need> {
        let namespace = ingress.meta.namespace.clone();
        if ingress.tls.is_empty() { vec![Need::List(Kind::Ingress, namespace)] } else { Vec::new() }
    }
}

/// What the servers that an Ingress asks for have in common.
struct Servers<'a> {
    reading: Reading<'a>,
    /// Whether plaintext is redirected whatever certificate there is.
    is_forced: bool,
    /// Whether `ssl-redirect` is turned off.
    is_off: bool,
    /// Whether an entry of `spec.tls` names no host.
    has_open_entry: bool,
    listed: Listed<'a>,
    /// What the other Ingresses bring.
    certificates: Arc<Certificates>,
}

impl Opening for Servers<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        if point.is_default_backend {
            return Plaintext::Served(&DEFAULT_BACKEND);
        }
        if self.is_forced {
            return Plaintext::Redirected;
        }
        let Some(host) = &point.host else { return Plaintext::Served(&ANY_HOST) };
        match self.has_certificate(host) {
            Ok(true) | Err(_) if self.is_off => Plaintext::Served(&REDIRECT_OFF),
            // An alias has the certificate only if that names it.
            Ok(true) if point.is_alias => Plaintext::Unknown(unknown_certificate(host)),
            Ok(true) => Plaintext::Redirected,
            Ok(false) if self.is_off => Plaintext::Served(&NO_TLS_AND_REDIRECT_OFF),
            Ok(false) => Plaintext::Served(&NO_TLS),
            Err(blind) => Plaintext::Unknown(blind.into()),
        }
    }

    fn tls(&self, point: &Point, plaintext: &Plaintext) -> Tls {
        let has_tls = !self.reading.ingress.tls.is_empty();
        if !has_tls && !plaintext.is_refused() {
            return Tls::None;
        }
        let Some(host) = &point.host else {
            return Tls::Unknown(Doubt::new(
                "requests of any host get the certificate that ingress-nginx has by default, for which no list of hosts can \
                 ask",
                "give the rule a host",
            ));
        };
        if self.listed.covers(host, IDENTITY.matching) || self.certificates.another_covers(&self.reading, host) {
            return Tls::Covered;
        }
        if !has_tls || point.is_alias || self.has_open_entry {
            return Tls::Unknown(unknown_certificate(host));
        }
        Tls::Uncovered
    }
}

impl Servers<'_> {
    /// Whether some certificate, be it the default one, is configured for a host: by this Ingress or by another one of the
    /// same host, or of the wildcard above it.
    fn has_certificate(&self, host: &Name) -> Result<bool, Blind> {
        if !self.reading.ingress.tls.is_empty() {
            return Ok(true);
        }
        let wildcard = hosts::wildcard_above(host).map(Name::from);
        let mut configured = [Some(host), wildcard.as_ref()].into_iter().flatten();
        if configured.any(|host| self.certificates.another_brings(&self.reading, host)) {
            return Ok(true);
        }
        self.reading.snapshot.coverage(Kind::Ingress, None).map(|()| false)
    }
}

fn unknown_certificate(host: &str) -> Doubt {
    Doubt::new(
        "a certificate that ingress-nginx has may name it or not",
        format!("list {host} under spec.tls[].hosts, with its Secret"),
    )
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
