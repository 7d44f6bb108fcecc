//! `ClusterNetworkPolicy`, `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{ClusterPolicy, Derived, Kind};

#[derive(Deserialize)]
pub(super) struct WireClusterPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireClusterPolicy {
    pub(super) fn into_policy(self, kind: Kind) -> Result<ClusterPolicy, DecodeError> {
        Ok(ClusterPolicy { kind, meta: self.metadata.into_meta(false)?, lowered: Derived::default() })
    }
}
