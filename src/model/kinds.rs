//! The one table of kinds. Watches, file dispatch, the webhook configuration's rules, RBAC, readiness and metrics
//! derive from it: a kind that is not here does not exist for Ringwall.

use std::fmt;

/// A kind of object that Ringwall reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are Kubernetes' own names.
pub enum Kind {
    Namespace,
    Pod,
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
    CronJob,
    NetworkPolicy,
    Service,
    Ingress,
    IngressClass,
    ClusterNetworkPolicy,
    AdminNetworkPolicy,
    BaselineAdminNetworkPolicy,
    CiliumNetworkPolicy,
    CiliumClusterwideNetworkPolicy,
    /// `NetworkPolicy` of `projectcalico.org/v3`, which Calico's own API server serves.
    CalicoNetworkPolicy,
    CalicoGlobalNetworkPolicy,
    CalicoTier,
    CalicoNetworkSet,
    CalicoGlobalNetworkSet,
    CalicoStagedNetworkPolicy,
    CalicoStagedGlobalNetworkPolicy,
    CalicoStagedKubernetesNetworkPolicy,
    /// `NetworkPolicy` of `crd.projectcalico.org/v1`, the form that Calico stores.
    CalicoStoredNetworkPolicy,
    CalicoStoredGlobalNetworkPolicy,
    CalicoStoredTier,
    CalicoStoredNetworkSet,
    CalicoStoredGlobalNetworkSet,
    GatewayClass,
    Gateway,
    HTTPRoute,
    GRPCRoute,
    TLSRoute,
    TCPRoute,
    UDPRoute,
    ValidatingWebhookConfiguration,
    MutatingWebhookConfiguration,
}

/// What an admission request does to an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operation {
    /// The object is new.
    Create,
    /// The object changes.
    Update,
    /// The object is removed.
    Delete,
}

impl Operation {
    /// The name as AdmissionReview and the webhook configuration write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// What stands in the table for a kind.
#[derive(Debug)]
pub struct KindInfo {
    /// The kind.
    pub kind: Kind,
    /// Its name in `kind:`.
    pub name: &'static str,
    /// What it is called where kinds must be told apart: the name, with the group behind it where another kind has the same name.
    pub unique_name: &'static str,
    /// Its name in URLs and RBAC, in plural.
    pub plural: &'static str,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version that is read.
    pub version: &'static str,
    /// Other versions in which manifests may be written, equal in all that is read.
    pub also: &'static [&'static str],
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Whether a replica that has not synced it is unready (design: Namespaces, Pods, workload kinds, NetworkPolicies).
    pub required: bool,
    /// The operations that the webhook judges.
    pub operations: &'static [Operation],
    /// The subresources whose updates can change what is judged of the object itself. The strategies of all others reset it.
    pub subresources: &'static [&'static str],
    /// The entry of the webhook configuration it belongs to, so that optional kinds never block others.
    pub entry: &'static str,
    /// Where its Pod template is, for workload kinds.
    pub template: Option<&'static str>,
}

use Operation::{Create, Delete, Update};

const WRITE: &[Operation] = &[Create, Update];
/// Of what others rest on.
const ALL: &[Operation] = &[Create, Update, Delete];

const POLICY: &str = "policy.networking.k8s.io/v1alpha2";
const OLD_POLICY: &str = "policy.networking.k8s.io/v1alpha1";
const CILIUM: &str = "cilium.io/v2";
const CALICO: &str = "projectcalico.org/v3";
const CALICO_STORED: &str = "crd.projectcalico.org/v1";
const GATEWAY: &str = "gateway.networking.k8s.io/v1";
const REGISTRATION: &str = "admissionregistration.k8s.io/v1";

/// How many kinds there are.
pub const COUNT: usize = 40;

