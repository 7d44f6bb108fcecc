//! `IngressClassParams` of the AWS Load Balancer Controller.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{EdgeResource, EdgeSpec, Kind, aws::IngressClassParams};

#[derive(Deserialize)]
pub(super) struct WireIngressClassParams {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireIngressClassParams {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(false)?, spec: EdgeSpec::Aws(IngressClassParams {}) })
    }
}
