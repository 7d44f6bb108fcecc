//! Kong, as a provider of `networking.k8s.io/v1` Ingresses.
//!
//! A route has protocols, `http` and `https` unless told otherwise: with both it is served in plaintext and over TLS alike, and
//! with `https` alone plaintext is answered with status 426 or a redirect. `force-ssl-redirect` takes the plain ones out;
//! `konghq.com/protocols` is read after it and has the last word, if every protocol of it is one that the controller knows (it
//! trims nothing); and protocols of HTTP and gRPC together become `http,https` again (kongstate/route.go). Certificates are
//! found by SNI, of all Secrets in `spec.tls` of all Ingresses, each for the hosts of its entry; else Kong has a default one.
//!
//! Kong's own configuration (`ssl_cipher_suite`, `intermediate` unless set) is not in the cluster.

use std::{collections::HashSet, sync::Arc};

use crate::{
    edge::{
        By, Cause, CausePlace, Ciphers, ClientCertificates, Hop, HopProtection, Mend, Notation, Oldest, Setting,
        TlsSettings, Verified,
        hosts::{self, Listed, Wanted},
    },
    model::{FieldPath, Ingress, Name, ObjectKey, Service, TlsVersion},
};

use super::{
    Controller, Doubt, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls, backends,
    certificates::{Certificates, Sharing},
    services,
    values::{by_annotation, go_bool},
};

/// Kong.
#[derive(Debug)]
pub(super) struct Kong;

static IDENTITY: Identity = Identity {
    title: "Kong",
    controllers: &["ingress-controllers.konghq.com/kong"],
    annotation: Some("kong"),
    matching: HostMatch::Wildcard,
    missing_secret: MissingSecret::DefaultCertificate,
    source: "https://github.com/Kong/kubernetes-ingress-controller: internal/dataplane/kongstate/route.go and service.go; \
             https://github.com/Kong/kong: kong/conf_loader/constants.lua (CIPHER_SUITES)",
};

/// The Secrets of all Ingresses count alike.
static SHARING: Sharing = Sharing { matching: HostMatch::Wildcard, leaves_out: |_| false };

const PROTOCOLS: &str = "konghq.com/protocols";
const FORCE_REDIRECT: &str = "ingress.kubernetes.io/force-ssl-redirect";
const REDIRECT_STATUS: &str = "konghq.com/https-redirect-status-code";
const HOST_ALIASES: &str = "konghq.com/host-aliases";
const PROTOCOL: &str = "konghq.com/protocol";
const TLS_VERIFY: &str = "konghq.com/tls-verify";
/// Who speaks where nobody does.
const KONG: By = By::Default("the default of Kong");
/// What `intermediate` comes to for TLS 1.2.
const SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                      ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
                      DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";
/// The protocols that the controller knows.
const KNOWN: [&str; 9] = ["", "http", "https", "grpc", "grpcs", "ws", "wss", "tls", "tcp"];
/// Those that are not protected.
const PLAIN: [&str; 4] = ["http", "grpc", "ws", "tcp"];

static BOTH_BY_DEFAULT: Cause = Cause {
    fact: "Kong serves every route in plaintext and over TLS alike, unless it is told otherwise",
    places: &[CausePlace::Point],
    mends: &[Mend::Annotate(PROTOCOLS, "https"), Mend::Annotate(REDIRECT_STATUS, "308")],
};
static PLAIN_BY_PROTOCOLS: Cause = Cause {
    fact: "konghq.com/protocols says so",
    places: &[CausePlace::Annotation(PROTOCOLS), CausePlace::Point],
    mends: &[Mend::Annotate(PROTOCOLS, "https"), Mend::Annotate(REDIRECT_STATUS, "308")],
};
static MIXED: Cause = Cause {
    fact: "konghq.com/protocols mixes HTTP and gRPC, for which the controller puts http and https",
    places: &[CausePlace::Annotation(PROTOCOLS), CausePlace::Point],
    mends: &[Mend::Annotate(PROTOCOLS, "https"), Mend::Annotate(REDIRECT_STATUS, "308")],
};

