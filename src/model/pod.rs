//! Pods, and what a Pod and a Pod template have in common.

use std::{net::IpAddr, sync::Arc};

use jiff::Timestamp;

use super::{Labels, Meta, Name, PortSet, Protocol, mesh::MeshFacts};

/// What decisions read of a Pod or of a Pod template: all that tells one class of Pods from another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct PodFacts {
    /// All labels; a policy that arrives later may select by any of them.
    pub labels: Labels,
    /// Whether the Pod uses its node's network, which no NetworkPolicy governs.
    pub host_network: bool,
    /// The ports that containers declare, native sidecars (init containers that always restart) included.
    pub ports: Vec<ContainerPort>,
    /// The service account's name.
    pub service_account: Name,
    /// The port that Prometheus is told to scrape (`prometheus.io/scrape`, `prometheus.io/port`).
    pub scrape_port: Option<u16>,
    /// Whether Linkerd is told to put its proxy beside it (`linkerd.io/inject`); the Namespace says so where this says nothing.
    pub linkerd: Option<bool>,
    /// What meshes read beside the labels.
    pub mesh: MeshFacts,
}

/// A port that a container declares.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContainerPort {
    /// The name that Services and policies refer to.
    pub name: Option<Name>,
    /// The number, 1 to 65535.
    pub number: u16,
    /// The protocol, TCP by default.
    pub protocol: Protocol,
    /// The port of the node that is forwarded to this one.
    pub host_port: Option<u16>,
    /// Where it is declared: `spec.containers[0].ports[1]`, below the Pod or template.
    pub at: Arc<str>,
}

impl PodFacts {
    /// The ports of that name and protocol. An unresolvable name is the empty set.
    pub fn named_port(&self, name: &str, protocol: Protocol) -> PortSet {
        let matching = |port: &&ContainerPort| port.protocol == protocol && port.name.as_deref() == Some(name);
        self.ports.iter().filter(matching).map(|port| (protocol, port.number..=port.number)).collect()
    }
}

/// A Pod.
#[derive(Clone, PartialEq, Debug)]
pub struct Pod {
    /// Name, owners, deletion.
    pub meta: Meta,
    /// What decides its class.
    pub facts: Arc<PodFacts>,
    /// How far it has come.
    pub phase: Phase,
    /// Whether the kubelet made it from a file on its node (`kubernetes.io/config.mirror`).
    pub mirror: bool,
    /// The hook annotation that it or its job carries, if any (`helm.sh/hook`, `argocd.argoproj.io/hook`).
    pub hook: Option<Name>,
    /// `status.podIPs`, sorted; empty as long as it has none, and in files as a rule. On its node's network they are the node's.
    pub addresses: Arc<[IpAddr]>,
}

/// A Pod's phase, as far as decisions care.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Phase {
    /// Pending, Running or Unknown.
    #[default]
    Active,
    /// Succeeded or Failed: it has no network any more.
    Ended,
}

impl Pod {
    /// Whether the Pod itself counts as running at that time (design, section 4), its owners aside: neither ended nor
    /// terminating, unless its deletion lies more than an hour ahead.
    pub fn is_active(&self, now: Timestamp) -> bool {
        let soon = now.saturating_add(jiff::SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
        self.phase == Phase::Active && self.meta.deletion.is_none_or(|deletion| deletion > soon)
    }
}
