//! What haproxy-ingress does, row by row.

use serde_json::{Value, json};

use crate::{
    edge::test_world::{World, check, ingress},
    model::Kind,
    snapshot::Blind,
};

const HAPROXY: &str = "haproxy-ingress.github.io/controller";
const A: &[&str] = &["a.example.com"];

#[test]
fn hosts_with_tls_are_redirected_unless_it_is_turned_off() {
    const OFF: (&str, &str) = ("haproxy-ingress.github.io/ssl-redirect", "false");
    const OLD_OFF: (&str, &str) = ("ingress.kubernetes.io/ssl-redirect", "false");
    const ON: (&str, &str) = ("haproxy-ingress.github.io/ssl-redirect", "true");
    const ALWAYS: (&str, &str) = ("haproxy-ingress.github.io/ssl-always-add-https", "true");
    const PASSED: (&str, &str) = ("haproxy-ingress.github.io/ssl-passthrough", "true");
    const PORT: (&str, &str) = ("haproxy-ingress.github.io/ssl-passthrough-http-port", "8080");
    const NOT_FOLLOWED: (&str, &str) = ("haproxy-ingress.github.io/ssl-always-follow-redirect", "false");
    check(
        HAPROXY,
        &[
            (&[], A, A, &["a.example.com: redirected, covered"]),
            (&[], &[], A, &["a.example.com: served, none"]),
            (&[ON], &[], A, &["a.example.com: served, none"]),
            // Host by host, and literally.
            (&[], &["b.example.com"], A, &["a.example.com: served, none"]),
            (&[], &["*.example.com"], A, &["a.example.com: served, none"]),
            (&[], &["*.example.com"], &["*.example.com"], &["*.example.com: redirected, covered"]),
            (&[], &[""], A, &["a.example.com: served, none"]),
            (
                &[],
                A,
                &["a.example.com", "b.example.com"],
                &["a.example.com: redirected, covered", "b.example.com: served, none"],
            ),
            (&[OFF], A, A, &["a.example.com: served, covered"]),
            (&[OLD_OFF], A, A, &["a.example.com: served, covered"]),
            (&[ON, OLD_OFF], A, A, &["a.example.com: redirected, covered"]),
            (&[("haproxy-ingress.github.io/ssl-redirect", "no")], A, A, &["a.example.com: redirected, covered"]),
            (&[("haproxy-ingress.github.io/ssl-redirect", "0")], A, A, &["a.example.com: served, covered"]),
            (&[ALWAYS], &[], A, &["a.example.com: redirected, unknown"]),
            (&[ALWAYS, OFF], &[], A, &["a.example.com: served, unknown"]),
            (&[ALWAYS, NOT_FOLLOWED], &[], A, &["a.example.com: served, unknown"]),
            (&[], A, &[""], &["*: served, none"]),
            (&[], A, &[], &["*: served, none"]),
            (&[PASSED], &[], A, &["a.example.com: redirected, unknown"]),
            (&[PASSED, PORT], &[], A, &["a.example.com: served, unknown"]),
            (&[("haproxy-ingress.github.io/tcp-service-port", "5432")], A, A, &["a.example.com: unknown, unknown"]),
        ],
    );
}

#[test]
fn what_is_not_the_root_of_a_host_is_never_passed_through() {
    let world = World::new(&[("edge", HAPROXY)]);
    let mut object = ingress(Some("edge"), &[("haproxy-ingress.github.io/ssl-passthrough", "true")], &[], A);
    object["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/api");
    assert_eq!(world.told(&object), ["a.example.com: served, unknown"]);
}

#[test]
fn another_ingress_of_the_host_may_bring_its_tls() {
    let mut other = ingress(Some("edge"), &[], A, A);
    other["metadata"]["name"] = json!("other");
    let plain = ingress(Some("edge"), &[], &[], A);
    let mut world = World::new(&[("edge", HAPROXY)]);
    world.put(Kind::Ingress, &plain);
    assert_eq!(world.told(&plain), ["a.example.com: served, none"]);
    world.put(Kind::Ingress, &other);
    assert_eq!(world.told(&plain), ["a.example.com: redirected, covered"]);
    let blind = World::new(&[("edge", HAPROXY)]).blind(Kind::Ingress, Blind::Forbidden(Kind::Ingress));
    assert_eq!(blind.told(&plain), ["a.example.com: unknown, none"]);
    assert_eq!(blind.told(&other), ["a.example.com: redirected, covered"]);
}

