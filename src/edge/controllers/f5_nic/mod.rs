//! F5's NGINX Ingress Controller.
//!
//! A host has TLS where an entry of `spec.tls` names it literally: a wildcard names only itself (internal/configs/ingress.go,
//! `addSSLConfig`; the last entry wins). A Secret that is not there, is broken, or is not of type `kubernetes.io/tls` makes it
//! refuse handshakes; so does an entry without a Secret, unless the controller runs with `-wildcard-tls-secret`. Plaintext of a
//! host with TLS is redirected unless `ssl-redirect` is turned off, by annotation or `ConfigMap`; of one without, it is served.
//! `redirect-to-https` goes by `X-Forwarded-Proto`, which whoever connects can write: it proves nothing by itself. Of mergeable
//! Ingresses, the master opens the host, and a minion adds paths to it.
//!
//! It writes no `ssl_protocols` and no `ssl_ciphers` of its own, so that nginx's built-in ones count. Since v5.0 it ships nginx
//! 1.27.4 or later (build/Dockerfile), whose built-in oldest version is TLS 1.2: "now TLSv1 and TLSv1.1 protocols are disabled by
//! default" (changes of 1.27.3). For older releases the operator says `oldestTls` in the ruleset.
//!
//! Not seen here: the controller's arguments (`-wildcard-tls-secret`, `-default-server-tls-secret`, `-enable-snippets`,
//! `-allow-empty-ingress-host`), `VirtualServerRoute` and `TransportServer`.

mod settings;
#[cfg(test)]
mod tests;
mod virtual_server;

use crate::{
    edge::{
        Cause, CausePlace, Mend, Surface, Vouched,
        hosts::{self, Listed, Wanted},
    },
    model::{EdgeResource, Ingress, nginx::NginxSpec},
    snapshot::{Need, Snapshot},
};

use super::{
    Controller, Doubt, Hop, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls, TlsSettings,
    config_map::{self, Configuration},
    values::go_bool,
};

/// F5's NGINX Ingress Controller.
#[derive(Debug)]
pub(super) struct F5Nic;

const CONTROLLER: &str = "nginx.org/ingress-controller";

static IDENTITY: Identity = Identity {
    title: "F5's NGINX Ingress Controller",
    controllers: &[CONTROLLER],
    annotation: None,
    matching: HostMatch::Exact,
    missing_secret: MissingSecret::RejectsHandshake,
    source: "https://github.com/nginx/kubernetes-ingress: internal/configs/ingress.go, internal/configs/virtualserver.go",
};

/// The names that the manifests of the project and its charts give to the `ConfigMap`.
const CONFIG_MAPS: &[&str] = &["nginx-config", "nginx-ingress", "nginx-ingress-nginx-ingress"];

const SSL_REDIRECT: &str = "nginx.org/ssl-redirect";
const OLD_SSL_REDIRECT: &str = "ingress.kubernetes.io/ssl-redirect";
const REDIRECT_TO_HTTPS: &str = "nginx.org/redirect-to-https";
const MERGEABLE: &str = "nginx.org/mergeable-ingress-type";

static NO_TLS: Cause =
    Cause { fact: "no spec.tls names it", places: &[CausePlace::Point, CausePlace::Tls], mends: &[Mend::AddTls] };
static NO_LITERAL_TLS: Cause = Cause {
    fact: "no entry of spec.tls names it literally, and F5's controller takes no wildcard for it",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls],
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

impl Controller for F5Nic {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    /// Rules, or the default backend where there are none; nothing for a minion, which rides on the host of its master.
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        if is_minion(ingress) {
            return Vec::new();
        }
        if ingress.rules.is_empty() {
            return hosts::lone_default_backend(ingress, wanted);
        }
        hosts::rule_points(ingress, wanted)
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        Box::new(Servers {
            listed: Listed::new(&reading.ingress.tls),
            redirect: redirect(reading.ingress, &configuration(&reading)),
            ingress: reading.ingress,
        })
    }

    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        settings::of(&reading)
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        settings::hops(&reading)
    }

    fn rests_on(&self, Reading { vouched, controller, .. }: Reading<'_>) -> Vec<Need> {
        config_map::rests_on(vouched, controller).into_iter().collect()
    }
}

