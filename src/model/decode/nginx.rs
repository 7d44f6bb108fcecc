//! `VirtualServer` and Policy of F5's NGINX Ingress Controller.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{EdgeResource, EdgeSpec, Kind, nginx::NginxSpec};

#[derive(Deserialize)]
pub(super) struct WireNginx {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireNginx {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::Nginx(NginxSpec {}) })
    }
}
