//! What the rules of mutual TLS inside have in common.
//!
//! **One scale.** What a workload accepts in plaintext is a region of ports, all protocols where it is in no mesh, so that whoever comes
//! into a mesh is not worse for being permissive there, and whoever leaves one is.

use std::sync::Arc;

use crate::{
    encryption::mesh::{self, Accepts, Because, Inbound, Mesh},
    model::{FieldPath, Name, PortSet, Protocol},
    network::Admission,
    snapshot::{Coverage, Need},
};

use super::{
    Aspect, Breach, Context, Extent, Family, Place, RuleInfo, Subject, Workload,
    isolation::{place, subject_needs},
};

/// What is accepted in plaintext, in a mesh or outside.
pub const FAMILY: Family = Family("plaintext-inside");

/// What a workload accepts.
pub(super) fn inbound(context: &Context<'_>, workload: &Workload) -> Inbound {
    mesh::inbound(context.snapshot, &context.environment.mesh, &workload.namespace, &workload.facts)
}

/// The ports of TCP on which plaintext is accepted, or may be, and why.
pub(super) fn plaintext(inbound: &Inbound) -> Option<(PortSet, Coverage, Option<&Because>)> {
    let (ports, first) = inbound.ports_where(|accepts| matches!(accepts, Accepts::Plaintext(_)));
    if let Some(Accepts::Plaintext(because)) = first {
        return Some((ports, Ok(()), Some(because)));
    }
    match inbound.ports_where(|accepts| matches!(accepts, Accepts::Unknown(_))) {
        (ports, Some(Accepts::Unknown(blind))) => Some((ports, Err(blind.clone()), None)),
        _ => None,
    }
}

/// The breach of a rule of the scale.
pub(super) fn breach(info: &RuleInfo, subject: &Subject, ports: PortSet, certain: Coverage) -> Breach {
    let mut admission = Admission::nothing();
    admission.pods = ports;
    Breach {
        rule: info.id,
        family: info.family,
        subject: subject.clone(),
        aspect: Aspect::Whole,
        extent: Extent::Admission(Arc::new(admission)),
        certain,
    }
}

/// The reads that confirm what a workload accepts.
pub(super) fn needs(context: &Context<'_>, breach: &Breach) -> Vec<Need> {
    let Some(workload) = breach.subject.workload(context.snapshot) else { return Vec::new() };
    let (snapshot, settings) = (context.snapshot, &context.environment.mesh);
    let mesh = mesh::mesh_of(snapshot, &workload.namespace, &workload.facts).ok().flatten();
    let mut needs = mesh::rests_on(snapshot, settings, &workload.namespace, mesh);
    needs.extend(subject_needs(context, breach));
    needs
}

/// The place that a fact stands in, if it stands anywhere.
pub(super) fn place_of(because: &Because, workload: &Workload) -> Option<Place> {
    because.place.clone().or_else(|| because.annotation.map(|key| annotation(workload, key)))
}

/// An annotation of the Pod or template.
pub(super) fn annotation(workload: &Workload, key: &str) -> Place {
    let path = FieldPath::new("metadata.annotations").field(key);
    place(workload, path.as_str())
}

/// Ports as sentences name them.
pub(super) fn spoken(ports: &PortSet) -> String {
    let every: PortSet = [(Protocol::Tcp, 1..=u16::MAX)].into_iter().collect();
    if every.difference(ports).is_empty() { "every port".to_owned() } else { ports.to_string() }
}

/// How a workload comes to accept mutual TLS alone.
pub(super) fn mend(mesh: Option<Mesh>, because: Option<&Because>, namespace: &Name) -> String {
    match (because, mesh) {
        (Some(Because { annotation: Some(key), place: None, .. }), Some(Mesh::Linkerd)) if key.ends_with("policy") => {
            format!("set {key}: all-authenticated on the Pod template")
        }
        (Some(Because { annotation: Some(key), .. }), _) => format!("take the annotation {key} off the Pod template"),
        (Some(Because { place: Some(place), .. }), Some(Mesh::IstioSidecar | Mesh::IstioAmbient)) => {
            format!("set {} to STRICT in {}", place.path, place.object)
        }
        (Some(Because { place: Some(place), .. }), _) => {
            format!("change {} of {} so that clients show an identity", place.path, place.object)
        }
        (_, Some(Mesh::Linkerd)) => {
            "set config.linkerd.io/default-inbound-policy: all-authenticated on the Pod template".to_owned()
        }
        (_, Some(Mesh::IstioSidecar | Mesh::IstioAmbient)) => {
            format!("apply a PeerAuthentication with mtls.mode STRICT in {namespace}")
        }
        _ => "see to it that only mutual TLS is accepted".to_owned(),
    }
}
