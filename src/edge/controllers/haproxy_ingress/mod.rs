//! haproxy-ingress, the controller of the community.
//!
//! A host has TLS where an entry of `spec.tls` of any Ingress names it literally, or where `ssl-always-add-https` gives it the default
//! certificate (pkg/converters/ingress/ingress.go, since v0.13). Plaintext of a host with TLS is redirected unless `ssl-redirect`
//! is turned off; of one without, it is served. `ssl-redirect` belongs to the backend: an annotation of the Service goes before
//! that of the Ingress, and that before the `ConfigMap`. A value that is no boolean is left aside. Paths below
//! `no-tls-redirect-locations` of the `ConfigMap` are not redirected.
//!
//! Versions: `HAProxy` since 2.2 accepts nothing before TLS 1.2 unless `ssl-min-ver`, `ssl-max-ver` or `force-tlsv1x` in
//! `ssl-options` say so: `no-tlsv1x` only takes away.
//!
//! Behind, `backend-protocol` decides (or the older `secure-backends`), and `secure-verify-ca-secret` checks; its Secret must be
//! there, which is taken for granted. A Service that is not seen leaves open how its hop is protected; that it turns the redirect
//! off is not supposed of it.
//!
//! Not seen here: the controller's arguments (`--annotations-prefix`, whose default is taken; `--default-ssl-certificate`), and
//! clients that say `X-Forwarded-Proto: https` themselves.

mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::{
    edge::{
        Cause, CausePlace, Mend,
        hosts::{self, Listed, Wanted},
    },
    model::{Ingress, Kind, Meta, Name, Object, ObjectKey},
    snapshot::{Blind, Lookup, Need},
};

use super::{
    Controller, Doubt, Hop, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls, TlsSettings,
    backends,
    certificates::{Certificates, Sharing},
    config_map::{self, Configuration},
    values::{go_bool, is_exempt, paths_of},
};

/// haproxy-ingress.
#[derive(Debug)]
pub(super) struct HaproxyIngress;

static IDENTITY: Identity = Identity {
    title: "haproxy-ingress",
    controllers: &["haproxy-ingress.github.io/controller"],
    annotation: None,
    matching: HostMatch::Exact,
    missing_secret: MissingSecret::DefaultCertificate,
    source: "https://github.com/jcmoraisjr/haproxy-ingress: pkg/converters/ingress/ingress.go, \
             pkg/converters/ingress/annotations/backend.go",
};

/// The names that the manifests of the project and its chart give to the `ConfigMap`.
const CONFIG_MAPS: &[&str] = &["haproxy-ingress"];
const PREFIXES: [&str; 2] = ["haproxy-ingress.github.io/", "ingress.kubernetes.io/"];
const SSL_REDIRECT: &str = "haproxy-ingress.github.io/ssl-redirect";
const OLD_SSL_REDIRECT: &str = "ingress.kubernetes.io/ssl-redirect";

static SHARING: Sharing = Sharing { matching: HostMatch::Exact, leaves_out: |_| false };

static NO_TLS: Cause = Cause {
    fact: "no spec.tls names it, and haproxy-ingress redirects to HTTPS only hosts with TLS",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls],
};
static ANY_HOST: Cause = Cause {
    fact: "haproxy-ingress gives requests of any host no TLS",
    places: &[CausePlace::Point],
    mends: &[Mend::NameHost],
};
static REDIRECT_OFF: Cause = Cause {
    fact: "ssl-redirect is turned off",
    places: &[CausePlace::Annotation(SSL_REDIRECT), CausePlace::Point],
    mends: &[Mend::RemoveAnnotation(SSL_REDIRECT)],
};
static OLD_REDIRECT_OFF: Cause = Cause {
    fact: "ssl-redirect is turned off",
    places: &[CausePlace::Annotation(OLD_SSL_REDIRECT), CausePlace::Point],
    mends: &[Mend::RemoveAnnotation(OLD_SSL_REDIRECT)],
};
static REDIRECT_OFF_FOR_ALL: Cause = Cause {
    fact: "ssl-redirect is turned off in the controller's ConfigMap",
    places: &[CausePlace::Point],
    mends: &[Mend::Annotate(SSL_REDIRECT, "true")],
};
static REDIRECT_OFF_BY_SERVICE: Cause = Cause {
    fact: "an annotation of the Service behind it turns ssl-redirect off",
    places: &[CausePlace::Point],
    mends: &[Mend::Words("remove the annotation haproxy-ingress.github.io/ssl-redirect from the Service")],
};
static EXEMPT: Cause = Cause {
    fact: "no-tls-redirect-locations in the controller's ConfigMap keeps paths of it from being redirected",
    places: &[CausePlace::Point],
    mends: &[Mend::Words("take the path out of no-tls-redirect-locations in the controller's ConfigMap")],
};

