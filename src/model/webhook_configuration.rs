//! Admission webhooks, as far as the API server must reach them.

use super::{Kind, Meta};

/// A `ValidatingWebhookConfiguration` or `MutatingWebhookConfiguration`.
#[derive(Clone, PartialEq, Debug)]
pub struct WebhookConfiguration {
    /// Which of both.
    pub kind: Kind,
    /// Name, deletion.
    pub meta: Meta,
}
