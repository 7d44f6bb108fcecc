//! What Ringwall may do in a cluster.

use std::{collections::BTreeMap, fmt::Write as _};

use ringwall::model::kinds::{KINDS, Watch};

const HEAD: &str = "\
# What Ringwall may do: read the kinds that it judges by, and tell of what slipped through by Events. Nothing else.
# Secrets and ConfigMaps it may only get one by one, by a name that an object at the edge or the ruleset gives. Without get of
# secrets, whatever rests on a certificate that no request brings is \"cannot prove\".
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

/// What following certificates needs beyond it.
const CERTIFICATES_HEAD: &str = "\
# What Ringwall may do beyond rbac.yaml when it is started with --watch-certificates: follow the Secrets that hold certificates. RBAC knows
# no types of Secrets; Ringwall asks for those of type kubernetes.io/tls alone, and keeps no key of them.
# Generated from src/model/kinds.rs: RINGWALL_UPDATE=1 cargo test --test install
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ringwall-certificates
  labels: {app.kubernetes.io/name: ringwall}
rules:
";

const CERTIFICATES_TAIL: &str = "---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: ringwall-certificates
  labels: {app.kubernetes.io/name: ringwall}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ringwall-certificates}
subjects:
  - {kind: ServiceAccount, name: ringwall, namespace: ringwall}
";

pub(crate) fn render() -> String {
    let always = rules("get, list, watch", |watch| watch == Watch::Always);
    let single = rules("get", |watch| watch != Watch::Always);
    format!("{HEAD}{always}{single}{TAIL}")
}

pub(crate) fn render_certificates() -> String {
    let followed = rules("list, watch", |watch| matches!(watch, Watch::OnRequest(_)));
    format!("{CERTIFICATES_HEAD}{followed}{CERTIFICATES_TAIL}")
}

/// Rules for the kinds that are followed in that way, one per group.
fn rules(verbs: &str, followed: impl Fn(Watch) -> bool) -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for info in KINDS.iter().filter(|info| followed(info.watch)) {
        groups.entry(info.group).or_default().push(info.plural);
    }
    let mut text = String::new();
    for (group, mut resources) in groups {
        resources.sort_unstable();
        let resources = resources.join(", ");
        let group = if group.is_empty() { "\"\"" } else { group };
        writeln!(text, "  - apiGroups: [{group}]\n    resources: [{resources}]\n    verbs: [{verbs}]").unwrap();
    }
    text
}
