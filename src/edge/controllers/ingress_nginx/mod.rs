//! ingress-nginx, the controller of the Kubernetes project (retired in March 2026, and everywhere).
//!
//! Port 443 is always open, with the controller's default certificate where there is no better one. Whether plaintext is
//! redirected is decided per request: `force-ssl-redirect`, or `ssl-redirect` (on unless turned off) **and** a certificate
//! configured for the requested host. One is configured for every host of an Ingress with any entry in `spec.tls`, listed
//! there or not: hosts that are not listed get a listed Secret's certificate if it names them, else the default one. It is
//! configured for the host, not for the Ingress: another Ingress of the same host may have brought it. Requests that no
//! host matches never have one, so that they are redirected only by force; and `spec.defaultBackend` ignores even that.
//!
//! The `ConfigMap` sets what annotations leave open, and more: [`super::config_map`] says which one is taken. Paths below
//! `/.well-known/acme-challenge` are never redirected; what is said of a host leaves them aside.
//!
//! Not seen here: the controller's arguments (`--default-ssl-certificate`, `--enable-ssl-passthrough`), load balancers in front,
//! and clients that say `X-Forwarded-Proto: https` themselves, to whom `use-forwarded-headers` of the `ConfigMap` listens.

mod redirects;
mod settings;
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

use super::{
    Controller, Doubt, Hop, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls, TlsSettings,
    certificates::{Certificates, Sharing},
    config_map::{self, Configuration},
    nginx_directives::may_redirect,
    values::{go_bool, is_exempt, paths_of},
};

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

/// The name that the manifests of the project and its chart give to the `ConfigMap`.
const CONFIG_MAPS: &[&str] = &["ingress-nginx-controller"];

static SHARING: Sharing = Sharing { matching: HostMatch::Wildcard, leaves_out: is_canary };

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
static REDIRECT_OFF_FOR_ALL: Cause = Cause {
    fact: "ssl-redirect is turned off in the controller's ConfigMap",
    places: &[CausePlace::Point],
    mends: &[Mend::Annotate(SSL_REDIRECT, "true")],
};
static NO_TLS_AND_REDIRECT_OFF_FOR_ALL: Cause = Cause {
    fact: "no spec.tls gives it a certificate, and ssl-redirect is turned off in the controller's ConfigMap",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls, Mend::Annotate(SSL_REDIRECT, "true")],
};
static EXEMPT: Cause = Cause {
    fact: "no-tls-redirect-locations in the controller's ConfigMap keeps paths of it from being redirected",
    places: &[CausePlace::Point],
    mends: &[Mend::Words("take the path out of no-tls-redirect-locations in the controller's ConfigMap")],
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
        if is_canary(ingress) {
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
        let configuration = configuration(&reading);
        let forced = flag(ingress, FORCE_SSL_REDIRECT);
        let off = match flag(ingress, SSL_REDIRECT) {
            Some(on) => (!on).then_some(Off::ByAnnotation),
            None => (configuration.flag("ssl-redirect") == Some(false)).then_some(Off::ByConfigMap),
        };
        Box::new(Servers {
            reading,
            redirects_all: redirects::to_https(ingress),
            is_forced: forced.or_else(|| configuration.flag("force-ssl-redirect")) == Some(true),
            is_never_forced: forced == Some(false),
            off,
            snippet: redirecting_snippet(ingress, &configuration),
            configuration,
            has_open_entry: ingress.tls.iter().any(|entry| entry.hosts.is_empty()),
            listed: Listed::new(&ingress.tls),
            certificates: reading.snapshot.memo().table(),
        })
    }

    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        settings::of(&reading)
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        settings::hops(&reading)
    }

    /// That no other Ingress brings a certificate for the host rests on all of them; those of the namespace are read again,
    /// for it is they that arrive together.
    fn rests_on(&self, Reading { ingress, vouched, controller, .. }: Reading<'_>) -> Vec<Need> {
        let namespace = ingress.meta.namespace.clone();
        let ingresses = ingress.tls.is_empty().then(|| Need::List(Kind::Ingress, namespace));
        ingresses.into_iter().chain(config_map::rests_on(vouched, controller)).collect()
    }
}

/// Who turns `ssl-redirect` off.
#[derive(Clone, Copy)]
enum Off {
    ByAnnotation,
    ByConfigMap,
}

/// What the servers that an Ingress asks for have in common.
struct Servers<'a> {
    reading: Reading<'a>,
    /// Whether an annotation sends all requests to HTTPS, before anything else is looked at.
    redirects_all: bool,
    /// Whether plaintext is redirected whatever certificate there is.
    is_forced: bool,
    /// Whether an annotation says that it is not.
    is_never_forced: bool,
    off: Option<Off>,
    /// Why a snippet may redirect after all.
    snippet: Option<Doubt>,
    configuration: Configuration,
    /// Whether an entry of `spec.tls` names no host.
    has_open_entry: bool,
    listed: Listed<'a>,
    /// What the other Ingresses bring.
    certificates: Arc<Certificates>,
}

