//! Both questions that reach Ringwall through the API server: dry runs, which store nothing.

use serde_json::{Value, json};

use crate::{
    cluster::{Inspector, Resource},
    model::{Kind, METADATA_NAME, kinds::asked},
    webhook::{PROBE, question},
};

use super::facts::{Calls, DryRun, Hook};

/// What follows [`PROBE`] in the names of what is sent.
const SUFFIX: &str = "doctor";

/// Asks them, as far as there are entries for them.
pub(super) async fn calls(inspector: &Inspector, hooks: &[Hook]) -> Calls {
    let entry = |name: &str| hooks.iter().find(|hook| hook.name == format!("{name}.{}", asked::DOMAIN));
    let path = |kind: Kind| format!("{}?dryRun=All", Resource::of(kind).path(None));
    let refused = match entry("namespaces").map(refusable) {
        None => DryRun::NoEntry,
        Some(None) => DryRun::Unmatched,
        Some(Some(object)) => DryRun::Sent(inspector.post(&path(Kind::Namespace), &object).await),
    };
    let named = match entry(asked::SETTINGS) {
        Some(_) => Some(inspector.post(&path(Kind::Exemption), &question(SUFFIX, "ringwall doctor")).await),
        None => None,
    };
    Calls { refused, named }
}

/// The name of the Namespace that is sent.
pub(super) fn namespace() -> String {
    format!("{PROBE}{SUFFIX}")
}

/// A Namespace that Ringwall refuses, with labels by which the entry asks about it; `None` where it asks about none that bears this name
/// and chooses that profile.
fn refusable(hook: &Hook) -> Option<Value> {
    let mut labels = hook.namespace_selector.example();
    labels.extend(hook.object_selector.example());
    labels.insert("ringwall.dev/enforce".to_owned(), "ringwall-probe".to_owned());
    // The API server sets it before it looks at selectors, whatever was sent.
    labels.insert(METADATA_NAME.to_owned(), namespace());
    let is_asked = hook.namespace_selector.selects(&labels) && hook.object_selector.selects(&labels);
    let metadata = json!({"name": namespace(), "labels": labels});
    is_asked.then(|| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(selector: &Value) -> Hook {
        serde_json::from_value(json!({"namespaceSelector": selector})).unwrap()
    }

    #[test]
    fn the_namespace_that_is_sent_bears_the_labels_that_the_entry_asks_for() {
        let selector = json!({
            "matchLabels": {"tier": "web"},
            "matchExpressions": [{"key": METADATA_NAME, "operator": "NotIn", "values": ["kube-system"]}],
        });
        let sent = refusable(&hook(&selector)).unwrap();
        assert_eq!(sent["metadata"]["labels"]["tier"], "web");
        assert_eq!(sent["metadata"]["labels"]["ringwall.dev/enforce"], "ringwall-probe");
    }

    #[test]
    fn nothing_is_sent_where_the_entry_would_not_ask_about_it() {
        for selector in [
            json!({"matchLabels": {"ringwall.dev/enforce": "baseline"}}),
            json!({"matchExpressions": [{"key": METADATA_NAME, "operator": "In", "values": ["shop"]}]}),
            json!({"matchExpressions": [{"key": "ringwall.dev/enforce", "operator": "DoesNotExist"}]}),
        ] {
            assert_eq!(refusable(&hook(&selector)), None, "{selector}");
        }
    }
}
