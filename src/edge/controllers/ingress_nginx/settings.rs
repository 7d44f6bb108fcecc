//! How ingress-nginx does TLS, in front and behind.
//!
//! Versions come from the `ConfigMap`, cipher suites from an annotation or the `ConfigMap`, client certificates from annotations:
//! all that of an Ingress holds for its hosts. Behind, `backend-protocol` decides; a backend's certificate is checked only with
//! `proxy-ssl-verify: on` **and** `proxy-ssl-secret` (internal/ingress/annotations/proxyssl): that its Secret has a `ca.crt`,
//! without which nothing is checked, is taken for granted.

use crate::{
    edge::{By, ClientCertificates, Doubt, Hop, HopProtection, Setting, TlsSettings, Verified},
    model::{Ingress, Name, TlsVersion},
};

use super::{
    super::{
        backends,
        config_map::Configuration,
        nginx_directives::{self, BuiltIn, of_verify_client, sets_tls},
        values::{by_annotation, key_of},
    },
    FORCE_SSL_REDIRECT, Reading, annotation, configuration, flag, is_canary, redirects, snippet,
};

pub(super) const SERVER_SNIPPET: &str = "nginx.ingress.kubernetes.io/server-snippet";
pub(super) const CONFIGURATION_SNIPPET: &str = "nginx.ingress.kubernetes.io/configuration-snippet";
const SSL_CIPHERS: &str = "nginx.ingress.kubernetes.io/ssl-ciphers";
const SSL_PASSTHROUGH: &str = "nginx.ingress.kubernetes.io/ssl-passthrough";
const AUTH_TLS_SECRET: &str = "nginx.ingress.kubernetes.io/auth-tls-secret";
const AUTH_TLS_VERIFY: &str = "nginx.ingress.kubernetes.io/auth-tls-verify-client";
const BACKEND_PROTOCOL: &str = "nginx.ingress.kubernetes.io/backend-protocol";
const PROXY_SSL_SECRET: &str = "nginx.ingress.kubernetes.io/proxy-ssl-secret";
const PROXY_SSL_VERIFY: &str = "nginx.ingress.kubernetes.io/proxy-ssl-verify";

const WHOSE: &str = "the default of ingress-nginx";

/// internal/ingress/controller/config/config.go: `sslProtocols`, `sslCiphers`.
static BUILT_IN: BuiltIn = BuiltIn {
    oldest: TlsVersion::Tls12,
    ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
              ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
              DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384",
    whose: WHOSE,
};

/// How TLS is done for the hosts of an Ingress; nothing where it asks for none.
pub(super) fn of(reading: &Reading<'_>) -> Vec<TlsSettings> {
    let Reading { ingress, vouched, controller, .. } = *reading;
    let configuration = configuration(reading);
    if is_canary(ingress) || !asks_for_tls(ingress, &configuration) {
        return Vec::new();
    }
    let mut settings = TlsSettings {
        part: None,
        oldest: nginx_directives::oldest(&configuration, vouched, controller, &BUILT_IN),
        ciphers: nginx_directives::ciphers(written(ingress, SSL_CIPHERS), &configuration, &BUILT_IN),
        client: client(ingress),
    };
    if let Some((doubt, by)) = hidden(ingress, &configuration) {
        settings = TlsSettings::unknown(&doubt, &by);
    }
    vec![settings]
}

/// Where the traffic of an Ingress goes.
pub(super) fn hops(reading: &Reading<'_>) -> Vec<Hop> {
    let ingress = reading.ingress;
    let protection = if flag(ingress, SSL_PASSTHROUGH) == Some(true) {
        HopProtection::Unknown(passthrough())
    } else {
        protection(ingress)
    };
    backends::hops(ingress, |_| protection.clone())
}

/// Whether clients of its hosts are to use TLS because of this Ingress.
fn asks_for_tls(ingress: &Ingress, configuration: &Configuration) -> bool {
    let is_forced = || flag(ingress, FORCE_SSL_REDIRECT).or_else(|| configuration.flag("force-ssl-redirect"));
    let annotated =
        || [SSL_CIPHERS, AUTH_TLS_SECRET, AUTH_TLS_VERIFY].iter().any(|key| ingress.meta.annotations.has(key));
    !ingress.tls.is_empty() || annotated() || is_forced() == Some(true) || redirects::to_https(ingress)
}

