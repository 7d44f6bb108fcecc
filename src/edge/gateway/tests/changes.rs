//! Whom a change concerns.

use serde_json::{Value, json};

use super::*;
use crate::{edge::alters, model::ObjectKey};

fn concerned(world: &World, key: &ObjectKey) -> Vec<String> {
    let mut keys: Vec<String> = alters(&world.snapshot, key).iter().map(ToString::to_string).collect();
    keys.sort();
    keys.dedup();
    keys
}

fn set() -> Value {
    json!({
        "metadata": {"name": "more", "namespace": "shop"},
        "spec": {"parentRef": {"name": "edge", "namespace": "infra"}, "listeners": [https()]},
    })
}

fn behind_set() -> Value {
    let mut route = route(json!([{"kind": "ListenerSet", "name": "more"}]), json!({}));
    route["metadata"]["name"] = json!("other");
    route
}

fn full(listeners: Value, allowed: Value) -> World {
    let mut gateway = gateway(listeners);
    gateway["spec"]["allowedListeners"] = json!({"namespaces": allowed});
    world_of(ISTIO).with([
        (Kind::Gateway, &gateway),
        (Kind::ListenerSet, &set()),
        (Kind::HTTPRoute, &route(parent(json!({})), json!({}))),
        (Kind::GRPCRoute, &behind_set()),
    ])
}

#[test]
fn a_gateway_and_its_class_concern_every_route_behind_it() {
    let world = full(json!([https()]), json!({"from": "All"}));
    let routes = ["GRPCRoute shop/other", "HTTPRoute shop/web"];
    let gateway = ObjectKey::namespaced(Kind::Gateway, "infra", "edge");
    assert_eq!(concerned(&world, &gateway), [&routes[..], &["ListenerSet shop/more"]].concat());
    let class = ObjectKey::cluster(Kind::GatewayClass, "edge");
    assert_eq!(
        concerned(&world, &class),
        ["GRPCRoute shop/other", "Gateway infra/edge", "HTTPRoute shop/web", "ListenerSet shop/more"]
    );
    assert_eq!(concerned(&world, &ObjectKey::namespaced(Kind::ListenerSet, "shop", "more")), ["GRPCRoute shop/other"]);
}

#[test]
fn a_namespace_concerns_what_its_labels_let_in() {
    let namespace = ObjectKey::cluster(Kind::Namespace, "shop");
    let by_labels = json!({"from": "Selector", "selector": {"matchLabels": {"team": "shop"}}});
    assert!(concerned(&full(json!([https()]), json!({"from": "All"})), &namespace).is_empty());
    let labelled = listener("https", "HTTPS", json!({"allowedRoutes": {"namespaces": by_labels}}));
    assert_eq!(concerned(&full(json!([labelled]), json!({})), &namespace), ["HTTPRoute shop/web"]);
    assert_eq!(concerned(&full(json!([https()]), by_labels), &namespace), ["GRPCRoute shop/other"]);
}

#[test]
fn a_grant_concerns_the_gateways_that_refer_into_its_namespace() {
    let elsewhere = json!({"tls": {"certificateRefs": [{"name": "edge-tls", "namespace": "certs"}]}});
    let world = full(json!([listener("https", "HTTPS", elsewhere)]), json!({}));
    let grant = |namespace: &str| ObjectKey::namespaced(Kind::ReferenceGrant, namespace, "any");
    assert_eq!(concerned(&world, &grant("certs")), ["Gateway infra/edge"]);
    assert!(concerned(&world, &grant("infra")).is_empty());
}

#[test]
fn a_policy_of_backends_concerns_the_routes_to_its_services() {
    let policy = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"targetRefs": [{"group": "", "kind": "Service", "name": "web"}], "validation": {"hostname": "web"}},
    });
    let world = full(json!([https()]), json!({})).with([(Kind::BackendTLSPolicy, &policy)]);
    let key = ObjectKey::namespaced(Kind::BackendTLSPolicy, "shop", "web");
    assert_eq!(concerned(&world, &key), ["GRPCRoute shop/other", "HTTPRoute shop/web"]);
}

#[test]
fn a_route_concerns_the_gateway_that_must_have_certificates_for_its_hosts() {
    let key = ObjectKey::namespaced(Kind::HTTPRoute, "shop", "web");
    assert_eq!(concerned(&full(json!([https()]), json!({})), &key), ["Gateway infra/edge"]);
    let own = listener("https", "HTTPS", json!({"hostname": "*.example.com"}));
    assert!(concerned(&full(json!([own, http()]), json!({})), &key).is_empty());
}
