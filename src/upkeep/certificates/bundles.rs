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

    /// Whether Ringwall owns fields, beside somebody else: where nobody else does there is nothing to leave them to, and API servers
    /// ignore a list of owners that is empty.
    pub(super) fn is_owner(&self) -> bool {
        self.others.as_ref().is_some_and(|others| !others.is_empty())
    }

    /// The change that makes Ringwall no longer an owner of fields, where it is one. An entry of which somebody owns a field stays when
    /// its maker takes it away by server-side apply, with that field alone, and the API server refuses the whole: an upgrade that drops
    /// an entry could never be applied. What nobody owns goes with its entry.
    pub(super) fn disown(&self) -> Option<Value> {
        let others = self.others.as_ref().filter(|others| !others.is_empty())?;
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

    #[cfg(test)]
    pub(super) fn owned(self) -> Self {
        Self { others: Some(vec![json!({"manager": "helm"})]), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn managed_by(managers: &[&str]) -> Bundles {
        let managers: Vec<Value> = managers.iter().map(|manager| json!({"manager": manager})).collect();
        let metadata = json!({"resourceVersion": "7", "managedFields": managers});
        Bundles::read(&json!({"metadata": metadata, "webhooks": [{"name": "a"}]})).unwrap()
    }

    #[test]
    fn ringwall_gives_up_what_it_owns_where_somebody_else_owns_something() {
        let both = managed_by(&["helm", FIELD_MANAGER]);
        assert!(both.is_owner());
        let metadata = json!({"resourceVersion": "7", "managedFields": [{"manager": "helm"}]});
        assert_eq!(both.disown(), Some(json!({"metadata": metadata})));
        for managers in [&["helm"] as &[&str], &[FIELD_MANAGER], &[]] {
            let bundles = managed_by(managers);
            assert!(!bundles.is_owner() && bundles.disown().is_none(), "{managers:?}");
        }
    }
}
