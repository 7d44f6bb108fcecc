//! Traefik's own kinds.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{EdgeResource, EdgeSpec, Kind, traefik::TraefikSpec};

#[derive(Deserialize)]
pub(super) struct WireTraefik {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireTraefik {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::Traefik(TraefikSpec {}) })
    }
}
