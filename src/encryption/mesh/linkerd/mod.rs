//! Linkerd (linkerd2/policy-controller/k8s/index/src/inbound).

mod authorization;
mod server;

use crate::{
    encryption::mesh::{Accepts, Because, Home, Inbound, Mesh, Reading, ports},
    model::{
        Kind, Name, PodFacts, annotations,
        mesh::{InboundPolicy, pod_annotations as keys},
    },
    snapshot::Lookup,
};

pub(super) use authorization::networks;
pub use authorization::{admits_anyone, referring};
pub use server::{lowers_access, servers};

/// What the proxy lets pass by it where nobody says otherwise (`proxyInit.ignoreInboundPorts` of the chart): ports of Galera.
const SKIPPED: [u16; 2] = [4567, 4568];

/// Whether a Pod that is to be made gets a proxy: the Pod's own word goes before its Namespace's.
pub(super) fn would_inject(home: &Home, facts: &PodFacts) -> bool {
    let by_namespace = || {
        let inject = home.annotations.value(annotations::LINKERD_INJECT);
        inject.is_some_and(|value| *value == "enabled" || *value == "ingress")
    };
    !facts.host_network && facts.linkerd.unwrap_or_else(by_namespace)
}

/// What a workload with Linkerd's proxy accepts. A port that a Server selects is the Server's; any other follows the default.
pub(super) fn inbound(reading: &Reading<'_>, facts: &PodFacts) -> Inbound {
    for kind in [Kind::LinkerdServer, Kind::ServerAuthorization, Kind::LinkerdAuthorizationPolicy] {
        if let Err(blind) = reading.coverage(kind, reading.namespace) {
            return Inbound::everywhere(Some(Mesh::Linkerd), Accepts::Unknown(blind));
        }
    }
    let mut ports = Vec::new();
    if let Some(text) = skipped(reading, facts) {
        let Some(skipped) = ports::list(&text) else {
            let what = format!("which ports {} means", keys::LINKERD_SKIPPED);
            let unknown = Accepts::Unknown(crate::snapshot::Blind::Unknowable(what.into()));
            return Inbound::everywhere(Some(Mesh::Linkerd), unknown);
        };
        ports.extend(skipped.into_iter().map(|range| {
            let fact = format!("{} leads it past the proxy", keys::LINKERD_SKIPPED);
            (range, Accepts::Plaintext(Because::annotated(fact, keys::LINKERD_SKIPPED)))
        }));
    } else {
        let declared = |port: &u16| facts.ports.iter().any(|declared| declared.number == *port);
        ports.extend(SKIPPED.into_iter().filter(declared).map(|port| {
            let fact = "Linkerd leads it past the proxy by default (proxyInit.ignoreInboundPorts)";
            (port..=port, Accepts::Plaintext(Because::nobody(fact)))
        }));
    }
    let by_server = server::ports(reading, facts);
    ports.extend(by_server.into_iter().map(|(port, accepts)| (port..=port, accepts)));
    let (policy, by) = default_policy(reading, facts);
    let demanding = annotation(reading, facts, keys::LINKERD_IDENTITY).unwrap_or_default();
    // A list with an entry that is no port is an empty list to Linkerd.
    if policy.admits_plaintext() && policy != InboundPolicy::Audit {
        let demanding = ports::list(&demanding).unwrap_or_default();
        ports.extend(demanding.into_iter().map(|range| (range, Accepts::MutualTls)));
    }
    let default = if policy.admits_plaintext() {
        let fact = match by {
            Some(_) => format!("{} is {}", keys::LINKERD_INBOUND, policy.name()),
            None => format!("Linkerd's default inbound policy is {}", policy.name()),
        };
        Accepts::Plaintext(Because { fact: fact.into(), place: None, annotation: by })
    } else {
        Accepts::MutualTls
    };
    Inbound { mesh: Some(Mesh::Linkerd), default, ports }
}

/// The annotation by which a workload leads inbound packets past its proxy.
pub(super) fn bypass(facts: &PodFacts) -> Option<(&'static str, Name)> {
    let list = facts.mesh.annotations.value(keys::LINKERD_SKIPPED).filter(|list| !list.is_empty())?;
    Some((keys::LINKERD_SKIPPED, format!("leads the ports {list} past the proxy").into()))
}

/// What is let in where no Server is, and the annotation that says so. A value that Linkerd does not know says nothing.
fn default_policy(reading: &Reading<'_>, facts: &PodFacts) -> (InboundPolicy, Option<&'static str>) {
    let own = annotation(reading, facts, keys::LINKERD_INBOUND);
    match own.and_then(|name| InboundPolicy::of(&name)) {
        Some(policy) => (policy, Some(keys::LINKERD_INBOUND)),
        None => (reading.settings.linkerd_default, None),
    }
}

fn skipped(reading: &Reading<'_>, facts: &PodFacts) -> Option<Name> {
    annotation(reading, facts, keys::LINKERD_SKIPPED)
}

/// An annotation of the Pod. The injector copies its Namespace's when it makes the Pod, so that those count for a Pod that has yet to be
/// made, and not for one that is there.
fn annotation(reading: &Reading<'_>, facts: &PodFacts, key: &str) -> Option<Name> {
    let own = facts.mesh.annotations.value(key).cloned();
    own.or_else(|| {
        if facts.mesh.is_final {
            return None;
        }
        match reading.snapshot.namespace(reading.namespace) {
            Lookup::Found(namespace) => namespace.meta.annotations.value(key).cloned(),
            Lookup::Absent | Lookup::Unseen(_) => None,
        }
    })
}
