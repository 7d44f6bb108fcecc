//! Labels that a policy can rely on.

use crate::model::Labels;

/// Labels that controllers and tools set anew for every revision or every Pod: a policy that selects by them stops to select.
const PASSING: [&str; 19] = [
    "pod-template-hash",
    "pod-template-generation",
    "controller-revision-hash",
    "rollouts-pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/job-completion-index",
    "controller-uid",
    "job-name",
    "job-completion-index",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
    "chart",
    "heritage",
    "security.istio.io/tlsMode",
    "service.istio.io/canonical-revision",
];

/// The labels that stay through rollouts and upgrades.
pub(in crate::rules) fn stable(labels: &Labels) -> Labels {
    labels.iter().filter(|(key, _)| !PASSING.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// The labels as a message shows them: all of few short ones, else the first and how many more.
pub(in crate::rules) fn shown(labels: &Labels) -> String {
    let whole = labels.to_string();
    let count = labels.iter().count();
    if whole.len() <= 60 || count <= 1 {
        return whole;
    }
    let first = labels.iter().next().map(|(key, value)| format!("{key}={value}")).unwrap_or_default();
    format!("{first} and {} more labels", count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_revision_or_one_pod_are_left_out() {
        let labels: Labels =
            [("app", "web"), ("pod-template-hash", "5d4f"), ("helm.sh/chart", "web-1.2.3")].into_iter().collect();
        assert_eq!(stable(&labels).to_string(), "app=web");
    }

    #[test]
    fn long_lists_of_labels_are_cut_short() {
        let labels: Labels = (0..9).map(|n| (format!("key-{n}"), "a-long-value".to_owned())).collect();
        assert_eq!(shown(&labels), "key-0=a-long-value and 8 more labels");
    }
}
