//! `unisolated-egress`: a workload that may connect to everybody.

use crate::network::Direction;

use super::{
    Level, RuleId, RuleInfo,
    isolation::{FAMILY, Unisolated},
};

/// The rule.
pub(super) static UNISOLATED_EGRESS: Unisolated = Unisolated { info: &INFO, direction: Direction::Egress };

static INFO: RuleInfo = RuleInfo {
    id: RuleId("unisolated-egress"),
    family: FAMILY,
    level: Level::Restricted,
    what: "A workload that no policy isolates for egress: it may connect to an arbitrary Pod and to any address.",
    why: "What a compromised Pod can reach decides what is lost with it: without isolation for egress that is the whole cluster, \
          the cloud's metadata and the internet.",
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
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: database}}}]
      ports: [{port: 5432}]
",
    mend: "Add a NetworkPolicy whose podSelector matches the workload's labels and whose policyTypes name Egress, and let DNS through.",
};
