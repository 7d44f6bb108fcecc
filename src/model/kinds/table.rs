//! The table itself, one row per kind.

use super::{
    Kind, KindInfo,
    Operation::{self, Create, Delete, Update},
};

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

impl KindInfo {
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
