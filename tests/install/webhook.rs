//! Which requests the API server asks Ringwall about.

use std::{collections::BTreeMap, fmt::Write as _};

use ringwall::model::{
    Operation,
    kinds::{KINDS, KindInfo},
};

const HEAD: &str = "\
# Which requests the API server asks Ringwall about.
# Generated from src/model/kinds.rs: RINGWALL_UPDATE=1 cargo test --test install
#
# Nothing waits for Ringwall to be there: with failurePolicy Ignore, a request that gets no answer is admitted. One entry
# per group of kinds, so that each can be changed or removed without the others.
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: ringwall
  labels: {app.kubernetes.io/name: ringwall}
webhooks:
";

/// A kubelet's and a job's finalizers and the like pass without a call, or a job's finalizer would block the deletion of its
/// namespace when nobody answers.
const LABELS_CHANGE: Condition = Condition {
    why: "a Pod whose labels stay moves into no other policy: finalizers, images, tolerations; Linkerd reads one annotation of running Pods",
    name: "changes-labels",
    expression: "request.operation != 'UPDATE' ||
          object.metadata.?labels.orValue({}) != oldObject.metadata.?labels.orValue({}) ||
          object.metadata.?annotations.orValue({})[?'config.linkerd.io/default-inbound-policy'] !=
          oldObject.metadata.?annotations.orValue({})[?'config.linkerd.io/default-inbound-policy']",
};

/// The namespace controller finalizes without a call, or a namespace would not come to its end when nobody answers.
const SUBRESOURCES_CHANGE_LABELS: Condition = Condition {
    why: "of a Namespace's status and finalizers only what moves its labels: its deletion never waits",
    name: "changes-the-object-or-its-labels",
    expression: "request.?subResource.orValue('') == '' ||
          object.metadata.?labels.orValue({}) != oldObject.metadata.?labels.orValue({})",
};

/// Helm keeps its releases in Secrets, others their tokens: none of them is anybody's business here.
const HOLDS_A_CERTIFICATE: Condition = Condition {
    why: "of Secrets only those that hold certificates are sent: never Helm's own, tokens or passwords",
    name: "holds-a-certificate",
    expression: "(request.operation == 'DELETE' ? oldObject : object).?type.orValue('') == 'kubernetes.io/tls'",
};

/// The garbage collector has no such condition: what others rest on (policies, mesh resources, Secrets) would otherwise be removed
/// by deleting the `ConfigMap` that owns it. It tries again. Its deletions of other kinds pass when they are judged.
const NOT_THE_NAMESPACE_CONTROLLER: Condition = Condition {
    why: "the deletion of a namespace never waits; what the garbage collector deletes is judged as anybody's",
    name: "not-the-namespace-controller",
    expression: "request.operation != 'DELETE' ||
          request.userInfo.username != 'system:serviceaccount:kube-system:namespace-controller'",
};

struct Condition {
    why: &'static str,
    name: &'static str,
    expression: &'static str,
}

pub(crate) fn render() -> String {
    let mut text = HEAD.to_owned();
    for (entry, kinds) in entries() {
        write(&mut text, entry, &kinds).unwrap();
    }
    text
}

/// The entries in the order of the table, each with its kinds.
fn entries() -> Vec<(&'static str, Vec<&'static KindInfo>)> {
    let mut entries: Vec<(&str, Vec<&KindInfo>)> = Vec::new();
    for info in KINDS.iter().filter(|info| !info.operations.is_empty()) {
        match entries.iter_mut().find(|(entry, _)| *entry == info.entry) {
            Some((_, kinds)) => kinds.push(info),
            None => entries.push((info.entry, vec![info])),
        }
    }
    entries
}

fn write(text: &mut String, entry: &str, kinds: &[&'static KindInfo]) -> std::fmt::Result {
    writeln!(text, "  - name: {entry}.ringwall.dev")?;
    text.push_str(
        "    admissionReviewVersions: [v1]
    clientConfig:
      service: {name: ringwall, namespace: ringwall, path: /validate, port: 443}
      # The authority that signed the certificate, as base64: see README.md.
      caBundle: \"\"
    failurePolicy: Ignore
    sideEffects: None
    timeoutSeconds: 5
    matchPolicy: Equivalent
    namespaceSelector:
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: NotIn
          values: [kube-system, kube-node-lease, ringwall]
    rules:
",
    );
    for ((group, version, namespaced, operations), resources) in rules(kinds) {
        let group = if group.is_empty() { "\"\"" } else { group };
        let scope = if namespaced { "Namespaced" } else { "Cluster" };
        let operations: Vec<_> = operations.iter().map(|operation| operation.name()).collect();
        writeln!(text, "      - apiGroups: [{group}]")?;
        writeln!(text, "        apiVersions: [{version}]")?;
        writeln!(text, "        resources: [{}]", resources.join(", "))?;
        writeln!(text, "        operations: [{}]", operations.join(", "))?;
        writeln!(text, "        scope: {scope}")?;
    }
    let conditions = conditions(entry, kinds);
    if !conditions.is_empty() {
        text.push_str("    matchConditions:\n");
    }
    for Condition { why, name, expression } in conditions {
        writeln!(text, "      # {why}")?;
        writeln!(text, "      - name: {name}\n        expression: >-\n          {expression}")?;
    }
    Ok(())
}

type Rule = (&'static str, &'static str, bool, &'static [Operation]);

/// The rules of an entry: kinds that differ in their names alone are one.
fn rules(kinds: &[&'static KindInfo]) -> BTreeMap<Rule, Vec<String>> {
    let mut rules: BTreeMap<Rule, Vec<String>> = BTreeMap::new();
    for info in kinds {
        rules
            .entry((info.group, info.version, info.namespaced, info.operations))
            .or_default()
            .push(info.plural.to_owned());
        for subresource in info.subresources {
            let rule = (info.group, info.version, info.namespaced, &[Operation::Update][..]);
            rules.entry(rule).or_default().push(format!("{}/{subresource}", info.plural));
        }
    }
    rules
}

fn conditions(entry: &str, kinds: &[&KindInfo]) -> Vec<Condition> {
    let mut conditions = Vec::new();
    if entry == "namespaces" {
        conditions.push(SUBRESOURCES_CHANGE_LABELS);
    }
    if entry == "pods" {
        conditions.push(LABELS_CHANGE);
    }
    if entry == "certificates" {
        conditions.push(HOLDS_A_CERTIFICATE);
    }
    if kinds.iter().any(|info| info.operations.contains(&Operation::Delete)) {
        conditions.push(NOT_THE_NAMESPACE_CONTROLLER);
    }
    conditions
}
