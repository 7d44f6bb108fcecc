//! What OpenShift's routers do, row by row.

use serde_json::{Value, json};

use crate::{
    edge::{
        surface,
        test_world::{World, check, ingress},
    },
    model::{Kind, TlsVersion, decode},
};

use super::NAME;

const TERMINATION: &str = "route.openshift.io/termination";
const A: &[&str] = &["a.example.com"];

/// A Route `shop/web` with this `spec.tls`.
fn route(tls: &Value) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"host": "a.example.com", "to": {"kind": "Service", "name": "web"}, "port": {"targetPort": 8080}, "tls": tls},
    })
}

fn told(route: &Value) -> String {
    World::new(&[]).listeners(Kind::OpenShiftRoute, route).remove(0)
}

#[test]
fn an_ingress_needs_an_entry_for_exactly_the_host() {
    check(
        NAME,
        &[
            (&[], A, A, &["a.example.com: redirected, covered"]),
            (&[], &["*.example.com"], A, &["a.example.com: served, none"]),
            (&[], &["*.example.com"], &["*.example.com"], &["*.example.com: redirected, covered"]),
            (&[], &["b.example.com"], A, &["a.example.com: served, none"]),
            (&[], &[], A, &["a.example.com: served, none"]),
            // An entry with a Secret and without hosts is not literally empty.
            (&[], &[""], A, &["a.example.com: served, none"]),
            (&[(TERMINATION, "edge")], &[], A, &["a.example.com: redirected, unknown"]),
            (&[(TERMINATION, "reencrypt")], A, A, &["a.example.com: redirected, covered"]),
            (&[(TERMINATION, "passthrough")], &[], A, &["a.example.com: redirected, covered"]),
            (&[(TERMINATION, "Edge")], &[], A, &["a.example.com: served, none"]),
            // No Route is made without a host.
            (&[], A, &[""], &[]),
            (&[], &[], &[], &[]),
        ],
    );
    let mut empty = ingress(Some("edge"), &[], &[], A);
    empty["spec"]["tls"] = json!([{}]);
    assert_eq!(World::new(&[("edge", NAME)]).told(&empty), ["a.example.com: redirected, unknown"]);
}

#[test]
fn a_missing_secret_leaves_an_ingress_without_a_route() {
    let world = World::new(&[("edge", NAME)]);
    let certificates =
        |annotations: &[(&str, &str)]| world.certificates(Kind::Ingress, &ingress(Some("edge"), annotations, A, A));
    assert_eq!(certificates(&[]), ["shop/web-tls for a.example.com at spec.tls[0].secretName, missing: NoRoute"]);
    assert!(certificates(&[(TERMINATION, "passthrough")]).is_empty());
}

