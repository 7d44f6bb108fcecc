//! Gateway API.

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePort, nullable},
};
use crate::model::{
    BackendTlsPolicy, FieldPath, Gateway, GatewayClass, Kind, ListenerSet, Name, ObjectKey, ReferenceGrant, Route,
    RouteBackend,
};

const GROUP: &str = "gateway.networking.k8s.io";

#[derive(Deserialize)]
pub(super) struct WireGatewayClass {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireClassSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireClassSpec {
    #[serde(deserialize_with = "nullable")]
    controller_name: Name,
}

#[derive(Deserialize)]
pub(super) struct WireGateway {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireGatewaySpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireGatewaySpec {
    #[serde(deserialize_with = "nullable")]
    gateway_class_name: Name,
}

#[derive(Deserialize)]
pub(super) struct WireRoute {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireRouteSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRouteSpec {
    parent_refs: List<WireReference>,
    rules: List<WireRule>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireRule {
    backend_refs: List<WireReference>,
    filters: List<WireFilter>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireFilter {
    request_mirror: Option<WireMirror>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireMirror {
    #[serde(deserialize_with = "nullable")]
    backend_ref: WireReference,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    group: Option<Name>,
    kind: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    namespace: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    port: WirePort,
    filters: List<WireFilter>,
}

impl WireGatewayClass {
    pub(super) fn into_class(self) -> Result<GatewayClass, DecodeError> {
        Ok(GatewayClass { meta: self.metadata.into_meta(false)?, controller: self.spec.controller_name })
    }
}

impl WireGateway {
    pub(super) fn into_gateway(self) -> Result<Gateway, DecodeError> {
        Ok(Gateway { meta: self.metadata.into_meta(true)?, class_name: self.spec.gateway_class_name })
    }
}

/// An object of which only the metadata and the parent are read.
#[derive(Deserialize)]
pub(super) struct WireAttached {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireAttachedSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireAttachedSpec {
    #[serde(deserialize_with = "nullable")]
    parent_ref: WireReference,
}

impl WireAttached {
    pub(super) fn into_listener_set(self) -> Result<ListenerSet, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let gateway = self.spec.parent_ref.key(Kind::Gateway, &meta.namespace.clone().unwrap_or_default());
        Ok(ListenerSet { meta, gateway })
    }

    pub(super) fn into_backend_policy(self) -> Result<BackendTlsPolicy, DecodeError> {
        Ok(BackendTlsPolicy { meta: self.metadata.into_meta(true)? })
    }

    pub(super) fn into_grant(self) -> Result<ReferenceGrant, DecodeError> {
        Ok(ReferenceGrant { meta: self.metadata.into_meta(true)? })
    }
}

impl WireRoute {
    pub(super) fn into_route(self, kind: Kind) -> Result<Route, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let own = meta.namespace.clone().unwrap_or_default();
        let gateways = self.spec.parent_refs.0.iter().filter_map(|parent| parent.gateway(&own)).collect();
        let mut backends = Vec::new();
        for (index, rule) in self.spec.rules.0.iter().enumerate() {
            let at = FieldPath::new(format!("spec.rules[{index}]"));
            mirrors(&rule.filters, &own, &at, &mut backends);
            for (index, backend) in rule.backend_refs.0.iter().enumerate() {
                let at = at.field("backendRefs").index(index);
                backends.extend(backend.backend(&own, at.clone()));
                mirrors(&backend.filters, &own, &at, &mut backends);
            }
        }
        Ok(Route { kind, meta, gateways, backends })
    }
}

fn mirrors(filters: &List<WireFilter>, own: &Name, at: &FieldPath, backends: &mut Vec<RouteBackend>) {
    for (index, filter) in filters.0.iter().enumerate() {
        if let Some(mirror) = &filter.request_mirror {
            let at = at.field("filters").index(index).field("requestMirror").field("backendRef");
            backends.extend(mirror.backend_ref.backend(own, at));
        }
    }
}

impl WireReference {
    /// The Gateway that a parent reference names; a parent is one unless it says otherwise.
    fn gateway(&self, own: &Name) -> Option<ObjectKey> {
        let is_gateway = self.kind.as_deref().is_none_or(|kind| kind == "Gateway")
            && self.group.as_deref().is_none_or(|group| group == GROUP);
        is_gateway.then(|| self.key(Kind::Gateway, own))
    }

    /// The Service that a backend reference names; a backend is one unless it says otherwise.
    fn backend(&self, own: &Name, at: FieldPath) -> Option<RouteBackend> {
        let is_service = self.kind.as_deref().is_none_or(|kind| kind == "Service")
            && self.group.as_deref().is_none_or(str::is_empty);
        is_service.then(|| RouteBackend { service: self.key(Kind::Service, own), port: self.port.0, at })
    }

    fn key(&self, kind: Kind, own: &Name) -> ObjectKey {
        let namespace = if self.namespace.is_empty() { own } else { &self.namespace };
        ObjectKey::namespaced(kind, namespace.clone(), self.name.clone())
    }
}
