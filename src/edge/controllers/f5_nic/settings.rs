//! How F5's NGINX Ingress Controller does TLS for Ingresses.
//!
//! Versions come from the `ConfigMap`, cipher suites from an annotation or the `ConfigMap`, client certificates only from a Policy.
//! Behind, `ssl-services` and `grpc-services` decide, and no backend's certificate is checked.

use crate::{
    edge::{By, ClientCertificates, Doubt, Hop, HopProtection, Setting, TlsSettings, Verified, Vouched},
    model::{Ingress, Name, ObjectKey, TlsVersion},
};

use super::{
    super::{
        backends,
        config_map::Configuration,
        nginx_directives::{self, BuiltIn, sets_tls},
        values::{by_annotation, key_of},
    },
    Reading, configuration, is_minion,
};

const WHOSE: &str = "the default of nginx since 1.27.3";
const SSL_CIPHERS: &str = "nginx.org/ssl-ciphers";
const SSL_SERVICES: &str = "nginx.org/ssl-services";
const SERVER_SNIPPETS: &str = "nginx.org/server-snippets";
const POLICIES: &str = "nginx.org/policies";

/// `ngx_http_ssl_module`: `ssl_protocols` and `ssl_ciphers` where they are not written.
static BUILT_IN: BuiltIn = BuiltIn { oldest: TlsVersion::Tls12, ciphers: "HIGH:!aNULL:!MD5", whose: WHOSE };

/// How TLS is done for the hosts of an Ingress; nothing where it asks for none.
pub(super) fn of(reading: &Reading<'_>) -> Vec<TlsSettings> {
    let ingress = reading.ingress;
    if ingress.tls.is_empty() || is_minion(ingress) {
        return Vec::new();
    }
    let snippet = ingress.meta.annotations.value(SERVER_SNIPPETS).filter(|text| sets_tls(text));
    let by_snippet = snippet.map(|_| by_annotation(key_of(ingress), SERVER_SNIPPETS));
    let client = match ingress.meta.annotations.value(POLICIES).filter(|value| !value.is_empty()) {
        Some(_) => Setting {
            value: ClientCertificates::Unknown(Doubt::new(
                format!("Ringwall does not read the policies that {POLICIES} names"),
                "use a VirtualServer, which names its Policies in spec.policies",
            )),
            by: by_annotation(key_of(ingress), POLICIES),
        },
        None => Setting { value: ClientCertificates::NotAsked, by: By::Default(OF_CONTROLLER) },
    };
    let ciphers = written(ingress, SSL_CIPHERS);
    vec![settings(&configuration(reading), reading.vouched, reading.controller, ciphers, by_snippet, client)]
}

/// How TLS is done where snippets, if they set it, stand at a place.
pub(super) fn settings(
    configuration: &Configuration,
    vouched: Vouched<'_>,
    controller: Option<&Name>,
    ciphers: Option<(&Name, By)>,
    by_snippet: Option<By>,
    client: Setting<ClientCertificates>,
) -> TlsSettings {
    let Some(by) = by_snippet else {
        return TlsSettings {
            part: None,
            oldest: nginx_directives::oldest(configuration, vouched, controller, &BUILT_IN),
            ciphers: nginx_directives::ciphers(ciphers, configuration, &BUILT_IN),
            client,
        };
    };
    let doubt = Doubt::new(
        "a snippet sets TLS past what the controller sets, if it runs with -enable-snippets",
        "remove the snippet, and set ssl-protocols and ssl-ciphers in the controller's ConfigMap",
    );
    TlsSettings::unknown(&doubt, &by)
}

/// Where the traffic of an Ingress goes. A master's own paths are left aside by the controller.
pub(super) fn hops(reading: &Reading<'_>) -> Vec<Hop> {
    let ingress = reading.ingress;
    let services = written(ingress, SSL_SERVICES);
    let has_tls = |service: &ObjectKey| {
        services.as_ref().is_some_and(|(text, _)| text.split(',').any(|name| *service.name == *name.trim()))
    };
    backends::hops(ingress, |service| match (service.is_some_and(has_tls), &services) {
        (true, Some((_, by))) => HopProtection::Tls(by.clone(), Verified::No(By::Default(OF_CONTROLLER))),
        _ => HopProtection::Plaintext(By::Default(OF_CONTROLLER)),
    })
}

pub(super) const OF_CONTROLLER: &str = "the default of F5's NGINX Ingress Controller";

/// What an annotation says, and where.
fn written<'a>(ingress: &'a Ingress, key: &str) -> Option<(&'a Name, By)> {
    let value = ingress.meta.annotations.value(key).filter(|value| !value.trim().is_empty())?;
    Some((value, by_annotation(key_of(ingress), key)))
}
