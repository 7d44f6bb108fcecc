//! Reviews as API servers send them.

use serde_json::{Value, json};

/// The uid of every review here.
pub(crate) const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// A bare Pod.
pub(crate) fn pod(namespace: &str, name: &str, labels: &[(&str, &str)]) -> Value {
    let labels: serde_json::Map<String, Value> =
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "registry.example/a", "ports": [{"containerPort": 8080}]}]}
    })
}

/// The creation of an object.
pub(crate) fn create(object: Value) -> Value {
    of("CREATE", object, Value::Null)
}

/// The deletion of an object, as a collection's: the request carries no name.
pub(crate) fn delete(object: Value) -> Value {
    of("DELETE", Value::Null, object)
}

/// A request about an object.
pub(crate) fn of(operation: &str, object: Value, before: Value) -> Value {
    let shown = if object.is_null() { &before } else { &object };
    let (group, version) =
        shown["apiVersion"].as_str().unwrap().split_once('/').unwrap_or(("", shown["apiVersion"].as_str().unwrap()));
    let kind = json!({"group": group, "version": version, "kind": shown["kind"]});
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": UID, "kind": kind, "requestKind": kind, "namespace": shown["metadata"]["namespace"],
            "operation": operation, "userInfo": {"username": "jane", "groups": ["system:authenticated"]},
            "object": object, "oldObject": before, "dryRun": false, "options": null,
        }
    })
}

/// The same review with one field of its request set.
pub(crate) fn with(mut review: Value, field: &str, value: Value) -> Value {
    review["request"][field] = value;
    review
}

/// The same review with one field of its request left out.
pub(crate) fn without(mut review: Value, field: &str) -> Value {
    review["request"].as_object_mut().unwrap().remove(field);
    review
}
