//! What becomes of traffic behind Contour: plaintext, unless the Service or the `HTTPProxy` says TLS (`tls`, `h2`).
//!
//! A backend's certificate is checked only where an `HTTPProxy` says against what.

use crate::{
    edge::{By, Doubt, Hop, HopProtection, Reading, Verified},
    model::{
        FieldPath, Kind, Name, ObjectKey, Place, Service,
        contour::{ProxyService, VirtualHost},
    },
    snapshot::Snapshot,
};

use super::{
    super::{backends, services},
    CONTOUR,
};

/// Annotations of Services, in the order in which later ones win.
const PROTOCOLS: [(&str, bool); 3] = [
    ("projectcontour.io/upstream-protocol.h2", true),
    ("projectcontour.io/upstream-protocol.h2c", false),
    ("projectcontour.io/upstream-protocol.tls", true),
];

/// Where the traffic of an Ingress goes.
pub(super) fn of_ingress(reading: Reading<'_>) -> Vec<Hop> {
    backends::hops_by_port(reading.ingress, |service, port| match service {
        None => HopProtection::Unknown(Doubt::new("Contour knows no backends but Services", "lead to a Service")),
        Some(key) => match by_service(reading.snapshot, key, port) {
            Ok(Protocol { is_tls: true, by }) => HopProtection::Tls(by, Verified::No(CONTOUR)),
            Ok(Protocol { is_tls: false, by }) => HopProtection::Plaintext(by),
            Err(doubt) => HopProtection::Unknown(doubt),
        },
    })
}

/// Where the traffic of an `HTTPProxy` goes that comes for a virtual host: its own one, or that of a proxy above it.
pub(super) struct Way<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// The proxy whose backends they are.
    pub(super) proxy: ObjectKey,
    /// The virtual host, if it has one.
    pub(super) host: Option<&'a VirtualHost>,
    /// The field of the proxy above by which it is included; `None` for the virtual host's own proxy.
    pub(super) included: Option<&'a FieldPath>,
}

impl Way<'_> {
    /// The way to a backend of a route.
    pub(super) fn by_route(&self, (at, service): (FieldPath, &ProxyService)) -> Hop {
        let (key, port) = self.target(service);
        let protection = protection(self.snapshot, &self.proxy, service, &key, port.as_ref(), &at);
        self.hop(key, port, at, protection)
    }

    /// The way to a backend of a `tcpproxy`.
    pub(super) fn by_tcp(&self, (at, service): (FieldPath, &ProxyService)) -> Hop {
        let (key, port) = self.target(service);
        let is_passed = self.host.and_then(|host| host.tls.as_ref()).is_some_and(|tls| tls.passthrough);
        let protection = if is_passed {
            HopProtection::PassedThrough
        } else {
            protection(self.snapshot, &self.proxy, service, &key, port.as_ref(), &at)
        };
        self.hop(key, port, at, protection)
    }

    fn target(&self, service: &ProxyService) -> (ObjectKey, Option<Name>) {
        let namespace = self.proxy.namespace.clone();
        let key = ObjectKey { kind: Kind::Service, namespace, name: service.name.clone() };
        (key, service.port.map(|port| Name::from(port.to_string())))
    }

    fn hop(&self, service: ObjectKey, port: Option<Name>, at: FieldPath, protection: HopProtection) -> Hop {
        let hosts = self.host.iter().map(|host| host.fqdn.clone()).collect();
        Hop { service: Some(service), port, hosts, at: self.included.cloned().unwrap_or(at), protection }
    }
}

fn protection(
    snapshot: &Snapshot,
    this: &ObjectKey,
    service: &ProxyService,
    key: &ObjectKey,
    port: Option<&Name>,
    at: &FieldPath,
) -> HopProtection {
    let place = |field: &str| By::Field(Place { object: this.clone(), path: at.field(field) });
    let protocol = match service.protocol.as_deref() {
        Some("tls" | "h2") => Ok(Protocol { is_tls: true, by: place("protocol") }),
        Some("h2c") => Ok(Protocol { is_tls: false, by: place("protocol") }),
        Some(other) => Err(Doubt::new(format!("Contour knows no protocol {other} of backends"), "set protocol: tls")),
        None => by_service(snapshot, key, port),
    };
    match protocol {
        Ok(Protocol { is_tls: true, by }) => {
            let verified = if service.is_validated { Verified::Yes } else { Verified::No(CONTOUR) };
            HopProtection::Tls(by, verified)
        }
        Ok(Protocol { is_tls: false, by }) => HopProtection::Plaintext(by),
        Err(doubt) => HopProtection::Unknown(doubt),
    }
}

struct Protocol {
    is_tls: bool,
    by: By,
}

/// What a Service says of one of its ports: `appProtocol`, and only where that is missing the annotations
/// (internal/dag/accessors.go, `upstreamProtocol`).
fn by_service(snapshot: &Snapshot, key: &ObjectKey, port: Option<&Name>) -> Result<Protocol, Doubt> {
    let service = services::service(snapshot, key)?;
    let Some((index, port)) = services::port(&service, port) else {
        return Err(Doubt::new(format!("the {key} has no such port"), "name a port that it has"));
    };
    let place = |path: FieldPath| By::Field(Place { object: key.clone(), path });
    if let Some(protocol) = &port.app_protocol {
        let by = place(FieldPath::new("spec.ports").index(index).field("appProtocol"));
        return Ok(Protocol { is_tls: *protocol == "https", by });
    }
    let number = port.port.to_string();
    let by_name = (!port.name.is_empty()).then(|| annotated(&service, &port.name)).flatten();
    let annotated = by_name.or_else(|| annotated(&service, &number));
    Ok(annotated.map_or(Protocol { is_tls: false, by: CONTOUR }, |(annotation, is_tls)| {
        Protocol { is_tls, by: place(FieldPath::new("metadata.annotations").field(annotation)) } //
    }))
}

/// The annotation that lists a port, and whether it means TLS.
fn annotated(service: &Service, port: &str) -> Option<(&'static str, bool)> {
    let lists = |annotation: &str| {
        let listed = service.meta.annotations.value(annotation);
        listed.is_some_and(|listed| listed.split(',').any(|entry| entry.trim() == port))
    };
    PROTOCOLS.into_iter().rev().find(|(annotation, _)| lists(annotation))
}
