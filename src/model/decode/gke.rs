//! GKE's `FrontendConfig`.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{EdgeResource, EdgeSpec, Kind, gke::FrontendConfig};

#[derive(Deserialize)]
pub(super) struct WireFrontendConfig {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireFrontendConfig {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::Gke(FrontendConfig {}) })
    }
}
