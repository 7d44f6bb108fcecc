//! The ingress controller of `HAProxy` Technologies.
//!
//! An Ingress with any entry in `spec.tls` redirects plaintext to HTTPS unless `ssl-redirect` says otherwise, and one without does so
//! where it says `true` (pkg/annotations/ingress/httpsRedirect.go). A value that is no boolean counts as `false`. The redirect
//! belongs to the routes of the Ingress: a default backend has none, nor has an Ingress without rules. `ssl-redirect: "true"` in
//! the `ConfigMap` redirects everything; `"false"` there means nothing to an Ingress that has `spec.tls`. Hosts under `spec.tls`
//! are ignored: whichever certificate of all that are loaded names the host is served, else the default one.
//!
//! Annotations may have any of three prefixes. Of the same one with several, none is sure to win: what turns the redirect off counts.
//!
//! The controller writes `no-sslv3 no-tls-tickets no-tlsv10`, and `HAProxy` since 2.2 accepts nothing before TLS 1.2 unless
//! `ssl-min-ver` says so. Its cipher list (pkg/haproxy/config/defaults.go) has suites without forward secrecy and with CBC. Both
//! are changed only by a Global resource (`cr-global`) or by snippets, which are not read: that they are there is a doubt.
//!
//! Behind, annotations of the Service go before those of the Ingress and those before the `ConfigMap`: `server-ssl` turns TLS on,
//! without any check; `server-crt` does too; `server-ca` checks against the CA, and must name a Secret that is there.
//! `server-proto: h2` by itself is HTTP/2 in plaintext.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::{
    edge::{
        By, Cause, CausePlace, Ciphers, ClientCertificates, Hop, HopProtection, Mend, Notation, Oldest, Setting,
        Verified,
        hosts::{self, Listed, Wanted},
    },
    model::{Ingress, Kind, Meta, Name, Object, ObjectKey, TlsVersion},
    snapshot::{Blind, Lookup, Need},
};

use super::{
    Controller, Doubt, HostMatch, Identity, Knowledge, MissingSecret, Opening, Plaintext, Point, Reading, Tls,
    TlsSettings, Topic, backends,
    config_map::{self, Configuration},
    values::{by_annotation, go_bool, key_of},
};

/// The ingress controller of `HAProxy` Technologies.
#[derive(Debug)]
pub(super) struct HaproxyTech;

static IDENTITY: Identity = Identity {
    title: "HAProxy Technologies' ingress controller",
    controllers: &["haproxy.org/ingress-controller", "haproxy.org/ingress-controller/haproxy"],
    annotation: None,
    matching: HostMatch::Certificates,
    missing_secret: MissingSecret::DefaultCertificate,
    source: "https://github.com/haproxytech/kubernetes-ingress: pkg/annotations/ingress/httpsRedirect.go, \
             pkg/annotations/service/ssl.go, pkg/handler/https.go",
};

static KNOWLEDGE: Knowledge = Knowledge {
    exact: &[
        (Topic::Plaintext, "`spec.tls` and `ssl-redirect` under three prefixes, by annotation and `ConfigMap`"),
        (Topic::Versions, "TLS 1.2, HAProxy's own, unless the ruleset says `oldestTls`"),
        (Topic::Ciphers, "the built-in list"),
        (Topic::Certificates, "the Secrets of `spec.tls`"),
        (
            Topic::Backends,
            "`server-ssl`, `server-crt`, `server-ca`, `server-proto` of the Service, else of the Ingress, else of the `ConfigMap`",
        ),
    ],
    doubts: &[
        "a Global resource (`cr-global`) and configuration snippets, which may set versions and ciphers",
        "which certificate names a host that no `spec.tls` lists",
    ],
};

/// The names that the manifests of the project and its chart give to the `ConfigMap`.
const CONFIG_MAPS: &[&str] = &["haproxy-kubernetes-ingress", "haproxy-configmap"];
const WHOSE: &str = "the default of HAProxy Technologies' ingress controller";

const SSL_REDIRECT: [&str; 3] =
    ["haproxy.org/ssl-redirect", "haproxy.com/ssl-redirect", "ingress.kubernetes.io/ssl-redirect"];
const PREFIXES: [&str; 3] = ["haproxy.org/", "haproxy.com/", "ingress.kubernetes.io/"];

