//! `unisolated-ingress`: a workload that everybody may connect to.

use crate::network::Direction;

use super::{
    Level, RuleId, RuleInfo,
    isolation::{FAMILY, Unisolated},
};

/// The rule.
pub(super) static UNISOLATED_INGRESS: Unisolated = Unisolated { info: &INFO, direction: Direction::Ingress };

static INFO: RuleInfo = RuleInfo {
    id: RuleId("unisolated-ingress"),
    family: FAMILY,
    level: Level::Baseline,
    what: "A workload that no policy isolates for ingress: an arbitrary Pod, and any address, may connect to it.",
    why: "A Pod is open to the whole cluster until a policy that speaks of ingress selects it; one compromised neighbour then \
          reaches every port.",
    sources: &[
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        "k8s.io/api/networking/v1/types.go, NetworkPolicySpec",
    ],
    parameters: &[],
    aspect: "the direction",
    extent: "everybody on every port",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
",
    keeps: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
",
    mend: "Add a NetworkPolicy whose podSelector matches the workload's labels and whose policyTypes name Ingress.",
};
