//! Linkerd's policies.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{
    Kind,
    mesh::{LinkerdSpec, MeshPolicy, MeshSpec},
};

#[derive(Deserialize)]
pub(super) struct WireLinkerd {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireLinkerd {
    pub(super) fn into_policy(self, kind: Kind) -> Result<MeshPolicy, DecodeError> {
        Ok(MeshPolicy { kind, meta: self.metadata.into_meta(true)?, spec: MeshSpec::Linkerd(LinkerdSpec {}) })
    }
}
