//! What becomes of traffic behind a Gateway.

use serde_json::{Value, json};

use super::*;

fn service(app: Value) -> Value {
    let ports = json!([{"name": "http", "port": 80, "appProtocol": app}, {"name": "admin", "port": 81}]);
    json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"ports": ports}})
}

fn policy(name: &str, created: &str, section: Value) -> Value {
    let target = json!({"group": "", "kind": "Service", "name": "web", "sectionName": section});
    json!({
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": created},
        "spec": {"targetRefs": [target], "validation": {"hostname": "web.shop", "wellKnownCACertificates": "System"}},
    })
}

fn protection(world: &World, kind: Kind, route: &Value) -> String {
    let hops = world.hops(kind, route);
    assert_eq!(hops.len(), 1, "{hops:?}");
    hops[0].split_once(": ").unwrap().1.to_owned()
}

fn plain() -> Value {
    route(parent(json!({})), json!({}))
}

#[test]
fn the_way_to_the_backend_is_plaintext_unless_a_policy_or_the_port_says_otherwise() {
    let of = |app: Value| {
        protection(&world(json!([https()])).with([(Kind::Service, &service(app))]), Kind::HTTPRoute, &plain())
    };
    assert_eq!(of(Value::Null), "plaintext (default)");
    for clear in ["kubernetes.io/h2c", "kubernetes.io/ws", "http"] {
        assert_eq!(of(json!(clear)), "plaintext (Service shop/web spec.ports[0].appProtocol)", "{clear}");
    }
    for tls in ["https", "kubernetes.io/wss"] {
        assert_eq!(of(json!(tls)), "TLS (Service shop/web spec.ports[0].appProtocol), perhaps verified", "{tls}");
    }
    let hops = world(json!([https()])).with([(Kind::Service, &service(Value::Null))]);
    let route = route(parent(json!({})), json!({"hostnames": ["shop.example.com"]}));
    assert_eq!(
        hops.hops(Kind::HTTPRoute, &route),
        ["web:80 for shop.example.com at spec.rules[0].backendRefs[0]: plaintext (default)"]
    );
}

#[test]
fn a_policy_for_the_service_or_its_port_means_verified_tls() {
    let with = |policies: &[Value]| {
        let world = world(json!([https()])).with([(Kind::Service, &service(Value::Null))]);
        protection(
            &world.with(policies.iter().map(|policy| (Kind::BackendTLSPolicy, policy))),
            Kind::HTTPRoute,
            &plain(),
        )
    };
    let by = |name: &str| format!("TLS (BackendTLSPolicy shop/{name} spec.validation), verified");
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    assert_eq!(with(&[policy("a", early, Value::Null)]), by("a"));
    assert_eq!(with(&[policy("a", early, json!("http"))]), by("a"));
    assert_eq!(with(&[policy("a", early, json!("admin"))]), "plaintext (default)");
    // The oldest, then the first by name; one that names the port before one that does not.
    assert_eq!(with(&[policy("a", late, Value::Null), policy("b", early, Value::Null)]), by("b"));
    assert_eq!(with(&[policy("b", early, Value::Null), policy("a", early, Value::Null)]), by("a"));
    assert_eq!(with(&[policy("a", early, Value::Null), policy("b", late, json!("http"))]), by("b"));
    let mut elsewhere = policy("a", early, Value::Null);
    elsewhere["metadata"]["namespace"] = json!("other");
    assert_eq!(with(&[elsewhere]), "plaintext (default)");
}

#[test]
fn tls_that_is_ended_is_plaintext_behind_and_tls_that_is_passed_on_is_not() {
    let of = |kind: Kind, protocol: &str, mode: &str, app: Value| {
        let tls = if protocol == "TLS" { json!({"tls": {"mode": mode}}) } else { json!({}) };
        let world = world(json!([listener("in", protocol, tls)])).with([(Kind::Service, &service(app))]);
        protection(&world, kind, &plain())
    };
    assert_eq!(of(Kind::TLSRoute, "TLS", "Passthrough", Value::Null), "passed through");
    assert_eq!(of(Kind::TLSRoute, "TLS", "Terminate", Value::Null), "plaintext (default)");
    assert_eq!(of(Kind::TCPRoute, "TLS", "Terminate", Value::Null), "plaintext (default)");
    assert_eq!(of(Kind::TCPRoute, "TCP", "", Value::Null), "unknown");
    assert_eq!(of(Kind::TCPRoute, "TCP", "", json!("tls")), "passed through");
    assert_eq!(of(Kind::TCPRoute, "TCP", "", json!("http")), "plaintext (Service shop/web spec.ports[0].appProtocol)");
}

#[test]
fn what_is_not_seen_of_the_backend_is_in_doubt() {
    use crate::snapshot::Blind;
    let absent = world(json!([https()]));
    assert_eq!(protection(&absent, Kind::HTTPRoute, &plain()), "unknown");
    let here = || world(json!([https()])).with([(Kind::Service, &service(Value::Null))]);
    let kind = Kind::BackendTLSPolicy;
    assert_eq!(protection(&here().blind(kind, Blind::Stale(kind)), Kind::HTTPRoute, &plain()), "unknown");
    assert_eq!(
        protection(&here().blind(kind, Blind::NotServed(kind)), Kind::HTTPRoute, &plain()),
        "plaintext (default)"
    );
}
