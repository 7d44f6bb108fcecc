//! Who is in Istio's mesh (istio/pkg/kube/inject/inject.go, manifests' mutatingwebhook.yaml; cni/pkg/util/podutil.go for ambient).

use crate::{
    encryption::mesh::Home,
    model::{
        Name, PodFacts,
        mesh::pod_annotations::{ISTIO_INJECT, ISTIO_STATUS},
    },
};

const INJECTION: &str = "istio-injection";
const REVISION: &str = "istio.io/rev";
const DATAPLANE: &str = "istio.io/dataplane-mode";

/// The namespaces in which Istio injects nothing, whatever is written (`IgnoredNamespaces`).
const IGNORED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// Whether a Pod that is to be made gets a sidecar.
///
/// The webhook is asked where the Namespace says `istio-injection: enabled`, or names a revision and says nothing of injection, or
/// says neither and the Pod's own labels ask. The injector then hears the Pod's label, and else its annotation.
pub(in crate::encryption::mesh) fn would_inject(namespace: &Name, home: &Home, facts: &PodFacts) -> bool {
    if facts.host_network || IGNORED.contains(&namespace.as_str()) {
        return false;
    }
    let label = facts.labels.value(ISTIO_INJECT);
    let asked = match (home.labels.value(INJECTION).map(Name::as_str), home.labels.has(REVISION)) {
        (Some("enabled"), _) | (None, true) => true,
        (Some(_), _) => false,
        (None, false) => label.is_some_and(|value| *value == "true") || facts.labels.has(REVISION),
    };
    let refuses = label.or_else(|| facts.mesh.annotations.value(ISTIO_INJECT)).is_some_and(|value| *value == "false");
    asked && !refuses
}

/// Whether a Pod is taken into the ambient mesh: by its own label, or by its Namespace's and not refused by its own; never one with
/// a sidecar.
pub(in crate::encryption::mesh) fn is_ambient(home: &Home, facts: &PodFacts) -> bool {
    let is = |mode: Option<&Name>, wanted: &str| mode.is_some_and(|mode| *mode == wanted);
    let own = facts.labels.value(DATAPLANE);
    let enrolled = is(own, "ambient") || (is(home.labels.value(DATAPLANE), "ambient") && !is(own, "none"));
    enrolled && !facts.host_network && !facts.mesh.annotations.has(ISTIO_STATUS)
}
