//! `Ruleset` and `Exemption`: taken as they are written. A mistake in one is told by the ruleset's parser and is no reason to be blind.

use serde::Deserialize;
use serde_json::Value;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{Kind, Settings};

#[derive(Deserialize)]
pub(super) struct WireSettings {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireOwnMeta,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

#[derive(Deserialize, Default)]
struct WireOwnMeta {
    #[serde(flatten)]
    meta: WireMeta,
    #[serde(default, deserialize_with = "nullable")]
    generation: i64,
}

impl WireSettings {
    pub(super) fn into_settings(self, kind: Kind) -> Result<Settings, DecodeError> {
        Ok(Settings {
            kind,
            meta: self.metadata.meta.into_meta(false)?,
            generation: self.metadata.generation,
            spec: self.spec,
            status: self.status,
        })
    }
}
