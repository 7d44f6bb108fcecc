//! Istio's own Gateway.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{EdgeResource, EdgeSpec, Kind, istio_gateway::IstioGateway};

#[derive(Deserialize)]
pub(super) struct WireIstioGateway {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireIstioGateway {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::Istio(IstioGateway {}) })
    }
}