impl Controller for Kong {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    /// Rules with paths and the default backend, and aliases of the rules' hosts.
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        let mut points = backends::with_paths(ingress, hosts::points(ingress, wanted));
        let mut seen: HashSet<Name> = points.iter().filter_map(|point| point.host.clone()).collect();
        let at = FieldPath::new("metadata.annotations").field(HOST_ALIASES);
        let aliases = annotation(ingress, HOST_ALIASES).unwrap_or_default().split(',');
        for alias in aliases.filter(|alias| !alias.is_empty()).map(Name::from) {
            if wanted.includes(Some(&alias)) && seen.insert(alias.clone()) {
                points.push(Point { host: Some(alias), at: at.clone(), is_default_backend: false, is_alias: true });
            }
        }
        points
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let ingress = reading.ingress;
        Box::new(Routes {
            reading,
            plaintext: plaintext(ingress),
            listed: Listed::new(&ingress.tls),
            certificates: reading.snapshot.memo().table(),
        })
    }

    /// The TLS port is open for every route.
    fn settings(&self, Reading { vouched, controller, .. }: Reading<'_>) -> Vec<TlsSettings> {
        let said = controller.and_then(|name| vouched.settings.of(name)).and_then(|said| said.oldest_tls);
        let (version, by) = said.map_or((TlsVersion::Tls12, KONG), |version| (version, By::Environment));
        vec![TlsSettings {
            part: None,
            oldest: Setting { value: Oldest::Version(version), by },
            ciphers: Setting { value: Ciphers::Written(Notation::OpenSsl, SUITES.into()), by: KONG },
            client: Setting { value: ClientCertificates::NotAsked, by: KONG },
        }]
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        backends::hops(reading.ingress, |service| match service {
            None => HopProtection::Unknown(Doubt::new(
                "Ringwall does not read the backends that Kong has beside Services",
                "lead to a Service",
            )),
            Some(key) => match services::service(reading.snapshot, key) {
                Ok(service) => behind(key, &service),
                Err(doubt) => HopProtection::Unknown(doubt),
            },
        })
    }
}

/// What the routes of an Ingress have in common.
struct Routes<'a> {
    reading: Reading<'a>,
    plaintext: Plaintext,
    listed: Listed<'a>,
    /// What other Ingresses bring.
    certificates: Arc<Certificates>,
}

impl Opening for Routes<'_> {
    fn plaintext(&self, _: &Point) -> Plaintext {
        self.plaintext.clone()
    }

    fn tls(&self, point: &Point, plaintext: &Plaintext) -> Tls {
        let has_tls = !self.reading.ingress.tls.is_empty();
        if !has_tls && !plaintext.is_refused() {
            return Tls::None;
        }
        let Some(host) = &point.host else {
            return Tls::Unknown(Doubt::new(
                "requests of any host get Kong's default certificate",
                "give the rule a host",
            ));
        };
        let matching = IDENTITY.matching;
        if self.listed.covers(host, matching) || self.certificates.another_covers(&SHARING, &self.reading, host) {
            return Tls::Covered;
        }
        if has_tls && !point.is_alias {
            return Tls::Uncovered;
        }
        Tls::Unknown(Doubt::new(
            "a certificate that Kong has may name it or not",
            format!("list {host} under spec.tls[].hosts, with its Secret"),
        ))
    }
}

