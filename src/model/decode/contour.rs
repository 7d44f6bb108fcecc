//! Contour's `HTTPProxy` (apis/projectcontour/v1).

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePort, nullable},
};
use crate::model::{
    EdgeResource, EdgeSpec, Kind, Name, ObjectKey,
    contour::{ClientValidation, HttpProxy, ProxyRoute, ProxyService, ProxyTls, TcpProxy, VirtualHost},
};

#[derive(Deserialize)]
pub(super) struct WireHttpProxy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireSpec {
    virtualhost: Option<WireVirtualHost>,
    routes: List<WireRoute>,
    includes: List<WireInclude>,
    tcpproxy: Option<WireTcpProxy>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireVirtualHost {
    #[serde(deserialize_with = "nullable")]
    fqdn: Name,
    tls: Option<WireTls>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireTls {
    secret_name: Option<Name>,
    minimum_protocol_version: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    passthrough: bool,
    client_validation: Option<WireClientValidation>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireClientValidation {
    #[serde(deserialize_with = "nullable")]
    skip_client_cert_validation: bool,
    #[serde(deserialize_with = "nullable")]
    optional_client_certificate: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRoute {
    #[serde(deserialize_with = "nullable")]
    permit_insecure: bool,
    #[serde(deserialize_with = "nullable")]
    request_redirect_policy: WireRedirect,
    services: List<WireService>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireRedirect {
    scheme: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireService {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    port: WirePort,
    protocol: Option<Name>,
    validation: Option<WireValidation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireValidation {}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireInclude {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    #[serde(deserialize_with = "nullable")]
    namespace: Name,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireTcpProxy {
    services: List<WireService>,
    include: Option<WireInclude>,
    includes: Option<WireInclude>,
}

impl WireHttpProxy {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let own = meta.namespace.clone().unwrap_or_default();
        let services = |services: List<WireService>| services.0.into_iter().map(WireService::into_service).collect();
        let route =
            |WireRoute { permit_insecure, request_redirect_policy, services: backends }: WireRoute| ProxyRoute {
                permits_insecure: permit_insecure,
                redirect_scheme: request_redirect_policy.scheme,
                services: services(backends),
            };
        let tcp = |tcp: WireTcpProxy| TcpProxy {
            services: services(tcp.services),
            include: tcp.include.or(tcp.includes).map(|include| include.key(&own)),
        };
        let spec = HttpProxy {
            virtual_host: self.spec.virtualhost.map(|WireVirtualHost { fqdn, tls }| VirtualHost {
                // Contour compares in lower case.
                fqdn: fqdn.to_ascii_lowercase().into(),
                tls: tls.map(|tls| tls.into_tls(&own)),
            }),
            routes: self.spec.routes.0.into_iter().map(route).collect(),
            includes: self.spec.includes.0.iter().map(|include| include.key(&own)).collect(),
            tcp: self.spec.tcpproxy.map(tcp),
        };
        Ok(EdgeResource { kind, meta, spec: EdgeSpec::Contour(spec) })
    }
}

impl WireTls {
    fn into_tls(self, own: &Name) -> ProxyTls {
        let secret = self.secret_name.filter(|name| !name.trim().is_empty());
        ProxyTls {
            secret: secret.map(|secret| match secret.split_once('/') {
                Some((namespace, name)) => ObjectKey::namespaced(Kind::Secret, namespace, name),
                None => ObjectKey::namespaced(Kind::Secret, own.clone(), secret),
            }),
            min_version: self.minimum_protocol_version,
            passthrough: self.passthrough,
            client: self.client_validation.map(|client| ClientValidation {
                is_skipped: client.skip_client_cert_validation,
                is_optional: client.optional_client_certificate,
            }),
        }
    }
}

impl WireService {
    fn into_service(self) -> ProxyService {
        let protocol = self.protocol.filter(|protocol| !protocol.is_empty());
        ProxyService { name: self.name, port: self.port.0, protocol, is_validated: self.validation.is_some() }
    }
}

impl WireInclude {
    fn key(&self, own: &Name) -> ObjectKey {
        let namespace = if self.namespace.is_empty() { own } else { &self.namespace };
        ObjectKey::namespaced(Kind::HTTPProxy, namespace.clone(), self.name.clone())
    }
}
