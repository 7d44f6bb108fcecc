//! The world that the figures are measured in: 200 namespaces, 10,000 Pods in 2,000 workloads, 1,000 NetworkPolicies, 2,000
//! Services, 12,000 Ingresses; a default-deny and a DNS policy per namespace, the other 600 allows spread over the workloads.

#![allow(dead_code, reason = "each benchmark uses its part")]

use std::time::{Duration, Instant};

use ringwall::{
    model::{Kind, Name, Object, decode},
    snapshot::{Edit, Need, Snapshot},
};
use serde_json::{Value, json};

/// The number of namespaces.
pub(crate) const NAMESPACES: usize = 200;
/// Workloads in each namespace.
pub(crate) const WORKLOADS: usize = 10;
/// Pods of each workload.
pub(crate) const REPLICAS: usize = 5;
/// Ingresses in each namespace.
pub(crate) const INGRESSES: usize = 60;

/// The name of a namespace.
pub(crate) fn namespace(index: usize) -> String {
    format!("team-{index:03}")
}

/// A Pod of about 5 KB, as the API server sends it.
pub(crate) fn pod(space: &str, app: &str, name: &str, owner: Option<&str>) -> Value {
    let environment: Vec<Value> =
        (0..40).map(|n| json!({"name": format!("SETTING_{n:02}"), "value": format!("some value of ordinary length, number {n}")})).collect();
    let mut object = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": space, "uid": format!("uid-{space}-{name}"),
            "labels": {"app": app, "app.kubernetes.io/name": app, "pod-template-hash": "5d4f8c7b9"},
            "annotations": {"example.com/revision": "17"},
        },
        "spec": {
            "serviceAccountName": app,
            "containers": [{
                "name": "main", "image": "registry.example.com/shop/main:1.0", "env": environment,
                "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"name": "metrics", "containerPort": 9090, "protocol": "TCP"}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}],
            }],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
        },
        "status": {"phase": "Pending"},
    });
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": format!("uid-{space}-{owner}"), "controller": true,
        }]);
    }
    object
}

fn workload(space: &str, kind: &str, name: &str, app: &str, owner: Option<&str>) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "namespace": space, "uid": format!("uid-{space}-{name}"), "labels": {"app": app}},
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": {"app": app}},
            "template": {
                "metadata": {"labels": {"app": app, "app.kubernetes.io/name": app}},
                "spec": {"containers": [{"name": "main", "image": "main", "ports": [{"name": "http", "containerPort": 8080}]}]},
            },
        },
    });
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "apps/v1", "kind": "Deployment", "name": owner, "uid": format!("uid-{space}-{owner}"), "controller": true,
        }]);
    }
    object
}

/// A policy.
#[allow(clippy::needless_pass_by_value, reason = "callers write the value in place")]
pub(crate) fn policy(space: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": space, "uid": format!("uid-{space}-{name}")}, "spec": spec,
    })
}

/// Every object of one namespace.
pub(crate) fn objects(index: usize) -> Vec<Value> {
    let space = namespace(index);
    let mut all = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": {"ringwall.dev/enforce": "baseline"}}}),
        policy(&space, "default-deny", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})),
        policy(
            &space,
            "dns",
            json!({
                "podSelector": {}, "policyTypes": ["Egress"],
                "egress": [{
                    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
                    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
                }],
            }),
        ),
    ];
    for number in 0..3 {
        let app = format!("app-{number}");
        all.push(policy(&space, &format!("allow-{app}"), json!({
            "podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": format!("app-{}", number + 1)}}}], "ports": [{"protocol": "TCP", "port": "http"}]}],
        })));
    }
    for number in 0..WORKLOADS {
        let app = format!("app-{number}");
        let set = format!("{app}-5d4f8c7b9");
        all.push(workload(&space, "Deployment", &app, &app, None));
        all.push(workload(&space, "ReplicaSet", &set, &app, Some(&app)));
        all.push(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": app, "namespace": space},
            "spec": {"selector": {"app": app}, "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]},
        }));
        for replica in 0..REPLICAS {
            all.push(pod(&space, &app, &format!("{set}-{replica:05}"), Some(&set)));
        }
    }
    for number in 0..INGRESSES {
        let host = format!("host-{number}.{space}.example.com");
        all.push(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": format!("ingress-{number}"), "namespace": space},
            "spec": {
                "ingressClassName": "nginx",
                "tls": [{"hosts": [host], "secretName": format!("tls-{number}")}],
                "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": format!("app-{}", number % WORKLOADS), "port": {"name": "http"}}}}]}}],
            },
        }));
    }
    all
}

/// The IngressClass of the world.
pub(crate) fn ingress_class() -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}})
}

/// Decodes an object as a watch would.
pub(crate) fn decoded(value: &Value) -> Object {
    let text = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let kind = Kind::of(&text("apiVersion"), &text("kind")).expect("a kind of the table");
    decode::object(kind, value.to_string().as_bytes()).expect("decodable")
}

/// The whole world as a snapshot.
pub(crate) fn snapshot() -> Snapshot {
    let mut by_kind: std::collections::BTreeMap<Kind, Vec<Object>> =
        Kind::all().map(|kind| (kind, Vec::new())).collect();
    let values = (0..NAMESPACES).flat_map(objects).chain([ingress_class()]);
    for object in values.map(|value| decoded(&value)) {
        by_kind.entry(object.kind()).or_default().push(object);
    }
    let edits = by_kind.into_iter().map(|(kind, objects)| Edit::Replace { scope: Need::List(kind, None), objects });
    Snapshot::new().with(edits).0
}

/// One namespace with all 10,000 Pods and 2,000 workloads, and the default-deny policy that covers them all.
pub(crate) fn crowded() -> Snapshot {
    let space = "crowd";
    let mut values = objects(0);
    values.clear();
    values.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": {"ringwall.dev/enforce": "baseline"}}}));
    values.push(policy(space, "default-deny", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})));
    for number in 0..NAMESPACES * WORKLOADS {
        let app = format!("app-{number}");
        let set = format!("{app}-5d4f8c7b9");
        values.push(workload(space, "Deployment", &app, &app, None));
        values.push(workload(space, "ReplicaSet", &set, &app, Some(&app)));
        values.extend((0..REPLICAS).map(|replica| pod(space, &app, &format!("{set}-{replica:05}"), Some(&set))));
    }
    let mut by_kind: std::collections::BTreeMap<Kind, Vec<Object>> =
        Kind::all().map(|kind| (kind, Vec::new())).collect();
    for object in values.iter().map(decoded) {
        by_kind.entry(object.kind()).or_default().push(object);
    }
    let edits = by_kind.into_iter().map(|(kind, objects)| Edit::Replace { scope: Need::List(kind, None), objects });
    Snapshot::new().with(edits).0
}

/// The durations of many calls, after a warm-up.
pub(crate) fn sample(calls: usize, mut call: impl FnMut(usize)) -> Vec<Duration> {
    (0..calls / 10).for_each(&mut call);
    let mut times: Vec<Duration> = (0..calls)
        .map(|index| {
            let start = Instant::now();
            call(index);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times
}

/// Prints median and 99th percentile of sorted durations.
pub(crate) fn print(what: &str, times: &[Duration]) {
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{what:<58} p50 {:>10.1?}  p99 {:>10.1?}  ({} calls)", at(0.50), at(0.99), times.len());
}

/// A name for a look-up.
pub(crate) fn name(text: &str) -> Name {
    text.into()
}
