//! What Ringwall may do in a cluster.

use std::{collections::BTreeMap, fmt::Write as _};

use ringwall::model::kinds::KINDS;

const HEAD: &str = "\
# What Ringwall may do: read the kinds that it judges by, and tell of what slipped through by Events. Nothing else.
# Generated from src/model/kinds.rs: RINGWALL_UPDATE=1 cargo test --test install
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ringwall
  namespace: ringwall
  labels: {app.kubernetes.io/name: ringwall}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ringwall
  labels: {app.kubernetes.io/name: ringwall}
rules:
";

/// An Event names what slipped through; it is created and never changed.
const TAIL: &str = "  - apiGroups: [events.k8s.io]
    resources: [events]
    verbs: [create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: ringwall
  labels: {app.kubernetes.io/name: ringwall}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ringwall}
subjects:
  - {kind: ServiceAccount, name: ringwall, namespace: ringwall}
";

pub(crate) fn render() -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for info in &KINDS {
        groups.entry(info.group).or_default().push(info.plural);
    }
    let mut text = HEAD.to_owned();
    for (group, mut resources) in groups {
        resources.sort_unstable();
        let resources = resources.join(", ");
        let group = if group.is_empty() { "\"\"" } else { group };
        writeln!(text, "  - apiGroups: [{group}]\n    resources: [{resources}]\n    verbs: [get, list, watch]")
            .unwrap();
    }
    text + TAIL
}
