//! Gateway API, with the defaults that its definitions fill in.

mod listeners;
mod policies;
mod routes;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{GatewayClass, Kind, Name, ObjectKey, gateway::GATEWAY_GROUP};

pub(super) use listeners::{WireGateway, WireListenerSet};
pub(super) use policies::{WireBackendPolicy, WireGrant};
pub(super) use routes::WireRoute;

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

impl WireGatewayClass {
    pub(super) fn into_class(self) -> Result<GatewayClass, DecodeError> {
        Ok(GatewayClass { meta: self.metadata.into_meta(false)?, controller: self.spec.controller_name })
    }
}

/// A reference to an object; what is left out is filled in by what it is a reference of.
#[derive(Deserialize, Default)]
#[serde(default)]
struct WireReference {
    group: Option<Name>,
    kind: Option<Name>,
    #[serde(deserialize_with = "nullable")]
    namespace: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
}

impl WireReference {
    /// The kind of Gateway API that it names: a Gateway unless it says otherwise.
    fn parent(&self) -> Option<Kind> {
        if self.group.as_deref().is_some_and(|group| group != GATEWAY_GROUP) {
            return None;
        }
        match self.kind.as_deref() {
            None | Some("Gateway") => Some(Kind::Gateway),
            Some("ListenerSet") => Some(Kind::ListenerSet),
            Some(_) => None,
        }
    }

    /// Whether it names a kind of the core group; `default` is the kind where it names none.
    fn is_core(&self, kind: Kind, default: Kind) -> bool {
        self.group.as_deref().is_none_or(str::is_empty)
            && self.kind.as_deref().map_or(kind == default, |name| name == kind.info().name)
    }

    fn key(&self, kind: Kind, own: &Name) -> ObjectKey {
        let namespace = if self.namespace.is_empty() { own } else { &self.namespace };
        ObjectKey::namespaced(kind, namespace.clone(), self.name.clone())
    }
}

/// A text that counts as missing where it is empty.
fn text(value: Option<Name>) -> Option<Name> {
    value.filter(|value| !value.is_empty())
}
