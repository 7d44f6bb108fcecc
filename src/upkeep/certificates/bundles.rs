//! The `caBundle`s of the webhook configuration: what API servers trust.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::cluster::FIELD_MANAGER;

use super::cert::Cert;

/// The bundles of a webhook configuration.
#[derive(Clone, Default)]
pub(super) struct Bundles {
    entries: Vec<Entry>,
    version: String,
    /// The other managers of its fields, where Ringwall is one itself.
    others: Option<Vec<Value>>,
}

/// The bundle of one entry.
#[derive(Clone)]
struct Entry {
    name: String,
    text: Vec<u8>,
    authorities: Vec<Cert>,
}

impl Bundles {
    /// Those of a configuration; `None` when it has no entries, like one that is not there.
    pub(super) fn read(configuration: &Value) -> Option<Self> {
        let metadata = configuration.get("metadata");
        let mut entries: Vec<Entry> = Vec::new();
        for webhook in configuration.get("webhooks").and_then(Value::as_array)? {
            let text = webhook.pointer("/clientConfig/caBundle").and_then(Value::as_str).unwrap_or_default();
            let text = BASE64.decode(text.as_bytes()).unwrap_or_default();
            let known = entries.iter().find(|entry| entry.text == text).map(|entry| entry.authorities.clone());
            entries.push(Entry {
                name: webhook.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
                authorities: known.unwrap_or_else(|| Cert::authorities(&text)),
                text,
            });
        }
        let version = metadata.and_then(|metadata| metadata.get("resourceVersion")).and_then(Value::as_str);
        let managers = metadata.and_then(|metadata| metadata.get("managedFields")).and_then(Value::as_array);
        let (own, others): (Vec<Value>, Vec<Value>) = managers
            .into_iter()
            .flatten()
            .cloned()
            .partition(|manager| manager.get("manager").and_then(Value::as_str) == Some(FIELD_MANAGER));
        let others = (!own.is_empty()).then_some(others);
        (!entries.is_empty()).then(|| Self { entries, version: version.unwrap_or_default().to_owned(), others })
    }

    /// Whether API servers trust an authority whichever entry they call by.
    pub(super) fn all_hold(&self, authority: &Cert) -> bool {
        self.entries.iter().all(|entry| entry.authorities.contains(authority))
    }

    /// The authorities that any entry holds.
    pub(super) fn held(&self) -> Vec<&Cert> {
        let mut held: Vec<&Cert> = Vec::new();
        for authority in self.entries.iter().flat_map(|entry| &entry.authorities) {
            if !held.contains(&authority) {
                held.push(authority);
            }
        }
        held
    }

    /// Whether every entry holds exactly these, in any order, and nothing beside them.
    pub(super) fn are(&self, trusted: &[&Cert]) -> bool {
        let length: usize = trusted.iter().map(|authority| authority.pem().len()).sum();
        self.entries.iter().all(|entry| {
            entry.text.len() == length
                && entry.authorities.len() == trusted.len()
                && entry.authorities.iter().all(|authority| trusted.contains(&authority))
        })
    }

    /// What to apply so that every entry holds this, if the configuration is still the one that was read.
    pub(super) fn with(&self, name: &str, text: &str) -> Value {
        let text = BASE64.encode(text.as_bytes());
        let webhooks: Vec<Value> =
            self.entries.iter().map(|entry| json!({"name": entry.name, "clientConfig": {"caBundle": text}})).collect();
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name, "resourceVersion": self.version},
            "webhooks": webhooks,
        })
    }

    /// The change that makes Ringwall no longer an owner of fields, where it is one. An entry of which somebody owns a field stays when
    /// its maker takes it away by server-side apply, with that field alone, and the API server refuses the whole: an upgrade that drops
    /// an entry could never be applied. What nobody owns goes with its entry.
    pub(super) fn disown(&self) -> Option<Value> {
        let others = self.others.as_ref()?;
        Some(json!({"metadata": {"resourceVersion": self.version, "managedFields": others}}))
    }

    #[cfg(test)]
    pub(super) fn of(texts: &[String]) -> Self {
        let entry = |text: &String| Entry {
            name: String::new(),
            text: text.clone().into_bytes(),
            authorities: Cert::authorities(text.as_bytes()),
        };
        Self { entries: texts.iter().map(entry).collect(), ..Self::default() }
    }
}
