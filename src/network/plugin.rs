//! What policies mean depends on who enforces them: the network plugins as sets of options.
//!
//! Where the specification leaves a matter open, plugins differ. Each plugin that is known by name is a set of options here, and
//! each option can be given by itself.

use std::{collections::BTreeSet, fmt, sync::Arc};

use ipnet::IpNet;

use crate::model::{Kind, Name};

/// A network plugin, as far as it decides what policies mean.
#[derive(Clone, PartialEq, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "options that can be given one by one")]
pub struct Plugin {
    /// Its name.
    pub name: PluginName,
    /// Whether somebody has named it. Where nobody has, only NetworkPolicies are known to be enforced.
    pub declared: bool,
    /// Whether an `ipBlock` or network matches Pods by their addresses.
    pub blocks_match_pods: bool,
    /// Whether an `ipBlock` or network matches the cluster's nodes, and with them Pods on their node's network.
    pub blocks_match_nodes: bool,
    /// Whether Pods on their node's network are selected and isolated as any others.
    pub host_network_pods: bool,
    /// Whether traffic from a Pod's own node always passes, as the specification says.
    pub node_traffic_exempt: bool,
    /// Whether `endPort` is honoured; where it is not, a range is its first port.
    pub end_port: bool,
    /// Which policies are enforced.
    pub enforced: BTreeSet<Family>,
    /// What holds for Pods that no policy selects, and whether any policy counts at all.
    pub enforcement: Enforcement,
    /// The networks that Pods have their addresses from; empty where that is not known.
    pub pod_networks: Arc<[IpNet]>,
}

/// The plugins that are known by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The plugins' own names.
pub enum PluginName {
    Reference,
    Calico,
    Cilium,
    Antrea,
    OvnKubernetes,
    Kindnet,
    None,
}

/// Kinds of policies that are enforced together or not at all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The kinds' own names.
pub enum Family {
    NetworkPolicy,
    ClusterNetworkPolicy,
    /// With `BaselineAdminNetworkPolicy`.
    AdminNetworkPolicy,
    Cilium,
    Calico,
}

/// Whether policies are enforced (Cilium's `policyEnforcementMode`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Enforcement {
    /// Whom a policy selects is isolated.
    Default,
    /// Everybody is isolated, selected or not.
    Always,
    /// Nobody is: policies are not enforced, or only audited.
    Never,
}

impl PluginName {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Reference, Self::Calico, Self::Cilium, Self::Antrea, Self::OvnKubernetes, Self::Kindnet, Self::None];

    /// The name in rulesets and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Calico => "calico",
            Self::Cilium => "cilium",
            Self::Antrea => "antrea",
            Self::OvnKubernetes => "ovn-kubernetes",
            Self::Kindnet => "kindnet",
            Self::None => "none",
        }
    }

    /// The plugin of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plugin| plugin.name() == name)
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Default for Plugin {
    /// Nobody has said which plugin there is.
    fn default() -> Self {
        Self { declared: false, ..Self::of(PluginName::Reference) }
    }
}

impl Plugin {
    /// The options of a plugin as it is installed where nothing is said.
    pub fn of(name: PluginName) -> Self {
        use Family::{AdminNetworkPolicy, Calico, Cilium, ClusterNetworkPolicy, NetworkPolicy};
        let enforced: &[Family] = match name {
            PluginName::Reference | PluginName::Antrea => &[NetworkPolicy, ClusterNetworkPolicy, AdminNetworkPolicy],
            PluginName::Calico => &[NetworkPolicy, ClusterNetworkPolicy, Calico],
            PluginName::Cilium => &[NetworkPolicy, Cilium],
            PluginName::OvnKubernetes => &[NetworkPolicy, AdminNetworkPolicy],
            PluginName::Kindnet => &[NetworkPolicy],
            PluginName::None => &[],
        };
        Self {
            name,
            declared: true,
            blocks_match_pods: name != PluginName::Cilium,
            blocks_match_nodes: name != PluginName::Cilium,
            host_network_pods: false,
            node_traffic_exempt: true,
            end_port: true,
            enforced: enforced.iter().copied().collect(),
            enforcement: if name == PluginName::None { Enforcement::Never } else { Enforcement::Default },
            pod_networks: Arc::from([]),
        }
    }

    /// Whether policies of that kind are enforced, as far as is known.
    pub fn enforces(&self, kind: Kind) -> bool {
        self.enforcement != Enforcement::Never
            && Family::of(kind).is_some_and(|family| {
                // Where nobody has said, what the API server validates itself is enforced by somebody.
                if self.declared { self.enforced.contains(&family) } else { family == Family::NetworkPolicy }
            })
    }
}

impl Family {
    /// The family of a kind of policies.
    pub fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::NetworkPolicy => Some(Self::NetworkPolicy),
            Kind::ClusterNetworkPolicy => Some(Self::ClusterNetworkPolicy),
            Kind::AdminNetworkPolicy | Kind::BaselineAdminNetworkPolicy => Some(Self::AdminNetworkPolicy),
            Kind::CiliumNetworkPolicy | Kind::CiliumClusterwideNetworkPolicy => Some(Self::Cilium),
            _ if kind.is_policy() => Some(Self::Calico),
            _ => None,
        }
    }

    /// What it is called in options.
    pub fn name(self) -> Name {
        Name::from(match self {
            Self::NetworkPolicy => "NetworkPolicy",
            Self::ClusterNetworkPolicy => "ClusterNetworkPolicy",
            Self::AdminNetworkPolicy => "AdminNetworkPolicy",
            Self::Cilium => "Cilium",
            Self::Calico => "Calico",
        })
    }
}