/// What an object of its own kinds opens: a Policy opens nothing by itself.
pub(super) fn own_surface<'a>(
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
    spec: &'a NginxSpec,
) -> Option<Box<dyn Surface + 'a>> {
    match spec {
        NginxSpec::VirtualServer(server) => {
            Some(Box::new(virtual_server::VirtualServerSurface::new(snapshot, vouched, resource, server)))
        }
        NginxSpec::Policy(_) => None,
    }
}

/// What the servers that an Ingress asks for have in common.
struct Servers<'a> {
    ingress: &'a Ingress,
    listed: Listed<'a>,
    /// What becomes of plaintext for a host with TLS.
    redirect: Plaintext,
}

impl Opening for Servers<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        let Some(host) = &point.host else { return Plaintext::Unknown(empty_host()) };
        if self.listed.covers(host, HostMatch::Exact) {
            return self.redirect.clone();
        }
        if flag(self.ingress, REDIRECT_TO_HTTPS) == Some(true) {
            return Plaintext::Unknown(by_header(REDIRECT_TO_HTTPS));
        }
        let by_wildcard = self.listed.covers(host, HostMatch::Wildcard);
        Plaintext::Served(if by_wildcard { &NO_LITERAL_TLS } else { &NO_TLS })
    }

    fn tls(&self, point: &Point, plaintext: &Plaintext) -> Tls {
        let Some(host) = &point.host else { return Tls::None };
        // The last entry that names the host wins.
        let names =
            |listed: &&crate::model::IngressTls| listed.hosts.iter().any(|name| name.eq_ignore_ascii_case(host));
        match self.ingress.tls.iter().rfind(names) {
            Some(entry) if entry.secret_name.is_some() => Tls::Covered,
            Some(_) => Tls::Unknown(Doubt::new(
                "without a Secret it has TLS only if the controller runs with -wildcard-tls-secret",
                format!("set spec.tls[].secretName for {host}"),
            )),
            // What refuses plaintext for it is not this Ingress; whether there is TLS for it, nothing here says.
            None if plaintext.is_refused() => Tls::Unknown(Doubt::new(
                "F5's controller has TLS for it only if spec.tls names it literally",
                format!("list {host} under spec.tls[].hosts, with its Secret"),
            )),
            None => Tls::None,
        }
    }
}

/// What becomes of plaintext for a host with TLS (internal/configs/annotations.go): the newer annotation goes before the older
/// one, even where its value is none.
fn redirect(ingress: &Ingress, configuration: &Configuration) -> Plaintext {
    let key = if ingress.meta.annotations.has(SSL_REDIRECT) { SSL_REDIRECT } else { OLD_SSL_REDIRECT };
    let cause = match flag(ingress, key) {
        Some(true) => return Plaintext::Redirected,
        Some(false) if key == SSL_REDIRECT => &REDIRECT_OFF,
        Some(false) => &OLD_REDIRECT_OFF,
        None => match configuration.doubt() {
            Some(doubt) => return Plaintext::Unknown(doubt.clone()),
            None if configuration.flag("ssl-redirect") == Some(false) => &REDIRECT_OFF_FOR_ALL,
            None => return Plaintext::Redirected,
        },
    };
    match flag(ingress, REDIRECT_TO_HTTPS).or_else(|| configuration.flag("redirect-to-https")) {
        Some(true) => Plaintext::Unknown(by_header(REDIRECT_TO_HTTPS)),
        _ => Plaintext::Served(cause),
    }
}

/// A redirect that goes by what the client says of itself.
fn by_header(key: &str) -> Doubt {
    Doubt::new(
        format!("{key} redirects only whoever says X-Forwarded-Proto: http"),
        "let spec.tls name the host, and leave ssl-redirect on",
    )
}

fn empty_host() -> Doubt {
    Doubt::new(
        "F5's controller takes requests of any host only if it runs with -allow-empty-ingress-host",
        "give the rule a host, covered by spec.tls",
    )
}

fn is_minion(ingress: &Ingress) -> bool {
    ingress.meta.annotations.value(MERGEABLE).is_some_and(|value| *value == "minion")
}

/// A boolean annotation; `None` when it is missing or cannot be parsed, where the controller takes its default.
fn flag(ingress: &Ingress, key: &str) -> Option<bool> {
    go_bool(ingress.meta.annotations.value(key)?)
}

fn configuration(reading: &Reading<'_>) -> Configuration {
    Configuration::of(reading.snapshot, reading.vouched, reading.controller, CONFIG_MAPS)
}
