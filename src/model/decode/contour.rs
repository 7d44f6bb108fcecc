//! Contour's `HTTPProxy`.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{EdgeResource, EdgeSpec, Kind, contour::HttpProxy};

#[derive(Deserialize)]
pub(super) struct WireHttpProxy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireHttpProxy {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::Contour(HttpProxy {}) })
    }
}