/// pkg/haproxy/config/defaults.go: `SslDefaultBindCiphers`.
const CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:\
                       ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:DHE-DSS-AES128-GCM-SHA256:kEDH+AESGCM:\
                       ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA:\
                       ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA:ECDHE-ECDSA-AES256-SHA:\
                       DHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA:DHE-DSS-AES128-SHA256:DHE-RSA-AES256-SHA256:\
                       DHE-DSS-AES256-SHA:DHE-RSA-AES256-SHA:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!3DES:!MD5:!PSK";

static NO_TLS: Cause = Cause {
    fact: "it has neither spec.tls nor ssl-redirect",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls],
};
/// By the annotations of [`SSL_REDIRECT`], in their order.
static REDIRECT_OFF: [Cause; 3] = [
    Cause {
        fact: "ssl-redirect is turned off",
        places: &[CausePlace::Annotation(SSL_REDIRECT[0]), CausePlace::Point],
        mends: &[Mend::Annotate(SSL_REDIRECT[0], "true")],
    },
    Cause {
        fact: "ssl-redirect is turned off",
        places: &[CausePlace::Annotation(SSL_REDIRECT[1]), CausePlace::Point],
        mends: &[Mend::Annotate(SSL_REDIRECT[1], "true")],
    },
    Cause {
        fact: "ssl-redirect is turned off",
        places: &[CausePlace::Annotation(SSL_REDIRECT[2]), CausePlace::Point],
        mends: &[Mend::Annotate(SSL_REDIRECT[2], "true")],
    },
];
static DEFAULT_BACKEND: Cause = Cause {
    fact: "HAProxy Technologies' ingress controller redirects no requests to a default backend, whatever the annotations say",
    places: &[CausePlace::Point],
    mends: &[Mend::NameHost],
};

impl Controller for HaproxyTech {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    fn knowledge(&self) -> &'static Knowledge {
        &KNOWLEDGE
    }

    /// Rules with paths, and the default backend, which it serves for all that no rule is there for.
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        let rules = ingress.rules.iter().filter(|rule| wanted.includes(rule.host.as_ref()) && !rule.paths.is_empty());
        let with_paths: HashSet<_> = rules.map(|rule| rule.host.as_ref()).collect();
        let points = hosts::points(ingress, wanted).into_iter();
        points.filter(|point| point.is_default_backend || with_paths.contains(&point.host.as_ref())).collect()
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let configuration = configuration(&reading);
        Box::new(Frontends {
            ingress: reading.ingress,
            redirect: redirect(reading.ingress),
            redirects_all: configuration.value("ssl-redirect").and_then(|text| boolean(text)) == Some(true),
            unseen: configuration.doubt().cloned(),
            is_passed_through: is_passed_through(reading.ingress, &configuration),
            listed: Listed::new(&reading.ingress.tls),
        })
    }

    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        if reading.ingress.tls.is_empty() && redirect(reading.ingress) != Redirect::On {
            return Vec::new();
        }
        vec![settings(&reading, &configuration(&reading))]
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        let configuration = configuration(&reading);
        if is_passed_through(reading.ingress, &configuration) {
            return backends::hops(reading.ingress, |_| HopProtection::PassedThrough);
        }
        backends::hops(reading.ingress, |service| protection(&reading, service, &configuration))
    }

    fn rests_on(&self, Reading { ingress, vouched, controller, .. }: Reading<'_>) -> Vec<Need> {
        let configuration = config_map::rests_on(vouched, controller);
        configuration.into_iter().chain(backends::services(ingress).into_iter().map(Need::Get)).collect()
    }
}

/// What the annotation `ssl-redirect` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Redirect {
    On,
    /// By the annotation of this prefix.
    Off(usize),
    /// Nothing.
    Unset,
}

fn redirect(ingress: &Ingress) -> Redirect {
    let values = SSL_REDIRECT.iter().map(|key| ingress.meta.annotations.value(key).filter(|text| !text.is_empty()));
    let values: Vec<Option<bool>> = values.map(|text| text.map(|text| boolean(text).unwrap_or_default())).collect();
    match values.iter().position(|value| *value == Some(false)) {
        Some(prefix) => Redirect::Off(prefix),
        None if values.contains(&Some(true)) => Redirect::On,
        None => Redirect::Unset,
    }
}

/// What the frontends do for an Ingress.
struct Frontends<'a> {
    ingress: &'a Ingress,
    redirect: Redirect,
    /// Whether the `ConfigMap` redirects everything.
    redirects_all: bool,
    /// Why the `ConfigMap` cannot be read.
    unseen: Option<Doubt>,
    is_passed_through: bool,
    listed: Listed<'a>,
}

