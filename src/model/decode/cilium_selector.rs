//! Cilium's `EndpointSelector`: a `LabelSelector` whose keys name the source of the label before a colon, and in which the
//! namespace, its labels and the service account of a Pod are labels of it (cilium/pkg/policy/api/selector.go, pkg/k8s/apis/cilium.io).

use serde::Deserialize;

use super::selector::{LabelSelector, WireLabelSelector};
use crate::model::{METADATA_NAME, Name, Selector, reserved};

/// The key of a Pod's namespace.
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
/// What stands before the keys of its namespace's labels.
const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels.";
/// The key of its service account.
const SERVICE_ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";
/// The key of its cluster, of which no object says what it is called.
const CLUSTER: &str = "io.cilium.k8s.policy.cluster";

/// An `EndpointSelector`, its keys still as they were written.
#[derive(Deserialize, Default)]
#[serde(transparent)]
pub(super) struct EndpointSelector(WireLabelSelector);

impl EndpointSelector {
    /// The selector in the form that decisions read.
    pub(super) fn selector(self) -> Selector {
        let LabelSelector(selector) = self.0.into();
        renamed(selector)
    }

    /// That of a policy's subject. In a namespaced policy Cilium replaces the value of a label `k8s:io.kubernetes.pod.namespace`
    /// by the policy's own namespace (`ParseToCiliumRule`); an expression with that key is one more condition.
    pub(super) fn of_subject(mut self, namespaced: bool) -> Selector {
        if namespaced {
            let labels = self.0.match_labels.iter().filter(|(key, _)| key.strip_prefix("k8s:") != Some(NAMESPACE));
            self.0.match_labels = labels.map(|(key, value)| (key.clone(), value.clone())).collect();
        }
        self.selector()
    }
}

fn renamed(selector: Selector) -> Selector {
    match selector {
        Selector::All(conditions) => Selector::All(conditions.into_iter().map(renamed).collect()),
        Selector::Any(conditions) => Selector::Any(conditions.into_iter().map(renamed).collect()),
        Selector::Not(condition) => Selector::Not(Box::new(renamed(*condition))),
        Selector::In(key, values) => Selector::In(normal(&key), values),
        Selector::Has(key) => Selector::Has(normal(&key)),
        Selector::Like(key, likeness, text) => Selector::Like(normal(&key), likeness, text),
    }
}

/// The key without its source. Labels of Pods are of the source `k8s`; a key of another source becomes a reserved one, which no Pod
/// has: `reserved:host` is `@reserved/host`.
fn normal(key: &str) -> Name {
    let key = match key.split_once(':') {
        None | Some(("", _)) => key.strip_prefix(':').unwrap_or(key),
        Some(("k8s" | "any", key)) => key,
        Some((source, key)) => return format!("@{source}/{key}").into(),
    };
    match key {
        NAMESPACE => format!("{}{METADATA_NAME}", reserved::NAMESPACE_LABEL).into(),
        SERVICE_ACCOUNT => reserved::SERVICE_ACCOUNT.into(),
        CLUSTER => reserved::CLUSTER.into(),
        _ => match key.strip_prefix(NAMESPACE_LABELS) {
            Some(label) => format!("{}{label}", reserved::NAMESPACE_LABEL).into(),
            None => key.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: serde_json::Value) -> EndpointSelector {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn keys_lose_their_source_and_name_what_they_mean() {
        for (written, meant) in [
            ("app", "app"),
            ("k8s:app", "app"),
            ("any:app", "app"),
            ("k8s:io.kubernetes.pod.namespace", "@namespace/kubernetes.io/metadata.name"),
            ("io.kubernetes.pod.namespace", "@namespace/kubernetes.io/metadata.name"),
            ("k8s:io.cilium.k8s.namespace.labels.team", "@namespace/team"),
            ("any:io.cilium.k8s.namespace.labels.example.com/team", "@namespace/example.com/team"),
            ("io.cilium.k8s.policy.serviceaccount", "@serviceaccount"),
            ("k8s:io.cilium.k8s.policy.cluster", "@cluster"),
            ("reserved:host", "@reserved/host"),
            ("container:app", "@container/app"),
        ] {
            assert_eq!(normal(written), meant, "{written}");
        }
    }

    #[test]
    fn a_namespaced_policy_applies_to_its_own_namespace_whatever_label_it_names() {
        let selector = serde_json::json!({"matchLabels": {"k8s:io.kubernetes.pod.namespace": "other", "app": "web"}});
        assert_eq!(read(selector.clone()).of_subject(true).to_string(), "app=web");
        assert_eq!(read(selector).of_subject(false).to_string(), "app=web,namespace kubernetes.io/metadata.name=other");
        // Without the source the label is one more condition, and so is an expression.
        let key = "k8s:io.kubernetes.pod.namespace";
        for selector in [
            serde_json::json!({"matchLabels": {"io.kubernetes.pod.namespace": "other"}}),
            serde_json::json!({"matchExpressions": [{"key": key, "operator": "In", "values": ["other"]}]}),
        ] {
            assert_ne!(read(selector).of_subject(true), Selector::everything());
        }
    }
}
