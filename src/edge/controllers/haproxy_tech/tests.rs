//! What the ingress controller of `HAProxy` Technologies does, row by row.

use serde_json::{Value, json};

use crate::{
    edge::test_world::{World, check, ingress},
    model::Kind,
    snapshot::Blind,
};

const HAPROXY: &str = "haproxy.org/ingress-controller";
const A: &[&str] = &["a.example.com"];

#[test]
fn an_ingress_with_tls_redirects_unless_it_says_otherwise() {
    const OFF: (&str, &str) = ("haproxy.org/ssl-redirect", "false");
    const ON: (&str, &str) = ("haproxy.org/ssl-redirect", "true");
    for controller in [HAPROXY, "haproxy.org/ingress-controller/haproxy"] {
        check(
            controller,
            &[
                (&[], A, A, &["a.example.com: redirected, covered"]),
                (&[], &["*.example.com"], A, &["a.example.com: redirected, covered"]),
                (&[], &[], A, &["a.example.com: served, none"]),
                // Hosts under spec.tls are ignored: any entry turns the redirect on.
                (&[], &["b.example.com"], A, &["a.example.com: redirected, unknown"]),
                (&[], &[""], A, &["a.example.com: redirected, unknown"]),
                (&[OFF], A, A, &["a.example.com: served, covered"]),
                (&[ON], &[], A, &["a.example.com: redirected, unknown"]),
                (&[("haproxy.com/ssl-redirect", "false")], A, A, &["a.example.com: served, covered"]),
                (&[("ingress.kubernetes.io/ssl-redirect", "false")], A, A, &["a.example.com: served, covered"]),
                (&[ON, ("haproxy.com/ssl-redirect", "false")], A, A, &["a.example.com: served, covered"]),
                (&[("haproxy.org/ssl-redirect", "")], A, A, &["a.example.com: redirected, covered"]),
                (&[("haproxy.org/ssl-redirect", "0")], A, A, &["a.example.com: served, covered"]),
                (&[("haproxy.org/ssl-redirect", "Off")], A, A, &["a.example.com: served, covered"]),
                (&[("haproxy.org/ssl-redirect", "enabled")], &[], A, &["a.example.com: redirected, unknown"]),
                // What is no boolean turns it off.
                (&[("haproxy.org/ssl-redirect", "maybe")], A, A, &["a.example.com: served, covered"]),
                (&[], A, &[""], &["*: redirected, unknown"]),
                // A default backend has no redirect.
                (&[ON], A, &[], &["*: served, unknown"]),
                (&[], &[], &[], &["*: served, none"]),
                (&[("haproxy.org/ssl-passthrough", "true")], A, A, &["a.example.com: unknown, unknown"]),
                (&[("haproxy.org/ssl-passthrough", "1")], A, A, &["a.example.com: redirected, covered"]),
            ],
        );
    }
}

#[test]
fn the_config_map_can_only_redirect_everything() {
    const OFF: (&str, &str) = ("haproxy.org/ssl-redirect", "false");
    let on = World::new(&[("edge", HAPROXY)]).configured(HAPROXY, &[("ssl-redirect", "true")]);
    let off = World::new(&[("edge", HAPROXY)]).configured(HAPROXY, &[("ssl-redirect", "false")]);
    let unseen = World::new(&[("edge", HAPROXY)]).named(HAPROXY);
    for (annotations, tls, by_on, by_off, by_unseen) in [
        (&[][..], A, "redirected, covered", "redirected, covered", "redirected, covered"),
        (&[][..], &[][..], "redirected, unknown", "served, none", "unknown, none"),
        (&[OFF][..], A, "redirected, covered", "served, covered", "unknown, covered"),
    ] {
        let object = ingress(Some("edge"), annotations, tls, A);
        for (world, expected) in [(&on, by_on), (&off, by_off), (&unseen, by_unseen)] {
            assert_eq!(world.told(&object), [format!("a.example.com: {expected}")], "{annotations:?}");
        }
    }
    let reads = ["get ConfigMap edge-system/settings", "get Service shop/web", "get IngressClass edge"];
    assert_eq!(unseen.rests_on(Kind::Ingress, &ingress(Some("edge"), &[], A, A)), reads);
}

#[test]
fn rules_without_paths_open_nothing() {
    let world = World::new(&[("edge", HAPROXY)]);
    let mut object = ingress(Some("edge"), &[], A, A);
    object["spec"]["rules"][0]["http"] = json!(null);
    assert!(world.told(&object).is_empty());
}

