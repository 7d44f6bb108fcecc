//! Mutual TLS inside: what a workload accepts, port by port, as its mesh really decides it.
//!
//! **Policy without proxy proves nothing**: of a Pod as the API server has it, a proxy that is not there will never be. Of a template,
//! and of a Pod in a file, what the labels of Namespace and template would have injected counts. Policies that are about to go
//! (they have a deletion timestamp) count in the worse of both readings.

mod istio;
mod linkerd;
mod ports;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, ops::RangeInclusive, sync::Arc};

use crate::model::{
    Kind, Labels, MeshPolicy, Name, Namespace, Object, ObjectKey, Place, PodFacts, PortSet, Protocol,
    mesh::{InboundPolicy, IstioSpec, MeshSpec, Proxy, pod_annotations},
};
use crate::snapshot::{Blind, Coverage, Lookup, Need, Snapshot};

pub use istio::{admits_anyone as istio_admits_anyone, reaches_meshed, reaching, turned_off as istio_turned_off};
pub use linkerd::{admits_anyone as linkerd_admits_anyone, lowers_access, referring, servers};

/// What the ruleset's environment says of meshes, because no object does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeshSettings {
    /// `mesh.istio.rootNamespace`: where `PeerAuthentications` hold for the whole mesh.
    pub istio_root: Name,
    /// `mesh.linkerd.defaultInboundPolicy`: what Linkerd's proxies do where no Server selects a port.
    pub linkerd_default: InboundPolicy,
}

impl Default for MeshSettings {
    /// Istio's `meshConfig.rootNamespace` and the value of Linkerd's chart.
    fn default() -> Self {
        Self { istio_root: "istio-system".into(), linkerd_default: InboundPolicy::AllUnauthenticated }
    }
}

/// A mesh that a workload is part of, or could be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are the meshes, as they name themselves.
pub enum Mesh {
    IstioSidecar,
    IstioAmbient,
    Linkerd,
    /// One that Ringwall knows to be there and does not judge: Cilium's ztunnel, Consul, Kuma.
    Other(&'static str),
}

impl Mesh {
    /// As sentences name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IstioSidecar => "Istio",
            Self::IstioAmbient => "Istio's ambient mesh",
            Self::Linkerd => "Linkerd",
            Self::Other(name) => name,
        }
    }
}

/// What a workload accepts on a port.
#[derive(Clone, PartialEq, Debug)]
pub enum Accepts {
    /// Mutual TLS alone.
    MutualTls,
    /// TLS alone, of clients without an identity too.
    OneSidedTls(Because),
    /// Plaintext as well, or alone.
    Plaintext(Because),
    /// It cannot be said.
    Unknown(Blind),
}

/// Why something is accepted.
#[derive(Clone, PartialEq, Debug)]
pub struct Because {
    /// The fact, to follow a colon: `no PeerAuthentication says STRICT`.
    pub fact: Name,
    /// Where it is said; `None` where nobody says it, and for the workload itself.
    pub place: Option<Place>,
    /// The annotation of the workload that says it.
    pub annotation: Option<&'static str>,
}

impl Because {
    fn nobody(fact: impl Into<Name>) -> Self {
        Self { fact: fact.into(), place: None, annotation: None }
    }

    fn said(fact: impl Into<Name>, place: Place) -> Self {
        Self { fact: fact.into(), place: Some(place), annotation: None }
    }

    fn annotated(fact: impl Into<Name>, annotation: &'static str) -> Self {
        Self { fact: fact.into(), place: None, annotation: Some(annotation) }
    }
}

/// What a workload accepts from inside the cluster, by TCP.
#[derive(Clone, PartialEq, Debug)]
pub struct Inbound {
    /// The mesh that it is in; `None` outside all.
    pub mesh: Option<Mesh>,
    /// On ports of which nothing else is said.
    pub default: Accepts,
    /// On some ports; of several entries with a port the first counts.
    pub ports: Vec<(RangeInclusive<u16>, Accepts)>,
}

