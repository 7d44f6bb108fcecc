//! What meshes read: Istio's and Linkerd's policies, and the facts of a Pod by which they decide whether it is theirs.

use std::collections::BTreeMap;

use super::{FieldPath, Kind, Labels, Meta, Name, ObjectKey, Selector};

/// A policy of a mesh.
#[derive(Clone, PartialEq, Debug)]
pub struct MeshPolicy {
    /// Which kind.
    pub kind: Kind,
    /// Name, creation.
    pub meta: Meta,
    /// What it says.
    pub spec: MeshSpec,
}

impl MeshPolicy {
    /// Its identity.
    pub fn key(&self) -> ObjectKey {
        ObjectKey { kind: self.kind, namespace: self.meta.namespace.clone(), name: self.meta.name.clone() }
    }
}

/// What a policy of a mesh says.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // The variants are the meshes.
pub enum MeshSpec {
    Istio(IstioSpec),
    Linkerd(LinkerdSpec),
}

/// What a policy of Istio says.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // The variants are the kinds.
pub enum IstioSpec {
    PeerAuthentication(PeerAuthentication),
    Authorization(IstioAuthorization),
    DestinationRule(DestinationRule),
}

/// `PeerAuthentication` (`istio.io/api/security/v1beta1/peer_authentication.proto`). What is `UNSET` is `None`.
#[derive(Clone, PartialEq, Debug)]
pub struct PeerAuthentication {
    /// Whom it selects; `None` for a whole namespace or mesh, which an empty selector means as well.
    pub selector: Option<Selector>,
    /// `spec.mtls.mode`.
    pub mode: Option<MtlsMode>,
    /// `spec.portLevelMtls`, by the workload's port.
    pub ports: BTreeMap<u16, Option<MtlsMode>>,
}

/// What a workload of Istio accepts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are Istio's own names.
pub enum MtlsMode {
    Disable,
    Permissive,
    Strict,
}

impl MtlsMode {
    /// As policies write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disable => "DISABLE",
            Self::Permissive => "PERMISSIVE",
            Self::Strict => "STRICT",
        }
    }
}

/// `AuthorizationPolicy` of Istio.
#[derive(Clone, PartialEq, Debug)]
pub struct IstioAuthorization {
    /// Whom it selects; `None` for everybody in its namespace.
    pub selector: Option<Selector>,
    /// Whether it is attached by `targetRef` or `targetRefs`: to a gateway, a waypoint or a Service.
    pub targets: bool,
    /// Whether its action is `ALLOW`, the default.
    pub allows: bool,
    /// Its rules: whether each demands that the peer has an identity.
    pub rules: Vec<bool>,
}

/// `DestinationRule`: how clients connect.
#[derive(Clone, PartialEq, Debug)]
pub struct DestinationRule {
    /// To which host.
    pub host: Name,
    /// Where it says that they connect in plaintext: each `tls` of mode `DISABLE`, which is what a `tls` without a mode means.
    pub plaintext: Vec<FieldPath>,
}

/// What a policy of Linkerd says.
#[derive(Clone, PartialEq, Debug)]
pub enum LinkerdSpec {
    /// `Server`.
    Server(LinkerdServer),
    /// `ServerAuthorization`.
    ServerAuthorization(ServerAuthorization),
    /// `AuthorizationPolicy`.
    Authorization(LinkerdAuthorization),
    /// `MeshTLSAuthentication`, `NetworkAuthentication`: that they are there is what counts.
    Authentication,
}

/// `Server` of Linkerd: a port of some Pods.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkerdServer {
    /// `spec.podSelector`; `None` where it selects no Pods but external workloads.
    pub pods: Option<Selector>,
    /// `spec.port`; none where it names none.
    pub port: Option<ServerPort>,
    /// `spec.accessPolicy`: what is let in beside what is authorized. `deny` by default.
    pub access: InboundPolicy,
}

/// A port of a Pod.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // The variants say it.
pub enum ServerPort {
    Number(u16),
    Name(Name),
}

/// What Linkerd's proxies do by default (policy-controller/k8s/index/src/defaults.rs, `DefaultPolicy`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are Linkerd's own names.
pub enum InboundPolicy {
    AllUnauthenticated,
    ClusterUnauthenticated,
    AllAuthenticated,
    ClusterAuthenticated,
    Deny,
    Audit,
}

impl InboundPolicy {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::AllUnauthenticated,
        Self::ClusterUnauthenticated,
        Self::AllAuthenticated,
        Self::ClusterAuthenticated,
        Self::Deny,
        Self::Audit,
    ];

    /// As annotations and Servers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllUnauthenticated => "all-unauthenticated",
            Self::ClusterUnauthenticated => "cluster-unauthenticated",
            Self::AllAuthenticated => "all-authenticated",
            Self::ClusterAuthenticated => "cluster-authenticated",
            Self::Deny => "deny",
            Self::Audit => "audit",
        }
    }

    /// The one of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }

    /// Whether peers without an identity are let in. `audit` lets everybody in, and logs it.
    pub const fn admits_plaintext(self) -> bool {
        matches!(self, Self::AllUnauthenticated | Self::ClusterUnauthenticated | Self::Audit)
    }
}

/// `ServerAuthorization` of Linkerd.
#[derive(Clone, PartialEq, Debug)]
pub struct ServerAuthorization {
    /// For which Servers of its namespace.
    pub servers: AuthorizedServers,
    /// Whom it lets in.
    pub clients: AuthorizedClients,
}

/// The Servers that a `ServerAuthorization` is for.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // The variants say it.
pub enum AuthorizedServers {
    Named(Name),
    Selected(Selector),
}

