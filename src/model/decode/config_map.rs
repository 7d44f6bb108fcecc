//! `ConfigMaps`, of which only the keys that configure an ingress controller or a mesh are kept.

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{labels, nullable},
};
use crate::model::{ConfigMap, Labels};

/// What is in the keys by which ingress controllers are configured, as far as decisions read them: `ssl-protocols`,
/// `auth-tls-secret`, `no-tls-redirect-locations`, `allow-snippet-annotations`, `config-global`, `cr-global`, `client-ca`,
/// `server-ca`, `backend-protocol`, `secure-backends`.
const PARTS: [&str; 10] = [
    "ssl",
    "tls",
    "redirect",
    "snippet",
    "config-",
    "cr-global",
    "client-c",
    "server-c",
    "backend-protocol",
    "secure-",
];

#[derive(Deserialize)]
pub(super) struct WireConfigMap {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, deserialize_with = "labels")]
    data: Labels,
}

impl WireConfigMap {
    pub(super) fn into_config_map(self) -> Result<ConfigMap, DecodeError> {
        let is_read = |key: &str| key == "mesh" || PARTS.iter().any(|part| key.contains(part));
        let data = self.data.iter().filter(|(key, _)| is_read(key)).map(|(key, value)| (key.clone(), value.clone()));
        Ok(ConfigMap { meta: self.metadata.into_meta(true)?, data: data.collect() })
    }
}