/// Why it cannot be said how TLS is done: the client's goes through to the backend, or a snippet changes it.
fn hidden(ingress: &Ingress, configuration: &Configuration) -> Option<(Doubt, By)> {
    if flag(ingress, SSL_PASSTHROUGH) == Some(true) {
        return Some((passthrough(), by_annotation(key_of(ingress), SSL_PASSTHROUGH)));
    }
    let (key, _) = snippet(ingress, configuration, &[SERVER_SNIPPET]).filter(|(_, text)| sets_tls(text))?;
    let doubt = Doubt::new(
        format!("the snippet in {key} sets TLS past what the controller sets"),
        format!(
            "remove {key} and set ssl-protocols in the controller's ConfigMap and {SSL_CIPHERS}, or name a ConfigMap without \
             allow-snippet-annotations in the ruleset's environment.ingressControllers"
        ),
    );
    Some((doubt, by_annotation(key_of(ingress), key)))
}

fn passthrough() -> Doubt {
    Doubt::new(
        "ssl-passthrough has an effect only if the controller runs with --enable-ssl-passthrough",
        format!("remove the annotation {SSL_PASSTHROUGH}"),
    )
}

/// Whether clients show certificates (internal/ingress/annotations/authtls): only with a Secret that has their CA; without it
/// all other annotations are left aside. A Secret that cannot be used makes the controller refuse all requests.
fn client(ingress: &Ingress) -> Setting<ClientCertificates> {
    let verify = written(ingress, AUTH_TLS_VERIFY);
    match (annotation(ingress, AUTH_TLS_SECRET).filter(|secret| !secret.is_empty()), verify) {
        (None, None) => Setting { value: ClientCertificates::NotAsked, by: By::Default(WHOSE) },
        (None, Some((text, by))) => {
            let fact = "are not asked for: there is no auth-tls-secret with their CA";
            let is_off = text == "off";
            let value = if is_off { ClientCertificates::NotAsked } else { ClientCertificates::Optional(fact.into()) };
            Setting { value, by }
        }
        (Some(_), verify) => {
            let by_verify = verify.and_then(|(text, by)| Some((of_verify_client(text, "auth-tls-verify-client")?, by)));
            let (value, by) = by_verify
                .unwrap_or_else(|| (ClientCertificates::Required, by_annotation(key_of(ingress), AUTH_TLS_SECRET)));
            Setting { value, by }
        }
    }
}

/// How traffic to the backends is protected (internal/ingress/annotations/backendprotocol). `AUTO_HTTP` takes the scheme of the
/// request, which has TLS wherever plaintext is not served.
fn protection(ingress: &Ingress) -> HopProtection {
    let Some((text, by)) = written(ingress, BACKEND_PROTOCOL) else {
        return HopProtection::Plaintext(By::Default(WHOSE));
    };
    match text.trim().to_ascii_uppercase().as_str() {
        "HTTPS" | "GRPCS" | "AUTO_HTTP" => HopProtection::Tls(by, verified(ingress)),
        _ => HopProtection::Plaintext(by),
    }
}

fn verified(ingress: &Ingress) -> Verified {
    let has_secret = annotation(ingress, PROXY_SSL_SECRET).is_some_and(|secret| !secret.is_empty());
    match written(ingress, PROXY_SSL_VERIFY) {
        Some((text, _)) if text == "on" && has_secret => Verified::Yes,
        Some((_, by)) => Verified::No(by),
        None => Verified::No(By::Default(WHOSE)),
    }
}

/// What an annotation says, and where.
fn written<'a>(ingress: &'a Ingress, key: &str) -> Option<(&'a Name, By)> {
    let value = ingress.meta.annotations.value(key).filter(|value| !value.trim().is_empty())?;
    Some((value, by_annotation(key_of(ingress), key)))
}