impl Controller for HaproxyIngress {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    /// Rules with paths, and the default backend.
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        hosts::points(ingress, wanted)
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let configuration = configuration(&reading);
        let of_host = |name: &str| flag(&reading.ingress.meta, name).or_else(|| configuration.flag(name));
        let always = of_host("ssl-always-add-https") == Some(true);
        Box::new(Hosts {
            always_tls: always,
            always_redirects: always && of_host("ssl-always-follow-redirect") != Some(false),
            off: turned_off(&reading, &configuration),
            is_passed_through: flag(&reading.ingress.meta, "ssl-passthrough") == Some(true),
            listed: Listed::new(&reading.ingress.tls),
            certificates: reading.snapshot.memo().table(),
            configuration,
            reading,
        })
    }

    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        settings::of(&reading)
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        settings::hops(&reading)
    }

    fn rests_on(&self, Reading { ingress, vouched, controller, .. }: Reading<'_>) -> Vec<Need> {
        let ingresses = ingress.tls.is_empty().then(|| Need::List(Kind::Ingress, ingress.meta.namespace.clone()));
        let services = backends::services(ingress).into_iter().map(Need::Get);
        ingresses.into_iter().chain(config_map::rests_on(vouched, controller)).chain(services).collect()
    }
}

/// Why hosts with TLS are not redirected.
enum Off {
    No,
    Yes(&'static Cause),
    /// It rests on a `ConfigMap` that cannot be read.
    Unknown(Doubt),
}

/// Whether `ssl-redirect` is turned off for some backend of an Ingress.
fn turned_off(reading: &Reading<'_>, configuration: &Configuration) -> Off {
    let mut keep = false;
    for service in backends::services(reading.ingress) {
        let Ok(Some(meta)) = service_meta(reading, Some(&service)) else {
            keep = true;
            continue;
        };
        match flag(&meta, "ssl-redirect") {
            Some(false) => return Off::Yes(&REDIRECT_OFF_BY_SERVICE),
            Some(true) => {}
            None => keep = true,
        }
    }
    if !keep && !backends::services(reading.ingress).is_empty() {
        return Off::No;
    }
    let annotations = &reading.ingress.meta.annotations;
    let own = [(SSL_REDIRECT, &REDIRECT_OFF), (OLD_SSL_REDIRECT, &OLD_REDIRECT_OFF)];
    for (key, cause) in own {
        match annotations.value(key).and_then(|text| go_bool(text)) {
            Some(true) => return Off::No,
            Some(false) => return Off::Yes(cause),
            None => {}
        }
    }
    match (configuration.doubt(), configuration.flag("ssl-redirect")) {
        (Some(doubt), _) => Off::Unknown(doubt.clone()),
        (None, Some(false)) => Off::Yes(&REDIRECT_OFF_FOR_ALL),
        (None, _) => Off::No,
    }
}

/// What the hosts of an Ingress have in common.
struct Hosts<'a> {
    reading: Reading<'a>,
    configuration: Configuration,
    /// Whether hosts that nobody lists have the default certificate.
    always_tls: bool,
    /// Whether such hosts are redirected too.
    always_redirects: bool,
    off: Off,
    is_passed_through: bool,
    listed: Listed<'a>,
    /// What the other Ingresses bring.
    certificates: Arc<Certificates>,
}

