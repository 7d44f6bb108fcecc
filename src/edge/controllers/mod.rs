//! The ingress controllers: one file each, who it is and what it really does.
//!
//! Every file answers the same questions ([`Controller`]): who it is, which hosts an Ingress opens, what becomes of plaintext,
//! which certificate TLS finds, how hosts are compared, what happens when a Secret is missing. A controller without a file
//! is `Unknown`: its Ingresses are "cannot prove". A new controller is one file and one line in [`KNOWN`].

mod aws_alb;
mod azure;
mod backends;
mod certificates;
mod config_map;
mod contour;
mod f5_nic;
mod gateway_api;
mod gke;
mod haproxy_ingress;
mod haproxy_tech;
mod ingress_nginx;
mod istio;
mod knowledge;
mod kong;
mod nginx_directives;
mod openshift;
#[cfg(test)]
mod properties;
mod secrets;
mod services;
mod traefik;
mod unknown;
mod values;

pub use knowledge::{Knowledge, Topic};

use crate::{
    model::{EdgeResource, EdgeSpec, Ingress, Name, ObjectKey, TlsVersion, traefik::TraefikSpec},
    snapshot::{Need, Snapshot},
};

use super::{
    By, CertificateUse, Doubt, Hop, Oldest, Plaintext, Point, Setting, Surface, Tls, TlsSettings, Vouched,
    hosts::{self, Wanted},
};

pub(super) use secrets::asks_for_certificates;

/// The controllers whose behaviour is known.
pub static KNOWN: &[&dyn Controller] = &[
    &ingress_nginx::IngressNginx, //
    &traefik::Traefik,
    &contour::Contour,
    &kong::Kong,
    &f5_nic::F5Nic,
    &haproxy_tech::HaproxyTech,
    &haproxy_ingress::HaproxyIngress,
    &aws_alb::AwsAlb,
    &gke::EXTERNAL,
    &gke::INTERNAL,
    &openshift::OpenShift,
    &azure::Azure,
];

/// Those that serve other kinds than Ingress alone.
pub static BESIDE: &[&dyn Controller] = &[&istio::Istio, &gateway_api::GatewayApi];

/// A controller of which nothing is known.
pub(super) static UNKNOWN: &dyn Controller = &unknown::Unknown;

/// What a controller does.
pub trait Controller: Sync + std::fmt::Debug {
    /// Who it is, and what it does in general.
    fn identity(&self) -> &'static Identity;

    /// What is judged exactly of it and what cannot be proved, for readers.
    fn knowledge(&self) -> &'static Knowledge {
        knowledge::of(self.identity())
    }

    /// The wanted ones of the hosts that an Ingress opens.
    fn points(&self, ingress: &Ingress, wanted: Wanted<'_>) -> Vec<Point> {
        hosts::points(ingress, wanted)
    }

    /// What it makes of one Ingress. What is the same for all its hosts is read here, once: there may be thousands.
    fn open<'a>(&self, reading: Reading<'a>) -> Box<dyn Opening + 'a>;

    /// How TLS is done for an Ingress; nothing where it serves none.
    fn settings(&self, _: Reading<'_>) -> Vec<TlsSettings> {
        Vec::new()
    }

    /// The certificates that an Ingress uses: by default the Secrets of `spec.tls`, each for the hosts of its entry.
    fn certificates(&self, reading: Reading<'_>) -> Vec<CertificateUse> {
        secrets::of_tls(reading.ingress, self.identity().missing_secret)
    }

    /// Where the traffic of an Ingress goes.
    fn hops(&self, _: Reading<'_>) -> Vec<Hop> {
        Vec::new()
    }

    /// The reads that the answers rest on, the Ingress itself and its class aside.
    fn rests_on(&self, _: Reading<'_>) -> Vec<Need> {
        Vec::new()
    }
}

/// What a controller makes of one Ingress, host by host.
pub trait Opening {
    /// What becomes of plaintext requests for a host.
    fn plaintext(&self, point: &Point) -> Plaintext;

    /// What TLS connections for a host find. `plaintext` is what becomes of plaintext requests, by the controller's own
    /// behaviour or by what the operator vouches for: where it is refused, clients rely on TLS.
    fn tls(&self, point: &Point, plaintext: &Plaintext) -> Tls;
}

