//! Servers: who may connect to a port.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    encryption::mesh::{Accepts, Because, MeshSettings, Reading, policies},
    model::{
        FieldPath, Kind, MeshPolicy, Name, Place, PodFacts, Protocol,
        mesh::{InboundPolicy, LinkerdServer, LinkerdSpec, MeshSpec, ServerPort, pod_annotations},
    },
    snapshot::{Blind, Lookup, Snapshot},
};

use super::authorization::{Admitted, admitted};

/// What the Servers that select a workload let in, by port. Where two select one port, Linkerd takes either.
pub(super) fn ports(reading: &Reading<'_>, facts: &PodFacts) -> BTreeMap<u16, Accepts> {
    let mut ports: BTreeMap<u16, Accepts> = BTreeMap::new();
    for policy in reading.policies(Kind::LinkerdServer, reading.namespace) {
        let Some(server) = server_of(policy) else { continue };
        if !server.pods.as_ref().is_some_and(|selector| selector.matches(&facts.labels)) {
            continue;
        }
        let accepts = accepts(reading, policy, server);
        for port in numbers(server, facts) {
            let known = ports.entry(port).or_insert_with(|| accepts.clone());
            let same = std::mem::discriminant(known) == std::mem::discriminant(&accepts);
            if !same {
                let what = format!("which of the Servers that select port {port} Linkerd takes: remove all but one");
                *known = Accepts::Unknown(Blind::Unknowable(what.into()));
            }
        }
    }
    ports
}

/// The Servers' Pods' ports: a name may mean several, of TCP only.
fn numbers(server: &LinkerdServer, facts: &PodFacts) -> Vec<u16> {
    match &server.port {
        None => Vec::new(),
        Some(ServerPort::Number(number)) => vec![*number],
        Some(ServerPort::Name(name)) => {
            let named = |port: &&crate::model::ContainerPort| {
                port.protocol == Protocol::Tcp && port.name.as_ref() == Some(name)
            };
            facts.ports.iter().filter(named).map(|port| port.number).collect()
        }
    }
}

/// A Server lets in what its `accessPolicy` does, and whoever is authorized.
fn accepts(reading: &Reading<'_>, policy: &Arc<MeshPolicy>, server: &LinkerdServer) -> Accepts {
    if server.access.admits_plaintext() {
        let fact = format!("{} has accessPolicy {}", policy.key(), server.access.name());
        let place = Place { object: policy.key(), path: FieldPath::new("spec.accessPolicy") };
        return Accepts::Plaintext(Because::said(fact, place));
    }
    match admitted(reading, policy) {
        Admitted::Identified => Accepts::MutualTls,
        Admitted::AnyTls(because) => Accepts::OneSidedTls(because),
        Admitted::Anyone(because) => Accepts::Plaintext(because),
        Admitted::Unknown(blind) => Accepts::Unknown(blind),
    }
}

fn server_of(policy: &MeshPolicy) -> Option<&LinkerdServer> {
    match &policy.spec {
        MeshSpec::Linkerd(LinkerdSpec::Server(server)) => Some(server),
        _ => None,
    }
}

/// Whether a Server lets in plaintext where its namespace would not: the Namespace's annotation, or else the mesh's default, demands an
/// identity. Where it does not, nothing is lowered.
pub fn lowers_access(snapshot: &Snapshot, settings: &MeshSettings, policy: &MeshPolicy) -> Option<InboundPolicy> {
    let server = server_of(policy).filter(|server| server.pods.is_some() && server.access.admits_plaintext())?;
    let namespace = policy.meta.namespace.as_ref()?;
    let by_namespace = match snapshot.namespace(namespace) {
        Lookup::Found(home) => {
            home.meta.annotations.value(pod_annotations::LINKERD_INBOUND).and_then(|name| InboundPolicy::of(name))
        }
        Lookup::Absent | Lookup::Unseen(_) => None,
    };
    let default = by_namespace.unwrap_or(settings.linkerd_default);
    (!default.admits_plaintext()).then_some(server.access)
}

/// The Servers of a namespace.
pub fn servers<'a>(snapshot: &'a Snapshot, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<MeshPolicy>> {
    policies(snapshot, Kind::LinkerdServer, Some(namespace))
}
