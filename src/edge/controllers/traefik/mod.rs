//! Traefik, as a provider of `networking.k8s.io/v1` Ingresses, and with its own kinds ([`routes`]).
//!
//! `spec.tls` only loads certificates. An Ingress becomes routers, and a router without entry points of its own is attached to
//! all of them, the plain one included; no redirect is built in. A router **with** TLS (`router.tls`) answers TLS alone, on
//! every entry point. A router on an entry point that has TLS itself gets it from there ([`entry_points`]). Hosts under
//! `spec.tls` are ignored: whichever certificate of all that are loaded names the host is served, else the default one.
//!
//! Not seen here: entry points that redirect (`http.redirections`), for which the operator vouches in the ruleset, and
//! whatever providers beside Kubernetes bring.

mod alters;
mod annotations;
mod backends;
mod by_host;
mod entry_points;
mod lookup;
mod middlewares;
mod options;
mod routes;
#[cfg(test)]
mod tests;

use crate::{
    edge::{
        Cause, CausePlace, CertificateUse, Hop, Mend, TlsSettings,
        hosts::{self, Listed, Wanted},
    },
    model::{Ingress, Kind, Name},
    snapshot::{Need, Snapshot},
};

use super::{Controller, Doubt, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls, secrets};
use annotations::{list, router_has_tls, value};
use entry_points::{Attached, SECURE};
use middlewares::Redirects;

pub(super) use alters::alters;
pub(super) use routes::surface;

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

const ENTRY_POINTS: &str = "traefik.ingress.kubernetes.io/router.entrypoints";
const ROUTER_TLS: &str = "traefik.ingress.kubernetes.io/router.tls";
const ANNOTATE: &str = "annotate it with traefik.ingress.kubernetes.io/router.tls: \"true\"";

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
        super::backends::with_paths(ingress, hosts::rule_points(ingress, wanted))
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let ingress = reading.ingress;
        Box::new(Routers {
            plaintext: plaintext(reading.snapshot, ingress),
            has_resolver: value(&ingress.meta, "router.tls.certresolver").is_some(),
            listed: Listed::new(&ingress.tls),
            ingress,
        })
    }

    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        let Reading { ingress, snapshot, vouched, controller } = reading;
        if !has_tls(ingress) {
            return Vec::new();
        }
        let named = annotations::options(&ingress.meta);
        let hosts: Vec<Option<Name>> = self.points(ingress, Wanted::All).into_iter().map(|point| point.host).collect();
        by_host::settings(snapshot, vouched, controller, named.as_ref(), ingress.meta.namespace.as_ref(), &hosts)
    }

    /// The Secrets of `spec.tls` are loaded, whatever the routers do.
    fn certificates(&self, Reading { ingress, snapshot, .. }: Reading<'_>) -> Vec<CertificateUse> {
        let named = annotations::options(&ingress.meta);
        let is_strict = || options::choose(snapshot, named.as_ref(), ingress.meta.namespace.as_ref()).is_strict();
        let rejects = !ingress.tls.is_empty() && is_strict();
        secrets::of_tls(ingress, missing_secret(rejects))
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        backends::of_ingress(reading)
    }

    fn rests_on(&self, Reading { ingress, snapshot, .. }: Reading<'_>) -> Vec<Need> {
        let own = ingress.meta.namespace.as_ref();
        let named = annotations::middlewares(&ingress.meta);
        let middlewares = named.iter().flat_map(|named| {
            lookup::needs(snapshot, lookup::candidates(named, Kind::Middleware, own)) //
        });
        let mut needs: Vec<Need> = middlewares.collect();
        if has_tls(ingress) {
            needs.extend(options::needs(snapshot, annotations::options(&ingress.meta).as_ref(), own));
        }
        needs
    }
}

/// What becomes of TLS when a Secret is not there; with `sniStrict` the default certificate is not served.
fn missing_secret(is_strict: bool) -> MissingSecret {
    if is_strict { MissingSecret::RejectsHandshake } else { MissingSecret::DefaultCertificate }
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
fn plaintext(snapshot: &Snapshot, ingress: &Ingress) -> Plaintext {
    if router_has_tls(&ingress.meta) {
        return Plaintext::Closed;
    }
    let cause = match Attached::of(list(&ingress.meta, "router.entrypoints")) {
        Attached::Everywhere => &EVERY_ENTRY_POINT,
        Attached::Plain => &PLAIN_ENTRY_POINT,
        Attached::Secure => return Plaintext::Closed,
        Attached::Unknown(name) => return Plaintext::Unknown(entry_points::unknown(&name, ANNOTATE)),
    };
    let named = annotations::middlewares(&ingress.meta);
    match middlewares::any(snapshot, &named, ingress.meta.namespace.as_ref(), ANNOTATE) {
        Redirects::Yes => Plaintext::Redirected,
        Redirects::No => Plaintext::Served(cause),
        Redirects::Unknown(doubt) => Plaintext::Unknown(doubt),
    }
}

/// Whether some router of an Ingress serves TLS, of its own or by its entry point.
fn has_tls(ingress: &Ingress) -> bool {
    router_has_tls(&ingress.meta) || Attached::of(list(&ingress.meta, "router.entrypoints")).may_have_tls()
}