/// Who a controller is, and what it does in general.
#[derive(Debug)]
pub struct Identity {
    /// Its name among people.
    pub title: &'static str,
    /// The values of `IngressClass.spec.controller`, the usual one first.
    pub controllers: &'static [&'static str],
    /// The value of the annotation `kubernetes.io/ingress.class` that it has built in.
    pub annotation: Option<&'static str>,
    /// How it compares hosts of `spec.tls` with hosts of rules.
    pub matching: HostMatch,
    /// What it does when the Secret of a `spec.tls` entry is not there.
    pub missing_secret: MissingSecret,
    /// The source that says so.
    pub source: &'static str,
}

/// How a controller compares hosts of `spec.tls` with hosts of rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostMatch {
    /// A wildcard of `spec.tls` covers the hosts one label below it.
    Wildcard,
    /// Literally: a wildcard covers only the same wildcard.
    Exact,
    /// Not at all: whichever certificate names the host is used.
    Certificates,
}

/// What a controller does when the Secret of a `spec.tls` entry is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MissingSecret {
    /// It serves its default certificate.
    DefaultCertificate,
    /// It refuses the handshake.
    RejectsHandshake,
    /// It opens nothing.
    NoRoute,
    /// It serves plaintext.
    Plaintext,
    /// It is not known.
    Unknown,
}

/// What a controller reads.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The Ingress.
    pub ingress: &'a Ingress,
    /// The state that it is read in.
    pub snapshot: &'a Snapshot,
    /// What the operator vouches for.
    pub vouched: Vouched<'a>,
    /// The controller's name, as `IngressClasses` have it.
    pub controller: Option<&'a Name>,
}

/// What an object of a controller's own kind opens; `None` for kinds that open nothing by themselves.
pub(super) fn own_surface<'a>(
    snapshot: &'a Snapshot,
    vouched: Vouched<'a>,
    resource: &'a EdgeResource,
) -> Option<Box<dyn Surface + 'a>> {
    match &resource.spec {
        EdgeSpec::Traefik(TraefikSpec::Routes(spec)) => Some(traefik::surface(snapshot, vouched, resource, spec)),
        EdgeSpec::Contour(proxy) => Some(contour::surface(snapshot, vouched, resource, proxy)),
        EdgeSpec::Nginx(spec) => f5_nic::own_surface(snapshot, vouched, resource, spec),
        EdgeSpec::OpenShift(route) => openshift::surface(snapshot, vouched, resource, route),
        EdgeSpec::Istio(gateway) => Some(istio::surface(snapshot, vouched, resource, gateway)),
        EdgeSpec::Traefik(_) | EdgeSpec::Gke(_) | EdgeSpec::Aws(_) => None,
    }
}

/// The objects whose surface a change of a controller's own kind, or of its `ConfigMap`, can alter beyond those that refer to it.
pub(super) fn alters(snapshot: &Snapshot, key: &ObjectKey, out: &mut Vec<ObjectKey>) {
    aws_alb::alters(snapshot, key, out);
    traefik::alters(snapshot, key, out);
    contour::alters(snapshot, key, out);
}

/// The oldest version that a controller accepts where no object says it: by the ruleset, else its own default.
fn oldest(reading: &Reading<'_>, default: TlsVersion, by: By) -> Setting<Oldest> {
    vouched_oldest(reading.vouched, reading.controller.map_or("", |name| name.as_str()), default, by)
}

/// As [`oldest`], of the controller of that name.
fn vouched_oldest(vouched: Vouched<'_>, controller: &str, default: TlsVersion, by: By) -> Setting<Oldest> {
    match vouched.settings.of(controller).and_then(|settings| settings.oldest_tls) {
        Some(version) => Setting { value: Oldest::Version(version), by: By::Environment },
        None => Setting { value: Oldest::Version(default), by },
    }
}

/// The controller of that name.
pub(super) fn named(name: &str) -> Option<&'static dyn Controller> {
    KNOWN.iter().copied().find(|controller| controller.identity().controllers.contains(&name))
}

/// The controller that has that value of the annotation built in, and its usual name.
pub(super) fn of_annotation(class: &str) -> Option<(&'static str, &'static dyn Controller)> {
    let controller = KNOWN.iter().copied().find(|controller| controller.identity().annotation == Some(class))?;
    Some((controller.identity().controllers.first()?, controller))
}