impl Inbound {
    fn everywhere(mesh: Option<Mesh>, accepts: Accepts) -> Self {
        Self { mesh, default: accepts, ports: Vec::new() }
    }

    /// What is accepted on a port.
    pub fn on(&self, port: u16) -> &Accepts {
        self.ports.iter().find(|(ports, _)| ports.contains(&port)).map_or(&self.default, |(_, accepts)| accepts)
    }

    /// The TCP ports on which something is accepted that fits, and the first thing that fits.
    pub fn ports_where(&self, fits: impl Fn(&Accepts) -> bool) -> (PortSet, Option<&Accepts>) {
        let tcp = |ports: &RangeInclusive<u16>| -> PortSet { [(Protocol::Tcp, ports.clone())].into_iter().collect() };
        let (mut left, mut fitting, mut first) = (tcp(&(1..=u16::MAX)), PortSet::none(), None);
        for (ports, accepts) in &self.ports {
            let here = tcp(ports).intersection(&left);
            left = left.difference(&here);
            if fits(accepts) && !here.is_empty() {
                fitting = fitting.union(&here);
                first = first.or(Some(accepts));
            }
        }
        if fits(&self.default) && !left.is_empty() {
            // What holds for all other ports is the first thing to say.
            (fitting.union(&left), Some(&self.default))
        } else {
            (fitting, first)
        }
    }

    /// The worse of two readings, port by port.
    fn worse(self, other: &Self) -> Self {
        if self == *other {
            return self;
        }
        let rank = |accepts: &Accepts| match accepts {
            Accepts::MutualTls => 0,
            Accepts::Unknown(_) => 1,
            Accepts::OneSidedTls(_) => 2,
            Accepts::Plaintext(_) => 3,
        };
        let worse = |one: &Accepts, two: &Accepts| if rank(two) > rank(one) { two.clone() } else { one.clone() };
        let cuts: BTreeSet<u32> = [&self, other]
            .into_iter()
            .flat_map(|inbound| &inbound.ports)
            .flat_map(|(ports, _)| [u32::from(*ports.start()), u32::from(*ports.end()) + 1])
            .collect();
        let starts: Vec<u32> = cuts.into_iter().collect();
        let ports = starts.iter().zip(starts.iter().skip(1)).filter_map(|(from, to)| {
            let (from, to) = (u16::try_from(*from).ok()?, u16::try_from(to - 1).ok()?);
            Some((from..=to, worse(self.on(from), other.on(from))))
        });
        Self { mesh: self.mesh, default: worse(&self.default, &other.default), ports: ports.collect() }
    }
}

/// What a workload of a namespace accepts.
pub fn inbound(snapshot: &Snapshot, settings: &MeshSettings, namespace: &Name, facts: &PodFacts) -> Inbound {
    let mesh = match mesh_of(snapshot, namespace, facts) {
        Ok(Some(mesh)) => mesh,
        Ok(None) => {
            let fact = if facts.host_network { "it is on its node's network" } else { "it is in no mesh" };
            return Inbound::everywhere(None, Accepts::Plaintext(Because::nobody(fact)));
        }
        Err(blind) => return Inbound::everywhere(None, Accepts::Unknown(blind)),
    };
    if let Mesh::Other(name) = mesh {
        let what = format!("what {name} makes of it: Ringwall reads Istio's and Linkerd's policies only");
        return Inbound::everywhere(Some(mesh), Accepts::Unknown(Blind::Unknowable(what.into())));
    }
    if facts.mesh.net_admin {
        let what = "a container of it has NET_ADMIN, and can lead packets past the proxy";
        return Inbound::everywhere(Some(mesh), Accepts::Unknown(Blind::Unknowable(what.into())));
    }
    let read = |with_leaving: bool| match mesh {
        Mesh::Linkerd => linkerd::inbound(&Reading { snapshot, settings, namespace, with_leaving }, facts),
        _ => istio::inbound(&Reading { snapshot, settings, namespace, with_leaving }, facts, mesh),
    };
    let staying = read(false);
    let kinds = Kind::all().filter(|kind| kind.is_mesh_policy() && snapshot.count(*kind) > 0);
    let namespaces = [namespace, &settings.istio_root];
    let mut policies =
        kinds.flat_map(|kind| namespaces.map(|namespace| snapshot.list(kind, Some(namespace)))).flatten();
    if policies.any(|policy| policy.meta().is_terminating()) { staying.worse(&read(true)) } else { staying }
}

