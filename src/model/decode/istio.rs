//! Istio's policies.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{
    Kind,
    mesh::{IstioSpec, MeshPolicy, MeshSpec},
};

#[derive(Deserialize)]
pub(super) struct WireIstio {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireIstio {
    pub(super) fn into_policy(self, kind: Kind) -> Result<MeshPolicy, DecodeError> {
        Ok(MeshPolicy { kind, meta: self.metadata.into_meta(true)?, spec: MeshSpec::Istio(IstioSpec {}) })
    }
}
