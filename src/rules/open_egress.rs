//! `open-egress`: isolated for egress in name only.

use crate::network::Direction;

use super::{
    Level, Parameter, ParameterKind, RuleId, RuleInfo,
    isolation::{FAMILY, Open, PORTS},
};

/// The rule.
pub(super) static OPEN_EGRESS: Open = Open { info: &INFO, direction: Direction::Egress };

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId("open-egress"),
    family: FAMILY,
    level: Level::Restricted,
    what: "A workload that is isolated for egress, and whose policies together admit every Pod, or half an address family or more, on \
           more ports than the parameter allows.",
    why: "Policies select it, so it looks isolated, while their union lets everybody through: `egress: [{}]`, ports 1-65534 and \
          0.0.0.0/1 with 128.0.0.0/1 are all the same as no policy.",
    sources: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/"],
    parameters: &[Parameter {
        name: PORTS,
        kind: ParameterKind::Integer { least: 0, most: 196_605, default: 1024 },
        what: "How many ports (TCP, UDP and SCTP together) may be open to everybody.",
    }],
    aspect: "the direction",
    extent: "what is admitted to peers that nothing names",
    breaks: "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-all, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress: [{}]
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
    mend: "Name the peers (`to`) and the ports that are meant, in every rule of every policy that selects the workload.",
};