#[test]
fn versions_and_ciphers_are_the_controllers_own_unless_something_hides_them() {
    let told = |data: &[(&str, &str)]| {
        let world = World::new(&[("edge", HAPROXY)]).configured(HAPROXY, data);
        world.settings(Kind::Ingress, &ingress(Some("edge"), &[], A, A)).remove(0)
    };
    let own = told(&[]);
    assert!(own.starts_with("TLS 1.2 (default); ECDHE-ECDSA-AES128-GCM-SHA256:"), "{own}");
    assert!(own.ends_with(
        ":DHE-RSA-AES256-SHA:!aNULL:!eNULL:!EXPORT:!DES:!RC4:!3DES:!MD5:!PSK (default); not asked (default)"
    ));
    assert_eq!(told(&[("global-config-snippet", "maxconn 100")]), own);
    for (key, text) in [
        ("cr-global", "edge-system/settings"),
        ("global-config-snippet", "ssl-default-bind-options ssl-min-ver TLSv1.0"),
        ("frontend-config-snippet", "bind :444 ssl crt /x"),
    ] {
        let place = format!("ConfigMap edge-system/settings data.{key}");
        assert_eq!(told(&[(key, text)]), format!("unknown ({place}); unknown ({place}); not asked (default)"));
    }
    let world = World::new(&[("edge", HAPROXY)]);
    assert!(world.settings(Kind::Ingress, &ingress(Some("edge"), &[], &[], A)).is_empty());
}

#[test]
fn the_config_map_asks_for_client_certificates() {
    const CA: (&str, &str) = ("client-ca", "edge-system/ca");
    let told = |data: &[(&str, &str)]| {
        let world = World::new(&[("edge", HAPROXY)]).configured(HAPROXY, data);
        let told = world.settings(Kind::Ingress, &ingress(Some("edge"), &[], A, A)).remove(0);
        told.rsplit("; ").next().unwrap().to_owned()
    };
    let place = "ConfigMap edge-system/settings data";
    assert_eq!(told(&[]), "not asked (default)");
    assert_eq!(told(&[CA]), format!("required ({place}.client-ca)"));
    assert_eq!(told(&[CA, ("client-crt-optional", "false")]), format!("required ({place}.client-ca)"));
    let optional = "optional: are not required: client-crt-optional is true";
    assert_eq!(told(&[CA, ("client-crt-optional", "true")]), format!("{optional} ({place}.client-crt-optional)"));
    assert_eq!(told(&[("client-crt-optional", "true")]), "not asked (default)");
}

fn service(annotations: &Value) -> Value {
    json!({"metadata": {"name": "web", "namespace": "shop", "annotations": annotations}, "spec": {"ports": [{"port": 80}]}})
}

#[test]
fn backends_are_encrypted_by_server_ssl_and_checked_by_server_ca() {
    let ssl = ("haproxy.org/server-ssl", "true");
    let place = |name: &str| format!("metadata.annotations[\"haproxy.org/{name}\"]");
    let world = World::new(&[("edge", HAPROXY)]).with([(Kind::Service, &service(&json!({})))]);
    for (annotations, expected) in [
        (vec![], "plaintext (default)".to_owned()),
        (vec![ssl], format!("TLS ({}), not verified (default)", place("server-ssl"))),
        (vec![("haproxy.org/server-ssl", "enabled")], format!("TLS ({}), not verified (default)", place("server-ssl"))),
        (vec![("haproxy.org/server-ssl", "false")], format!("plaintext ({})", place("server-ssl"))),
        (vec![ssl, ("haproxy.org/server-ca", "shop/ca")], format!("TLS ({}), verified", place("server-ca"))),
        (
            vec![("haproxy.org/server-crt", "shop/own")],
            format!("TLS ({}), not verified (default)", place("server-crt")),
        ),
        // HTTP/2 by itself is plaintext.
        (vec![("haproxy.org/server-proto", "h2")], "plaintext (default)".to_owned()),
        (vec![("haproxy.org/ssl-passthrough", "true")], "passed through".to_owned()),
    ] {
        let told = world.hops(Kind::Ingress, &ingress(Some("edge"), &annotations, A, A));
        assert!(told[0].ends_with(&format!("backend: {expected}")), "{annotations:?}: {told:?}");
    }
}

#[test]
fn a_service_goes_before_the_ingress_and_that_before_the_config_map() {
    let on = [("haproxy.org/server-ssl", "true")];
    let hop = |world: &World, annotations: &[(&str, &str)]| {
        let told = world.hops(Kind::Ingress, &ingress(Some("edge"), annotations, A, A)).remove(0);
        told.split_once("backend: ").unwrap().1.to_owned()
    };
    let configured = || World::new(&[("edge", HAPROXY)]).configured(HAPROXY, &[("server-ssl", "true")]);
    let plain = configured().with([(Kind::Service, &service(&json!({"haproxy.org/server-ssl": "false"})))]);
    let by_service = "plaintext (Service shop/web metadata.annotations[\"haproxy.org/server-ssl\"])";
    assert_eq!(hop(&plain, &on), by_service);
    let silent = configured().with([(Kind::Service, &service(&json!({})))]);
    let by_ingress = "TLS (metadata.annotations[\"haproxy.org/server-ssl\"]), not verified (default)";
    assert_eq!(hop(&silent, &on), by_ingress);
    let by_config_map = "TLS (ConfigMap edge-system/settings data.server-ssl), not verified (default)";
    assert_eq!(hop(&silent, &[]), by_config_map);
    // A Service that is not seen may say anything.
    let unseen = World::new(&[("edge", HAPROXY)]).blind(Kind::Service, Blind::NotInFiles(Kind::Service));
    assert_eq!(hop(&unseen, &on), "unknown");
    let absent = World::new(&[("edge", HAPROXY)]).seen(&[Kind::Service]);
    assert_eq!(hop(&absent, &on), by_ingress);
}