impl Frontends<'_> {
    fn of_ingress(&self, point: &Point) -> Plaintext {
        if point.is_default_backend {
            return Plaintext::Served(&DEFAULT_BACKEND);
        }
        match self.redirect {
            Redirect::Off(prefix) => Plaintext::Served(REDIRECT_OFF.get(prefix).unwrap_or(&NO_TLS)),
            Redirect::Unset if self.ingress.tls.is_empty() => Plaintext::Served(&NO_TLS),
            Redirect::On | Redirect::Unset => Plaintext::Redirected,
        }
    }
}

impl Opening for Frontends<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        if self.is_passed_through && !point.is_default_backend {
            return Plaintext::Unknown(passthrough());
        }
        match (self.of_ingress(point), &self.unseen) {
            (Plaintext::Served(_), _) if self.redirects_all => Plaintext::Redirected,
            (Plaintext::Served(_), Some(doubt)) => Plaintext::Unknown(doubt.clone()),
            (plaintext, _) => plaintext,
        }
    }

    fn tls(&self, point: &Point, plaintext: &Plaintext) -> Tls {
        if self.is_passed_through && !point.is_default_backend {
            return Tls::Unknown(passthrough());
        }
        if self.ingress.tls.is_empty() && !plaintext.is_refused() {
            return Tls::None;
        }
        // Hosts are compared as the certificates' names will be: as wildcards.
        match &point.host {
            Some(host) if self.listed.covers(host, HostMatch::Wildcard) => Tls::Covered,
            Some(host) => Tls::Unknown(Doubt::new(
                "HAProxy serves whichever of its certificates names it, else its default one",
                format!("list {host} under spec.tls[].hosts, with its Secret"),
            )),
            None => Tls::Unknown(Doubt::new(
                "requests of any host may get HAProxy's default certificate",
                "give the rule a host",
            )),
        }
    }
}

/// How TLS is done: the same for all Ingresses.
fn settings(reading: &Reading<'_>, configuration: &Configuration) -> TlsSettings {
    let by_backend = is_passed_through(reading.ingress, configuration).then(|| (passthrough(), By::Default(WHOSE)));
    if let Some((doubt, by)) = by_backend.or_else(|| hidden(configuration)) {
        return TlsSettings { client: client(configuration), ..TlsSettings::unknown(&doubt, &by) };
    }
    let vouched = reading.controller.and_then(|name| reading.vouched.settings.of(name)?.oldest_tls);
    let oldest = match vouched {
        Some(version) => Setting { value: Oldest::Version(version), by: By::Environment },
        None => Setting { value: Oldest::Version(TlsVersion::Tls12), by: By::Default(WHOSE) },
    };
    let ciphers = Setting { value: Ciphers::Written(Notation::OpenSsl, CIPHERS.into()), by: By::Default(WHOSE) };
    TlsSettings { part: None, oldest, ciphers, client: client(configuration) }
}

/// Why the defaults may not hold.
fn hidden(configuration: &Configuration) -> Option<(Doubt, By)> {
    const KEYS: [&str; 3] = ["cr-global", "global-config-snippet", "frontend-config-snippet"];
    if let Some(doubt) = configuration.doubt() {
        return Some((doubt.clone(), By::Default(WHOSE)));
    }
    let sets = |key: &str, text: &str| {
        !text.is_empty() && (key == "cr-global" || text.contains("ssl") || text.contains("tls"))
    };
    KEYS.iter().find_map(|key| {
        let (text, by) = configuration.setting(key).ok()??;
        let doubt = || {
            Doubt::new(
                format!("Ringwall does not read what {key} in the controller's ConfigMap sets of TLS"),
                format!("remove {key} from the controller's ConfigMap"),
            )
        };
        sets(key, text).then(|| (doubt(), by))
    })
}

/// Whether clients show certificates: with `client-ca` in the `ConfigMap`, unless `client-crt-optional` (pkg/handler/https.go).
fn client(configuration: &Configuration) -> Setting<ClientCertificates> {
    match configuration.setting("client-ca") {
        Err(doubt) => Setting { value: ClientCertificates::Unknown(doubt.clone()), by: By::Default(WHOSE) },
        Ok(Some((secret, by))) if !secret.is_empty() => match configuration.setting("client-crt-optional") {
            // pkg/annotations/annotations.go, Bool: nothing but the word counts.
            Ok(Some((text, by))) if *text == "true" => {
                let fact = "are not required: client-crt-optional is true";
                Setting { value: ClientCertificates::Optional(fact.into()), by }
            }
            _ => Setting { value: ClientCertificates::Required, by },
        },
        Ok(_) => Setting { value: ClientCertificates::NotAsked, by: By::Default(WHOSE) },
    }
}