#[test]
fn behind_an_ingress_traffic_is_as_its_termination_says() {
    let world = World::new(&[("edge", NAME)]);
    let start = "web:80 for a.example.com at spec.rules[0].http.paths[0].backend: ";
    let by = format!(r#"metadata.annotations["{TERMINATION}"]"#);
    for (termination, expected) in [
        (None, "plaintext (default)".to_owned()),
        (Some("edge"), format!("plaintext ({by})")),
        (Some("reencrypt"), format!("TLS ({by}), verified")),
        (Some("passthrough"), "passed through".to_owned()),
    ] {
        let annotations: Vec<_> = termination.iter().map(|value| (TERMINATION, *value)).collect();
        let hops = world.hops(Kind::Ingress, &ingress(Some("edge"), &annotations, A, A));
        assert_eq!(hops, [format!("{start}{expected}")], "{termination:?}");
    }
}

#[test]
fn a_route_serves_plaintext_without_tls_or_where_it_is_allowed() {
    for (tls, expected) in [
        (Value::Null, "served, none"),
        (json!({"termination": "edge", "certificate": "x"}), "closed, covered"),
        (json!({"termination": "edge", "certificate": "x", "insecureEdgeTerminationPolicy": ""}), "closed, covered"),
        (
            json!({"termination": "edge", "certificate": "x", "insecureEdgeTerminationPolicy": "None"}),
            "closed, covered",
        ),
        (
            json!({"termination": "edge", "certificate": "x", "insecureEdgeTerminationPolicy": "Redirect"}),
            "redirected, covered",
        ),
        (
            json!({"termination": "edge", "certificate": "x", "insecureEdgeTerminationPolicy": "Allow"}),
            "served, covered",
        ),
        (json!({"termination": "reencrypt", "externalCertificate": {"name": "web-tls"}}), "closed, covered"),
        (json!({"termination": "passthrough"}), "closed, covered"),
        (json!({"termination": "edge"}), "closed, unknown"),
    ] {
        assert_eq!(told(&route(&tls)), format!("a.example.com: {expected}"), "{tls}");
    }
}

#[test]
fn the_routers_own_certificate_names_what_is_below_its_domain() {
    let mut route = route(&json!({"termination": "edge"}));
    route["spec"]["host"] = json!("web-shop.apps.example.com");
    route["status"] = json!({"ingress": [{"routerCanonicalHostname": "router-default.apps.example.com"}]});
    assert_eq!(told(&route), "web-shop.apps.example.com: closed, covered");
    route["spec"]["host"] = json!("shop.example.com");
    assert_eq!(told(&route), "shop.example.com: closed, unknown");
    route["spec"]["host"] = Value::Null;
    assert_eq!(told(&route), "*: closed, covered");
    route["spec"]["host"] = json!("www.example.com");
    route["spec"]["wildcardPolicy"] = json!("Subdomain");
    assert_eq!(told(&route), "*.example.com: closed, unknown");
}

#[test]
fn behind_a_route_traffic_is_as_its_termination_says() {
    let hops = |tls: Value| World::new(&[]).hops(Kind::OpenShiftRoute, &route(&tls));
    let start = "web:8080 for a.example.com at spec.to.name: ";
    let by = "spec.tls.termination";
    assert_eq!(hops(Value::Null), [format!("{start}plaintext (spec)")]);
    assert_eq!(hops(json!({"termination": "edge"})), [format!("{start}plaintext ({by})")]);
    assert_eq!(hops(json!({"termination": "reencrypt"})), [format!("{start}TLS ({by}), verified")]);
    assert_eq!(hops(json!({"termination": "passthrough"})), [format!("{start}passed through")]);
    let mut several = route(&Value::Null);
    several["spec"]["alternateBackends"] = json!([{"name": "old", "weight": 0}, {"kind": "Service", "name": "new"}]);
    let hops = World::new(&[]).hops(Kind::OpenShiftRoute, &several);
    assert_eq!(hops[1], "new:8080 for a.example.com at spec.alternateBackends[1].name: plaintext (spec)");
    assert_eq!(hops.len(), 2);
}

#[test]
fn a_route_uses_the_secret_of_its_external_certificate() {
    let used = |tls: Value| World::new(&[]).certificates(Kind::OpenShiftRoute, &route(&tls));
    let external = json!({"termination": "edge", "externalCertificate": {"name": "web-tls"}});
    assert_eq!(
        used(external),
        ["shop/web-tls for a.example.com at spec.tls.externalCertificate.name, missing: NoRoute"]
    );
    assert!(used(json!({"termination": "edge", "certificate": "x", "key": "y"})).is_empty());
}

#[test]
fn versions_are_those_of_the_profile_unless_the_ruleset_says_otherwise() {
    let object = route(&json!({"termination": "edge"}));
    let mut world = World::new(&[("edge", NAME)]);
    assert!(world.settings(Kind::OpenShiftRoute, &object)[0].starts_with("TLS 1.2 (default); ECDHE-"));
    world.settings.controllers.entry(NAME.into()).or_default().oldest_tls = Some(TlsVersion::Tls10);
    assert!(world.settings(Kind::OpenShiftRoute, &object)[0].starts_with("TLS 1.0 (ruleset); "));
    let by_ingress = ingress(Some("edge"), &[], A, A);
    assert!(world.settings(Kind::Ingress, &by_ingress)[0].starts_with("TLS 1.0 (ruleset); "));
    for without in [Value::Null, json!({"termination": "passthrough"})] {
        assert!(world.settings(Kind::OpenShiftRoute, &route(&without)).is_empty(), "{without}");
    }
    assert!(world.settings(Kind::Ingress, &ingress(Some("edge"), &[], &[], A)).is_empty());
}

#[test]
fn a_route_that_an_ingress_made_is_judged_at_the_ingress_unless_it_serves_more() {
    let judged = |ingress: &Value, change: &dyn Fn(&mut Value)| {
        let mut made = route(&Value::Null);
        made["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web", "uid": "u", "controller": true,
        }]);
        made["spec"]["path"] = json!("/");
        change(&mut made);
        let mut world = World::new(&[("edge", NAME)]);
        world.put(Kind::Ingress, ingress);
        let object = decode::value(Kind::OpenShiftRoute, &made).unwrap();
        let vouched = crate::edge::Vouched {
            controllers_of_classes: &world.classes,
            refuses_plaintext: &world.refuses,
            settings: &world.settings,
        };
        surface(&world.snapshot, vouched, &object).is_some()
    };
    let plain = ingress(Some("edge"), &[], &[], A);
    let secure = ingress(Some("edge"), &[], A, A);
    let redirect = |policy: &'static str| {
        move |made: &mut Value| {
            made["spec"]["tls"] = json!({"termination": "edge", "insecureEdgeTerminationPolicy": policy});
        }
    };
    assert!(!judged(&plain, &|_| {}));
    assert!(!judged(&secure, &redirect("Redirect")));
    // Somebody has edited it, or made it up.
    assert!(judged(&secure, &redirect("Allow")));
    assert!(judged(&secure, &|_| {}));
    assert!(judged(&plain, &|made| made["spec"]["host"] = json!("b.example.com")));
    assert!(judged(&plain, &|made| made["spec"]["path"] = json!("/admin")));
    assert!(judged(&plain, &|made| made["spec"]["to"]["name"] = json!("admin")));
    assert!(judged(&plain, &|made| made["metadata"]["ownerReferences"][0]["controller"] = json!(false)));
    assert!(judged(&plain, &|made| made["metadata"]["ownerReferences"][0]["name"] = json!("gone")));
}

#[test]
fn a_private_key_in_a_route_is_known_and_never_kept() {
    const KEY: &str = "-----BEGIN PRIVATE KEY-----hunter2";
    let object = decode::value(Kind::OpenShiftRoute, &route(&json!({"termination": "edge", "key": KEY}))).unwrap();
    let shown = format!("{object:?}");
    assert!(shown.contains("has_inline_key: true"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let none = decode::value(Kind::OpenShiftRoute, &route(&json!({"termination": "edge", "key": ""}))).unwrap();
    assert!(format!("{none:?}").contains("has_inline_key: false"));
    let wrong = json!({"termination": "edge", "key": {"hunter2": "hunter2"}});
    let error = decode::value(Kind::OpenShiftRoute, &route(&wrong)).unwrap_err();
    assert_eq!(error.to_string(), "spec.tls.key: expected a text");
}