/// Every kind, in the order of [`Kind`].
pub static KINDS: [KindInfo; COUNT] = [
    // An update of a Namespace's status or finalizers may move its labels, too.
    entry(Kind::Namespace, "Namespace", "namespaces", "v1")
        .judged("namespaces", WRITE)
        .cluster()
        .required()
        .subresources(&["status", "finalize"]),
    // An update of a Pod's status may move its labels.
    entry(Kind::Pod, "Pod", "pods", "v1").judged("pods", WRITE).required().subresources(&["status"]),
    entry(Kind::Deployment, "Deployment", "deployments", "apps/v1").workload("spec.template"),
    entry(Kind::StatefulSet, "StatefulSet", "statefulsets", "apps/v1").workload("spec.template"),
    entry(Kind::DaemonSet, "DaemonSet", "daemonsets", "apps/v1").workload("spec.template"),
    entry(Kind::ReplicaSet, "ReplicaSet", "replicasets", "apps/v1").workload("spec.template"),
    entry(Kind::ReplicationController, "ReplicationController", "replicationcontrollers", "v1")
        .workload("spec.template"),
    entry(Kind::Job, "Job", "jobs", "batch/v1").workload("spec.template"),
    entry(Kind::CronJob, "CronJob", "cronjobs", "batch/v1").workload("spec.jobTemplate.spec.template"),
    entry(Kind::NetworkPolicy, "NetworkPolicy", "networkpolicies", "networking.k8s.io/v1")
        .judged("policies", ALL)
        .required(),
    entry(Kind::Service, "Service", "services", "v1").judged("services", WRITE),
    entry(Kind::Ingress, "Ingress", "ingresses", "networking.k8s.io/v1").judged("ingresses", ALL),
    entry(Kind::IngressClass, "IngressClass", "ingressclasses", "networking.k8s.io/v1").cluster(),
    entry(Kind::ClusterNetworkPolicy, "ClusterNetworkPolicy", "clusternetworkpolicies", POLICY)
        .judged("cluster-policies", ALL)
        .cluster(),
    entry(Kind::AdminNetworkPolicy, "AdminNetworkPolicy", "adminnetworkpolicies", OLD_POLICY)
        .judged("cluster-policies", ALL)
        .cluster(),
    entry(Kind::BaselineAdminNetworkPolicy, "BaselineAdminNetworkPolicy", "baselineadminnetworkpolicies", OLD_POLICY)
        .judged("cluster-policies", ALL)
        .cluster(),
    entry(Kind::CiliumNetworkPolicy, "CiliumNetworkPolicy", "ciliumnetworkpolicies", CILIUM)
        .judged("cilium-policies", ALL),
    entry(
        Kind::CiliumClusterwideNetworkPolicy,
        "CiliumClusterwideNetworkPolicy",
        "ciliumclusterwidenetworkpolicies",
        CILIUM,
    )
    .judged("cilium-policies", ALL)
    .cluster(),
    entry(Kind::CalicoNetworkPolicy, "NetworkPolicy", "networkpolicies", CALICO)
        .titled("NetworkPolicy.projectcalico.org")
        .judged("calico-policies", ALL),
    entry(Kind::CalicoGlobalNetworkPolicy, "GlobalNetworkPolicy", "globalnetworkpolicies", CALICO)
        .titled("GlobalNetworkPolicy.projectcalico.org")
        .judged("calico-policies", ALL)
        .cluster(),
    entry(Kind::CalicoTier, "Tier", "tiers", CALICO)
        .titled("Tier.projectcalico.org")
        .judged("calico-policies", ALL)
        .cluster(),
    entry(Kind::CalicoNetworkSet, "NetworkSet", "networksets", CALICO)
        .titled("NetworkSet.projectcalico.org")
        .judged("calico-policies", ALL),
    entry(Kind::CalicoGlobalNetworkSet, "GlobalNetworkSet", "globalnetworksets", CALICO)
        .titled("GlobalNetworkSet.projectcalico.org")
        .judged("calico-policies", ALL)
        .cluster(),
    entry(Kind::CalicoStagedNetworkPolicy, "StagedNetworkPolicy", "stagednetworkpolicies", CALICO)
        .judged("calico-policies", WRITE),
    entry(Kind::CalicoStagedGlobalNetworkPolicy, "StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies", CALICO)
        .judged("calico-policies", WRITE)
        .cluster(),
    entry(
        Kind::CalicoStagedKubernetesNetworkPolicy,
        "StagedKubernetesNetworkPolicy",
        "stagedkubernetesnetworkpolicies",
        CALICO,
    )
    .judged("calico-policies", WRITE),
    entry(Kind::CalicoStoredNetworkPolicy, "NetworkPolicy", "networkpolicies", CALICO_STORED)
        .titled("NetworkPolicy.crd.projectcalico.org")
        .judged("calico-policies", ALL),
    entry(Kind::CalicoStoredGlobalNetworkPolicy, "GlobalNetworkPolicy", "globalnetworkpolicies", CALICO_STORED)
        .titled("GlobalNetworkPolicy.crd.projectcalico.org")
        .judged("calico-policies", ALL)
        .cluster(),
    entry(Kind::CalicoStoredTier, "Tier", "tiers", CALICO_STORED)
        .titled("Tier.crd.projectcalico.org")
        .judged("calico-policies", ALL)
        .cluster(),
    entry(Kind::CalicoStoredNetworkSet, "NetworkSet", "networksets", CALICO_STORED)
        .titled("NetworkSet.crd.projectcalico.org")
        .judged("calico-policies", ALL),
    entry(Kind::CalicoStoredGlobalNetworkSet, "GlobalNetworkSet", "globalnetworksets", CALICO_STORED)
        .titled("GlobalNetworkSet.crd.projectcalico.org")
        .judged("calico-policies", ALL)
        .cluster(),
    entry(Kind::GatewayClass, "GatewayClass", "gatewayclasses", GATEWAY).also(&["v1beta1"]).cluster(),
    entry(Kind::Gateway, "Gateway", "gateways", GATEWAY).also(&["v1beta1"]),
    entry(Kind::HTTPRoute, "HTTPRoute", "httproutes", GATEWAY).also(&["v1beta1"]).judged("routes", WRITE),
    entry(Kind::GRPCRoute, "GRPCRoute", "grpcroutes", GATEWAY).also(&["v1alpha2"]).judged("routes", WRITE),
    entry(Kind::TLSRoute, "TLSRoute", "tlsroutes", GATEWAY).also(&["v1alpha2", "v1alpha3"]).judged("routes", WRITE),
    entry(Kind::TCPRoute, "TCPRoute", "tcproutes", GATEWAY).also(&["v1alpha2"]).judged("routes", WRITE),
    entry(Kind::UDPRoute, "UDPRoute", "udproutes", GATEWAY).also(&["v1alpha2"]).judged("routes", WRITE),
    entry(
        Kind::ValidatingWebhookConfiguration,
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        REGISTRATION,
    )
    .cluster(),
    entry(
        Kind::MutatingWebhookConfiguration,
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        REGISTRATION,
    )
    .cluster(),
];

