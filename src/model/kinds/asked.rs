//! Which requests the API server is to ask Ringwall about: the entries of the webhook configuration, from the table of kinds.
//!
//! The chart is made of it, and `ringwall doctor` holds what it finds in a cluster against it.

use std::collections::BTreeMap;

use super::{KINDS, KindInfo, Operation};

/// The domain of the entries' names.
pub const DOMAIN: &str = "ringwall.dev";

/// The entry of Ringwall's own settings. Whatever becomes of other requests that get no answer, these pass: the API server has checked
/// them against the schema, a wrong one is never put in force, and who mends a ruleset must not wait for Ringwall.
pub const SETTINGS: &str = "settings";

/// An entry of the webhook configuration.
#[derive(Debug)]
pub struct Entry {
    /// What the table calls it.
    pub entry: &'static str,
    /// The kinds that are in it.
    pub kinds: Vec<&'static KindInfo>,
}

/// What an entry asks about: kinds that differ in their names alone are one rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AskedRule {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version; `matchPolicy: Equivalent` brings the others.
    pub version: &'static str,
    /// Whether the objects live in namespaces.
    pub namespaced: bool,
    /// What is done to them.
    pub operations: &'static [Operation],
    /// The names in URLs, `plural` or `plural/subresource`.
    pub resources: Vec<String>,
}

/// A condition that the API server evaluates before it asks (Kubernetes: "Matching requests: `matchConditions`").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    /// What it is there for.
    pub why: &'static str,
    /// Its name.
    pub name: &'static str,
    /// In CEL.
    pub expression: &'static str,
}

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

/// Controllers scale, adopt and finalize without a call, or nothing could be scaled down, nor deleted in the foreground, when nobody
/// answers: what such a workload lets its Pods be has been judged.
const PODS_CHANGE: Condition = Condition {
    why: "a workload whose Pods stay what they are opens nothing: replicas, finalizers and owners are changed without a call",
    name: "changes-pods-or-labels",
    expression: "request.operation != 'UPDATE' ||
          object.?spec.?template != oldObject.?spec.?template ||
          object.?spec.?jobTemplate != oldObject.?spec.?jobTemplate ||
          object.metadata.?labels.orValue({}) != oldObject.metadata.?labels.orValue({})",
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

/// The entries in the order of the table, each with its kinds.
pub fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for info in KINDS.iter().filter(|info| !info.operations.is_empty()) {
        match entries.iter_mut().find(|entry| entry.entry == info.entry) {
            Some(entry) => entry.kinds.push(info),
            None => entries.push(Entry { entry: info.entry, kinds: vec![info] }),
        }
    }
    entries
}

impl Entry {
    /// The name in the webhook configuration.
    pub fn name(&self) -> String {
        format!("{}.{DOMAIN}", self.entry)
    }

    /// What it asks about, in order.
    pub fn rules(&self) -> Vec<AskedRule> {
        type Key = (&'static str, &'static str, bool, &'static [Operation]);
        let mut rules: BTreeMap<Key, Vec<String>> = BTreeMap::new();
        for info in &self.kinds {
            let mut add = |operations, resource| {
                rules.entry((info.group, info.version, info.namespaced, operations)).or_default().push(resource);
            };
            add(info.operations, info.plural.to_owned());
            for subresource in info.subresources {
                add(&[Operation::Update], format!("{}/{subresource}", info.plural));
            }
        }
        let rule = |((group, version, namespaced, operations), resources): (Key, _)| AskedRule {
            group,
            version,
            namespaced,
            operations,
            resources,
        };
        rules.into_iter().map(rule).collect()
    }

    /// What must hold before it is asked.
    pub fn conditions(&self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        match self.entry {
            "namespaces" => conditions.push(SUBRESOURCES_CHANGE_LABELS),
            "pods" => conditions.push(LABELS_CHANGE),
            "workloads" => conditions.push(PODS_CHANGE),
            "certificates" => conditions.push(HOLDS_A_CERTIFICATE),
            _ => {}
        }
        let deleted = || self.kinds.iter().filter(|info| info.operations.contains(&Operation::Delete));
        if deleted().next().is_some() {
            conditions.push(NOT_THE_NAMESPACE_CONTROLLER);
            if !deleted().any(|info| info.kind.is_rested_on()) {
                conditions.push(NOT_THE_GARBAGE_COLLECTOR);
            }
        }
        conditions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_is_judged_is_in_one_entry() {
        let asked: usize = entries().iter().map(|entry| entry.kinds.len()).sum();
        assert_eq!(asked, KINDS.iter().filter(|info| !info.operations.is_empty()).count());
    }

    #[test]
    fn whatever_can_be_deleted_never_waits_for_the_namespace_controller() {
        for entry in entries() {
            let deletes = entry.rules().iter().any(|rule| rule.operations.contains(&Operation::Delete));
            let spared = entry.conditions().contains(&NOT_THE_NAMESPACE_CONTROLLER);
            assert_eq!(deletes, spared, "{}", entry.entry);
        }
    }
}
