//! `Gateway` and `ListenerSet`.

use serde::{Deserialize, Deserializer};

use super::{WireReference, text};
use crate::model::{
    AllowedNamespaces, ClientValidation, Gateway, GatewayListener, Kind, Labels, ListenerSet, ListenerTls, Name,
    decode::{
        DecodeError,
        meta::WireMeta,
        selector::LabelSelector,
        wire::{List, WirePort, labels, nullable, wrong},
    },
    gateway::GATEWAY_GROUP,
};

#[derive(Deserialize)]
pub(in crate::model::decode) struct WireGateway {
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
    listeners: List<WireListener>,
    #[serde(deserialize_with = "nullable")]
    tls: WireGatewayTls,
    #[serde(deserialize_with = "nullable")]
    allowed_listeners: WireAllowed,
}

#[derive(Deserialize)]
pub(in crate::model::decode) struct WireListenerSet {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: WireListenerSetSpec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireListenerSetSpec {
    #[serde(deserialize_with = "nullable")]
    parent_ref: WireReference,
    listeners: List<WireListener>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireListener {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    hostname: Option<Name>,
    port: WirePort,
    #[serde(deserialize_with = "nullable")]
    protocol: Name,
    tls: Option<WireListenerTls>,
    #[serde(deserialize_with = "nullable")]
    allowed_routes: WireAllowed,
}

/// `allowedRoutes` and `allowedListeners`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct WireAllowed {
    #[serde(deserialize_with = "nullable")]
    namespaces: WireNamespaces,
    kinds: List<WireKind>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireNamespaces {
    from: Option<From>,
    #[serde(deserialize_with = "nullable")]
    selector: LabelSelector,
}

#[derive(Clone, Copy)]
enum From {
    Nobody,
    Same,
    All,
    Selector,
}

impl<'de> Deserialize<'de> for From {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Name::deserialize(from)?.as_str() {
            "None" => Ok(Self::Nobody),
            "Same" => Ok(Self::Same),
            "All" => Ok(Self::All),
            "Selector" => Ok(Self::Selector),
            _ => Err(wrong(&"None, Same, All or Selector")),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireKind {
    group: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    kind: Name,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireListenerTls {
    mode: Option<Mode>,
    certificate_refs: List<WireReference>,
    #[serde(deserialize_with = "labels")]
    options: Labels,
    frontend_validation: Option<WireValidation>,
}

enum Mode {
    Terminate,
    Passthrough,
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Name::deserialize(from)?.as_str() {
            "Terminate" => Ok(Self::Terminate),
            "Passthrough" => Ok(Self::Passthrough),
            _ => Err(wrong(&"Terminate or Passthrough")),
        }
    }
}

/// `spec.tls` of a Gateway.
#[derive(Deserialize, Default)]
#[serde(default)]
struct WireGatewayTls {
    #[serde(deserialize_with = "nullable")]
    frontend: WireFrontend,
    #[serde(deserialize_with = "nullable")]
    backend: WireBackend,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireFrontend {
    #[serde(deserialize_with = "nullable")]
    default: WireFrontendTls,
    per_port: List<WirePerPort>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireFrontendTls {
    validation: Option<WireValidation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WirePerPort {
    port: WirePort,
    #[serde(deserialize_with = "nullable")]
    tls: WireFrontendTls,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireValidation {
    mode: Option<Name>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireBackend {
    client_certificate_ref: Option<WireReference>,
}

impl WireGateway {
    pub(in crate::model::decode) fn into_gateway(self) -> Result<Gateway, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let own = meta.namespace.clone().unwrap_or_default();
        let WireGatewaySpec { gateway_class_name, listeners, tls, allowed_listeners } = self.spec;
        let per_port = tls.frontend.per_port.0.into_iter();
        let per_port = per_port.filter_map(|entry| Some((entry.port.0?, validation(entry.tls.validation))));
        let certificate = tls.backend.client_certificate_ref;
        let certificate = certificate.filter(|reference| reference.is_core(Kind::Secret, Kind::Secret));
        Ok(Gateway {
            class_name: gateway_class_name,
            listeners: listeners.0.into_iter().map(|listener| listener.into_listener(&own)).collect(),
            client: validation(tls.frontend.default.validation),
            client_per_port: per_port.collect(),
            backend_certificate: certificate.map(|reference| reference.key(Kind::Secret, &own)),
            allowed_listeners: allowed_listeners.namespaces.into_allowed(AllowedNamespaces::Nobody),
            meta,
        })
    }
}

impl WireListenerSet {
    pub(in crate::model::decode) fn into_listener_set(self) -> Result<ListenerSet, DecodeError> {
        let meta = self.metadata.into_meta(true)?;
        let own = meta.namespace.clone().unwrap_or_default();
        Ok(ListenerSet {
            gateway: self.spec.parent_ref.key(Kind::Gateway, &own),
            listeners: self.spec.listeners.0.into_iter().map(|listener| listener.into_listener(&own)).collect(),
            meta,
        })
    }
}

impl WireListener {
    fn into_listener(self, own: &Name) -> GatewayListener {
        let kinds = self.allowed_routes.kinds.0.into_iter();
        let kinds = kinds.map(|kind| (kind.group.unwrap_or_else(|| GATEWAY_GROUP.into()), kind.kind));
        GatewayListener {
            name: self.name,
            hostname: text(self.hostname),
            port: self.port.0,
            protocol: self.protocol,
            tls: self.tls.map(|tls| tls.into_tls(own)),
            namespaces: self.allowed_routes.namespaces.into_allowed(AllowedNamespaces::Same),
            kinds: kinds.collect(),
        }
    }
}

impl WireNamespaces {
    fn into_allowed(self, default: AllowedNamespaces) -> AllowedNamespaces {
        match self.from {
            None => default,
            Some(From::Nobody) => AllowedNamespaces::Nobody,
            Some(From::Same) => AllowedNamespaces::Same,
            Some(From::All) => AllowedNamespaces::All,
            Some(From::Selector) => AllowedNamespaces::Selector(self.selector.0),
        }
    }
}

impl WireListenerTls {
    fn into_tls(self, own: &Name) -> ListenerTls {
        let secret = |reference: &WireReference| {
            reference.is_core(Kind::Secret, Kind::Secret).then(|| reference.key(Kind::Secret, own))
        };
        ListenerTls {
            is_passthrough: matches!(self.mode, Some(Mode::Passthrough)),
            certificates: self.certificate_refs.0.iter().map(secret).collect(),
            options: self.options,
            client: validation(self.frontend_validation),
        }
    }
}

fn validation(wire: Option<WireValidation>) -> Option<ClientValidation> {
    wire.map(|validation| match validation.mode.as_deref() {
        Some("AllowInsecureFallback") => ClientValidation::InsecureFallback,
        _ => ClientValidation::ValidOnly,
    })
}
