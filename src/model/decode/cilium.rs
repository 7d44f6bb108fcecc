//! `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy`.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{CiliumPolicy, Derived, Kind};

#[derive(Deserialize)]
pub(super) struct WireCiliumPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireCiliumPolicy {
    pub(super) fn into_policy(self, kind: Kind) -> Result<CiliumPolicy, DecodeError> {
        let meta = self.metadata.into_meta(kind.info().namespaced)?;
        Ok(CiliumPolicy { kind, meta, lowered: Derived::default() })
    }
}
