//! Traefik's own kinds (pkg/provider/kubernetes/crd/traefikio/v1alpha1).

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    traefik_rule::hosts,
    wire::{List, WirePortOrName, nullable},
};
use crate::model::{
    EdgeResource, EdgeSpec, Kind, Name,
    traefik::{
        Middleware, ServersTransport, TlsOption, TraefikReference, TraefikRoute, TraefikRoutes, TraefikService,
        TraefikSpec, TraefikTls,
    },
};

#[derive(Deserialize)]
pub(super) struct WireTraefik<S> {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(
        default = "S::default",
        deserialize_with = "nullable",
        bound(deserialize = "S: Deserialize<'de> + Default")
    )]
    spec: S,
}

/// What the `spec` of a kind comes to.
pub(super) trait WireSpec: Default {
    fn into_spec(self) -> TraefikSpec;
}

impl<S: WireSpec> WireTraefik<S> {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        Ok(EdgeResource { kind, meta, spec: EdgeSpec::Traefik(self.spec.into_spec()) })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireRoutes {
    entry_points: List<Name>,
    tls: Option<WireTls>,
    routes: List<WireRoute>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireTls {
    secret_name: Option<Name>,
    options: Option<WireReference>,
    cert_resolver: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    passthrough: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireRoute {
    #[serde(rename = "match", deserialize_with = "nullable")]
    rule: Name,
    middlewares: List<WireReference>,
    services: List<WireService>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    namespace: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireService {
    kind: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    namespace: Option<Name>,
    port: Option<WirePortOrName>,
    scheme: Option<Name>,
    servers_transport: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    tls: bool,
}

impl WireSpec for WireRoutes {
    fn into_spec(self) -> TraefikSpec {
        let tls = |tls: WireTls| TraefikTls {
            secret_name: some(tls.secret_name),
            options: tls.options.map(WireReference::into_reference).filter(|options| !options.name.is_empty()),
            resolver: some(tls.cert_resolver),
            passthrough: tls.passthrough,
        };
        let route = |WireRoute { rule, middlewares, services }| TraefikRoute {
            hosts: hosts(&rule),
            middlewares: middlewares.0.into_iter().map(WireReference::into_reference).collect(),
            services: services.0.into_iter().map(WireService::into_service).collect(),
        };
        // A router with an empty rule is an error, and is not made.
        let routes = self.routes.0.into_iter().filter(|route| !route.rule.is_empty());
        TraefikSpec::Routes(TraefikRoutes {
            entry_points: self.entry_points.0,
            tls: self.tls.map(tls),
            routes: routes.map(route).collect(),
        })
    }
}

impl WireReference {
    fn into_reference(self) -> TraefikReference {
        TraefikReference { name: self.name, namespace: some(self.namespace) }
    }
}

impl WireService {
    fn into_service(self) -> TraefikService {
        TraefikService {
            kind: some(self.kind),
            name: self.name,
            namespace: some(self.namespace),
            port: self.port.and_then(|port| match port {
                WirePortOrName::Number(number) => number.map(|number| Name::from(number.to_string())),
                WirePortOrName::Name(name) => some(Some(name)),
            }),
            scheme: some(self.scheme),
            transport: some(self.servers_transport),
            tls: self.tls,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireTlsOption {
    min_version: Option<Name>,
    max_version: Option<Name>,
    cipher_suites: Option<List<Name>>,
    #[serde(deserialize_with = "nullable")]
    sni_strict: bool,
    #[serde(deserialize_with = "nullable")]
    client_auth: WireClientAuth,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireClientAuth {
    client_auth_type: Option<Name>,
    secret_names: List<Name>,
}

impl WireSpec for WireTlsOption {
    fn into_spec(self) -> TraefikSpec {
        TraefikSpec::Option(TlsOption {
            min_version: some(self.min_version),
            max_version: some(self.max_version),
            cipher_suites: self.cipher_suites.map(|suites| suites.0),
            sni_strict: self.sni_strict,
            client_auth: some(self.client_auth.client_auth_type),
            has_client_authority: !self.client_auth.secret_names.0.is_empty(),
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireServersTransport {
    #[serde(deserialize_with = "nullable")]
    insecure_skip_verify: bool,
}

impl WireSpec for WireServersTransport {
    fn into_spec(self) -> TraefikSpec {
        TraefikSpec::Transport(ServersTransport { skips_verification: self.insecure_skip_verify })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireMiddleware {
    redirect_scheme: Option<WireRedirectScheme>,
    redirect_regex: Option<WireRedirectRegex>,
    #[serde(deserialize_with = "nullable")]
    chain: WireChain,
    plugin: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireRedirectScheme {
    #[serde(deserialize_with = "nullable")]
    scheme: Name,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireRedirectRegex {
    #[serde(deserialize_with = "nullable")]
    regex: Name,
    #[serde(deserialize_with = "nullable")]
    replacement: Name,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireChain {
    middlewares: List<WireReference>,
}

impl WireSpec for WireMiddleware {
    fn into_spec(self) -> TraefikSpec {
        TraefikSpec::Middleware(Middleware {
            redirect_scheme: self.redirect_scheme.map(|redirect| redirect.scheme),
            redirect_regex: self.redirect_regex.map(|redirect| (redirect.regex, redirect.replacement)),
            chain: self.chain.middlewares.0.into_iter().map(WireReference::into_reference).collect(),
            is_plugin: self.plugin.is_some(),
        })
    }
}

/// An empty name is a missing one.
fn some(name: Option<Name>) -> Option<Name> {
    name.filter(|name| !name.is_empty())
}
