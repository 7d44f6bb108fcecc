//! A controller of which nothing is known.

use crate::edge::hosts;

use super::{Controller, Doubt, HostMatch, Identity, MissingSecret, Plaintext, Point, Reading, Tls};

/// A controller of which nothing is known.
#[derive(Debug)]
pub(super) struct Unknown;

static IDENTITY: Identity = Identity {
    title: "the ingress controller",
    controllers: &[],
    annotation: None,
    matching: HostMatch::Wildcard,
    missing_secret: MissingSecret::Unknown,
    source: "https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/",
};

impl Controller for Unknown {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    fn plaintext(&self, _: &Reading<'_>, _: &Point) -> Plaintext {
        Plaintext::Unknown(Doubt::new("nobody is known to serve it", "set spec.ingressClassName"))
    }

    /// Without an entry in `spec.tls` nothing can be said of TLS, and the same is said of plaintext already. That other
    /// hosts are listed and this one is not is worth saying, though the controller may still find it a certificate.
    fn tls(&self, reading: &Reading<'_>, point: &Point, _: &Plaintext) -> Tls {
        let tls = &reading.ingress.tls;
        let Some(host) = &point.host else { return Tls::None };
        if tls.iter().any(|entry| entry.hosts.is_empty()) || hosts::covering(tls, host, IDENTITY.matching).is_some() {
            return Tls::Covered;
        }
        if tls.is_empty() {
            return Tls::None;
        }
        let name = reading.controller.map_or("its ingress controller", |name| name.as_str());
        Tls::Unknown(Doubt::new(
            format!("{name} may have a certificate for it all the same"),
            format!("list {host} under spec.tls[].hosts, with its Secret"),
        ))
    }
}
