//! Row by row of the encryption facts, section 2: what each object is told of, and the neighbouring one that keeps the rule.

#![allow(clippy::needless_pass_by_value, reason = "what `json!` makes is handed over")]

mod backends;
mod changes;
mod holders;
mod routes;

use serde_json::{Value, json};

use crate::{edge::test_world::World, model::Kind};

const ISTIO: &str = "istio.io/gateway-controller";

/// A world in which everything has been seen, with the `GatewayClass` `edge` of a controller and the Namespace `shop`.
fn world_of(controller: &str) -> World {
    let class = json!({"metadata": {"name": "edge"}, "spec": {"controllerName": controller}});
    let namespace = json!({"metadata": {"name": "shop", "labels": {"team": "shop"}}});
    let kinds: Vec<Kind> = Kind::all().collect();
    World::new(&[]).seen(&kinds).with([(Kind::GatewayClass, &class), (Kind::Namespace, &namespace)])
}

/// With the Gateway `infra/edge` of these listeners.
fn world(listeners: Value) -> World {
    world_of(ISTIO).with([(Kind::Gateway, &gateway(listeners))])
}

fn gateway(listeners: Value) -> Value {
    let metadata = json!({"name": "edge", "namespace": "infra"});
    json!({"metadata": metadata, "spec": {"gatewayClassName": "edge", "listeners": listeners}})
}

/// A listener that takes routes of every namespace.
fn listener(name: &str, protocol: &str, more: Value) -> Value {
    let port = if protocol == "HTTP" { 80 } else { 443 };
    let mut listener = json!({
        "name": name, "port": port, "protocol": protocol, "allowedRoutes": {"namespaces": {"from": "All"}},
    });
    if matches!(protocol, "HTTPS" | "TLS") {
        listener["tls"] = json!({"mode": "Terminate", "certificateRefs": [{"name": "edge-tls"}]});
    }
    merge(&mut listener, more);
    listener
}

fn http() -> Value {
    listener("http", "HTTP", json!({}))
}

fn https() -> Value {
    listener("https", "HTTPS", json!({}))
}

/// A route `shop/web` with one rule to the Service `web`.
fn route(parents: Value, more: Value) -> Value {
    let rules = json!([{"backendRefs": [{"name": "web", "port": 80}]}]);
    let mut route = json!({
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {"parentRefs": parents, "rules": rules},
    });
    merge(&mut route["spec"], more);
    route
}

/// `infra/edge`, with more.
fn parent(more: Value) -> Value {
    let mut parent = json!({"name": "edge", "namespace": "infra"});
    merge(&mut parent, more);
    json!([parent])
}

fn redirect(scheme: Value) -> Value {
    json!([{"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": scheme, "statusCode": 301}}]}])
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    for (key, value) in more {
        into[key] = value;
    }
}
