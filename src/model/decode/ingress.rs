//! `Ingress` and `IngressClass`.

use serde::{Deserialize, Deserializer};

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePort, nullable, wrong},
};
use crate::model::{
    Ingress, IngressBackend, IngressClass, IngressPath, IngressRule, IngressTls, Kind, Name, ObjectKey,
    annotations::DEFAULT_CLASS,
};

#[derive(Deserialize)]
pub(super) struct WireIngress {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireSpec {
    ingress_class_name: Option<Name>,
    default_backend: Option<Backend>,
    tls: List<WireTls>,
    rules: List<WireRule>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireTls {
    hosts: List<Name>,
    secret_name: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireRule {
    host: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    http: WireHttp,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireHttp {
    #[serde(deserialize_with = "nullable")]
    paths: Vec<WirePath>,
}

#[derive(Deserialize)]
struct WirePath {
    #[serde(default, deserialize_with = "nullable")]
    path: Name,
    backend: Backend,
}

struct Backend(IngressBackend);

impl<'de> Deserialize<'de> for Backend {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct WireBackend {
            service: Option<WireServiceBackend>,
            resource: Option<WireResource>,
        }
        match WireBackend::deserialize(from)? {
            WireBackend { service: Some(service), resource: None } => {
                let named = Some(service.port.name).filter(|name| !name.is_empty());
                let port = named.or_else(|| service.port.number.0.map(|number| Name::from(number.to_string())));
                Ok(Self(IngressBackend::Service { name: service.name, port }))
            }
            WireBackend { service: None, resource: Some(WireResource { kind, name }) } => {
                Ok(Self(IngressBackend::Resource { kind, name }))
            }
            WireBackend { .. } => Err(wrong(&"either service or resource")),
        }
    }
}

#[derive(Deserialize)]
struct WireServiceBackend {
    name: Name,
    #[serde(default, deserialize_with = "nullable")]
    port: WireBackendPort,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireBackendPort {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    number: WirePort,
}

#[derive(Deserialize)]
struct WireResource {
    kind: Name,
    name: Name,
}

impl WireIngress {
    pub(super) fn into_ingress(self) -> Result<Ingress, DecodeError> {
        let tls = |WireTls { hosts: List(hosts), secret_name }| IngressTls { hosts, secret_name: some(secret_name) };
        let path = |WirePath { path, backend }| IngressPath { path, backend: backend.0 };
        let rule = |WireRule { host, http }| IngressRule {
            host: some(host),
            paths: http.paths.into_iter().map(path).collect(),
        };
        Ok(Ingress {
            meta: self.metadata.into_meta(true)?,
            class_name: some(self.spec.ingress_class_name),
            default_backend: self.spec.default_backend.map(|backend| backend.0),
            tls: self.spec.tls.0.into_iter().map(tls).collect(),
            rules: self.spec.rules.0.into_iter().map(rule).collect(),
        })
    }
}

/// An empty name is a missing one.
fn some(name: Option<Name>) -> Option<Name> {
    name.filter(|name| !name.is_empty())
}

#[derive(Deserialize)]
pub(super) struct WireIngressClass {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireClassSpec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireClassSpec {
    #[serde(deserialize_with = "nullable")]
    controller: Name,
    parameters: Option<WireParameters>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireParameters {
    #[serde(deserialize_with = "nullable")]
    api_group: Name,
    #[serde(deserialize_with = "nullable")]
    kind: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    namespace: Option<Name>,
}

impl WireParameters {
    /// The object that holds them; `None` for kinds that nobody here reads.
    fn into_key(self) -> Option<ObjectKey> {
        let kind = Kind::of_group(&self.api_group, &self.kind)?;
        let namespace = self.namespace.filter(|_| kind.info().namespaced);
        Some(ObjectKey { kind, namespace, name: self.name })
    }
}

impl WireIngressClass {
    pub(super) fn into_ingress_class(self) -> Result<IngressClass, DecodeError> {
        let meta = self.metadata.into_meta(false)?;
        let is_default = meta.annotations.value(DEFAULT_CLASS).is_some_and(|value| *value == "true");
        let parameters = self.spec.parameters.and_then(WireParameters::into_key);
        Ok(IngressClass { meta, controller: self.spec.controller, parameters, is_default })
    }
}
