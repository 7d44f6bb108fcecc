//! Calico's policies, tiers and sets of networks.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{CalicoNetworkSet, CalicoPolicy, CalicoTier, Derived, Kind, StagedPolicy};

#[derive(Deserialize)]
pub(super) struct WireCalicoPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

#[derive(Deserialize)]
pub(super) struct WireTier {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

#[derive(Deserialize)]
pub(super) struct WireNetworkSet {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

#[derive(Deserialize)]
pub(super) struct WireStagedPolicy {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireCalicoPolicy {
    pub(super) fn into_policy(self, kind: Kind) -> Result<CalicoPolicy, DecodeError> {
        let meta = self.metadata.into_meta(kind.info().namespaced)?;
        Ok(CalicoPolicy { kind, meta, lowered: Derived::default() })
    }
}

impl WireTier {
    pub(super) fn into_tier(self, kind: Kind) -> Result<CalicoTier, DecodeError> {
        Ok(CalicoTier { kind, meta: self.metadata.into_meta(false)? })
    }
}

impl WireNetworkSet {
    pub(super) fn into_set(self, kind: Kind) -> Result<CalicoNetworkSet, DecodeError> {
        Ok(CalicoNetworkSet { kind, meta: self.metadata.into_meta(kind.info().namespaced)? })
    }
}

impl WireStagedPolicy {
    pub(super) fn into_policy(self, kind: Kind) -> Result<StagedPolicy, DecodeError> {
        Ok(StagedPolicy { kind, meta: self.metadata.into_meta(kind.info().namespaced)? })
    }
}
