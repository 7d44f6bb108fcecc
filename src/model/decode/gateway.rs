//! Gateway API.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{Gateway, GatewayClass, Kind, Route};

#[derive(Deserialize)]
pub(super) struct WireGatewayClass {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

#[derive(Deserialize)]
pub(super) struct WireGateway {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

#[derive(Deserialize)]
pub(super) struct WireRoute {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireGatewayClass {
    pub(super) fn into_class(self) -> Result<GatewayClass, DecodeError> {
        Ok(GatewayClass { meta: self.metadata.into_meta(false)? })
    }
}

impl WireGateway {
    pub(super) fn into_gateway(self) -> Result<Gateway, DecodeError> {
        Ok(Gateway { meta: self.metadata.into_meta(true)? })
    }
}

impl WireRoute {
    pub(super) fn into_route(self, kind: Kind) -> Result<Route, DecodeError> {
        Ok(Route { kind, meta: self.metadata.into_meta(true)? })
    }
}
