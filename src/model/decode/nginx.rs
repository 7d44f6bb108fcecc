//! `VirtualServer` and Policy of F5's NGINX Ingress Controller (pkg/apis/configuration/v1/types.go).

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePort, nullable},
};
use crate::model::{
    EdgeResource, EdgeSpec, Kind, Name, ObjectKey,
    nginx::{CustomListener, NginxPolicy, NginxSpec, Upstream, VirtualServer, VirtualServerRoute, VirtualServerTls},
};

#[derive(Deserialize)]
pub(super) struct WireNginx {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

/// The fields of both kinds, which have none in common.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    #[serde(deserialize_with = "nullable")]
    host: Name,
    listener: Option<WireListener>,
    tls: Option<WireTls>,
    policies: List<WireReference>,
    upstreams: List<WireUpstream>,
    routes: List<WireRoute>,
    #[serde(rename = "http-snippets")]
    http_snippets: Option<Name>,
    #[serde(rename = "server-snippets")]
    server_snippets: Option<Name>,
    #[serde(rename = "ingressMTLS")]
    ingress_mtls: Option<WireIngressMtls>,
    #[serde(rename = "egressMTLS")]
    egress_mtls: Option<WireEgressMtls>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireListener {
    http: Option<Name>,
    https: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireTls {
    secret: Option<Name>,
    redirect: Option<WireRedirect>,
    #[serde(rename = "cert-manager")]
    cert_manager: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRedirect {
    enable: Option<bool>,
    #[serde(deserialize_with = "nullable")]
    based_on: Name,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    namespace: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireUpstream {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    #[serde(deserialize_with = "nullable")]
    service: Name,
    port: WirePort,
    #[serde(deserialize_with = "nullable")]
    tls: WireUpstreamTls,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireUpstreamTls {
    enable: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRoute {
    policies: List<WireReference>,
    route: Option<Name>,
    route_selector: Option<serde::de::IgnoredAny>,
    action: Option<WireAction>,
    splits: List<WireSplit>,
    matches: List<WireMatch>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireAction {
    pass: Option<Name>,
    redirect: Option<WireUrl>,
    proxy: Option<WireProxy>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireUrl {
    #[serde(deserialize_with = "nullable")]
    url: Name,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireProxy {
    upstream: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireSplit {
    action: Option<WireAction>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireMatch {
    action: Option<WireAction>,
    splits: List<WireSplit>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireIngressMtls {
    client_cert_secret: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    verify_client: Name,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireEgressMtls {
    tls_secret: Option<Name>,
    trusted_cert_secret: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    verify_server: bool,
}

impl WireNginx {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let spec = if kind == Kind::VirtualServer {
            NginxSpec::VirtualServer(Box::new(self.spec.into_server(&meta.namespace.clone().unwrap_or_default())))
        } else {
            NginxSpec::Policy(self.spec.into_policy())
        };
        Ok(EdgeResource { kind, meta, spec: EdgeSpec::Nginx(spec) })
    }
}

impl WireSpec {
    fn into_server(self, own: &Name) -> VirtualServer {
        let listener = |listener: WireListener| CustomListener {
            has_http: some(listener.http).is_some(),
            has_https: some(listener.https).is_some(),
        };
        let upstream = |upstream: WireUpstream| Upstream {
            service: located(Kind::Service, &upstream.service, own),
            name: upstream.name,
            port: upstream.port.0,
            tls: upstream.tls.enable,
        };
        VirtualServer {
            host: self.host,
            listener: self.listener.map(listener),
            tls: self.tls.map(WireTls::into_tls),
            policies: policies(&self.policies, own),
            upstreams: self.upstreams.0.into_iter().map(upstream).collect(),
            routes: self.routes.0.into_iter().map(|route| route.into_route(own)).collect(),
            snippets: [self.http_snippets, self.server_snippets].into_iter().flatten().collect(),
        }
    }

    fn into_policy(self) -> NginxPolicy {
        let mut policy = NginxPolicy::default();
        if let Some(ingress) = self.ingress_mtls {
            policy.verify_client = Some(ingress.verify_client);
            policy.secrets.extend(some(ingress.client_cert_secret));
        }
        if let Some(egress) = self.egress_mtls {
            policy.verify_server = Some(egress.verify_server);
            policy.secrets.extend([egress.tls_secret, egress.trusted_cert_secret].into_iter().filter_map(some));
        }
        policy
    }
}

impl WireTls {
    fn into_tls(self) -> VirtualServerTls {
        let redirect = self.redirect.unwrap_or_default();
        VirtualServerTls {
            secret: some(self.secret),
            redirects: redirect.enable,
            trusts_header: redirect.based_on == "x-forwarded-proto",
            is_issued: self.cert_manager.is_some(),
        }
    }
}

impl WireRoute {
    fn into_route(self, own: &Name) -> VirtualServerRoute {
        let only_action = self.splits.0.is_empty() && self.matches.0.is_empty();
        let redirect = self.action.as_ref().and_then(|action| action.redirect.as_ref());
        let redirects_to = redirect.filter(|_| only_action).map(|redirect| redirect.url.clone());
        let is_delegated = some(self.route).is_some() || self.route_selector.is_some();
        let of_splits = |splits: List<WireSplit>| splits.0.into_iter().filter_map(|split| split.action);
        let of_matches =
            self.matches.0.into_iter().flat_map(|case| case.action.into_iter().chain(of_splits(case.splits)));
        let actions: Vec<WireAction> =
            self.action.into_iter().chain(of_splits(self.splits)).chain(of_matches).collect();
        VirtualServerRoute {
            policies: policies(&self.policies, own),
            upstreams: actions.into_iter().filter_map(WireAction::upstream).collect(),
            redirects_to,
            is_delegated,
        }
    }
}

impl WireAction {
    fn upstream(self) -> Option<Name> {
        some(self.pass).or_else(|| some(self.proxy?.upstream))
    }
}

fn policies(references: &List<WireReference>, own: &Name) -> Vec<ObjectKey> {
    let key = |reference: &WireReference| {
        let namespace = some(reference.namespace.clone()).unwrap_or_else(|| own.clone());
        ObjectKey::namespaced(Kind::NginxPolicy, namespace, reference.name.clone())
    };
    references.0.iter().map(key).collect()
}

/// An object by `name` or `namespace/name`.
fn located(kind: Kind, text: &str, own: &Name) -> ObjectKey {
    match text.split_once('/') {
        Some((namespace, name)) => ObjectKey::namespaced(kind, namespace, name),
        None => ObjectKey::namespaced(kind, own.clone(), text),
    }
}

/// An empty name is a missing one.
fn some(name: Option<Name>) -> Option<Name> {
    name.filter(|name| !name.is_empty())
}
