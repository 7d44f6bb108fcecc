//! OpenShift's Route.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{EdgeResource, EdgeSpec, Kind, openshift::OpenShiftRoute};

#[derive(Deserialize)]
pub(super) struct WireRoute {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireRoute {
    pub(super) fn into_resource(self, kind: Kind) -> Result<EdgeResource, DecodeError> {
        Ok(EdgeResource { kind, meta: self.metadata.into_meta(true)?, spec: EdgeSpec::OpenShift(OpenShiftRoute {}) })
    }
}
