//! Secrets. What a key holds is read here and dies here.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{Name, Secret};

#[derive(Deserialize)]
pub(super) struct WireSecret {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    secret_type: Name,
}

impl WireSecret {
    pub(super) fn into_secret(self) -> Result<Secret, DecodeError> {
        Ok(Secret { meta: self.metadata.into_meta(true)?, secret_type: self.secret_type, has_pair: false, tls: None })
    }
}