/// How traffic to a Service is protected.
fn protection(reading: &Reading<'_>, service: Option<&ObjectKey>, configuration: &Configuration) -> HopProtection {
    let meta = match service.map(|key| reading.snapshot.object(key)) {
        Some(Lookup::Found(Object::Service(found))) => Ok(Some(found.meta.clone())),
        Some(Lookup::Unseen(blind)) => Err(blind),
        _ => Ok(None),
    };
    let places = Places { reading, meta: &meta, configuration };
    let found = |name: &str| places.value(name);
    let (ssl, certificate, ca) = match (found("server-ssl"), found("server-crt"), found("server-ca")) {
        (Ok(ssl), Ok(certificate), Ok(ca)) => (ssl, certificate, ca),
        (Err(doubt), ..) | (_, Err(doubt), _) | (.., Err(doubt)) => return HopProtection::Unknown(doubt),
    };
    if let Some((_, by)) = ca.filter(|(text, _)| !text.is_empty()) {
        return HopProtection::Tls(by, Verified::Yes);
    }
    if let Some((_, by)) = certificate.filter(|(text, _)| !text.is_empty()) {
        return HopProtection::Tls(by, Verified::No(By::Default(WHOSE)));
    }
    match ssl {
        Some((text, by)) if boolean(&text) == Some(true) => HopProtection::Tls(by, Verified::No(By::Default(WHOSE))),
        Some((_, by)) => HopProtection::Plaintext(by),
        None => HopProtection::Plaintext(By::Default(WHOSE)),
    }
}

/// Where what is said of a backend may stand: on the Service, on the Ingress, in the `ConfigMap`.
struct Places<'a> {
    reading: &'a Reading<'a>,
    meta: &'a Result<Option<Meta>, Blind>,
    configuration: &'a Configuration,
}

impl Places<'_> {
    /// What is said under a name first.
    fn value(&self, name: &str) -> Result<Option<(Name, By)>, Doubt> {
        match self.meta {
            Err(blind) => return Err(blind.clone().into()),
            Ok(Some(meta)) => {
                if let Some((key, text)) = annotation(meta, name) {
                    let service = super::values::key(Kind::Service, meta);
                    return Ok(Some((text.clone(), by_annotation(service, &key))));
                }
            }
            Ok(None) => {}
        }
        let ingress = self.reading.ingress;
        if let Some((key, text)) = annotation(&ingress.meta, name) {
            return Ok(Some((text.clone(), by_annotation(key_of(ingress), &key))));
        }
        let found = self.configuration.setting(name).map_err(Clone::clone)?;
        Ok(found.map(|(text, by)| (text.clone(), by)))
    }
}

/// An annotation under any of the prefixes, and its whole name.
fn annotation<'a>(meta: &'a Meta, name: &str) -> Option<(String, &'a Name)> {
    PREFIXES.iter().find_map(|prefix| {
        let key = format!("{prefix}{name}");
        let value = meta.annotations.value(&key)?;
        Some((key, value))
    })
}

/// Whether TLS goes through to the backends unopened (pkg/annotations/annotations.go, Bool: nothing but the word counts).
fn is_passed_through(ingress: &Ingress, configuration: &Configuration) -> bool {
    let own = annotation(&ingress.meta, "ssl-passthrough").map(|(_, text)| text);
    own.or_else(|| configuration.value("ssl-passthrough")).is_some_and(|text| *text == "true")
}

/// What `ssl-passthrough` leaves open.
fn passthrough() -> Doubt {
    Doubt::new(
        "ssl-passthrough leaves TLS to the backend",
        "remove the annotation ssl-passthrough, or vouch for the controller in the ruleset's environment.ingressControllers",
    )
}

/// A boolean as pkg/utils reads it: Go's, and four older words in any case.
fn boolean(text: &str) -> Option<bool> {
    go_bool(text).or_else(|| match text.to_ascii_lowercase().as_str() {
        "enabled" | "on" => Some(true),
        "disabled" | "off" => Some(false),
        _ => None,
    })
}

fn configuration(reading: &Reading<'_>) -> Configuration {
    Configuration::of(reading.snapshot, reading.vouched, reading.controller, CONFIG_MAPS)
}
