//! `ValidatingWebhookConfiguration` and `MutatingWebhookConfiguration`.

use serde::Deserialize;

use super::{DecodeError, meta::WireMeta, wire::nullable};
use crate::model::{Kind, WebhookConfiguration};

#[derive(Deserialize)]
pub(super) struct WireWebhookConfiguration {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
}

impl WireWebhookConfiguration {
    pub(super) fn into_configuration(self, kind: Kind) -> Result<WebhookConfiguration, DecodeError> {
        Ok(WebhookConfiguration { kind, meta: self.metadata.into_meta(false)? })
    }
}
