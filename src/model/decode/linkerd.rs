//! Linkerd's policies (linkerd2/policy-controller/k8s/api/src/policy).

use serde::{Deserialize, Deserializer};

use super::{
    DecodeError,
    meta::WireMeta,
    selector::LabelSelector,
    wire::{List, WirePortOrName, nullable, wrong},
};
use crate::model::{
    Kind, Name, ObjectKey,
    mesh::{
        AuthorizationTarget, AuthorizedClients, AuthorizedServers, InboundPolicy, LinkerdAuthorization, LinkerdServer,
        LinkerdSpec, MeshPolicy, MeshSpec, ServerAuthorization, ServerPort,
    },
};

const POLICY: &str = "policy.linkerd.io";
const GATEWAY: &str = "gateway.networking.k8s.io";

/// One structure for all kinds: no field of one means something else in another.
#[derive(Deserialize)]
pub(super) struct WireLinkerd {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    pod_selector: Option<LabelSelector>,
    port: Option<WirePortOrName>,
    access_policy: WireAccess,
    #[serde(deserialize_with = "nullable")]
    server: WireServers,
    #[serde(deserialize_with = "nullable")]
    client: WireClient,
    #[serde(deserialize_with = "nullable")]
    target_ref: WireReference,
    required_authentication_refs: List<WireReference>,
}

#[derive(Default)]
struct WireAccess(Option<InboundPolicy>);

impl<'de> Deserialize<'de> for WireAccess {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name: Option<Name> = Option::deserialize(from)?;
        let known = |name: Name| InboundPolicy::of(&name).ok_or_else(|| wrong(&"an inbound policy of Linkerd"));
        name.map(known).transpose().map(Self)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireServers {
    name: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    selector: LabelSelector,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireClient {
    #[serde(deserialize_with = "nullable")]
    unauthenticated: bool,
    #[serde(rename = "meshTLS", deserialize_with = "nullable")]
    mesh_tls: WireMeshTls,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireMeshTls {
    #[serde(rename = "unauthenticatedTLS", deserialize_with = "nullable")]
    unauthenticated_tls: bool,
    identities: List<Name>,
    service_accounts: List<WireAccount>,
}

#[derive(Deserialize, Default)]
struct WireAccount {}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    #[serde(deserialize_with = "nullable")]
    group: Name,
    #[serde(deserialize_with = "nullable")]
    kind: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    #[serde(deserialize_with = "nullable")]
    namespace: Name,
}

impl WireReference {
    /// Kinds and groups are compared without regard to case; the core group may be called so.
    fn is(&self, groups: &[&str], kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && groups.iter().any(|group| self.group.eq_ignore_ascii_case(group))
    }
}

impl WireClient {
    fn into_clients(self) -> AuthorizedClients {
        if self.unauthenticated {
            AuthorizedClients::Anyone
        } else if self.mesh_tls.unauthenticated_tls {
            AuthorizedClients::AnyTls
        } else if self.mesh_tls.identities.0.is_empty() && self.mesh_tls.service_accounts.0.is_empty() {
            AuthorizedClients::Nobody
        } else {
            AuthorizedClients::Identified
        }
    }
}

impl WireLinkerd {
    pub(super) fn into_policy(self, kind: Kind) -> Result<MeshPolicy, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let spec = self.spec;
        let spec = match kind {
            Kind::LinkerdServer => LinkerdSpec::Server(spec.into_server()),
            Kind::ServerAuthorization => LinkerdSpec::ServerAuthorization(ServerAuthorization {
                servers: match spec.server.name {
                    Some(name) => AuthorizedServers::Named(name),
                    None => AuthorizedServers::Selected(spec.server.selector.0),
                },
                clients: spec.client.into_clients(),
            }),
            Kind::LinkerdAuthorizationPolicy => {
                LinkerdSpec::Authorization(spec.into_authorization(&meta.namespace.clone().unwrap_or_default()))
            }
            _ => LinkerdSpec::Authentication,
        };
        Ok(MeshPolicy { kind, meta, spec: MeshSpec::Linkerd(spec) })
    }
}

impl WireSpec {
    fn into_server(self) -> LinkerdServer {
        let port = match self.port {
            Some(WirePortOrName::Number(Some(number))) => Some(ServerPort::Number(number)),
            Some(WirePortOrName::Name(name)) => Some(ServerPort::Name(name)),
            Some(WirePortOrName::Number(None)) | None => None,
        };
        let access = self.access_policy.0.unwrap_or(InboundPolicy::Deny);
        LinkerdServer { pods: self.pod_selector.map(|selector| selector.0), port, access }
    }

    fn into_authorization(self, namespace: &Name) -> LinkerdAuthorization {
        let target = self.target_ref;
        let is_route = ["HTTPRoute", "GRPCRoute"].iter().any(|kind| target.is(&[POLICY, GATEWAY], kind));
        let target = match target {
            target if target.is(&[POLICY], "Server") => AuthorizationTarget::Server(target.name),
            target if target.is(&["", "core"], "Namespace") => AuthorizationTarget::Namespace,
            target if is_route => AuthorizationTarget::Route(target.name),
            _ => AuthorizationTarget::Other,
        };
        let refs = self.required_authentication_refs.0;
        let identifies = |reference: &WireReference| {
            reference.is(&[POLICY], "MeshTLSAuthentication") || reference.is(&["", "core"], "ServiceAccount")
        };
        let networks = refs.iter().filter(|reference| reference.is(&[POLICY], "NetworkAuthentication"));
        let networks = networks.map(|reference| {
            let own = !reference.namespace.is_empty();
            let namespace = if own { reference.namespace.clone() } else { namespace.clone() };
            ObjectKey::namespaced(Kind::NetworkAuthentication, namespace, reference.name.clone())
        });
        LinkerdAuthorization { target, identity: refs.iter().any(identifies), networks: networks.collect() }
    }
}
