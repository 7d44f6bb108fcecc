//! Mutual TLS inside: what a workload accepts, port by port, as its mesh really decides it.

use std::collections::BTreeMap;

use crate::model::{Name, PodFacts};
use crate::snapshot::{Blind, Snapshot};

/// What the ruleset's environment says of meshes, because no object does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeshSettings {
    /// `mesh.istio.rootNamespace`: where `PeerAuthentications` hold for the whole mesh.
    pub istio_root: Name,
    /// `mesh.linkerd.defaultInboundPolicy`: what Linkerd's proxies do where no Server selects a port.
    pub linkerd_default: Name,
}

impl Default for MeshSettings {
    /// Istio's `meshConfig.rootNamespace` and the value of Linkerd's chart.
    fn default() -> Self {
        Self { istio_root: "istio-system".into(), linkerd_default: "all-unauthenticated".into() }
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
    Other,
}

/// What a workload accepts on a port.
#[derive(Clone, PartialEq, Debug)]
pub enum Accepts {
    /// Mutual TLS alone.
    MutualTls,
    /// Plaintext as well, or alone. The fact and who says so, to follow "because": `no PeerAuthentication says STRICT`.
    Plaintext(Name),
    /// It cannot be said.
    Unknown(Blind),
}

/// What a workload accepts from inside the cluster.
#[derive(Clone, PartialEq, Debug)]
pub struct Inbound {
    /// The mesh that it is in; `None` outside all.
    pub mesh: Option<Mesh>,
    /// On ports of which nothing else is said.
    pub default: Accepts,
    /// On these ports.
    pub ports: BTreeMap<u16, Accepts>,
}

impl Inbound {
    /// What is accepted on a port.
    pub fn on(&self, port: u16) -> &Accepts {
        self.ports.get(&port).unwrap_or(&self.default)
    }
}

/// What a workload accepts.
pub fn inbound(_: &Snapshot, _: &MeshSettings, _: &Name, _: &PodFacts) -> Inbound {
    Inbound { mesh: None, default: Accepts::Plaintext("it is in no mesh".into()), ports: BTreeMap::new() }
}
