//! What GKE's controller does, row by row.

use serde_json::{Value, json};

use crate::{
    edge::test_world::{World, ingress},
    model::Kind,
    snapshot::Blind,
};

use super::{ALLOW_HTTP, GKE_FRONTEND_CONFIG, MANAGED, OLD_PROTOCOLS, PRE_SHARED, PROTOCOLS};

const CLASS: &str = "kubernetes.io/ingress.class";
const A: &[&str] = &["a.example.com"];
const NO_HTTP: (&str, &str) = (ALLOW_HTTP, "false");
const FRONTEND: (&str, &str) = (GKE_FRONTEND_CONFIG, "secure");

fn world(frontend: &Value) -> World {
    let mut world = World::new(&[]).seen(&[Kind::FrontendConfig, Kind::Service]);
    if !frontend.is_null() {
        let config = json!({"metadata": {"name": "secure", "namespace": "shop"}, "spec": frontend});
        world.put(Kind::FrontendConfig, &config);
    }
    world
}

/// An Ingress of a class by annotation.
fn of_class(class: &str, annotations: &[(&str, &str)], tls: &[&str]) -> Value {
    let annotations: Vec<_> = std::iter::once((CLASS, class)).chain(annotations.iter().copied()).collect();
    ingress(None, &annotations, tls, A)
}

#[test]
fn port_80_stays_open_beside_tls() {
    #[allow(clippy::type_complexity, reason = "a table")]
    let rows: [(&str, &[(&str, &str)], &[&str], &str); 17] = [
        ("gce", &[], A, "served, covered"),
        ("gce", &[], &[], "served, none"),
        ("gce", &[NO_HTTP], A, "closed, covered"),
        ("gce", &[(ALLOW_HTTP, "F")], A, "closed, covered"),
        ("gce", &[(ALLOW_HTTP, "no")], A, "served, covered"),
        ("gce", &[(ALLOW_HTTP, "true")], A, "served, covered"),
        // Without a certificate either GKE refuses it: nothing is opened.
        ("gce", &[NO_HTTP], &[], "closed, none"),
        ("gce", &[(PRE_SHARED, "shop-cert")], &[], "served, covered"),
        ("gce", &[(PRE_SHARED, "shop-cert"), NO_HTTP], &[], "closed, covered"),
        ("gce", &[(MANAGED, "shop"), NO_HTTP], &[], "closed, covered"),
        // Hosts of spec.tls are ignored.
        ("gce", &[NO_HTTP], &["b.example.com"], "closed, unknown"),
        ("gce", &[NO_HTTP], &["*.example.com"], "closed, covered"),
        ("gce", &[FRONTEND], A, "redirected, covered"),
        ("gce-internal", &[], &[], "served, none"),
        ("gce-internal", &[NO_HTTP], A, "closed, covered"),
        ("gce-internal", &[], A, "unknown, covered"),
        ("gce-internal", &[FRONTEND], &[], "unknown, none"),
    ];
    let world = world(&json!({"redirectToHttps": {"enabled": true}}));
    for (class, annotations, tls, expected) in rows {
        let told = world.told(&of_class(class, annotations, tls));
        assert_eq!(told, [format!("a.example.com: {expected}")], "{class} {annotations:?} {tls:?}");
    }
}

#[test]
fn only_the_annotation_makes_an_ingress_gkes() {
    let told = world(&Value::Null).told(&ingress(Some("gce"), &[NO_HTTP], A, A));
    assert_eq!(told, ["a.example.com: unknown, covered"]);
}

#[test]
fn a_frontend_config_redirects_only_where_it_says_so() {
    let asking = of_class("gce", &[FRONTEND], A);
    let told = |frontend: Value| world(&frontend).told(&asking);
    assert_eq!(told(json!({"redirectToHttps": {"enabled": true}})), ["a.example.com: redirected, covered"]);
    assert_eq!(told(json!({"redirectToHttps": {}})), ["a.example.com: served, covered"]);
    assert_eq!(told(json!({"sslPolicy": "modern"})), ["a.example.com: served, covered"]);
    // GKE waits for it.
    assert_eq!(told(Value::Null), ["a.example.com: unknown, covered"]);
    let unseen = World::new(&[]).blind(Kind::FrontendConfig, Blind::NotInFiles(Kind::FrontendConfig));
    assert_eq!(unseen.told(&asking), ["a.example.com: unknown, covered"]);
    let needs = world(&Value::Null).rests_on(Kind::Ingress, &asking);
    assert_eq!(needs, ["get FrontendConfig shop/secure", "get IngressClass gce"]);
}