impl Opening for Servers<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        let plaintext = self.by_rules(point);
        let is_certain = point.is_default_backend
            || self.redirects_all
            || (self.is_never_forced && matches!(plaintext, Plaintext::Served(_)));
        match (self.configuration.doubt().filter(|_| !is_certain), &self.snippet) {
            (Some(doubt), _) => Plaintext::Unknown(doubt.clone()),
            (None, Some(doubt)) if matches!(plaintext, Plaintext::Served(_)) => Plaintext::Unknown(doubt.clone()),
            _ => plaintext,
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
        if self.listed.covers(host, IDENTITY.matching)
            || self.certificates.another_covers(&SHARING, &self.reading, host)
        {
            return Tls::Covered;
        }
        if !has_tls || point.is_alias || self.has_open_entry {
            return Tls::Unknown(unknown_certificate(host));
        }
        Tls::Uncovered
    }
}

impl Servers<'_> {
    /// What becomes of plaintext, as far as annotations, certificates and the `ConfigMap` say.
    fn by_rules(&self, point: &Point) -> Plaintext {
        if point.is_default_backend {
            return Plaintext::Served(&DEFAULT_BACKEND);
        }
        if self.redirects_all {
            return Plaintext::Redirected;
        }
        if self.is_exempt(point) {
            return Plaintext::Served(&EXEMPT);
        }
        if self.is_forced {
            return Plaintext::Redirected;
        }
        let Some(host) = &point.host else { return Plaintext::Served(&ANY_HOST) };
        match (self.has_certificate(host), self.off) {
            (Ok(true) | Err(_), Some(Off::ByAnnotation)) => Plaintext::Served(&REDIRECT_OFF),
            (Ok(true) | Err(_), Some(Off::ByConfigMap)) => Plaintext::Served(&REDIRECT_OFF_FOR_ALL),
            // An alias has the certificate only if that names it.
            (Ok(true), None) if point.is_alias => Plaintext::Unknown(unknown_certificate(host)),
            (Ok(true), None) => Plaintext::Redirected,
            (Ok(false), Some(Off::ByAnnotation)) => Plaintext::Served(&NO_TLS_AND_REDIRECT_OFF),
            (Ok(false), Some(Off::ByConfigMap)) => Plaintext::Served(&NO_TLS_AND_REDIRECT_OFF_FOR_ALL),
            (Ok(false), None) => Plaintext::Served(&NO_TLS),
            (Err(blind), None) => Plaintext::Unknown(blind.into()),
        }
    }

    /// Whether the `ConfigMap` keeps paths of the host from being redirected, other than those of ACME's challenges. An alias has
    /// the paths of all hosts.
    fn is_exempt(&self, point: &Point) -> bool {
        let Some(locations) = self.configuration.value("no-tls-redirect-locations") else { return false };
        let ingress = self.reading.ingress;
        let hosts = ingress.rules.iter().map(|rule| rule.host.as_ref());
        let mut of_point = hosts.filter(|host| point.is_alias || *host == point.host.as_ref());
        of_point.any(|host| paths_of(ingress, host).any(|path| is_exempt(locations, path)))
    }

    /// Whether some certificate, be it the default one, is configured for a host: by this Ingress or by another one of the
    /// same host, or of the wildcard above it.
    fn has_certificate(&self, host: &Name) -> Result<bool, Blind> {
        if !self.reading.ingress.tls.is_empty() {
            return Ok(true);
        }
        let wildcard = hosts::wildcard_above(host).map(Name::from);
        let mut configured = [Some(host), wildcard.as_ref()].into_iter().flatten();
        if configured.any(|host| self.certificates.another_brings(&SHARING, &self.reading, host)) {
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

/// A boolean annotation; `None` when it is missing or cannot be parsed, where the controller takes its default.
fn flag(ingress: &Ingress, key: &str) -> Option<bool> {
    go_bool(ingress.meta.annotations.value(key)?)
}

fn is_canary(ingress: &Ingress) -> bool {
    flag(ingress, CANARY) == Some(true)
}

/// How the controller is configured.
fn configuration(reading: &Reading<'_>) -> Configuration {
    Configuration::of(reading.snapshot, reading.vouched, reading.controller, CONFIG_MAPS)
}

/// A snippet that the controller takes, or may take: it leaves them aside unless the `ConfigMap` allows them, and since v1.12
/// only where it lets through annotations of critical risk.
fn snippet<'a>(
    ingress: &'a Ingress,
    configuration: &Configuration,
    keys: &[&'static str],
) -> Option<(&'static str, &'a Name)> {
    if matches!(configuration, Configuration::By(_)) && configuration.flag("allow-snippet-annotations") != Some(true) {
        return None;
    }
    keys.iter().find_map(|key| Some((*key, ingress.meta.annotations.value(key)?)))
}

/// That a snippet may redirect what is said to be served.
fn redirecting_snippet(ingress: &Ingress, configuration: &Configuration) -> Option<Doubt> {
    let keys = [settings::SERVER_SNIPPET, settings::CONFIGURATION_SNIPPET];
    let (key, _) =
        keys.iter().find_map(|key| snippet(ingress, configuration, &[key]).filter(|(_, text)| may_redirect(text)))?;
    Some(Doubt::new(
        format!("the snippet in {key} may redirect to HTTPS"),
        format!("set the annotation {FORCE_SSL_REDIRECT}: \"true\" in place of the snippet"),
    ))
}