/// What becomes of plaintext, for every host of an Ingress.
fn plaintext(ingress: &Ingress) -> Plaintext {
    let is_forced = annotation(ingress, FORCE_REDIRECT) == Some("true");
    let written: Vec<&str> = annotation(ingress, PROTOCOLS).unwrap_or_default().split(',').collect();
    let is_known = |protocol: &&str| KNOWN.contains(protocol) || *protocol == "tls_passthrough";
    let is_written = written != [""] && written.iter().all(is_known);
    if !is_written && !is_forced {
        return Plaintext::Served(&BOTH_BY_DEFAULT);
    }
    if is_written {
        let has = |part: &str| written.iter().any(|protocol| protocol.contains(part));
        if has("grpc") && has("http") {
            return Plaintext::Served(&MIXED);
        }
        if written.iter().any(|protocol| PLAIN.contains(protocol)) {
            return Plaintext::Served(&PLAIN_BY_PROTOCOLS);
        }
    }
    let status = annotation(ingress, REDIRECT_STATUS);
    let redirects = status.map_or(is_forced, |status| match status {
        "301" | "302" | "307" | "308" => true,
        "426" => false,
        _ => is_forced,
    });
    if redirects { Plaintext::Redirected } else { Plaintext::Closed }
}

/// How traffic to a Service is protected; Kong checks certificates only where it is told to.
fn behind(key: &ObjectKey, service: &Service) -> HopProtection {
    let value = |annotation: &str| service.meta.annotations.value(annotation).map(Name::as_str);
    let place = |annotation: &str| by_annotation(key.clone(), annotation);
    match value(PROTOCOL) {
        None | Some("") => HopProtection::Plaintext(KONG),
        Some("https" | "grpcs" | "wss" | "tls") => {
            let verified = match value(TLS_VERIFY).and_then(go_bool) {
                Some(true) => Verified::Yes,
                Some(false) => Verified::No(place(TLS_VERIFY)),
                None => Verified::No(KONG),
            };
            HopProtection::Tls(place(PROTOCOL), verified)
        }
        Some("tls_passthrough") => HopProtection::PassedThrough,
        Some("http" | "grpc" | "ws" | "tcp") => HopProtection::Plaintext(place(PROTOCOL)),
        Some(_) => HopProtection::Unknown(Doubt::new(
            format!("the {key} names a protocol that Kong does not know"),
            format!("annotate it with {PROTOCOL}: https"),
        )),
    }
}

