//! `ValidatingWebhookConfiguration` and `MutatingWebhookConfiguration`.

use serde::Deserialize;

use super::{
    DecodeError,
    meta::WireMeta,
    wire::{List, WirePort, nullable},
};
use crate::model::{FieldPath, Kind, Name, ObjectKey, Webhook, WebhookConfiguration};

/// Where nothing is said (kubernetes/pkg/apis/admissionregistration/v1/defaults.go).
const HTTPS: u16 = 443;

#[derive(Deserialize)]
pub(super) struct WireWebhookConfiguration {
    #[serde(default, deserialize_with = "nullable")]
    metadata: WireMeta,
    #[serde(default)]
    webhooks: List<WireWebhook>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireWebhook {
    #[serde(deserialize_with = "nullable")]
    name: Name,
    #[serde(deserialize_with = "nullable")]
    client_config: WireClientConfig,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireClientConfig {
    service: Option<WireServiceReference>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireServiceReference {
    #[serde(deserialize_with = "nullable")]
    namespace: Name,
    #[serde(deserialize_with = "nullable")]
    name: Name,
    port: WirePort,
}

impl WireWebhookConfiguration {
    pub(super) fn into_configuration(self, kind: Kind) -> Result<WebhookConfiguration, DecodeError> {
        let webhook = |(index, webhook): (usize, WireWebhook)| {
            let service = webhook.client_config.service?;
            Some(Webhook {
                name: webhook.name,
                service: ObjectKey::namespaced(Kind::Service, service.namespace, service.name),
                port: service.port.0.unwrap_or(HTTPS),
                at: FieldPath::new(format!("webhooks[{index}].clientConfig.service")),
            })
        };
        let webhooks = self.webhooks.0.into_iter().enumerate().filter_map(webhook).collect();
        Ok(WebhookConfiguration { kind, meta: self.metadata.into_meta(false)?, webhooks })
    }
}