/// The mesh that a workload of a namespace is in.
pub fn mesh_of(snapshot: &Snapshot, namespace: &Name, facts: &PodFacts) -> Result<Option<Mesh>, Blind> {
    if facts.host_network {
        return Ok(None);
    }
    let has = |proxy: Proxy| facts.mesh.proxies.contains(&proxy);
    for (proxy, mesh) in [
        (Proxy::Istio, Mesh::IstioSidecar),
        (Proxy::Linkerd, Mesh::Linkerd),
        (Proxy::Consul, Mesh::Other("Consul")),
        (Proxy::Kuma, Mesh::Other("Kuma")),
    ] {
        if has(proxy) {
            return Ok(Some(mesh));
        }
    }
    let home = match snapshot.namespace(namespace) {
        Lookup::Found(home) => Some(home),
        Lookup::Absent => None,
        Lookup::Unseen(blind) => return Err(blind),
    };
    let assumed = home.as_ref().is_some_and(|home| home.assumed);
    let home = Home::of(home.as_deref());
    if !facts.mesh.is_final {
        if istio::would_inject(namespace, &home, facts) {
            return Ok(Some(Mesh::IstioSidecar));
        }
        if linkerd::would_inject(&home, facts) {
            return Ok(Some(Mesh::Linkerd));
        }
        let marked = |key: &str, value: &str| facts.mesh.annotations.value(key).is_some_and(|is| *is == value);
        if marked(pod_annotations::CONSUL_INJECT, "true") {
            return Ok(Some(Mesh::Other("Consul")));
        }
        let kuma = facts.labels.value(pod_annotations::KUMA_INJECT);
        let kuma = kuma.or_else(|| facts.mesh.annotations.value(pod_annotations::KUMA_INJECT));
        let kuma = kuma.or_else(|| home.labels.value(pod_annotations::KUMA_INJECT));
        if kuma.is_some_and(|value| *value == "enabled" || *value == "true") {
            return Ok(Some(Mesh::Other("Kuma")));
        }
    }
    if istio::is_ambient(&home, facts) {
        return Ok(Some(Mesh::IstioAmbient));
    }
    let cilium = home.labels.value("io.cilium/mtls-enabled").is_some_and(|value| *value == "true");
    match cilium.then_some(Mesh::Other("Cilium's ztunnel")) {
        // Most workloads are taken into a mesh by their Namespace.
        None if assumed => Err(Blind::NotInFiles(Kind::Namespace)),
        known => Ok(known),
    }
}

/// What a Namespace tells meshes.
struct Home {
    labels: Labels,
    annotations: Labels,
}

impl Home {
    fn of(namespace: Option<&Namespace>) -> Self {
        let of = |read: fn(&Namespace) -> &Labels| namespace.map(read).cloned().unwrap_or_default();
        Self { labels: of(|home| &home.meta.labels), annotations: of(|home| &home.meta.annotations) }
    }
}

/// What is read, and how.
struct Reading<'a> {
    snapshot: &'a Snapshot,
    settings: &'a MeshSettings,
    namespace: &'a Name,
    /// Whether policies that are about to go count.
    with_leaving: bool,
}

impl<'a> Reading<'a> {
    /// The policies of a kind in a namespace.
    fn policies(&self, kind: Kind, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<MeshPolicy>> + use<'a> {
        let with_leaving = self.with_leaving;
        policies(self.snapshot, kind, Some(namespace))
            .filter(move |policy| with_leaving || !policy.meta.is_terminating())
    }