fn annotation<'a>(ingress: &'a Ingress, key: &str) -> Option<&'a str> {
    ingress.meta.annotations.value(key).map(Name::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        edge::test_world::{World, check, ingress},
        model::Kind,
    };

    use super::*;

    const NAME: &str = "ingress-controllers.konghq.com/kong";

    fn world() -> World {
        World::new(&[("edge", NAME)]).seen(&[Kind::Service])
    }

    #[test]
    fn kong_serves_plaintext_unless_protocols_or_the_redirect_forbid_it() {
        const FORCE: (&str, &str) = (FORCE_REDIRECT, "true");
        let listed: &[&str] = &["a.example.com"];
        for (annotations, expected) in [
            (&[][..], "served, covered"),
            (&[(PROTOCOLS, "http,https")], "served, covered"),
            (&[(PROTOCOLS, "https")], "closed, covered"),
            (&[(PROTOCOLS, "grpcs")], "closed, covered"),
            (&[(PROTOCOLS, "grpc")], "served, covered"),
            // HTTP and gRPC together become http and https.
            (&[(PROTOCOLS, "https,grpcs")], "served, covered"),
            (&[(PROTOCOLS, "https"), (REDIRECT_STATUS, "308")], "redirected, covered"),
            (&[(PROTOCOLS, "https"), (REDIRECT_STATUS, "426")], "closed, covered"),
            (&[(REDIRECT_STATUS, "308")], "served, covered"),
            // One that the controller does not know voids the annotation, and it trims nothing.
            (&[(PROTOCOLS, "https, wss")], "served, covered"),
            (&[FORCE], "redirected, covered"),
            (&[FORCE, (REDIRECT_STATUS, "426")], "closed, covered"),
            (&[(FORCE_REDIRECT, "True")], "served, covered"),
            // The protocols have the last word.
            (&[FORCE, (PROTOCOLS, "http,https")], "served, covered"),
            (&[FORCE, (PROTOCOLS, "https")], "redirected, covered"),
        ] {
            let expected = format!("a.example.com: {expected}");
            check(NAME, &[(annotations, listed, listed, &[&expected])]);
        }
    }

    #[test]
    fn certificates_are_found_by_sni() {
        const HTTPS: (&str, &str) = (PROTOCOLS, "https");
        check(
            NAME,
            &[
                (&[], &[], &["a.example.com"], &["a.example.com: served, none"]),
                (&[HTTPS], &["*.example.com"], &["a.example.com"], &["a.example.com: closed, covered"]),
                (&[HTTPS], &["b.example.com"], &["a.example.com"], &["a.example.com: closed, uncovered"]),
                // An entry without hosts is not read.
                (&[HTTPS], &[""], &["a.example.com"], &["a.example.com: closed, uncovered"]),
                (&[HTTPS], &[], &["a.example.com"], &["a.example.com: closed, unknown"]),
                (&[HTTPS], &["a.example.com"], &[""], &["*: closed, unknown"]),
                (
                    &[HTTPS, (HOST_ALIASES, "b.example.com,a.example.com")],
                    &["a.example.com"],
                    &["a.example.com"],
                    &["a.example.com: closed, covered", "b.example.com: closed, unknown"],
                ),
            ],
        );
        let own = ingress(Some("edge"), &[HTTPS], &["b.example.com"], &["a.example.com"]);
        let mut other = ingress(Some("edge"), &[], &["a.example.com"], &["a.example.com"]);
        other["metadata"]["namespace"] = json!("pay");
        assert_eq!(world().with([(Kind::Ingress, &other)]).told(&own), ["a.example.com: closed, covered"]);
    }

    #[test]
    fn kong_is_of_mozillas_intermediate_configuration() {
        let plain = ingress(Some("edge"), &[], &["a.example.com"], &["a.example.com"]);
        let told = world().settings(Kind::Ingress, &plain).remove(0);
        assert_eq!(told, format!("TLS 1.2 (default); {SUITES} (default); not asked (default)"));
        assert!(world().certificates(Kind::Ingress, &plain)[0].ends_with("missing: DefaultCertificate"));
    }

    #[test]
    fn services_say_how_kong_speaks_to_them() {
        let annotated = |name: &str| format!("Service shop/web metadata.annotations[\"{name}\"]");
        for (annotations, expected) in [
            (json!({}), "plaintext (default)".to_owned()),
            (json!({PROTOCOL: "http"}), format!("plaintext ({})", annotated(PROTOCOL))),
            (json!({PROTOCOL: "grpc"}), format!("plaintext ({})", annotated(PROTOCOL))),
            (json!({PROTOCOL: "https"}), format!("TLS ({}), not verified (default)", annotated(PROTOCOL))),
            (json!({PROTOCOL: "grpcs"}), format!("TLS ({}), not verified (default)", annotated(PROTOCOL))),
            (json!({PROTOCOL: "https", TLS_VERIFY: "true"}), format!("TLS ({}), verified", annotated(PROTOCOL))),
            (
                json!({PROTOCOL: "https", TLS_VERIFY: "false"}),
                format!("TLS ({}), not verified ({})", annotated(PROTOCOL), annotated(TLS_VERIFY)),
            ),
            (json!({PROTOCOL: "HTTPS"}), "unknown".to_owned()),
        ] {
            let service: Value = json!({
                "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
                "spec": {"ports": [{"port": 80}]},
            });
            let plain = ingress(Some("edge"), &[], &[], &["a.example.com"]);
            let hops = world().with([(Kind::Service, &service)]).hops(Kind::Ingress, &plain);
            assert!(hops[0].ends_with(&format!(": {expected}")), "{hops:?} {expected}");
        }
    }
}