#[test]
fn the_config_map_says_what_annotations_leave_open() {
    const ON: (&str, &str) = ("haproxy-ingress.github.io/ssl-redirect", "true");
    for (data, annotations, tls, expected) in [
        (("ssl-redirect", "false"), &[][..], A, "served, covered"),
        (("ssl-redirect", "false"), &[ON][..], A, "redirected, covered"),
        (("ssl-always-add-https", "true"), &[][..], &[][..], "redirected, unknown"),
        (("no-tls-redirect-locations", "/"), &[][..], A, "served, covered"),
        (("no-tls-redirect-locations", "/"), &[ON][..], A, "served, covered"),
        (("no-tls-redirect-locations", "/.well-known/acme-challenge"), &[][..], A, "redirected, covered"),
    ] {
        let world = World::new(&[("edge", HAPROXY)]).configured(HAPROXY, &[data]);
        let told = world.told(&ingress(Some("edge"), annotations, tls, A));
        assert_eq!(told, [format!("a.example.com: {expected}")], "{data:?} {annotations:?}");
    }
    let unseen = World::new(&[("edge", HAPROXY)]).named(HAPROXY);
    let off = [("haproxy-ingress.github.io/ssl-redirect", "false")];
    assert_eq!(unseen.told(&ingress(Some("edge"), &[], A, A)), ["a.example.com: unknown, covered"]);
    assert_eq!(unseen.told(&ingress(Some("edge"), &[], &[], A)), ["a.example.com: unknown, none"]);
    assert_eq!(unseen.told(&ingress(Some("edge"), &off, A, A)), ["a.example.com: served, covered"]);
    let reads = ["get ConfigMap edge-system/settings", "get Service shop/web", "get IngressClass edge"];
    assert_eq!(unseen.rests_on(Kind::Ingress, &ingress(Some("edge"), &[], A, A)), reads);
}

fn service(annotations: &Value) -> Value {
    json!({"metadata": {"name": "web", "namespace": "shop", "annotations": annotations}, "spec": {"ports": [{"port": 80}]}})
}

#[test]
fn a_service_can_turn_the_redirect_off_or_on() {
    let with = |value: &str| {
        let service = service(&json!({"haproxy-ingress.github.io/ssl-redirect": value}));
        World::new(&[("edge", HAPROXY)]).with([(Kind::Service, &service)])
    };
    let off = [("haproxy-ingress.github.io/ssl-redirect", "false")];
    assert_eq!(with("false").told(&ingress(Some("edge"), &[], A, A)), ["a.example.com: served, covered"]);
    assert_eq!(with("true").told(&ingress(Some("edge"), &off, A, A)), ["a.example.com: redirected, covered"]);
}

const DEFAULT_CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
                               ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
                               ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
                               DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384";

#[test]
fn the_oldest_version_is_tls_1_2_unless_options_lower_it() {
    for (options, expected) in [
        ("no-sslv3 no-tlsv10 no-tlsv11 no-tls-tickets", "TLS 1.2"),
        // What is only taken away lowers nothing.
        ("no-sslv3", "TLS 1.2"),
        ("", "TLS 1.2"),
        ("ssl-min-ver TLSv1.0 no-tls-tickets", "TLS 1.0"),
        ("ssl-min-ver TLSv1.1", "TLS 1.1"),
        ("ssl-min-ver TLSv1.3", "TLS 1.3"),
        ("force-tlsv10", "TLS 1.0"),
        ("force-tlsv11", "TLS 1.1"),
        ("ssl-max-ver TLSv1.1", "TLS 1.1"),
        ("ssl-max-ver TLSv1.2", "TLS 1.2"),
        ("ssl-min-ver", "unknown"),
        ("ssl-min-ver TLS1.2", "unknown"),
    ] {
        let world = World::new(&[("edge", HAPROXY)]).configured(HAPROXY, &[("ssl-options", options)]);
        let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &[], A, A));
        let place = "ConfigMap edge-system/settings data.ssl-options";
        assert_eq!(told, [format!("{expected} ({place}); {DEFAULT_CIPHERS} (default); not asked (default)")]);
    }
    let world = World::new(&[("edge", HAPROXY)]);
    let of_host = [("haproxy-ingress.github.io/ssl-options-host", "ssl-min-ver TLSv1.0")];
    let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &of_host, A, A));
    assert!(told[0].starts_with("TLS 1.0 (metadata.annotations[\"haproxy-ingress.github.io/ssl-options-host\"])"));
    assert!(world.settings(Kind::Ingress, &ingress(Some("edge"), &[], A, A))[0].starts_with("TLS 1.2 (default)"));
    assert!(world.settings(Kind::Ingress, &ingress(Some("edge"), &[], &[], A)).is_empty());
    let snippet = World::new(&[("edge", HAPROXY)])
        .configured(HAPROXY, &[("config-global", "ssl-default-bind-options ssl-min-ver TLSv1.0")]);
    assert!(snippet.settings(Kind::Ingress, &ingress(Some("edge"), &[], A, A))[0].starts_with("unknown ("));
}