impl Kind {
    /// Every kind, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|info| info.kind)
    }

    /// The kind's row of the table.
    #[allow(clippy::indexing_slicing)] // A test proves that the table is in the order of the enum.
    pub fn info(self) -> &'static KindInfo {
        &KINDS[self as usize]
    }

    #[allow(clippy::misnamed_getters, reason = "the name by which a kind is known must be its own")]
    /// What it is called: the name in `kind:`, with the group behind it where another kind has the same name.
    pub fn name(self) -> &'static str {
        self.info().unique_name
    }

    /// The kind of an `apiVersion` and `kind`; `None` when Ringwall does not read it.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let reads = |info: &&KindInfo| {
            info.name == kind && info.group == group && (info.version == version || info.also.contains(&version))
        };
        KINDS.iter().find(reads).map(|info| info.kind)
    }

    /// The kind of an API group and kind, whatever the version.
    pub fn of_group(group: &str, kind: &str) -> Option<Self> {
        KINDS.iter().find(|info| info.name == kind && info.group == group).map(|info| info.kind)
    }

    /// Whether objects of this kind are policies that a network plugin may enforce.
    pub fn is_policy(self) -> bool {
        matches!(
            self,
            Self::NetworkPolicy
                | Self::ClusterNetworkPolicy
                | Self::AdminNetworkPolicy
                | Self::BaselineAdminNetworkPolicy
                | Self::CiliumNetworkPolicy
                | Self::CiliumClusterwideNetworkPolicy
                | Self::CalicoNetworkPolicy
                | Self::CalicoGlobalNetworkPolicy
                | Self::CalicoStoredNetworkPolicy
                | Self::CalicoStoredGlobalNetworkPolicy
        )
    }

    /// Whether objects of this kind are policies that are only tried out.
    pub fn is_staged_policy(self) -> bool {
        matches!(
            self,
            Self::CalicoStagedNetworkPolicy
                | Self::CalicoStagedGlobalNetworkPolicy
                | Self::CalicoStagedKubernetesNetworkPolicy
        )
    }

    /// Whether objects of this kind decide what policies mean without being policies: Calico's tiers and sets of networks.
    pub fn is_policy_context(self) -> bool {
        matches!(
            self,
            Self::CalicoTier
                | Self::CalicoNetworkSet
                | Self::CalicoGlobalNetworkSet
                | Self::CalicoStoredTier
                | Self::CalicoStoredNetworkSet
                | Self::CalicoStoredGlobalNetworkSet
        )
    }

    /// Whether a change of such an object can alter whom policies isolate and what they let through.
    pub fn decides_isolation(self) -> bool {
        self.is_policy() || self.is_policy_context()
    }

    /// Whether objects of this kind tell the API server whom to ask at admission.
    pub fn is_webhook_configuration(self) -> bool {
        matches!(self, Self::ValidatingWebhookConfiguration | Self::MutatingWebhookConfiguration)
    }

    /// Whether objects of this kind are routes of Gateway API.
    pub fn is_route(self) -> bool {
        matches!(self, Self::HTTPRoute | Self::GRPCRoute | Self::TLSRoute | Self::TCPRoute | Self::UDPRoute)
    }

    /// Whether objects of this kind make Pods from a template.
    pub fn is_workload(self) -> bool {
        self.info().template.is_some()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl KindInfo {
    /// The `apiVersion` that is read.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    const fn titled(mut self, title: &'static str) -> Self {
        self.unique_name = title;
        self
    }

    const fn also(mut self, versions: &'static [&'static str]) -> Self {
        self.also = versions;
        self
    }

    const fn cluster(mut self) -> Self {
        self.namespaced = false;
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn judged(mut self, entry: &'static str, operations: &'static [Operation]) -> Self {
        self.entry = entry;
        self.operations = operations;
        self
    }

    const fn subresources(mut self, names: &'static [&'static str]) -> Self {
        self.subresources = names;
        self
    }

    const fn workload(mut self, template: &'static str) -> Self {
        self.template = Some(template);
        self.judged("workloads", WRITE).required()
    }
}

