//! What becomes of traffic behind Contour: plaintext, unless the Service or the `HTTPProxy` says TLS (`tls`, `h2`).
//!
//! A backend's certificate is checked only where an `HTTPProxy` says against what.

use crate::{
    edge::{By, Doubt, Hop, HopProtection, Reading, Verified},
    model::{
        EdgeResource, FieldPath, Kind, Name, ObjectKey, Place, Service, contour::HttpProxy, contour::ProxyService,
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

/// Where the traffic of an `HTTPProxy` goes; `host` is that of the proxy that it is part of.
pub(super) fn of_proxy(snapshot: &Snapshot, resource: &EdgeResource, proxy: &HttpProxy) -> Vec<Hop> {
    let Some(own) = &resource.meta.namespace else { return Vec::new() };
    let host = proxy.virtual_host.as_ref();
    let is_passed = host.and_then(|host| host.tls.as_ref()).is_some_and(|tls| tls.passthrough);
    let this = ObjectKey::namespaced(resource.kind, own.clone(), resource.meta.name.clone());
    let hop = |(at, service): (FieldPath, &ProxyService)| {
        let key = ObjectKey::namespaced(Kind::Service, own.clone(), service.name.clone());
        let port = service.port.map(|port| Name::from(port.to_string()));
        let is_tcp = at.as_str().starts_with("spec.tcpproxy");
        let protection = if is_passed && is_tcp {
            HopProtection::PassedThrough
        } else {
            protection(snapshot, &this, service, &key, port.as_ref(), &at)
        };
        let hosts = host.iter().map(|host| host.fqdn.clone()).collect();
        Hop { service: Some(key), port, hosts, at, protection }
    };
    proxy.services().map(hop).collect()
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
