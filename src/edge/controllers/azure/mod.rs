//! The Application Gateway Ingress Controller of Azure.
//!
//! A host has an HTTPS listener, and no other, where an entry of `spec.tls` names it literally, where one names no host, or where
//! `appgw-ssl-certificate` names a certificate of the gateway (read only without `spec.tls`). `ssl-redirect` adds an HTTP
//! listener that redirects. **Where the Secret is missing the host gets an HTTP listener instead**: plaintext.
//!
//! Sources: `pkg/appgw/ingress_rules.go`, `http_listeners.go`, `pkg/annotations/ingress_annotations.go`.

#[cfg(test)]
mod tests;

use crate::{
    edge::{
        By, Cause, CausePlace, Ciphers, ClientCertificates, Hop, HopProtection, Mend, Setting, TlsSettings, Verified,
        hosts::Listed,
    },
    model::{Ingress, Name, TlsVersion},
};

use super::{
    Controller, Doubt, HostMatch, Identity, Knowledge, MissingSecret, Opening, Plaintext, Point, Reading, Tls, Topic,
    backends,
    values::{by_annotation, go_bool, key_of},
};

/// The Application Gateway Ingress Controller.
#[derive(Debug)]
pub(super) struct Azure;

static IDENTITY: Identity = Identity {
    title: "the Application Gateway Ingress Controller",
    controllers: &["azure/application-gateway"],
    annotation: Some("azure/application-gateway"),
    matching: HostMatch::Exact,
    missing_secret: MissingSecret::Plaintext,
    source: "https://github.com/Azure/application-gateway-kubernetes-ingress: pkg/appgw/ingress_rules.go, \
             pkg/annotations/ingress_annotations.go",
};

static KNOWLEDGE: Knowledge = Knowledge {
    exact: &[
        (Topic::Plaintext, "`spec.tls` by literal host, `appgw-ssl-certificate`, `ssl-redirect`"),
        (
            Topic::Versions,
            "TLS 1.2, the oldest that Azure serves since August 2025, unless the ruleset says `oldestTls`",
        ),
        (Topic::Certificates, "the Secrets of `spec.tls`; without one the host is served in plaintext"),
        (
            Topic::Backends,
            "`backend-protocol`; certificates are verified against well-known authorities or `appgw-trusted-root-certificate`",
        ),
    ],
    doubts: &[
        "ciphers: the gateway's own SSL policy is not written in the cluster",
        "client certificates of an SSL profile (`appgw-ssl-profile`)",
        "hosts of `hostname-extension`",
    ],
};

const REDIRECT: &str = "appgw.ingress.kubernetes.io/ssl-redirect";
const CERTIFICATE: &str = "appgw.ingress.kubernetes.io/appgw-ssl-certificate";
const PROFILE: &str = "appgw.ingress.kubernetes.io/appgw-ssl-profile";
const BACKEND_PROTOCOL: &str = "appgw.ingress.kubernetes.io/backend-protocol";
const BY_DEFAULT: By = By::Default("the default of Azure's Application Gateway");

static NO_TLS: Cause = Cause {
    fact: "no spec.tls names exactly this host, so that the gateway listens for it in plaintext",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls],
};

impl Controller for Azure {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    fn knowledge(&self) -> &'static Knowledge {
        &KNOWLEDGE
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let ingress = reading.ingress;
        Box::new(Opened {
            redirects: redirects(ingress),
            is_covered: is_covered(ingress),
            listed: Listed::new(&ingress.tls),
        })
    }

    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        let ingress = reading.ingress;
        if ingress.tls.is_empty() && !has(ingress, CERTIFICATE) {
            return Vec::new();
        }
        let unseen = |what: &str| {
            Doubt::new(
                format!("{what} of the Application Gateway are not written in the cluster"),
                "see to the gateway's own SSL policy and profiles",
            )
        };
        let client = if has(ingress, PROFILE) {
            ClientCertificates::Unknown(unseen("the SSL profiles"))
        } else {
            ClientCertificates::NotAsked
        };
        vec![TlsSettings {
            part: None,
            oldest: super::oldest(&reading, TlsVersion::Tls12, BY_DEFAULT),
            ciphers: Setting { value: Ciphers::Unknown(unseen("the cipher suites")), by: BY_DEFAULT },
            client: Setting { value: client, by: BY_DEFAULT },
        }]
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        let ingress = reading.ingress;
        let text = ingress.meta.annotations.value(BACKEND_PROTOCOL);
        let by = text.map_or(BY_DEFAULT, |_| by_annotation(key_of(ingress), BACKEND_PROTOCOL));
        let protection = if text.is_some_and(|text| text.eq_ignore_ascii_case("https")) {
            HopProtection::Tls(by, Verified::Yes)
        } else {
            HopProtection::Plaintext(by)
        };
        backends::hops(ingress, |_| protection.clone())
    }
}

struct Opened<'a> {
    redirects: bool,
    /// Whether every host has a certificate.
    is_covered: bool,
    listed: Listed<'a>,
}

impl Opened<'_> {
    fn has_certificate(&self, host: Option<&Name>) -> bool {
        self.is_covered || host.is_some_and(|host| self.listed.covers(host, IDENTITY.matching))
    }
}

impl Opening for Opened<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        match (self.has_certificate(point.host.as_ref()), self.redirects) {
            (true, true) => Plaintext::Redirected,
            (true, false) => Plaintext::Closed,
            (false, _) => Plaintext::Served(&NO_TLS),
        }
    }

    fn tls(&self, point: &Point, _: &Plaintext) -> Tls {
        if self.has_certificate(point.host.as_ref()) { Tls::Covered } else { Tls::None }
    }
}

/// Whether every host has a certificate: by an entry that names no host, or by the gateway's own certificate.
fn is_covered(ingress: &Ingress) -> bool {
    ingress.tls.iter().any(|entry| entry.hosts.is_empty()) || (ingress.tls.is_empty() && has(ingress, CERTIFICATE))
}

fn has(ingress: &Ingress, key: &str) -> bool {
    ingress.meta.annotations.value(key).is_some_and(|value| !value.is_empty())
}

fn redirects(ingress: &Ingress) -> bool {
    ingress.meta.annotations.value(REDIRECT).and_then(|text| go_bool(text)) == Some(true)
}
