//! Which requests the API server asks Ringwall about.

use std::{collections::BTreeMap, fmt::Write as _};

use ringwall::model::{
    Operation,
    kinds::{KINDS, KindInfo},
};

const HEAD: &str = "\
# What the entries of the webhook configuration ask about: templates/webhook-configuration.yaml adds the rest.
# Generated from src/model/kinds/table.rs: RINGWALL_UPDATE=1 cargo test --test install
webhooks:
";

/// The entry of Ringwall's own settings. Whatever becomes of other requests that get no answer, these pass: the API server has checked
/// them against the schema, a wrong one is never put in force, and who mends a ruleset must not wait for Ringwall.
const SETTINGS: &str = "settings";

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

/// A namespace comes to its end whether anybody answers or not.
const NOT_THE_NAMESPACE_CONTROLLER: Condition = Condition {
    why: "the deletion of a namespace never waits",
    name: "not-the-namespace-controller",
    expression: "request.operation != 'DELETE' ||
          request.userInfo.username != 'system:serviceaccount:kube-system:namespace-controller'",
};

/// Only for entries on whose objects nothing else rests: a policy would otherwise be removed by deleting the `ConfigMap` that owns it. There
/// the collector is judged as anybody, and tries again.
const NOT_THE_GARBAGE_COLLECTOR: Condition = Condition {
    why: "what the garbage collector deletes here goes with its owner",
    name: "not-the-garbage-collector",
    expression: "request.operation != 'DELETE' ||
          request.userInfo.username != 'system:serviceaccount:kube-system:generic-garbage-collector'",
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
    if entry == SETTINGS {
        text.push_str("    # Whoever mends Ringwall's settings does not wait for it.\n    failurePolicy: Ignore\n");
    }
    text.push_str("    rules:\n");
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
    let mut deleted = kinds.iter().filter(|info| info.operations.contains(&Operation::Delete)).peekable();
    if deleted.peek().is_some() {
        conditions.push(NOT_THE_NAMESPACE_CONTROLLER);
        if !deleted.any(|info| info.kind.is_rested_on()) {
            conditions.push(NOT_THE_GARBAGE_COLLECTOR);
        }
    }
    conditions
}
