//! Small worlds to decide in, written as the API server would send them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ringwall::{
    decision::{Actor, Change, Decision, decide},
    model::{Kind, Object, ObjectKey, Operation, decode},
    ruleset::{Profile, Ruleset},
    snapshot::{Edit, Need, Snapshot},
};
use serde_json::{Value, json};

/// The time at which everything is judged.
pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// The ruleset that enforces a profile everywhere.
pub(crate) fn enforcing(profile: Profile) -> Ruleset {
    let mut ruleset = Ruleset::default();
    ruleset.defaults.enforce = profile;
    ruleset
}

/// Decodes an object.
pub(crate) fn object(value: &Value) -> Object {
    let text = |field: &str| value[field].as_str().unwrap_or_default();
    let kind = Kind::of(text("apiVersion"), text("kind")).expect("a kind of the table");
    decode::object(kind, value.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

/// A snapshot of these objects in which every kind has been seen whole.
pub(crate) fn snapshot(values: &[Value]) -> Snapshot {
    let cover = Kind::all().map(|kind| Edit::Replace { scope: Need::List(kind, None), objects: Vec::new() });
    let puts = values.iter().map(|value| Edit::Put(object(value)));
    Snapshot::new().with(cover.chain(puts)).0
}

pub(crate) fn namespace(name: &str, labels: &[(&str, &str)]) -> Value {
    let labels: Value =
        labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into();
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

pub(crate) fn pod(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("pod-{name}"), "labels": {"app": app}},
        "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 8080}]}]},
        "status": {"phase": "Running"},
    })
}

/// A Pod of a ReplicaSet.
pub(crate) fn owned(name: &str, app: &str, set: &str) -> Value {
    let mut pod = pod(name, app);
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": format!("set-{set}"), "controller": true}]);
    pod
}

pub(crate) fn replica_set(name: &str, app: &str, deployment: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("set-{name}"),
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment, "uid": format!("deployment-{deployment}"), "controller": true}],
        },
        "spec": {"template": {"metadata": {"labels": {"app": app}}, "spec": {"containers": []}}},
    })
}

pub(crate) fn deployment(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("deployment-{name}")},
        "spec": {"template": {"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "main"}]}}},
    })
}

pub(crate) fn policy(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("policy-{name}")}, "spec": spec,
    })
}

/// A policy that isolates for ingress and admits the namespace.
pub(crate) fn isolating(name: &str, app: &str) -> Value {
    policy(
        name,
        &json!({
            "podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
        }),
    )
}

/// A request by somebody.
pub(crate) fn change(before: Option<&Value>, after: Option<&Value>) -> Change {
    let before = before.map(object);
    let after = after.map(object);
    let key: ObjectKey = after.as_ref().or(before.as_ref()).expect("an object").key();
    let operation = match (&before, &after) {
        (None, _) => Operation::Create,
        (_, None) => Operation::Delete,
        _ => Operation::Update,
    };
    let actor = Some(Actor { user: "alice".into(), groups: vec!["system:authenticated".into()] });
    Change { operation, key, before, after, actor, doubted: BTreeMap::new(), confirmed: BTreeSet::new() }
}

pub(crate) fn create(snapshot: &Snapshot, after: &Value, ruleset: &Ruleset) -> Decision {
    decide(snapshot, &change(None, Some(after)), ruleset, now())
}

pub(crate) fn update(snapshot: &Snapshot, before: &Value, after: &Value, ruleset: &Ruleset) -> Decision {
    decide(snapshot, &change(Some(before), Some(after)), ruleset, now())
}

pub(crate) fn delete(snapshot: &Snapshot, before: &Value, ruleset: &Ruleset) -> Decision {
    decide(snapshot, &change(Some(before), None), ruleset, now())
}

/// The rules that refuse, each once, in order.
pub(crate) fn refusals(decision: &Decision) -> Vec<&'static str> {
    named(decision, "refuse")
}

/// The rules that warn, each once, in order.
pub(crate) fn warnings(decision: &Decision) -> Vec<&'static str> {
    named(decision, "warn")
}

fn named(decision: &Decision, outcome: &str) -> Vec<&'static str> {
    let rules: BTreeSet<_> =
        decision.findings.iter().filter(|(_, it)| it.name() == outcome).map(|(finding, _)| finding.rule.0).collect();
    rules.into_iter().collect()
}

/// All lines, for messages of assertions and for what a person would read.
pub(crate) fn lines(decision: &Decision) -> String {
    let line = |(finding, outcome): &(ringwall::rules::Finding, ringwall::decision::Outcome)| {
        let reason = outcome.reason().map_or("", ringwall::decision::Reason::text);
        format!("{}: {} [{reason}]\n", outcome.name(), finding.line())
    };
    decision.findings.iter().map(line).collect()
}

/// The class `nginx`, of ingress-nginx.
pub(crate) fn nginx() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"},
    })
}

/// An Ingress of ingress-nginx in a namespace, with the hosts of its one entry of `spec.tls` (none for no entry) and of its rules.
pub(crate) fn ingress(namespace: &str, name: &str, tls: &[&str], hosts: &[&str]) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let rule = |host: &&str| json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}});
    let tls = if tls.is_empty() { json!([]) } else { json!([{"hosts": tls, "secretName": "web-tls"}]) };
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": namespace, "uid": format!("ingress-{name}")},
        "spec": {"ingressClassName": "nginx", "tls": tls, "rules": hosts.iter().map(rule).collect::<Vec<_>>()},
    })
}
