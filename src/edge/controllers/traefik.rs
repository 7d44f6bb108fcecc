//! Traefik, as a provider of `networking.k8s.io/v1` Ingresses.
//!
//! `spec.tls` only loads certificates. An Ingress becomes routers, and a router without entry points of its own is attached to
//! all of them, the plain one included; no redirect is built in. A router **with** TLS (`router.tls`) answers TLS alone, on
//! every entry point. A router on an entry point that has TLS itself gets it from there; which do is the operator's
//! configuration, of which one convention is taken: `websecure`, the name that Traefik's own chart and k3s give to the entry
//! point with TLS (and `web` to the plain one). Hosts under `spec.tls` are ignored: whichever certificate of all that are
//! loaded names the host is served, else the default one.
//!
//! Not seen here: entry points that redirect (`http.redirections`), for which the operator vouches in the ruleset, and
//! Middlewares.

use std::collections::HashSet;

use crate::{
    edge::{
        Cause, CausePlace, Mend,
        hosts::{self, Listed, Wanted},
    },
    model::Ingress,
};

use super::{Controller, Doubt, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls};

/// Traefik.
#[derive(Debug)]
pub(super) struct Traefik;

static IDENTITY: Identity = Identity {
    title: "Traefik",
    controllers: &["traefik.io/ingress-controller"],
    annotation: Some("traefik"),
    matching: HostMatch::Certificates,
    missing_secret: MissingSecret::DefaultCertificate,
    source: "https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/overview/ and \
             https://github.com/traefik/traefik: pkg/provider/kubernetes/ingress/kubernetes.go",
};

const PREFIX: &str = "traefik.ingress.kubernetes.io/";
const ENTRY_POINTS: &str = "traefik.ingress.kubernetes.io/router.entrypoints";
const ROUTER_TLS: &str = "traefik.ingress.kubernetes.io/router.tls";
const ANNOTATE: &str = "annotate it with traefik.ingress.kubernetes.io/router.tls: \"true\"";
const SECURE: &str = "websecure";
/// The plain entry points: of the chart (`web`, `traefik` with the dashboard, `metrics`), and of Traefik itself where it is
/// configured with none (`http`).
const PLAIN: [&str; 4] = ["web", "http", "traefik", "metrics"];

static EVERY_ENTRY_POINT: Cause = Cause {
    fact: "Traefik attaches it to every entry point, the plain one included, and spec.tls does not change that",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::Annotate(ROUTER_TLS, "true")],
};
static PLAIN_ENTRY_POINT: Cause = Cause {
    fact: "router.entrypoints attaches it to a plain entry point",
    places: &[CausePlace::Annotation(ENTRY_POINTS), CausePlace::Point],
    mends: &[Mend::Annotate(ENTRY_POINTS, SECURE), Mend::Annotate(ROUTER_TLS, "true")],
};

impl Controller for Traefik {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    /// Rules with paths, or the default backend where there are no rules.
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        if ingress.rules.is_empty() {
            return hosts::lone_default_backend(ingress, wanted);
        }
        let rules = ingress.rules.iter().filter(|rule| wanted.includes(rule.host.as_ref()) && !rule.paths.is_empty());
        let with_paths: HashSet<_> = rules.map(|rule| rule.host.as_ref()).collect();
        let points = hosts::rule_points(ingress, wanted).into_iter();
        points.filter(|point| with_paths.contains(&point.host.as_ref())).collect()
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let ingress = reading.ingress;
        Box::new(Routers {
            plaintext: plaintext(ingress),
            has_resolver: value(ingress, "router.tls.certresolver").is_some(),
            listed: Listed::new(&ingress.tls),
            ingress,
        })
    }
}

/// What the routers of an Ingress have in common.
struct Routers<'a> {
    ingress: &'a Ingress,
    plaintext: Plaintext,
    has_resolver: bool,
    listed: Listed<'a>,
}

impl Opening for Routers<'_> {
    fn plaintext(&self, _: &Point) -> Plaintext {
        self.plaintext.clone()
    }

    fn tls(&self, point: &Point, plaintext: &Plaintext) -> Tls {
        if self.ingress.tls.is_empty() && !plaintext.is_refused() {
            return Tls::None;
        }
        // Hosts are compared as the certificates' names will be: as wildcards.
        let is_listed = || point.host.as_ref().is_some_and(|host| self.listed.covers(host, HostMatch::Wildcard));
        if self.has_resolver || is_listed() {
            return Tls::Covered;
        }
        Tls::Unknown(match &point.host {
            Some(host) => Doubt::new(
                "Traefik serves whichever of its certificates names it, else its default one",
                format!("list {host} under spec.tls[].hosts, with its Secret"),
            ),
            None => Doubt::new("requests of any host may get Traefik's default certificate", "give the rule a host"),
        })
    }
}

/// What becomes of plaintext, for every host of an Ingress.
fn plaintext(ingress: &Ingress) -> Plaintext {
    if router_has_tls(ingress) {
        return Plaintext::Closed;
    }
    let entry_points = list(ingress, "router.entrypoints");
    let cause = if entry_points.is_empty() {
        &EVERY_ENTRY_POINT
    } else if entry_points.iter().any(|name| PLAIN.contains(name)) {
        &PLAIN_ENTRY_POINT
    } else if entry_points.iter().all(|name| *name == SECURE) {
        return Plaintext::Closed;
    } else {
        let name = entry_points.iter().find(|name| **name != SECURE).copied().unwrap_or_default();
        return Plaintext::Unknown(Doubt::new(
            format!("whether Traefik's entry point {name} has TLS is not written in the cluster"),
            ANNOTATE,
        ));
    };
    match list(ingress, "router.middlewares").first() {
        None => Plaintext::Served(cause),
        Some(name) => Plaintext::Unknown(Doubt::new(
            format!("Ringwall does not read Traefik's middleware {name}, which may redirect to HTTPS"),
            format!("{ANNOTATE}, or vouch for the redirect in the ruleset's environment.ingressControllers"),
        )),
    }
}

/// Whether the routers have TLS of their own: `router.tls` is empty or `true` in any case, or missing beside one of its
/// fields (`router.tls.certresolver`). Any other value turns TLS and its fields off.
fn router_has_tls(ingress: &Ingress) -> bool {
    match value(ingress, "router.tls") {
        Some(text) => text.is_empty() || text.eq_ignore_ascii_case("true"),
        None => ingress.meta.annotations.iter().any(|(key, _)| {
            key.strip_prefix(PREFIX)
                .and_then(|rest| rest.get(.."router.tls.".len()))
                .is_some_and(|start| start.eq_ignore_ascii_case("router.tls."))
        }),
    }
}

/// The value of an annotation of Traefik's, whose names are compared without regard to case.
fn value<'a>(ingress: &'a Ingress, name: &str) -> Option<&'a str> {
    // Of names that differ only in case Traefik lets the last one win, in the order of their bytes.
    let same = |key: &str| key.strip_prefix(PREFIX).is_some_and(|rest| rest.eq_ignore_ascii_case(name));
    ingress.meta.annotations.iter().filter(|(key, _)| same(key)).last().map(|(_, value)| value.as_str())
}

fn list<'a>(ingress: &'a Ingress, name: &str) -> Vec<&'a str> {
    let text = value(ingress, name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect()
}
