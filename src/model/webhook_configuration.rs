//! Admission webhooks, as far as the API server must reach them.

use super::{FieldPath, Kind, Meta, Name, ObjectKey};

/// A `ValidatingWebhookConfiguration` or `MutatingWebhookConfiguration`.
#[derive(Clone, PartialEq, Debug)]
pub struct WebhookConfiguration {
    /// Which of both.
    pub kind: Kind,
    /// Name, deletion.
    pub meta: Meta,
    /// The webhooks that are called through a Service; those with a URL are not in the cluster's hands.
    pub webhooks: Vec<Webhook>,
}

/// One entry of `webhooks`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Webhook {
    /// `name`.
    pub name: Name,
    /// `clientConfig.service`.
    pub service: ObjectKey,
    /// `clientConfig.service.port`, 443 by default.
    pub port: u16,
    /// Where the Service is named.
    pub at: FieldPath,
}
