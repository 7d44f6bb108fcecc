//! A controller of which nothing is known.

use crate::edge::hosts::Listed;

use super::{Controller, Doubt, HostMatch, Identity, MissingSecret, Opening, Plaintext, Point, Reading, Tls};

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

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let has_open_entry = reading.ingress.tls.iter().any(|entry| entry.hosts.is_empty());
        Box::new(Opened { reading, has_open_entry, listed: Listed::new(&reading.ingress.tls) })
    }
}

struct Opened<'a> {
    reading: Reading<'a>,
    /// Whether an entry of `spec.tls` names no host.
    has_open_entry: bool,
    listed: Listed<'a>,
}

impl Opening for Opened<'_> {
    fn plaintext(&self, _: &Point) -> Plaintext {
        Plaintext::Unknown(Doubt::new("nobody is known to serve it", "set spec.ingressClassName"))
    }

    /// Without an entry in `spec.tls` nothing can be said of TLS, and the same is said of plaintext already. That other
    /// hosts are listed and this one is not is worth saying, though the controller may still find it a certificate.
    fn tls(&self, point: &Point, _: &Plaintext) -> Tls {
        let Some(host) = &point.host else { return Tls::None };
        if self.reading.ingress.tls.is_empty() {
            return Tls::None;
        }
        if self.has_open_entry || self.listed.covers(host, IDENTITY.matching) {
            return Tls::Covered;
        }
        let name = self.reading.controller.map_or("its ingress controller", |name| name.as_str());
        Tls::Unknown(Doubt::new(
            format!("{name} may have a certificate for it all the same"),
            format!("list {host} under spec.tls[].hosts, with its Secret"),
        ))
    }
}