#[test]
fn ciphers_and_client_certificates_are_set_for_hosts() {
    let world = World::new(&[("edge", HAPROXY)]);
    let secret = ("haproxy-ingress.github.io/auth-tls-secret", "ca");
    let verify = |value| ("haproxy-ingress.github.io/auth-tls-verify-client", value);
    let place = |name: &str| format!("(metadata.annotations[\"haproxy-ingress.github.io/{name}\"])");
    let client = |annotations: &[(&str, &str)]| {
        let told = world.settings(Kind::Ingress, &ingress(Some("edge"), annotations, A, A)).remove(0);
        told.rsplit("; ").next().unwrap().to_owned()
    };
    assert_eq!(client(&[]), "not asked (default)");
    assert_eq!(client(&[secret]), format!("required {}", place("auth-tls-secret")));
    assert_eq!(client(&[secret, verify("on")]), format!("required {}", place("auth-tls-secret")));
    let by = place("auth-tls-verify-client");
    let optional = "optional: are not required: auth-tls-verify-client is optional";
    assert_eq!(client(&[secret, verify("optional")]), format!("{optional} {by}"));
    let off = "optional: are not asked for: auth-tls-verify-client is off";
    assert_eq!(client(&[secret, verify("off")]), format!("{off} {by}"));
    assert_eq!(client(&[verify("optional")]), "not asked (default)");
    let ciphers = [("haproxy-ingress.github.io/ssl-ciphers", "AES128-SHA")];
    let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &ciphers, A, A));
    assert_eq!(told, [format!("TLS 1.2 (default); AES128-SHA {}; not asked (default)", place("ssl-ciphers"))]);
}

#[test]
fn backends_are_encrypted_by_their_protocol_and_checked_by_a_ca() {
    let protocol = |value| ("haproxy-ingress.github.io/backend-protocol", value);
    let ca = ("haproxy-ingress.github.io/secure-verify-ca-secret", "ca");
    let secure = ("haproxy-ingress.github.io/secure-backends", "true");
    let world = World::new(&[("edge", HAPROXY)]).with([(Kind::Service, &service(&json!({})))]);
    let by = "metadata.annotations[\"haproxy-ingress.github.io/backend-protocol\"]";
    let by_secure = "metadata.annotations[\"haproxy-ingress.github.io/secure-backends\"]";
    let unverified = format!("TLS ({by}), not verified (default)");
    for (annotations, expected) in [
        (vec![], "plaintext (default)".to_owned()),
        (vec![protocol("h1")], format!("plaintext ({by})")),
        (vec![protocol("h2")], format!("plaintext ({by})")),
        (vec![protocol("grpc")], format!("plaintext ({by})")),
        (vec![protocol("h1-ssl")], unverified.clone()),
        (vec![protocol("h2-ssl")], unverified.clone()),
        (vec![protocol("HTTPS")], unverified.clone()),
        (vec![protocol("grpcs")], unverified),
        (vec![protocol("tls")], format!("plaintext ({by})")),
        (vec![protocol("tls"), secure], format!("plaintext ({by})")),
        (vec![secure], format!("TLS ({by_secure}), not verified (default)")),
        (vec![protocol("h1-ssl"), ca], format!("TLS ({by}), verified")),
        (vec![ca], "plaintext (default)".to_owned()),
        (vec![("haproxy-ingress.github.io/ssl-passthrough", "true")], "passed through".to_owned()),
    ] {
        let told = world.hops(Kind::Ingress, &ingress(Some("edge"), &annotations, A, A));
        assert!(told[0].ends_with(&format!("backend: {expected}")), "{annotations:?}: {told:?}");
    }
    let of_service = service(&json!({"haproxy-ingress.github.io/backend-protocol": "h1"}));
    let world = World::new(&[("edge", HAPROXY)]).with([(Kind::Service, &of_service)]);
    let told = world.hops(Kind::Ingress, &ingress(Some("edge"), &[protocol("h1-ssl")], A, A));
    assert!(told[0].ends_with(&format!("plaintext (Service shop/web {by})")), "{told:?}");
}