/// Whom a `ServerAuthorization` lets in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthorizedClients {
    /// `client.unauthenticated: true`: plaintext as well.
    Anyone,
    /// `client.meshTLS.unauthenticatedTLS: true`: TLS, without an identity.
    AnyTls,
    /// Some identities.
    Identified,
    /// Nobody is named: Linkerd ignores it.
    Nobody,
}

/// `AuthorizationPolicy` of Linkerd.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkerdAuthorization {
    /// What it is for.
    pub target: AuthorizationTarget,
    /// Whether it demands an identity: it refers to a `MeshTLSAuthentication` or a `ServiceAccount`.
    pub identity: bool,
    /// The `NetworkAuthentications` that it refers to.
    pub networks: Vec<ObjectKey>,
}

/// What an `AuthorizationPolicy` of Linkerd is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuthorizationTarget {
    /// One Server of its namespace.
    Server(Name),
    /// All Servers of its namespace.
    Namespace,
    /// An `HTTPRoute` or `GRPCRoute` of its namespace.
    Route(Name),
    /// Something that Linkerd does not know.
    Other,
}

/// What a Pod or its template tells meshes beside its labels. Part of what tells one class of Pods from another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct MeshFacts {
    /// Whether it is as the API server has it, after all that mutates Pods: only then will a proxy that is not there never be.
    /// Pods in files and those of a template have yet to be mutated.
    pub is_final: bool,
    /// The proxies beside its containers, by their containers' names; sorted.
    pub proxies: Vec<Proxy>,
    /// The annotations by which meshes decide ([`pod_annotations`]). Of those that only have to be there, without their value.
    pub annotations: Labels,
    /// Whether a container that is not a mesh's own may alter how packets are redirected (`NET_ADMIN`, `privileged`).
    pub net_admin: bool,
    /// Whether a container that is not a mesh's own runs as Istio's proxy does (user 1337).
    pub runs_as_proxy: bool,
}

/// A proxy of a mesh.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are the meshes.
pub enum Proxy {
    Istio,
    Linkerd,
    Consul,
    Kuma,
}

impl Proxy {
    /// The proxy that a container of that name is.
    pub fn of_container(name: &str) -> Option<Self> {
        match name {
            "istio-proxy" => Some(Self::Istio),
            "linkerd-proxy" => Some(Self::Linkerd),
            "consul-dataplane" => Some(Self::Consul),
            "kuma-sidecar" => Some(Self::Kuma),
            _ => None,
        }
    }

    /// Whether a container of that name is what a mesh puts into a Pod.
    pub fn owns(container: &str) -> bool {
        const OTHERS: [&str; 6] = [
            "istio-init",
            "istio-validation",
            "linkerd-init",
            "linkerd-network-validator",
            "consul-connect-inject-init",
            "kuma-init",
        ];
        Self::of_container(container).is_some() || OTHERS.contains(&container)
    }
}

/// The annotations and labels by which meshes decide.
pub mod pod_annotations {
    /// Istio: what was injected. Whoever bears it is not taken into the ambient mesh.
    pub const ISTIO_STATUS: &str = "sidecar.istio.io/status";
    /// Istio: whether to inject; a label goes before an annotation.
    pub const ISTIO_INJECT: &str = "sidecar.istio.io/inject";
    /// Istio: how packets come to the proxy.
    pub const ISTIO_INTERCEPTION: &str = "sidecar.istio.io/interceptionMode";
    /// Istio: ports that do not come to the proxy.
    pub const ISTIO_EXCLUDED_PORTS: &str = "traffic.sidecar.istio.io/excludeInboundPorts";
    /// Istio: the ports that do, all by default.
    pub const ISTIO_INCLUDED_PORTS: &str = "traffic.sidecar.istio.io/includeInboundPorts";
    /// Istio: interfaces whose packets do not come to the proxy.
    pub const ISTIO_EXCLUDED_INTERFACES: &str = "traffic.sidecar.istio.io/excludeInterfaces";
    /// Istio: what is injected in the place of the sidecar.
    pub const ISTIO_TEMPLATES: &str = "inject.istio.io/templates";
    /// Istio's ambient mesh: whether inbound packets pass by it.
    pub const AMBIENT_BYPASS: &str = "ambient.istio.io/bypass-inbound-capture";
    /// Linkerd: what is let in where no Server is.
    pub const LINKERD_INBOUND: &str = "config.linkerd.io/default-inbound-policy";
    /// Linkerd: ports that do not come to the proxy.
    pub const LINKERD_SKIPPED: &str = "config.linkerd.io/skip-inbound-ports";
    /// Linkerd: ports that demand an identity whatever the default says.
    pub const LINKERD_IDENTITY: &str = "config.linkerd.io/proxy-require-identity-inbound-ports";
    /// Consul: whether to inject.
    pub const CONSUL_INJECT: &str = "consul.hashicorp.com/connect-inject";
    /// Kuma: whether to inject; a label by now, an annotation before.
    pub const KUMA_INJECT: &str = "kuma.io/sidecar-injection";

    /// Those that are read with their value.
    pub const VALUED: [&str; 12] = [
        ISTIO_INJECT,
        ISTIO_INTERCEPTION,
        ISTIO_EXCLUDED_PORTS,
        ISTIO_INCLUDED_PORTS,
        ISTIO_EXCLUDED_INTERFACES,
        ISTIO_TEMPLATES,
        AMBIENT_BYPASS,
        LINKERD_INBOUND,
        LINKERD_SKIPPED,
        LINKERD_IDENTITY,
        CONSUL_INJECT,
        KUMA_INJECT,
    ];
}