impl Hosts<'_> {
    /// Whether this Ingress or another one of the host lists it literally.
    fn is_listed(&self, host: &Name) -> Result<bool, Blind> {
        if self.listed.covers(host, HostMatch::Exact) || self.certificates.another_covers(&SHARING, &self.reading, host)
        {
            return Ok(true);
        }
        self.reading.snapshot.coverage(Kind::Ingress, None).map(|()| false)
    }

    fn is_exempt(&self, point: &Point) -> bool {
        let Some(locations) = self.configuration.value("no-tls-redirect-locations") else { return false };
        if point.is_default_backend {
            return is_exempt(locations, "/");
        }
        paths_of(self.reading.ingress, point.host.as_ref()).any(|path| is_exempt(locations, path))
    }

    /// What becomes of plaintext where there is TLS.
    fn beside_tls(&self, point: &Point) -> Plaintext {
        match &self.off {
            Off::Yes(cause) => Plaintext::Served(cause),
            Off::Unknown(doubt) => Plaintext::Unknown(doubt.clone()),
            Off::No => match self.configuration.doubt() {
                Some(doubt) => Plaintext::Unknown(doubt.clone()),
                None if self.is_exempt(point) => Plaintext::Served(&EXEMPT),
                None => Plaintext::Redirected,
            },
        }
    }
}

impl Opening for Hosts<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        if self.is_passed_through {
            return Plaintext::Unknown(settings::passthrough());
        }
        let (listed, cause) = match &point.host {
            Some(host) => (self.is_listed(host), &NO_TLS),
            None => (Ok(false), &ANY_HOST),
        };
        match listed {
            Ok(true) => self.beside_tls(point),
            Ok(false) if self.always_redirects => self.beside_tls(point),
            Ok(false) => match self.configuration.doubt().filter(|_| !self.always_tls) {
                // It may have ssl-always-add-https.
                Some(doubt) => Plaintext::Unknown(doubt.clone()),
                None => Plaintext::Served(cause),
            },
            Err(blind) => Plaintext::Unknown(blind.into()),
        }
    }

    fn tls(&self, point: &Point, plaintext: &Plaintext) -> Tls {
        if self.is_passed_through {
            return Tls::Unknown(settings::passthrough());
        }
        if let Some(host) = &point.host {
            if self.listed.covers(host, HostMatch::Exact)
                || self.certificates.another_covers(&SHARING, &self.reading, host)
            {
                return Tls::Covered;
            }
        }
        if !self.always_tls && !plaintext.is_refused() {
            return Tls::None;
        }
        let settle = match &point.host {
            Some(host) => format!("list {host} under spec.tls[].hosts, with its Secret"),
            None => "give the rule a host".to_owned(),
        };
        Tls::Unknown(Doubt::new("haproxy-ingress has nothing but its default certificate for it", settle))
    }
}

/// The annotations of a Service, where it is there.
fn service_meta(reading: &Reading<'_>, service: Option<&ObjectKey>) -> Result<Option<Meta>, Blind> {
    match service.map(|key| reading.snapshot.object(key)) {
        Some(Lookup::Found(Object::Service(found))) => Ok(Some(found.meta.clone())),
        Some(Lookup::Unseen(blind)) => Err(blind),
        _ => Ok(None),
    }
}

/// An annotation under either prefix, and its whole name.
fn annotation<'a>(meta: &'a Meta, name: &str) -> Option<(String, &'a Name)> {
    PREFIXES.iter().find_map(|prefix| {
        let key = format!("{prefix}{name}");
        let value = meta.annotations.value(&key)?;
        Some((key, value))
    })
}

fn flag(meta: &Meta, name: &str) -> Option<bool> {
    PREFIXES.iter().find_map(|prefix| go_bool(meta.annotations.value(&format!("{prefix}{name}"))?))
}

fn configuration(reading: &Reading<'_>) -> Configuration {
    Configuration::of(reading.snapshot, reading.vouched, reading.controller, CONFIG_MAPS)
}
