//! The one table of kinds. Watches, file dispatch, the webhook configuration's rules, RBAC, readiness and metrics
//! derive from it: a kind that is not here does not exist for Ringwall.

pub mod asked;
pub mod rights;
mod table;

use std::fmt;

pub use table::{COUNT, KINDS};

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
    /// Of type `kubernetes.io/tls`; of others only that they are there.
    Secret,
    /// Only those that configure an ingress controller or a mesh.
    ConfigMap,
    ListenerSet,
    BackendTLSPolicy,
    ReferenceGrant,
    /// `Certificate` of cert-manager.
    Certificate,
    ExternalSecret,
    SealedSecret,
    /// `IngressRoute` of Traefik.
    IngressRoute,
    IngressRouteTCP,
    TLSOption,
    ServersTransport,
    Middleware,
    /// `HTTPProxy` of Contour.
    HTTPProxy,
    /// `VirtualServer` of F5's NGINX Ingress Controller.
    VirtualServer,
    /// `Policy` of F5's NGINX Ingress Controller.
    NginxPolicy,
    /// `Route` of OpenShift.
    OpenShiftRoute,
    /// `FrontendConfig` of GKE.
    FrontendConfig,
    /// `IngressClassParams` of the AWS Load Balancer Controller.
    IngressClassParams,
    /// `Gateway` of Istio's own API.
    IstioGateway,
    PeerAuthentication,
    /// `AuthorizationPolicy` of Istio.
    IstioAuthorizationPolicy,
    DestinationRule,
    /// `Server` of Linkerd.
    LinkerdServer,
    ServerAuthorization,
    /// `AuthorizationPolicy` of Linkerd.
    LinkerdAuthorizationPolicy,
    MeshTLSAuthentication,
    NetworkAuthentication,
    /// `Ruleset` of Ringwall itself.
    Ruleset,
    /// `Exemption` of Ringwall itself.
    Exemption,
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
    /// Whether a running Ringwall follows it.
    pub watch: Watch,
}

/// Whether a running Ringwall follows the objects of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watch {
    /// All of them, wherever the API server serves the kind.
    Always,
    /// Where the operator asks for it, those that this field selector names: Secrets are nobody's by default.
    OnRequest(&'static str),
    /// Never: single objects are read when an answer rests on them.
    Never,
}

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

    /// Whether objects of this kind are Ringwall's own settings: they say what is held against others.
    pub fn is_settings(self) -> bool {
        matches!(self, Self::Ruleset | Self::Exemption)
    }

    /// Whether objects of this kind are routes of Gateway API.
    pub fn is_route(self) -> bool {
        matches!(self, Self::HTTPRoute | Self::GRPCRoute | Self::TLSRoute | Self::TCPRoute | Self::UDPRoute)
    }

    /// Whether objects of this kind say how a mesh protects the workloads that they cover.
    pub fn is_mesh_policy(self) -> bool {
        matches!(
            self,
            Self::PeerAuthentication
                | Self::IstioAuthorizationPolicy
                | Self::DestinationRule
                | Self::LinkerdServer
                | Self::ServerAuthorization
                | Self::LinkerdAuthorizationPolicy
                | Self::MeshTLSAuthentication
                | Self::NetworkAuthentication
        )
    }

    /// Whether others rest on such an object, so that the garbage collector's deletions of it are judged as anybody's.
    pub fn is_rested_on(self) -> bool {
        self.decides_isolation() || self.is_mesh_policy() || self == Self::Secret
    }

    /// Whether objects of this kind open something at the edge: what the rules of the edge judge.
    pub fn opens_edge(self) -> bool {
        self.is_route()
            || matches!(
                self,
                Self::Ingress
                    | Self::Gateway
                    | Self::ListenerSet
                    | Self::IngressRoute
                    | Self::IngressRouteTCP
                    | Self::HTTPProxy
                    | Self::VirtualServer
                    | Self::OpenShiftRoute
                    | Self::IstioGateway
            )
    }

    /// Whether what others open at the edge depends on objects of this kind: a change of one can be refused for their sake.
    pub fn alters_edge(self) -> bool {
        matches!(
            self,
            Self::Secret
                | Self::Gateway
                | Self::ListenerSet
                | Self::BackendTLSPolicy
                | Self::TLSOption
                | Self::ServersTransport
                | Self::Middleware
                | Self::HTTPProxy
                | Self::NginxPolicy
                | Self::FrontendConfig
        )
    }

    /// Whether objects of this kind make a Secret that is not there yet.
    pub fn makes_secrets(self) -> bool {
        matches!(self, Self::Certificate | Self::ExternalSecret | Self::SealedSecret)
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