const fn entry(kind: Kind, name: &'static str, plural: &'static str, api_version: &'static str) -> KindInfo {
    let (group, version) = halves(api_version);
    KindInfo {
        kind,
        name,
        unique_name: name,
        plural,
        group,
        version,
        also: &[],
        namespaced: true,
        required: false,
        operations: &[],
        subresources: &[],
        entry: "",
        template: None,
    }
}

/// Group and version; the core group has no name.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn halves(api_version: &'static str) -> (&'static str, &'static str) {
    let bytes = api_version.as_bytes();
    let mut at = bytes.len();
    while at > 0 {
        at -= 1;
        if bytes[at] == b'/' {
            let (group, rest) = api_version.split_at(at);
            return (group, rest.split_at(1).1);
        }
    }
    ("", api_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, info) in KINDS.iter().enumerate() {
            assert_eq!(info.kind as usize, index, "{}", info.name);
            assert_eq!(Kind::of(&info.api_version(), info.name), Some(info.kind));
            let same_title = KINDS.iter().filter(|other| other.unique_name == info.unique_name).count();
            assert_eq!(same_title, 1, "{}", info.unique_name);
        }
    }

    #[test]
    fn namespaces_are_never_judged_on_delete() {
        assert!(!Kind::Namespace.info().operations.contains(&Operation::Delete));
    }
}
