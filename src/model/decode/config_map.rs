//! `ConfigMaps`, of which only the keys that configure an ingress controller or a mesh are kept.

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{labels, nullable},
};
use crate::model::{ConfigMap, Labels};

#[derive(Deserialize)]
pub(super) struct WireConfigMap {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "labels")]
    data: Labels,
}

impl WireConfigMap {
    pub(super) fn into_config_map(self) -> Result<ConfigMap, DecodeError> {
        let is_read =
            |key: &str| key == "mesh" || key.contains("ssl") || key.contains("tls") || key.contains("redirect");
        let data = self.data.iter().filter(|(key, _)| is_read(key)).map(|(key, value)| (key.clone(), value.clone()));
        Ok(ConfigMap { meta: self.metadata.into_meta(true)?, data: data.collect() })
    }
}
