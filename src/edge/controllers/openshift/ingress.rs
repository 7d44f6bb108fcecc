//! Ingresses of which OpenShift makes Routes.

use crate::{
    edge::{
        By, Cause, CausePlace, CertificateUse, Hop, HopProtection, Mend, TlsSettings, Verified, hosts,
        hosts::{Listed, Wanted},
    },
    model::{Ingress, IngressBackend, Name, openshift::Termination},
};

use super::{
    BY_DEFAULT, Controller, HostMatch, IDENTITY, Identity, KNOWLEDGE, Knowledge, OLDEST, Opening, Plaintext, Point,
    Reading, Tls, backends, by_annotation, key_of, secrets,
};

/// The controller that makes Routes of Ingresses.
#[derive(Debug)]
pub(in super::super) struct OpenShift;

const TERMINATION: &str = "route.openshift.io/termination";

static NO_TLS: Cause = Cause {
    fact: "no entry of spec.tls names exactly this host, and OpenShift makes a Route without TLS",
    places: &[CausePlace::Point, CausePlace::Tls],
    mends: &[Mend::AddTls],
};

impl Controller for OpenShift {
    fn identity(&self) -> &'static Identity {
        &IDENTITY
    }

    fn knowledge(&self) -> &'static Knowledge {
        &KNOWLEDGE
    }

    /// Rules with a host and a path to a Service: of others no Route is made, nor of a default backend.
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        let is_routed = |host: &Name| {
            let rules = ingress.rules.iter().filter(|rule| rule.host.as_ref() == Some(host));
            rules.flat_map(|rule| &rule.paths).any(|path| matches!(path.backend, IngressBackend::Service { .. }))
        };
        let points = hosts::rule_points(ingress, wanted).into_iter();
        points.filter(|point| point.host.as_ref().is_some_and(is_routed)).collect()
    }

    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a> {
        let ingress = reading.ingress;
        Box::new(Opened { ingress, listed: Listed::new(&ingress.tls) })
    }

    fn settings(&self, reading: Reading<'_>) -> Vec<TlsSettings> {
        let ingress = reading.ingress;
        let hosts = ingress.rules.iter().filter_map(|rule| rule.host.as_ref());
        let ends_here = termination(ingress) != Some(Termination::Passthrough);
        if !ends_here || !hosts.into_iter().any(|host| has_tls(ingress, host)) {
            return Vec::new();
        }
        vec![super::settings(super::super::oldest(&reading, OLDEST, BY_DEFAULT))]
    }

    /// Passed-through TLS needs none.
    fn certificates(&self, reading: Reading<'_>) -> Vec<CertificateUse> {
        if termination(reading.ingress) == Some(Termination::Passthrough) {
            return Vec::new();
        }
        secrets::of_tls(reading.ingress, IDENTITY.missing_secret)
    }

    fn hops(&self, reading: Reading<'_>) -> Vec<Hop> {
        let ingress = reading.ingress;
        let by = || by_annotation(key_of(ingress), TERMINATION);
        let protection = match termination(ingress) {
            Some(Termination::Reencrypt) => HopProtection::Tls(by(), Verified::Yes),
            Some(Termination::Passthrough) => HopProtection::PassedThrough,
            Some(Termination::Edge) => HopProtection::Plaintext(by()),
            None => HopProtection::Plaintext(By::Default("the default of OpenShift's router")),
        };
        let hosts: Vec<_> = ingress.rules.iter().filter(|rule| rule.host.is_some()).collect();
        let is_routed = |backend: &IngressBackend| {
            matches!(backend, IngressBackend::Service { .. })
                && hosts.iter().flat_map(|rule| &rule.paths).any(|path| path.backend == *backend)
        };
        backends::hops_to(ingress, |backend| is_routed(backend).then(|| protection.clone()))
    }
}

struct Opened<'a> {
    ingress: &'a Ingress,
    listed: Listed<'a>,
}

impl Opened<'_> {
    fn has_tls(&self, host: &Name) -> bool {
        has_tls_anywhere(self.ingress) || self.listed.covers(host, HostMatch::Exact)
    }
}

impl Opening for Opened<'_> {
    fn plaintext(&self, point: &Point) -> Plaintext {
        match &point.host {
            Some(host) if self.has_tls(host) => Plaintext::Redirected,
            _ => Plaintext::Served(&NO_TLS),
        }
    }

    fn tls(&self, point: &Point, _: &Plaintext) -> Tls {
        let Some(host) = point.host.as_ref().filter(|host| self.has_tls(host)) else { return Tls::None };
        let is_passed = termination(self.ingress) == Some(Termination::Passthrough);
        if is_passed || self.listed.covers(host, HostMatch::Exact) {
            return Tls::Covered;
        }
        Tls::Unknown(super::doubt(
            "the router serves it with its default certificate, which names hosts of the cluster's own domain",
            format!("list {host} under spec.tls[].hosts, with its Secret"),
        ))
    }
}

/// Whether the Route of a host has TLS, so that it redirects plaintext.
pub(super) fn has_tls(ingress: &Ingress, host: &Name) -> bool {
    has_tls_anywhere(ingress) || ingress.tls.iter().flat_map(|entry| &entry.hosts).any(|listed| listed == host)
}

/// Whether the Routes of all hosts have TLS.
fn has_tls_anywhere(ingress: &Ingress) -> bool {
    termination(ingress).is_some()
        || ingress.tls.iter().any(|entry| entry.hosts.is_empty() && entry.secret_name.is_none())
}

/// The annotation that asks for TLS, whatever `spec.tls` says.
fn termination(ingress: &Ingress) -> Option<Termination> {
    match ingress.meta.annotations.value(TERMINATION)?.as_str() {
        "edge" => Some(Termination::Edge),
        "reencrypt" => Some(Termination::Reencrypt),
        "passthrough" => Some(Termination::Passthrough),
        _ => None,
    }
}