    /// Whether a kind has been seen whole in a namespace. What the cluster does not serve has no objects.
    fn coverage(&self, kind: Kind, namespace: &Name) -> Coverage {
        match self.snapshot.coverage(kind, Some(namespace)) {
            Err(Blind::NotServed(_)) => Ok(()),
            coverage => coverage,
        }
    }
}

/// The policies of a kind of a mesh, in one namespace or in all.
pub fn policies<'a>(
    snapshot: &'a Snapshot,
    kind: Kind,
    namespace: Option<&'a Name>,
) -> impl Iterator<Item = &'a Arc<MeshPolicy>> {
    snapshot.list(kind, namespace).filter_map(|object| match object {
        Object::MeshPolicy(policy) => Some(policy),
        _ => None,
    })
}

/// Whom a policy of a mesh can protect, or leave unprotected.
#[derive(Clone, PartialEq, Debug)]
pub enum Covers {
    /// Nobody: no mode follows from it.
    Nobody,
    /// The workloads of a namespace whose labels fit; `None` for all of them.
    Namespace(Name, Option<crate::model::Selector>),
    /// Everybody.
    Mesh,
}

/// Whom a policy of a mesh covers.
pub fn covers(settings: &MeshSettings, policy: &MeshPolicy) -> Covers {
    let namespace = policy.meta.namespace.clone().unwrap_or_default();
    match &policy.spec {
        MeshSpec::Istio(IstioSpec::PeerAuthentication(peers)) => match &peers.selector {
            // One with a selector in the root namespace is ignored.
            selector if namespace != settings.istio_root => Covers::Namespace(namespace, selector.clone()),
            None => Covers::Mesh,
            Some(_) => Covers::Nobody,
        },
        MeshSpec::Istio(_) => Covers::Nobody,
        MeshSpec::Linkerd(_) if policy.kind == Kind::MeshTLSAuthentication => Covers::Nobody,
        // Policies of any namespace may refer to it.
        MeshSpec::Linkerd(_) if policy.kind == Kind::NetworkAuthentication => Covers::Mesh,
        MeshSpec::Linkerd(_) => Covers::Namespace(namespace, None),
    }
}

/// The reads that settle what a workload of a namespace accepts.
pub fn rests_on(snapshot: &Snapshot, settings: &MeshSettings, namespace: &Name, mesh: Option<Mesh>) -> Vec<Need> {
    let mut needs = vec![Need::Get(ObjectKey::cluster(Kind::Namespace, namespace.clone()))];
    let mut list = |kind: Kind, namespace: &Name| {
        if !matches!(snapshot.coverage(kind, Some(namespace)), Err(Blind::NotServed(_))) {
            needs.push(Need::List(kind, Some(namespace.clone())));
        }
    };
    match mesh {
        Some(Mesh::IstioSidecar | Mesh::IstioAmbient) => {
            list(Kind::PeerAuthentication, namespace);
            if *namespace != settings.istio_root {
                list(Kind::PeerAuthentication, &settings.istio_root);
            }
        }
        Some(Mesh::Linkerd) => {
            for kind in [Kind::LinkerdServer, Kind::ServerAuthorization, Kind::LinkerdAuthorizationPolicy] {
                list(kind, namespace);
            }
            for policy in policies(snapshot, Kind::LinkerdAuthorizationPolicy, Some(namespace)) {
                needs.extend(linkerd::networks(policy).iter().cloned().map(Need::Get));
            }
        }
        Some(Mesh::Other(_)) | None => {}
    }
    needs
}

/// The annotations by which a workload leads packets past its proxy, each with the fact.
pub fn bypasses(snapshot: &Snapshot, namespace: &Name, facts: &PodFacts) -> Vec<(&'static str, Name)> {
    match mesh_of(snapshot, namespace, facts) {
        Ok(Some(Mesh::IstioSidecar)) => istio::bypasses(facts),
        Ok(Some(Mesh::IstioAmbient)) => istio::ambient_bypass(facts).into_iter().collect(),
        Ok(Some(Mesh::Linkerd)) => linkerd::bypass(facts).into_iter().collect(),
        _ => Vec::new(),
    }
}
