//! What becomes of traffic behind Traefik.
//!
//! TLS is spoken by order (`scheme`, `service.serversscheme`), and to port 443 and ports whose names begin with `https`. The
//! backend's certificate is checked unless a `ServersTransport` forgoes that.

use crate::{
    edge::{By, Doubt, Hop, HopProtection, Reading, Verified},
    model::{
        EdgeResource, FieldPath, Kind, Name, ObjectKey, Place, Service,
        traefik::{RuleHosts, TraefikRoutes, TraefikService, TraefikSpec},
    },
    snapshot::{Lookup, Need, Snapshot},
};

use super::{
    super::{backends, services, values::by_annotation},
    annotations, lookup,
};

const TRAEFIK: By = By::Default("the default of Traefik");

/// Where the traffic of an Ingress goes.
pub(super) fn of_ingress(reading: Reading<'_>) -> Vec<Hop> {
    backends::hops_by_port(reading.ingress, |service, port| match service {
        Some(key) => behind_ingress(reading.snapshot, key, port),
        None => {
            HopProtection::Unknown(Doubt::new("Traefik knows no backends but Services", "lead to a Service")) //
        }
    })
}

fn behind_ingress(snapshot: &Snapshot, key: &ObjectKey, port: Option<&Name>) -> HopProtection {
    let service = match services::service(snapshot, key) {
        Ok(service) => service,
        Err(doubt) => return HopProtection::Unknown(doubt),
    };
    let scheme = annotations::entry(&service.meta, "service.serversscheme").filter(|(_, scheme)| !scheme.is_empty());
    let scheme = scheme.map(|(annotation, scheme)| (scheme, by_annotation(key.clone(), annotation)));
    let transport = annotations::transport(&service.meta);
    let candidates = transport.as_ref().map(|named| {
        lookup::candidates(named, Kind::ServersTransport, key.namespace.as_ref()) //
    });
    protection(snapshot, scheme, key, &service, port, candidates)
}

/// Where the traffic of routes goes.
pub(super) fn of_routes(snapshot: &Snapshot, resource: &EdgeResource, spec: &TraefikRoutes) -> Vec<Hop> {
    let Some(own) = &resource.meta.namespace else { return Vec::new() };
    let mut hops = Vec::new();
    for (index, route) in spec.routes.iter().enumerate() {
        let hosts = match &route.hosts {
            RuleHosts::These(hosts) => hosts.clone(),
            RuleHosts::Any => Vec::new(),
        };
        for (number, service) in route.services.iter().enumerate() {
            let at = FieldPath::new(format!("spec.routes[{index}].services[{number}]"));
            let key = service.key(own);
            let object = ObjectKey::namespaced(resource.kind, own.clone(), resource.meta.name.clone());
            let place = |field: &str| By::Field(Place { object: object.clone(), path: at.field(field) });
            let protection = match &key {
                None => HopProtection::Unknown(Doubt::new(
                    format!("Ringwall does not read the TraefikService {}", service.name),
                    "lead to a Service",
                )),
                Some(_) if spec.tls.as_ref().is_some_and(|tls| tls.passthrough) => HopProtection::PassedThrough,
                Some(_) if resource.kind == Kind::IngressRouteTCP && service.tls => {
                    HopProtection::Tls(place("tls"), tcp_verified(service))
                }
                Some(_) if resource.kind == Kind::IngressRouteTCP => HopProtection::Plaintext(TRAEFIK),
                Some(key) => behind_route(snapshot, own, service, key, &place),
            };
            hops.push(Hop { service: key, port: service.port.clone(), hosts: hosts.clone(), at, protection });
        }
    }
    hops
}

fn behind_route(
    snapshot: &Snapshot,
    own: &Name,
    named: &TraefikService,
    key: &ObjectKey,
    place: &dyn Fn(&str) -> By,
) -> HopProtection {
    let scheme = named.scheme.as_ref().map(|scheme| (scheme.as_str(), place("scheme")));
    let candidates = named.transport.as_ref().map(|_| named.transports(own));
    match services::service(snapshot, key) {
        Ok(service) => protection(snapshot, scheme, key, &service, named.port.as_ref(), candidates),
        Err(doubt) => HopProtection::Unknown(doubt),
    }
}

/// `TLS` of TCP is checked unless a `ServersTransportTCP` says otherwise, which is not read.
fn tcp_verified(service: &TraefikService) -> Verified {
    match &service.transport {
        None => Verified::Yes,
        Some(name) => Verified::Unknown(Doubt::new(
            format!("Ringwall does not read the ServersTransportTCP {name}"),
            "see that it does not set insecureSkipVerify",
        )),
    }
}

fn protection(
    snapshot: &Snapshot,
    scheme: Option<(&str, By)>,
    key: &ObjectKey,
    service: &Service,
    port: Option<&Name>,
    transports: Option<Vec<ObjectKey>>,
) -> HopProtection {
    let by = match scheme {
        Some(("https", by)) => by,
        Some(("http" | "h2c", by)) => return HopProtection::Plaintext(by),
        Some((scheme, _)) => {
            let what = format!("Traefik knows no scheme {scheme} of backends");
            return HopProtection::Unknown(Doubt::new(what, "set it to https"));
        }
        None => match services::port(service, port) {
            None => {
                let what = format!("the {key} has no such port");
                return HopProtection::Unknown(Doubt::new(what, "name a port that it has"));
            }
            Some((index, port)) if port.port == 443 || port.name.starts_with("https") => {
                By::Field(Place { object: key.clone(), path: FieldPath::new("spec.ports").index(index) })
            }
            Some(_) => return HopProtection::Plaintext(TRAEFIK),
        },
    };
    HopProtection::Tls(by, transports.map_or(Verified::Yes, |candidates| verified(snapshot, &candidates)))
}

/// Whether the backend's certificate is checked with this transport.
fn verified(snapshot: &Snapshot, candidates: &[ObjectKey]) -> Verified {
    match lookup::first(snapshot, candidates) {
        Lookup::Found(found) => match found.spec() {
            Some(TraefikSpec::Transport(transport)) if transport.skips_verification => {
                let path = FieldPath::new("spec.insecureSkipVerify");
                Verified::No(By::Field(Place { object: found.key, path }))
            }
            _ => Verified::Yes,
        },
        Lookup::Absent => Verified::Unknown(Doubt::new(
            "the ServersTransport that it names is not in the cluster",
            "name a ServersTransport of the cluster",
        )),
        Lookup::Unseen(blind) => Verified::Unknown(blind.into()),
    }
}

/// The reads of transports that routes name.
pub(super) fn needs(snapshot: &Snapshot, own: &Name, spec: &TraefikRoutes) -> Vec<Need> {
    let services = spec.routes.iter().flat_map(|route| &route.services);
    let named = services.filter(|service| service.transport.is_some());
    named.flat_map(|service| lookup::needs(snapshot, service.transports(own))).collect()
}
