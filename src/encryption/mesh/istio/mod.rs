//! Istio, with sidecars and ambient.

mod authorization;
mod destination_rule;
mod injection;
mod peer_authentication;

use crate::{
    encryption::mesh::{Accepts, Because, Inbound, Mesh, Reading, ports},
    model::{Name, PodFacts, mesh::pod_annotations as keys},
    snapshot::Blind,
};

pub use authorization::admits_anyone;
pub use destination_rule::{reaches_meshed, reaching};
pub(super) use injection::{is_ambient, would_inject};
pub use peer_authentication::turned_off;

/// What a workload with a sidecar, or in the ambient mesh, accepts.
pub(super) fn inbound(reading: &Reading<'_>, facts: &PodFacts, mesh: Mesh) -> Inbound {
    if mesh == Mesh::IstioAmbient {
        return match ambient_bypass(facts) {
            Some((key, fact)) => Inbound::everywhere(Some(mesh), Accepts::Plaintext(Because::annotated(fact, key))),
            None => peer_authentication::compose(reading, facts).into_inbound(mesh),
        };
    }
    let unknown =
        |what: &str| Inbound::everywhere(Some(mesh), Accepts::Unknown(Blind::Unknowable(what.to_owned().into())));
    let annotation = |key: &str| facts.mesh.annotations.value(key);
    if annotation(keys::ISTIO_TEMPLATES).is_some_and(|templates| *templates != "sidecar") {
        return unknown("what its injection templates (inject.istio.io/templates) put in the place of the sidecar");
    }
    if facts.mesh.runs_as_proxy {
        return unknown("a container of it runs as user 1337, whose packets Istio does not redirect");
    }
    let whole = |key: &'static str, fact: String| {
        Inbound::everywhere(Some(mesh), Accepts::Plaintext(Because::annotated(fact, key)))
    };
    if annotation(keys::ISTIO_INTERCEPTION).is_some_and(|mode| *mode == "NONE") {
        return whole(keys::ISTIO_INTERCEPTION, format!("{} is NONE", keys::ISTIO_INTERCEPTION));
    }
    if let Some(interfaces) = annotation(keys::ISTIO_EXCLUDED_INTERFACES).filter(|list| !list.is_empty()) {
        let fact = format!("{} takes {interfaces} away from the proxy", keys::ISTIO_EXCLUDED_INTERFACES);
        return whole(keys::ISTIO_EXCLUDED_INTERFACES, fact);
    }
    let mut inbound = peer_authentication::compose(reading, facts).into_inbound(mesh);
    if let Some(included) = annotation(keys::ISTIO_INCLUDED_PORTS).filter(|list| *list != "*") {
        let key = keys::ISTIO_INCLUDED_PORTS;
        let Some(captured) = ports::list(included) else { return unknown("which ports includeInboundPorts means") };
        let fact = format!("{key} leads only {} to the proxy", shown(included));
        let captured = captured.into_iter().flat_map(|range| {
            let within = inbound.ports.iter().filter(|(ports, _)| ports.start() == ports.end());
            let mut parts: Vec<_> = within.filter(|(port, _)| range.contains(port.start())).cloned().collect();
            parts.push((range, inbound.default.clone()));
            parts
        });
        let ports = captured.collect();
        inbound =
            Inbound { ports, ..Inbound::everywhere(Some(mesh), Accepts::Plaintext(Because::annotated(fact, key))) };
    }
    if let Some(excluded) = annotation(keys::ISTIO_EXCLUDED_PORTS) {
        let key = keys::ISTIO_EXCLUDED_PORTS;
        let Some(excluded) = ports::list(excluded) else { return unknown("which ports excludeInboundPorts means") };
        let past = |range| {
            let fact = format!("{key} leads it past the proxy");
            (range, Accepts::Plaintext(Because::annotated(fact, key)))
        };
        inbound.ports.splice(0..0, excluded.into_iter().map(past));
    }
    inbound
}

/// The annotations by which a workload with a sidecar leads inbound packets past it.
pub(super) fn bypasses(facts: &PodFacts) -> Vec<(&'static str, Name)> {
    let annotation = |key: &str| facts.mesh.annotations.value(key);
    let mut found: Vec<(&'static str, Name)> = Vec::new();
    if annotation(keys::ISTIO_INTERCEPTION).is_some_and(|mode| *mode == "NONE") {
        found.push((keys::ISTIO_INTERCEPTION, "leads nothing to the proxy".into()));
    }
    if let Some(list) = annotation(keys::ISTIO_EXCLUDED_PORTS).filter(|list| !list.is_empty()) {
        found.push((keys::ISTIO_EXCLUDED_PORTS, format!("leads the ports {list} past the proxy").into()));
    }
    if let Some(list) = annotation(keys::ISTIO_INCLUDED_PORTS).filter(|list| *list != "*") {
        let fact = format!("leads {} to the proxy, and all others past it", shown(list));
        found.push((keys::ISTIO_INCLUDED_PORTS, fact.into()));
    }
    if let Some(list) = annotation(keys::ISTIO_EXCLUDED_INTERFACES).filter(|list| !list.is_empty()) {
        found.push((keys::ISTIO_EXCLUDED_INTERFACES, format!("leads what arrives on {list} past the proxy").into()));
    }
    found
}

/// The annotation by which a workload in the ambient mesh lets inbound packets pass by it.
pub(super) fn ambient_bypass(facts: &PodFacts) -> Option<(&'static str, Name)> {
    let value = facts.mesh.annotations.value(keys::AMBIENT_BYPASS)?;
    (*value == "true").then(|| (keys::AMBIENT_BYPASS, "lets inbound packets pass by the ambient mesh".into()))
}

fn shown(ports: &str) -> String {
    if ports.is_empty() { "no port".to_owned() } else { format!("the ports {ports}") }
}
