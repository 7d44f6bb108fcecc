//! What policies mean depends on who enforces them: the network plugins as sets of options.
//!
//! Where the specification leaves a matter open, plugins differ. Each plugin that is known by name is a set of options here, and
//! each option can be given by itself.

use std::{collections::BTreeSet, fmt, sync::Arc};

use ipnet::IpNet;

use crate::{
    model::{Kind, Name},
    snapshot::Snapshot,
};

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
    /// The options that were given one by one.
    pub given: BTreeSet<&'static str>,
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

    /// Where its options are read from: documentation, issues and source of the plugin, as of November 2026.
    pub const fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Reference => &[
                "kubernetes.io, concepts/services-networking/network-policies: traffic of a Pod's node always passes; what an \
                 ipBlock within the cluster and Pods on their node's network mean is left to the plugin",
                "kubernetes/kubernetes test/e2e/network/netpol/network_policy.go: an egress ipBlock of a Pod's address admits \
                 that Pod, and except blocks it",
                "kubernetes-sigs/network-policy-api apis/v1alpha2/clusternetworkpolicy_types.go: Pods on their node's network \
                 are neither subjects nor peers; networks match Pods",
            ],
            Self::Calico => &[
                "projectcalico/calico 10745, 10810, 11144: ClusterNetworkPolicy since 3.32, which no longer has \
                 AdminNetworkPolicy",
                "docs.tigera.io, reference/resources/globalnetworkpolicy and hostendpoint: Pods on their node's network are \
                 governed by host endpoints alone; nets match addresses, whoever has them",
            ],
            Self::Cilium => &[
                "docs.cilium.io, network/kubernetes/policy: an ipBlock matches neither Pods nor, unless \
                 policy-cidr-match-mode says so, nodes",
                "cilium/cilium 16622, 32807: endPort since 1.16",
                "cilium/cilium 23380, 47227: ClusterNetworkPolicy since 1.20, and only with \
                 --enable-k8s-cluster-network-policy",
                "docs.cilium.io, security/policy/intro: policyEnforcementMode is default, always or never",
            ],
            Self::Antrea => &[
                "antrea-io/antrea docs/feature-gates.md and docs/admin-network-policy.md, 8018, 8044: AdminNetworkPolicy and \
                 ClusterNetworkPolicy are behind feature gates; that of AdminNetworkPolicy is alpha and off, that of \
                 ClusterNetworkPolicy is new in 2.7 and taken to be the same",
            ],
            Self::OvnKubernetes => &[
                "ovn-kubernetes docs/features/network-security-controls/admin-network-policy.md: AdminNetworkPolicy is on by \
                 default; only v1alpha1",
                "docs.okd.io, network_security/network_policy/about-network-policy: no policy applies to Pods on their node's \
                 network, and none blocks a Pod's own node. A namespaceSelector with an empty podSelector may match such Pods \
                 there, which is not modelled",
            ],
            Self::Kindnet => &[
                "kindnet.es, docs/user/network-policies, and install-kindnet.yaml: kube-network-policies, which here watches \
                 NetworkPolicies alone",
            ],
            Self::None => &["a network plugin that reads no policies, such as flannel"],
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
            PluginName::Reference => &[NetworkPolicy, ClusterNetworkPolicy, AdminNetworkPolicy],
            // ClusterNetworkPolicy since 3.32, which removed AdminNetworkPolicy (projectcalico/calico 10745, 10810, 11144).
            PluginName::Calico => &[NetworkPolicy, ClusterNetworkPolicy, Calico],
            // ClusterNetworkPolicy only with --enable-k8s-cluster-network-policy (cilium/cilium 23380, 47227); AdminNetworkPolicy never was.
            PluginName::Cilium => &[NetworkPolicy, Cilium],
            // v1alpha1 alone, and that by default (ovn-kubernetes docs/features/network-security-controls/admin-network-policy.md).
            PluginName::OvnKubernetes => &[NetworkPolicy, AdminNetworkPolicy],
            // Antrea's feature gates for others are off (antrea docs/feature-gates.md; antrea-io/antrea 8018, 8044); kindnet's
            // kube-network-policies watches nothing else (install-kindnet.yaml).
            PluginName::Antrea | PluginName::Kindnet => &[NetworkPolicy],
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
            given: BTreeSet::new(),
        }
    }

    /// The plugin that the objects tell of, and why it is this one, for who describes a state and was told of none.
    pub fn inferred(snapshot: &Snapshot) -> (Self, String) {
        let has = |family| Kind::all().any(|kind| Family::of(kind) == Some(family) && snapshot.count(kind) > 0);
        let (name, reason) = match (has(Family::Cilium), has(Family::Calico)) {
            (true, false) => (PluginName::Cilium, "there are Cilium policies"),
            (false, true) => (PluginName::Calico, "there are Calico policies"),
            (true, true) => {
                (PluginName::Reference, "there are policies of both Cilium and Calico, and none of them count")
            }
            (false, false) => (PluginName::Reference, "no object tells of another"),
        };
        (Self::of(name), reason.to_owned())
    }

    /// Whether somebody has said which policies are enforced.
    pub fn knows_what_is_enforced(&self) -> bool {
        self.declared || self.given.contains("enforces")
    }

    /// Whether nothing is enforced, so that nobody is isolated.
    pub fn enforces_nothing(&self) -> bool {
        match self.enforcement {
            Enforcement::Never => true,
            Enforcement::Always => false,
            Enforcement::Default => self.enforced.is_empty(),
        }
    }

    /// How many policies there are that the plugin does not enforce, by family.
    pub fn ignored(&self, snapshot: &Snapshot) -> Vec<(Family, usize)> {
        let count = |family: Family| -> usize {
            let kinds = Kind::all().filter(|kind| kind.is_policy() && Family::of(*kind) == Some(family));
            kinds.filter(|kind| !self.enforces(*kind)).map(|kind| snapshot.count(kind)).sum()
        };
        Family::ALL.map(|family| (family, count(family))).into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// Whether policies of that kind are enforced, as far as is known.
    pub fn enforces(&self, kind: Kind) -> bool {
        self.enforcement != Enforcement::Never
            && Family::of(kind).is_some_and(|family| {
                // Where nobody has said, what the API server validates itself is enforced by somebody.
                if self.knows_what_is_enforced() {
                    self.enforced.contains(&family)
                } else {
                    family == Family::NetworkPolicy
                }
            })
    }
}

impl Plugin {
    /// Whether objects of that kind count: policies that are enforced, and what they depend on.
    pub fn reads(&self, kind: Kind) -> bool {
        self.enforces(kind) || (kind.is_policy_context() && self.enforces(Kind::CalicoNetworkPolicy))
    }
}

impl Family {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 5] =
        [Self::NetworkPolicy, Self::ClusterNetworkPolicy, Self::AdminNetworkPolicy, Self::Cilium, Self::Calico];

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