#[test]
fn without_a_policy_google_accepts_tls_1_0() {
    let settings = |frontend: Value, annotations: &[(&str, &str)], tls: &[&str]| {
        world(&frontend).settings(Kind::Ingress, &of_class("gce", annotations, tls))
    };
    let told = settings(Value::Null, &[], A);
    assert!(told[0].starts_with("TLS 1.0 (default); TLS_"), "{told:?}");
    assert!(told[0].contains("TLS_RSA_WITH_3DES_EDE_CBC_SHA (default); not asked"), "{told:?}");
    let by = "FrontendConfig shop/secure spec.sslPolicy";
    assert_eq!(
        settings(json!({"sslPolicy": "modern"}), &[FRONTEND], A),
        [format!("policy modern ({by}); policy modern ({by}); not asked (default)")]
    );
    assert!(settings(json!({"sslPolicy": ""}), &[FRONTEND], A)[0].starts_with("TLS 1.0 (default)"));
    assert!(settings(Value::Null, &[FRONTEND], A)[0].starts_with("unknown (default); unknown"));
    assert!(settings(Value::Null, &[], &[]).is_empty());
}

#[test]
fn secrets_are_those_of_spec_tls() {
    let told = world(&Value::Null).certificates(Kind::Ingress, &of_class("gce", &[], A));
    assert_eq!(told, ["shop/web-tls for a.example.com at spec.tls[0].secretName, missing: NoRoute"]);
}

#[test]
fn backends_are_plaintext_unless_the_service_names_a_protocol() {
    let start = "web:80 for a.example.com at spec.rules[0].http.paths[0].backend: ";
    let hop = |annotations: Value| {
        let mut world = world(&Value::Null);
        let ports = json!([{"name": "https", "port": 80}, {"name": "other", "port": 81}]);
        let service = json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations}, "spec": {"ports": ports},
        });
        world.put(Kind::Service, &service);
        let told = world.hops(Kind::Ingress, &of_class("gce", &[], A)).remove(0);
        told.strip_prefix(start).unwrap().to_owned()
    };
    let by = |annotation: &str| format!(r#"Service shop/web metadata.annotations["{annotation}"]"#);
    assert_eq!(hop(json!({})), "plaintext (default)");
    for protocol in ["HTTPS", "HTTP2"] {
        let asked = json!({PROTOCOLS: format!(r#"{{"https": "{protocol}"}}"#)});
        assert_eq!(hop(asked), format!("TLS ({}), not verified (default)", by(PROTOCOLS)));
    }
    assert_eq!(hop(json!({PROTOCOLS: r#"{"https": "HTTP"}"#})), format!("plaintext ({})", by(PROTOCOLS)));
    assert_eq!(hop(json!({PROTOCOLS: r#"{"other": "HTTPS"}"#})), "plaintext (default)");
    // The older annotation goes first.
    let both = json!({OLD_PROTOCOLS: r#"{"https": "HTTPS"}"#, PROTOCOLS: r#"{"https": "HTTP"}"#});
    assert_eq!(hop(both), format!("TLS ({}), not verified (default)", by(OLD_PROTOCOLS)));
    assert_eq!(hop(json!({PROTOCOLS: r#"{"https": "https"}"#})), "unknown");
    assert_eq!(hop(json!({PROTOCOLS: "HTTPS"})), "unknown");
    let missing = world(&Value::Null).hops(Kind::Ingress, &of_class("gce", &[], A));
    assert_eq!(missing, [format!("{start}unknown")]);
}

#[test]
fn a_change_of_a_frontend_config_alters_the_ingresses_that_name_it() {
    let mut world = world(&json!({}));
    world.put(Kind::Ingress, &of_class("gce", &[FRONTEND], A));
    let config = crate::model::ObjectKey::namespaced(Kind::FrontendConfig, "shop", "secure");
    let altered = crate::edge::alters(&world.snapshot, &config);
    assert_eq!(altered, [crate::model::ObjectKey::namespaced(Kind::Ingress, "shop", "web")]);
}
