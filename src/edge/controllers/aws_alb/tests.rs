//! What the AWS Load Balancer Controller does, row by row.

use serde_json::{Value, json};

use crate::{
    edge::test_world::{World, check, ingress},
    model::{Kind, ObjectKey, decode},
    snapshot::Blind,
};

use super::{BACKEND_PROTOCOL, CERTIFICATES, CLIENTS, GROUP_NAME, LISTEN_PORTS, SSL_POLICY, SSL_REDIRECT};

const ALB: &str = "ingress.k8s.aws/alb";
const A: &[&str] = &["a.example.com"];
const ARN: (&str, &str) = (CERTIFICATES, "arn:aws:acm:eu-central-1:1:certificate/1");
const BOTH: (&str, &str) = (LISTEN_PORTS, r#"[{"HTTP": 80}, {"HTTPS": 443}]"#);
const REDIRECT: (&str, &str) = (SSL_REDIRECT, "443");

/// A world with the class `edge`, whose parameters are `edge-params`.
fn world(params: &Value) -> World {
    let mut world = World::new(&[]).seen(&[Kind::IngressClassParams, Kind::Service]);
    let parameters = json!({"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "edge-params"});
    let class = json!({"metadata": {"name": "edge"}, "spec": {"controller": ALB, "parameters": parameters}});
    world.put(Kind::IngressClass, &class);
    if !params.is_null() {
        world.put(Kind::IngressClassParams, &json!({"metadata": {"name": "edge-params"}, "spec": params}));
    }
    world
}

/// Another Ingress of the class `edge`.
fn other(namespace: &str, annotations: &[(&str, &str)]) -> Value {
    let mut other = ingress(Some("edge"), annotations, &[], &["b.example.com"]);
    other["metadata"]["name"] = json!("other");
    other["metadata"]["namespace"] = json!(namespace);
    other
}

#[test]
fn spec_tls_is_not_encryption() {
    check(
        ALB,
        &[
            (&[], A, A, &["a.example.com: served, none"]),
            (&[], &[], A, &["a.example.com: served, none"]),
            (&[ARN], A, A, &["a.example.com: closed, covered"]),
            (&[ARN], &[], A, &["a.example.com: closed, covered"]),
            (&[(CERTIFICATES, " , ")], A, A, &["a.example.com: served, none"]),
            (&[(LISTEN_PORTS, r#"[{"HTTPS": 443}]"#)], &[], A, &["a.example.com: closed, covered"]),
            (&[(LISTEN_PORTS, r#"[{"HTTP": 8080}]"#), ARN], A, A, &["a.example.com: served, none"]),
            (&[BOTH], A, A, &["a.example.com: served, covered"]),
            (&[BOTH, REDIRECT], &[], A, &["a.example.com: redirected, covered"]),
            (&[BOTH, ARN, REDIRECT], &[], &[""], &["*: redirected, unknown"]),
            (&[BOTH, ARN], &[], &[], &["*: served, unknown"]),
            (
                &[(LISTEN_PORTS, r#"[{"HTTPS": 443, "HTTP": 80}]"#), REDIRECT],
                &[],
                A,
                &["a.example.com: redirected, covered"],
            ),
        ],
    );
}

#[test]
fn what_the_controller_cannot_carry_out_is_in_doubt() {
    check(
        ALB,
        &[
            // Nothing opens HTTPS on the port of the redirect.
            (&[REDIRECT], A, A, &["a.example.com: unknown, none"]),
            (&[BOTH, (SSL_REDIRECT, "8443")], &[], A, &["a.example.com: unknown, covered"]),
            (&[BOTH, (SSL_REDIRECT, "true")], &[], A, &["a.example.com: unknown, covered"]),
            (&[(LISTEN_PORTS, "443")], &[], A, &["a.example.com: unknown, unknown"]),
            (&[(LISTEN_PORTS, "[]")], &[], A, &["a.example.com: unknown, unknown"]),
            (&[(LISTEN_PORTS, r#"[{"TLS": 443}]"#)], &[], A, &["a.example.com: unknown, unknown"]),
            (&[(LISTEN_PORTS, r#"[{"HTTPS": 0}]"#)], &[], A, &["a.example.com: unknown, unknown"]),
        ],
    );
}

#[test]
fn one_ingress_of_a_group_redirects_for_all() {
    const GROUP: (&str, &str) = (GROUP_NAME, "shared");
    let mine = ingress(Some("edge"), &[BOTH, GROUP], &[], A);
    let redirecting = [BOTH, GROUP, REDIRECT];
    for (other, expected) in [
        (other("elsewhere", &redirecting), "redirected"),
        (other("elsewhere", &[BOTH, GROUP]), "served"),
        (other("elsewhere", &[BOTH, (GROUP_NAME, "another"), REDIRECT]), "served"),
        (other("elsewhere", &[BOTH, REDIRECT]), "served"),
        // It brings the HTTPS port of the redirect along.
        (other("elsewhere", &[GROUP, ARN, REDIRECT]), "redirected"),
        (other("elsewhere", &[GROUP, (LISTEN_PORTS, "443")]), "unknown"),
    ] {
        let mut world = World::new(&[("edge", ALB), ("another", "k8s.io/ingress-nginx")]);
        world.put(Kind::Ingress, &other);
        assert_eq!(world.told(&mine), [format!("a.example.com: {expected}, covered")], "{other}");
    }
    let mut foreign = other("elsewhere", &redirecting);
    foreign["spec"]["ingressClassName"] = json!("another");
    let mut leaving = other("elsewhere", &redirecting);
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    for no_member in [foreign, leaving] {
        let mut world = World::new(&[("edge", ALB), ("another", "k8s.io/ingress-nginx")]);
        world.put(Kind::Ingress, &no_member);
        assert_eq!(world.told(&mine), ["a.example.com: served, covered"], "{no_member}");
    }
}

#[test]
fn a_group_that_contradicts_itself_or_is_unseen_is_in_doubt() {
    const GROUP: (&str, &str) = (GROUP_NAME, "shared");
    let mine = ingress(Some("edge"), &[BOTH, GROUP, REDIRECT], &[], A);
    for contradicting in [
        other("shop", &[(LISTEN_PORTS, r#"[{"HTTPS": 8443}]"#), GROUP, (SSL_REDIRECT, "8443")]),
        other("shop", &[(LISTEN_PORTS, r#"[{"HTTP": 443}]"#), GROUP]),
    ] {
        let mut world = World::new(&[("edge", ALB)]);
        world.put(Kind::Ingress, &contradicting);
        assert_eq!(world.told(&mine), ["a.example.com: unknown, covered"], "{contradicting}");
    }
    let plain = ingress(Some("edge"), &[BOTH, GROUP], &[], A);
    let blind = World::new(&[("edge", ALB)]).blind(Kind::Ingress, Blind::Forbidden(Kind::Ingress));
    assert_eq!(blind.told(&plain), ["a.example.com: unknown, covered"]);
    assert_eq!(blind.told(&mine), ["a.example.com: redirected, covered"]);
    let alone = ingress(Some("edge"), &[BOTH], &[], A);
    assert_eq!(blind.told(&alone), ["a.example.com: served, covered"]);
    assert_eq!(
        World::new(&[("edge", ALB)]).rests_on(Kind::Ingress, &plain),
        ["list ingresses in shop", "get IngressClass edge"]
    );
}

#[test]
fn parameters_of_the_class_go_before_annotations() {
    let plain = ingress(Some("edge"), &[], &[], A);
    let both = ingress(Some("edge"), &[BOTH], &[], A);
    let told = |params: Value, ingress: &Value| world(&params).told(ingress);
    assert_eq!(told(json!({}), &plain), ["a.example.com: served, none"]);
    assert_eq!(told(json!({"certificateArn": ["arn:1"]}), &plain), ["a.example.com: closed, covered"]);
    assert_eq!(told(json!({"sslRedirectPort": "443"}), &both), ["a.example.com: redirected, covered"]);
    // What is no number there turns redirects off.
    let redirecting = ingress(Some("edge"), &[BOTH, REDIRECT], &[], A);
    assert_eq!(told(json!({"sslRedirectPort": "https"}), &redirecting), ["a.example.com: served, covered"]);
    // Without its parameters the class is served by nobody.
    assert_eq!(told(Value::Null, &plain), ["a.example.com: unknown, unknown"]);
    let unseen = world(&Value::Null).blind(Kind::IngressClassParams, Blind::NotInFiles(Kind::IngressClassParams));
    assert_eq!(unseen.told(&both), ["a.example.com: unknown, covered"]);
    assert_eq!(unseen.told(&redirecting), ["a.example.com: redirected, covered"]);
    // By the annotation there are no parameters.
    let by_annotation = ingress(None, &[("kubernetes.io/ingress.class", "edge")], &[], A);
    assert_eq!(told(json!({"certificateArn": ["arn:1"]}), &by_annotation), ["a.example.com: served, none"]);
}

#[test]
fn a_class_may_be_one_group() {
    let params = json!({"group": {"name": "shared"}});
    let mine = ingress(Some("edge"), &[BOTH, (GROUP_NAME, "ignored")], &[], A);
    let mut world = world(&params);
    assert_eq!(world.told(&mine), ["a.example.com: served, covered"]);
    world.put(Kind::Ingress, &other("elsewhere", &[BOTH, REDIRECT]));
    assert_eq!(world.told(&mine), ["a.example.com: redirected, covered"]);
    world.put(Kind::Ingress, &mine);
    let altered = |key: &ObjectKey| crate::edge::alters(&world.snapshot, key);
    let own = decode::value(Kind::Ingress, &mine).unwrap().key();
    let theirs = ObjectKey::namespaced(Kind::Ingress, "elsewhere", "other");
    assert_eq!(altered(&theirs), std::slice::from_ref(&own));
    assert_eq!(altered(&ObjectKey::cluster(Kind::IngressClassParams, "edge-params")), [theirs, own]);
}

#[test]
fn versions_and_ciphers_are_those_of_a_policy_of_aws() {
    const POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";
    let told = |world: &World, annotations: &[(&str, &str)]| {
        world.settings(Kind::Ingress, &ingress(Some("edge"), annotations, &[], A))
    };
    let mut world = world(&json!({}));
    let old =
        "policy ELBSecurityPolicy-2016-08 (default); policy ELBSecurityPolicy-2016-08 (default); not asked (default)";
    assert_eq!(told(&world, &[BOTH]), [old]);
    assert!(told(&world, &[]).is_empty(), "there is no HTTPS port");
    let at = format!(r#"metadata.annotations["{SSL_POLICY}"]"#);
    let set = format!("policy {POLICY} ({at}); policy {POLICY} ({at}); not asked (default)");
    assert_eq!(told(&world, &[BOTH, (SSL_POLICY, POLICY)]), [set]);
    world.settings.controllers.entry(ALB.into()).or_default().tls_policy = Some(POLICY.into());
    let vouched = format!("policy {POLICY} (ruleset); policy {POLICY} (ruleset); not asked (default)");
    assert_eq!(told(&world, &[BOTH]), [vouched]);
    let world = self::world(&json!({"sslPolicy": POLICY}));
    let at = "IngressClassParams edge-params spec.sslPolicy";
    let of_class = format!("policy {POLICY} ({at}); policy {POLICY} ({at}); not asked (default)");
    assert_eq!(told(&world, &[BOTH, (SSL_POLICY, "ELBSecurityPolicy-2016-08")]), [of_class]);
}

#[test]
fn a_group_shares_the_policy_of_a_port() {
    const POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";
    const GROUP: (&str, &str) = (GROUP_NAME, "shared");
    let mine = ingress(Some("edge"), &[BOTH, GROUP], &[], A);
    let mut world = World::new(&[("edge", ALB)]);
    world.put(Kind::Ingress, &other("shop", &[BOTH, GROUP, (SSL_POLICY, POLICY)]));
    let at = format!(r#"Ingress shop/other metadata.annotations["{SSL_POLICY}"]"#);
    assert_eq!(
        world.settings(Kind::Ingress, &mine),
        [format!("policy {POLICY} ({at}); policy {POLICY} ({at}); not asked (default)")]
    );
    let contrary = ingress(Some("edge"), &[BOTH, GROUP, (SSL_POLICY, "ELBSecurityPolicy-2016-08")], &[], A);
    assert_eq!(world.settings(Kind::Ingress, &contrary), ["unknown (default); unknown (default); not asked (default)"]);
    // On another port the policy of the first one does not hold.
    let ports = (LISTEN_PORTS, r#"[{"HTTPS": 443}, {"HTTPS": 8443}]"#);
    let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &[ports, GROUP], &[], A));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with(&format!("443: policy {POLICY}")), "{told:?}");
    assert!(told[1].starts_with("8443: policy ELBSecurityPolicy-2016-08 (default)"), "{told:?}");
}

#[test]
fn clients_show_certificates_where_a_port_verifies_them() {
    let world = World::new(&[("edge", ALB)]);
    let told = |mode: &str| {
        let annotations = [BOTH, (CLIENTS, mode)];
        world.settings(Kind::Ingress, &ingress(Some("edge"), &annotations, &[], A)).remove(0)
    };
    assert!(told(r#"[{"port": 443, "mode": "verify", "trustStore": "t"}]"#).contains("; required ("));
    assert!(told(r#"[{"port": 443, "mode": "passthrough"}]"#).contains("; optional: "));
    assert!(told(r#"[{"port": 443, "mode": "off"}]"#).contains("; not asked ("));
    assert!(told(r#"[{"port": 8443, "mode": "verify"}]"#).contains("; not asked (default)"));
    assert!(told("verify").contains("; unknown ("));
}

#[test]
fn its_certificates_are_no_secrets() {
    let told = World::new(&[("edge", ALB)]).certificates(Kind::Ingress, &ingress(Some("edge"), &[BOTH], A, A));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn backends_are_plaintext_unless_asked_otherwise_and_never_verified() {
    const HTTPS: (&str, &str) = (BACKEND_PROTOCOL, "HTTPS");
    let service = |annotations: Value| {
        let port = json!({"port": 80});
        json!({"metadata": {"name": "web", "namespace": "shop", "annotations": annotations}, "spec": {"ports": [port]}})
    };
    let hop = |service: Option<Value>, annotations: &[(&str, &str)]| {
        let mut world = world(&json!({}));
        if let Some(service) = &service {
            world.put(Kind::Service, service);
        }
        world.hops(Kind::Ingress, &ingress(Some("edge"), annotations, &[], A)).remove(0)
    };
    let at = format!(r#"metadata.annotations["{BACKEND_PROTOCOL}"]"#);
    let start = "web:80 for a.example.com at spec.rules[0].http.paths[0].backend: ";
    assert_eq!(hop(Some(service(json!({}))), &[]), format!("{start}plaintext (default)"));
    assert_eq!(hop(Some(service(json!({}))), &[HTTPS]), format!("{start}TLS ({at}), not verified (default)"));
    // The Service's own word goes first.
    let plain = service(json!({BACKEND_PROTOCOL: "HTTP"}));
    assert_eq!(hop(Some(plain), &[HTTPS]), format!("{start}plaintext (Service shop/web {at})"));
    let secure = service(json!({BACKEND_PROTOCOL: "HTTPS"}));
    assert_eq!(hop(Some(secure), &[]), format!("{start}TLS (Service shop/web {at}), not verified (default)"));
    assert_eq!(hop(Some(service(json!({}))), &[(BACKEND_PROTOCOL, "https")]), format!("{start}unknown"));
    assert_eq!(hop(None, &[HTTPS]), format!("{start}unknown"));
}

#[test]
fn the_old_way_to_redirect_counts_where_it_goes_first() {
    const ACTION: &str = "alb.ingress.kubernetes.io/actions.ssl-redirect";
    const TO_HTTPS: &str =
        r#"{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}"#;
    let redirect = |path: &str, kind: &str| {
        let backend = json!({"service": {"name": "ssl-redirect", "port": {"name": "use-annotation"}}});
        json!({"path": path, "pathType": kind, "backend": backend})
    };
    let web = |path: &str, kind: &str| json!({"path": path, "pathType": kind, "backend": {"service": {"name": "web", "port": {"number": 80}}}});
    let told = |action: &str, paths: Value| {
        let mut object = ingress(Some("edge"), &[BOTH, (ACTION, action)], &[], A);
        object["spec"]["rules"][0]["http"]["paths"] = paths;
        World::new(&[("edge", ALB)]).told(&object).remove(0)
    };
    let wild = "ImplementationSpecific";
    let first = json!([redirect("/*", wild), web("/*", wild)]);
    assert_eq!(told(TO_HTTPS, first.clone()), "a.example.com: redirected, covered");
    // A redirect to where the request came from, and an answer.
    assert_eq!(
        told(r#"{"type": "redirect", "redirectConfig": {"host": "b"}}"#, first.clone()),
        "a.example.com: served, covered"
    );
    assert_eq!(told(r#"{"type": "fixed-response"}"#, first), "a.example.com: served, covered");
    // Paths without wildcards go before it.
    assert_eq!(told(TO_HTTPS, json!([redirect("/*", wild), web("/", "Prefix")])), "a.example.com: unknown, covered");
    assert_eq!(told(TO_HTTPS, json!([web("/*", wild), redirect("/*", wild)])), "a.example.com: unknown, covered");
    assert_eq!(told(TO_HTTPS, json!([redirect("/", "Prefix")])), "a.example.com: unknown, covered");
}
