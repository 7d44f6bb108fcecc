//! The table itself, one row per kind.

use super::{
    Kind, KindInfo,
    Operation::{self, Create, Delete, Update},
    Watch,
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
const OLD_GATEWAY: &str = "gateway.networking.k8s.io/v1beta1";
const TRAEFIK: &str = "traefik.io/v1alpha1";
const NGINX: &str = "k8s.nginx.org/v1";
const ISTIO_NETWORK: &str = "networking.istio.io/v1";
const ISTIO_SECURITY: &str = "security.istio.io/v1";
const LINKERD: &str = "policy.linkerd.io/v1alpha1";
const RINGWALL: &str = "ringwall.dev/v1alpha1";
const REGISTRATION: &str = "admissionregistration.k8s.io/v1";

/// How many kinds there are.
pub const COUNT: usize = 70;

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
    entry(Kind::Gateway, "Gateway", "gateways", GATEWAY).also(&["v1beta1"]).judged("gateways", WRITE),
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
    entry(Kind::Secret, "Secret", "secrets", "v1").judged("certificates", ALL).on_request("type=kubernetes.io/tls"),
    entry(Kind::ConfigMap, "ConfigMap", "configmaps", "v1").never(),
    entry(Kind::ListenerSet, "ListenerSet", "listenersets", GATEWAY).judged("gateways", WRITE),
    entry(Kind::BackendTLSPolicy, "BackendTLSPolicy", "backendtlspolicies", GATEWAY)
        .also(&["v1alpha3"])
        .judged("gateways", ALL),
    // v1 is served since v1.5 of Gateway API, beside this one.
    entry(Kind::ReferenceGrant, "ReferenceGrant", "referencegrants", OLD_GATEWAY)
        .also(&["v1"])
        .judged("gateways", WRITE),
    entry(Kind::Certificate, "Certificate", "certificates", "cert-manager.io/v1").judged("cert-manager", WRITE),
    entry(Kind::ExternalSecret, "ExternalSecret", "externalsecrets", "external-secrets.io/v1").also(&["v1beta1"]),
    entry(Kind::SealedSecret, "SealedSecret", "sealedsecrets", "bitnami.com/v1alpha1"),
    entry(Kind::IngressRoute, "IngressRoute", "ingressroutes", TRAEFIK).judged("traefik", WRITE),
    entry(Kind::IngressRouteTCP, "IngressRouteTCP", "ingressroutetcps", TRAEFIK).judged("traefik", WRITE),
    entry(Kind::TLSOption, "TLSOption", "tlsoptions", TRAEFIK).judged("traefik", ALL),
    entry(Kind::ServersTransport, "ServersTransport", "serverstransports", TRAEFIK).judged("traefik", ALL),
    entry(Kind::Middleware, "Middleware", "middlewares", TRAEFIK).judged("traefik", ALL),
    entry(Kind::HTTPProxy, "HTTPProxy", "httpproxies", "projectcontour.io/v1").judged("contour", WRITE),
    entry(Kind::VirtualServer, "VirtualServer", "virtualservers", NGINX).judged("nginx", WRITE),
    entry(Kind::NginxPolicy, "Policy", "policies", NGINX).titled("Policy.k8s.nginx.org").judged("nginx", ALL),
    entry(Kind::OpenShiftRoute, "Route", "routes", "route.openshift.io/v1").judged("openshift", WRITE),
    entry(Kind::FrontendConfig, "FrontendConfig", "frontendconfigs", "networking.gke.io/v1beta1").judged("gke", ALL),
    entry(Kind::IngressClassParams, "IngressClassParams", "ingressclassparams", "elbv2.k8s.aws/v1beta1").cluster(),
    entry(Kind::IstioGateway, "Gateway", "gateways", ISTIO_NETWORK)
        .titled("Gateway.networking.istio.io")
        .also(&["v1beta1", "v1alpha3"])
        .judged("mesh", WRITE),
    entry(Kind::PeerAuthentication, "PeerAuthentication", "peerauthentications", ISTIO_SECURITY)
        .also(&["v1beta1"])
        .judged("mesh", ALL),
    entry(Kind::IstioAuthorizationPolicy, "AuthorizationPolicy", "authorizationpolicies", ISTIO_SECURITY)
        .titled("AuthorizationPolicy.security.istio.io")
        .also(&["v1beta1"])
        .judged("mesh", ALL),
    entry(Kind::DestinationRule, "DestinationRule", "destinationrules", ISTIO_NETWORK)
        .also(&["v1beta1", "v1alpha3"])
        .judged("mesh", ALL),
    entry(Kind::LinkerdServer, "Server", "servers", "policy.linkerd.io/v1beta3")
        .titled("Server.policy.linkerd.io")
        .also(&["v1beta2", "v1beta1"])
        .judged("mesh", ALL),
    entry(Kind::ServerAuthorization, "ServerAuthorization", "serverauthorizations", "policy.linkerd.io/v1beta1")
        .judged("mesh", ALL),
    entry(Kind::LinkerdAuthorizationPolicy, "AuthorizationPolicy", "authorizationpolicies", LINKERD)
        .titled("AuthorizationPolicy.policy.linkerd.io")
        .judged("mesh", ALL),
    entry(Kind::MeshTLSAuthentication, "MeshTLSAuthentication", "meshtlsauthentications", LINKERD).judged("mesh", ALL),
    entry(Kind::NetworkAuthentication, "NetworkAuthentication", "networkauthentications", LINKERD).judged("mesh", ALL),
    // Not on deletion: `helm uninstall` must never wait for whom it removes.
    entry(Kind::Ruleset, "Ruleset", "rulesets", RINGWALL).judged("settings", WRITE).cluster(),
    entry(Kind::Exemption, "Exemption", "exemptions", RINGWALL).judged("settings", WRITE).cluster(),
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

    const fn on_request(mut self, selector: &'static str) -> Self {
        self.watch = Watch::OnRequest(selector);
        self
    }

    const fn never(mut self) -> Self {
        self.watch = Watch::Never;
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
        watch: Watch::Always,
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
