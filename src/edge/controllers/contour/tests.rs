//! Contour's rows of the facts, sections 1.2 to 1.5, and their neighbours.

use serde_json::{Value, json};

use crate::{
    edge::{
        alters,
        test_world::{World, check, ingress},
    },
    model::{Kind, ObjectKey},
};

const CONTOUR: &str = "projectcontour.io/ingress-controller";
const FORCE: (&str, &str) = ("ingress.kubernetes.io/force-ssl-redirect", "true");
const FORBID: (&str, &str) = ("kubernetes.io/ingress.allow-http", "false");

fn world() -> World {
    World::new(&[("edge", CONTOUR)]).seen(&[Kind::HTTPProxy, Kind::Service])
}

/// An `HTTPProxy` `shop/NAME`.
fn proxy(name: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}

fn rooted(tls: Option<Value>, routes: &Value) -> Value {
    let mut spec = json!({"virtualhost": {"fqdn": "shop.example.com"}, "routes": routes});
    if let Some(tls) = tls {
        spec["virtualhost"]["tls"] = tls;
    }
    proxy("web", &spec)
}

fn secret() -> Value {
    json!({"secretName": "web-tls"})
}

fn web() -> Value {
    json!([{"services": [{"name": "web", "port": 80}]}])
}

#[test]
fn contour_serves_plaintext_beside_tls_unless_told_otherwise() {
    check(
        CONTOUR,
        &[
            (&[], &[], &["a.example.com"], &["a.example.com: served, none"]),
            (&[], &["a.example.com"], &["a.example.com"], &["a.example.com: served, covered"]),
            (&[FORCE], &["a.example.com"], &["a.example.com"], &["a.example.com: redirected, covered"]),
            (&[FORBID], &["a.example.com"], &["a.example.com"], &["a.example.com: closed, covered"]),
            (&[FORBID], &[], &["a.example.com"], &["a.example.com: closed, uncovered"]),
            // The redirect goes first.
            (&[FORCE, FORBID], &["a.example.com"], &["a.example.com"], &["a.example.com: redirected, covered"]),
            // Only these very words count.
            (&[(FORCE.0, "True")], &["a.example.com"], &["a.example.com"], &["a.example.com: served, covered"]),
            (&[(FORBID.0, "0")], &["a.example.com"], &["a.example.com"], &["a.example.com: served, covered"]),
            // Hosts are compared literally.
            (&[FORCE], &["*.example.com"], &["a.example.com"], &["a.example.com: redirected, uncovered"]),
            (&[FORCE], &["*.example.com"], &["*.example.com"], &["*.example.com: redirected, covered"]),
            // There is no TLS for rules without a host.
            (&[], &["a.example.com"], &[""], &["*: served, unknown"]),
            (&[FORBID], &["a.example.com"], &[], &["*: closed, unknown"]),
        ],
    );
}

#[test]
fn the_secret_of_another_ingress_gives_a_host_tls() {
    let own = ingress(Some("edge"), &[FORCE], &[], &["a.example.com"]);
    assert_eq!(world().told(&own), ["a.example.com: redirected, uncovered"]);
    let mut other = ingress(Some("edge"), &[], &["a.example.com"], &["a.example.com"]);
    other["metadata"]["name"] = json!("other");
    assert_eq!(world().with([(Kind::Ingress, &other)]).told(&own), ["a.example.com: redirected, covered"]);
}

#[test]
fn a_missing_secret_leaves_plaintext_alone() {
    let told = |annotations: &[(&str, &str)]| {
        let listed = ingress(Some("edge"), annotations, &["a.example.com"], &["a.example.com"]);
        world().certificates(Kind::Ingress, &listed).remove(0)
    };
    let uses = |namespace: &str, missing: &str| {
        format!("{namespace}/web-tls for a.example.com at spec.tls[0].secretName, missing: {missing}")
    };
    assert_eq!(told(&[]), uses("shop", "Plaintext"));
    assert_eq!(told(&[FORCE]), uses("shop", "NoRoute"));
    assert_eq!(told(&[FORBID]), uses("shop", "NoRoute"));
    let elsewhere = [("projectcontour.io/tls-cert-namespace", "certs")];
    assert_eq!(told(&elsewhere), uses("certs", "Plaintext"));
    let borrowing = ingress(Some("edge"), &elsewhere, &["a.example.com"], &["a.example.com"]);
    let world = world().with([(Kind::Ingress, &borrowing)]);
    let concerned = |namespace: &str| {
        let keys = alters(&world.snapshot, &ObjectKey::namespaced(Kind::Secret, namespace, "web-tls"));
        keys.contains(&ObjectKey::namespaced(Kind::Ingress, "shop", "web"))
    };
    assert!(concerned("certs") && !concerned("other"));
}

#[test]
fn contour_cannot_be_set_below_its_default_version() {
    const KEY: &str = "projectcontour.io/tls-minimum-protocol-version";
    let told = |annotations: &[(&str, &str)]| {
        let listed = ingress(Some("edge"), annotations, &["a.example.com"], &["a.example.com"]);
        world().settings(Kind::Ingress, &listed).remove(0)
    };
    assert!(told(&[]).starts_with("TLS 1.2 (default); [ECDHE-ECDSA-AES128-GCM-SHA256|"));
    assert!(told(&[(KEY, "1.0")]).starts_with("TLS 1.2 (default)"));
    assert!(told(&[(KEY, "1.3")]).starts_with(&format!("TLS 1.3 (metadata.annotations[\"{KEY}\"]); sound")));
    let plain = ingress(Some("edge"), &[], &[], &["a.example.com"]);
    assert!(world().settings(Kind::Ingress, &plain).is_empty());
}

#[test]
fn services_say_how_they_are_spoken_to() {
    let annotated = |name: &str| format!("Service shop/web metadata.annotations[\"projectcontour.io/{name}\"]");
    for (annotations, port, expected) in [
        (json!({}), json!({"port": 80}), "plaintext (default)".to_owned()),
        (
            json!({"projectcontour.io/upstream-protocol.tls": "443, 80"}),
            json!({"port": 80}),
            format!("TLS ({}), not verified (default)", annotated("upstream-protocol.tls")),
        ),
        (
            json!({"projectcontour.io/upstream-protocol.h2": "http"}),
            json!({"port": 80, "name": "http"}),
            format!("TLS ({}), not verified (default)", annotated("upstream-protocol.h2")),
        ),
        (
            json!({"projectcontour.io/upstream-protocol.h2c": "80"}),
            json!({"port": 80}),
            format!("plaintext ({})", annotated("upstream-protocol.h2c")),
        ),
        (
            json!({"projectcontour.io/upstream-protocol.tls": "443"}),
            json!({"port": 80}),
            "plaintext (default)".to_owned(),
        ),
        (
            json!({}),
            json!({"port": 80, "appProtocol": "https"}),
            "TLS (Service shop/web spec.ports[0].appProtocol), not verified (default)".to_owned(),
        ),
        (
            json!({"projectcontour.io/upstream-protocol.tls": "80"}),
            json!({"port": 80, "appProtocol": "http"}),
            "plaintext (Service shop/web spec.ports[0].appProtocol)".to_owned(),
        ),
    ] {
        let service = json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
            "spec": {"ports": [port]},
        });
        let plain = ingress(Some("edge"), &[], &[], &["a.example.com"]);
        let hops = world().with([(Kind::Service, &service)]).hops(Kind::Ingress, &plain);
        assert!(hops[0].ends_with(&format!(": {expected}")), "{hops:?} {expected}");
    }
}

#[test]
fn a_proxy_with_tls_redirects_unless_a_route_permits_plaintext() {
    let insecure = |also: Value| {
        let mut route = json!({"permitInsecure": true, "services": [{"name": "web", "port": 80}]});
        also.as_object().unwrap().iter().for_each(|(key, value)| route[key] = value.clone());
        json!([{"services": [{"name": "web", "port": 80}]}, route])
    };
    let to_https = json!({"requestRedirectPolicy": {"scheme": "https"}});
    for (spec, expected) in [
        (rooted(None, &web()), "shop.example.com: served, none"),
        (rooted(Some(secret()), &web()), "shop.example.com: redirected, covered"),
        (rooted(Some(secret()), &insecure(json!({}))), "shop.example.com: served, covered"),
        (rooted(Some(secret()), &insecure(to_https.clone())), "shop.example.com: redirected, covered"),
        (rooted(None, &json!([to_https])), "shop.example.com: redirected, none"),
        // Neither Secret nor passthrough, or both: the proxy has an error and opens nothing.
        (rooted(Some(json!({})), &web()), "shop.example.com: closed, none"),
        (rooted(Some(json!({"secretName": "a", "passthrough": true})), &web()), "shop.example.com: closed, none"),
    ] {
        assert_eq!(world().listeners(Kind::HTTPProxy, &spec), [expected], "{spec}");
    }
    let mut vouched = world();
    vouched.refuses.insert(CONTOUR.into());
    let permitted = rooted(Some(secret()), &insecure(json!({})));
    assert_eq!(vouched.listeners(Kind::HTTPProxy, &permitted), ["shop.example.com: redirected, covered"]);
}

#[test]
fn a_proxy_for_tcp_has_no_plaintext() {
    let tcp = |tls: Value| {
        let host = json!({"fqdn": "db.example.com", "tls": tls});
        proxy("db", &json!({"virtualhost": host, "tcpproxy": {"services": [{"name": "db", "port": 5432}]}}))
    };
    let passed = tcp(json!({"passthrough": true}));
    assert_eq!(world().listeners(Kind::HTTPProxy, &passed), ["db.example.com: closed, covered"]);
    let at = "spec.tcpproxy.services[0]";
    assert_eq!(world().hops(Kind::HTTPProxy, &passed), [format!("db:5432 for db.example.com at {at}: passed through")]);
    assert!(world().settings(Kind::HTTPProxy, &passed).is_empty());
    let opened = tcp(json!({"secretName": "db-tls"}));
    assert_eq!(world().listeners(Kind::HTTPProxy, &opened), ["db.example.com: closed, covered"]);
    let without = proxy(
        "db",
        &json!({"virtualhost": {"fqdn": "db.example.com"}, "tcpproxy": {"services": [{"name": "db", "port": 5432}]}}),
    );
    assert_eq!(world().listeners(Kind::HTTPProxy, &without), ["db.example.com: closed, none"]);
}

#[test]
fn an_included_proxy_opens_nothing_itself_and_may_open_plaintext_for_the_one_above() {
    let child = |permits: bool| {
        proxy("child", &json!({"routes": [{"permitInsecure": permits, "services": [{"name": "web", "port": 80}]}]}))
    };
    let middle = proxy("middle", &json!({"includes": [{"name": "child"}]}));
    let root = proxy(
        "root",
        &json!({"virtualhost": {"fqdn": "shop.example.com", "tls": secret()}, "includes": [{"name": "middle"}]}),
    );
    assert!(world().listeners(Kind::HTTPProxy, &child(true)).is_empty());
    for (permits, expected) in
        [(true, "shop.example.com: served, covered"), (false, "shop.example.com: redirected, covered")]
    {
        let child = child(permits);
        let world = world().with([(Kind::HTTPProxy, &child), (Kind::HTTPProxy, &middle), (Kind::HTTPProxy, &root)]);
        assert_eq!(world.listeners(Kind::HTTPProxy, &root), [expected]);
        let key = ObjectKey::namespaced(Kind::HTTPProxy, "shop", "child");
        let above = alters(&world.snapshot, &key);
        for name in ["middle", "root"] {
            assert!(above.contains(&ObjectKey::namespaced(Kind::HTTPProxy, "shop", name)), "{above:?}");
        }
    }
    // A loop is an error, and has an end here.
    let looped = proxy("child", &json!({"includes": [{"name": "middle"}]}));
    let world = world().with([(Kind::HTTPProxy, &looped), (Kind::HTTPProxy, &middle)]);
    assert_eq!(world.listeners(Kind::HTTPProxy, &root), ["shop.example.com: closed, covered"]);
}

#[test]
fn a_proxy_names_one_secret_perhaps_of_another_namespace() {
    let told = |tls: Value| world().certificates(Kind::HTTPProxy, &rooted(Some(tls), &web()));
    let uses = |key: &str| [format!("{key} for shop.example.com at spec.virtualhost.tls.secretName, missing: NoRoute")];
    assert_eq!(told(json!({"secretName": "web-tls"})), uses("shop/web-tls"));
    assert_eq!(told(json!({"secretName": "certs/web-tls"})), uses("certs/web-tls"));
    assert!(told(json!({"passthrough": true})).is_empty());
}

#[test]
fn a_proxy_sets_versions_and_client_certificates() {
    let told = |also: Value| {
        let mut tls = json!({"secretName": "web-tls"});
        also.as_object().unwrap().iter().for_each(|(key, value)| tls[key] = value.clone());
        let told = world().settings(Kind::HTTPProxy, &rooted(Some(tls), &web())).remove(0);
        let told = told.replace("spec.virtualhost.tls.", "");
        let parts: Vec<&str> = told.split("; ").collect();
        format!("{}; {}", parts[0], parts[2])
    };
    for (also, expected) in [
        (json!({}), "TLS 1.2 (default); not asked (default)"),
        (json!({"minimumProtocolVersion": "1.1"}), "TLS 1.2 (default); not asked (default)"),
        (json!({"minimumProtocolVersion": "1.3"}), "TLS 1.3 (minimumProtocolVersion); not asked (default)"),
        (json!({"clientValidation": {"caSecret": "ca"}}), "TLS 1.2 (default); required (clientValidation)"),
        (
            json!({"clientValidation": {"caSecret": "ca", "optionalClientCertificate": true}}),
            "TLS 1.2 (default); optional: are checked only where they are shown (clientValidation.optionalClientCertificate)",
        ),
        (
            json!({"clientValidation": {"skipClientCertValidation": true}}),
            "TLS 1.2 (default); optional: are asked for, and not checked (clientValidation.skipClientCertValidation)",
        ),
    ] {
        assert_eq!(told(also.clone()), expected, "{also}");
    }
}

#[test]
fn a_proxy_checks_backends_only_where_it_says_against_what() {
    let service = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"ports": [{"port": 80}]}});
    let world = world().with([(Kind::Service, &service)]);
    let at = "spec.routes[0].services[0]";
    for (backend, expected) in [
        (json!({}), "plaintext (default)".to_owned()),
        (json!({"protocol": "h2c"}), format!("plaintext ({at}.protocol)")),
        (json!({"protocol": "tls"}), format!("TLS ({at}.protocol), not verified (default)")),
        (json!({"protocol": "h2"}), format!("TLS ({at}.protocol), not verified (default)")),
        (
            json!({"protocol": "tls", "validation": {"caSecret": "ca", "subjectName": "web"}}),
            format!("TLS ({at}.protocol), verified"),
        ),
        (json!({"protocol": "http3"}), "unknown".to_owned()),
    ] {
        let mut service = json!({"name": "web", "port": 80});
        backend.as_object().unwrap().iter().for_each(|(key, value)| service[key] = value.clone());
        let told = world.hops(Kind::HTTPProxy, &rooted(Some(secret()), &json!([{"services": [service]}])));
        assert_eq!(told, [format!("web:80 for shop.example.com at {at}: {expected}")], "{backend}");
    }
}

fn service(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"ports": [{"port": 80}]}})
}

/// The virtual host `shop/root`, with more.
fn root(tls: &Value, more: &Value) -> Value {
    let mut spec = json!({"virtualhost": {"fqdn": "shop.example.com", "tls": tls}});
    more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
    proxy("root", &spec)
}

/// Proxies to be included: `child` has a route to `web`, `tcp` leads to `database`, which has a `tcpproxy` to `db`.
fn parts() -> World {
    let child = proxy("child", &json!({"routes": web()}));
    let tcp = proxy("tcp", &json!({"tcpproxy": {"include": {"name": "database"}}}));
    let database = proxy("database", &json!({"tcpproxy": {"services": [{"name": "db", "port": 80}]}}));
    world().with([
        (Kind::Service, &service("web")),
        (Kind::Service, &service("db")),
        (Kind::HTTPProxy, &child),
        (Kind::HTTPProxy, &tcp),
        (Kind::HTTPProxy, &database),
    ])
}

#[test]
fn backends_of_included_proxies_are_those_of_the_virtual_host_above() {
    let root = root(&secret(), &json!({"includes": [{"name": "child"}]}));
    let world = parts().with([(Kind::HTTPProxy, &root)]);
    let expected = "web:80 for shop.example.com at spec.includes: plaintext (default)";
    assert_eq!(world.hops(Kind::HTTPProxy, &root), [expected]);
    let key = ObjectKey::namespaced(Kind::Service, "shop", "web");
    assert!(alters(&world.snapshot, &key).contains(&ObjectKey::namespaced(Kind::HTTPProxy, "shop", "root")));
}

#[test]
fn backends_to_which_a_tcpproxy_leads_by_others_are_those_of_the_virtual_host_above() {
    let root = |tls: &Value| root(tls, &json!({"tcpproxy": {"include": {"name": "tcp"}}}));
    let world = parts().with([(Kind::HTTPProxy, &root(&secret()))]);
    let at = "db:80 for shop.example.com at spec.tcpproxy.include";
    assert_eq!(world.hops(Kind::HTTPProxy, &root(&secret())), [format!("{at}: plaintext (default)")]);
    let passed = root(&json!({"passthrough": true}));
    assert_eq!(world.hops(Kind::HTTPProxy, &passed), [format!("{at}: passed through")]);
    let key = ObjectKey::namespaced(Kind::Service, "shop", "db");
    assert!(alters(&world.snapshot, &key).contains(&ObjectKey::namespaced(Kind::HTTPProxy, "shop", "root")));
}

#[test]
fn routes_beside_a_tcpproxy_are_not_those_of_its_tls() {
    let both = json!({
        "routes": web(), "includes": [{"name": "child"}], "tcpproxy": {"services": [{"name": "db", "port": 80}]},
    });
    for (tls, expected) in [(secret(), "plaintext (default)"), (json!({"passthrough": true}), "passed through")] {
        let expected = format!("db:80 for shop.example.com at spec.tcpproxy.services[0]: {expected}");
        assert_eq!(parts().hops(Kind::HTTPProxy, &root(&tls, &both)), [expected]);
    }
    // Who is only included says what he leads to, whoever takes which part of it.
    let child = proxy("child", &json!({"routes": web(), "tcpproxy": {"services": [{"name": "db", "port": 80}]}}));
    assert_eq!(parts().hops(Kind::HTTPProxy, &child).len(), 2);
}

#[test]
fn what_is_said_of_a_virtual_host_rests_on_all_that_it_includes_and_on_what_is_missing() {
    let told = |more: Value| parts().rests_on(Kind::HTTPProxy, &root(&secret(), &more));
    let get = |name: &str| format!("get HTTPProxy shop/{name}");
    assert_eq!(told(json!({"includes": [{"name": "child"}, {"name": "gone"}]})), [get("gone"), get("child")]);
    assert_eq!(told(json!({"tcpproxy": {"include": {"name": "tcp"}}})), [get("tcp"), get("database")]);
    assert_eq!(told(json!({"tcpproxy": {"include": {"name": "gone"}}})), [get("gone")]);
    // A loop is an error, and has an end here.
    let looped = proxy("database", &json!({"tcpproxy": {"include": {"name": "tcp"}}}));
    let root = root(&secret(), &json!({"tcpproxy": {"include": {"name": "tcp"}}}));
    let world = parts().with([(Kind::HTTPProxy, &looped)]);
    assert_eq!(world.rests_on(Kind::HTTPProxy, &root), [get("tcp"), get("database")]);
    assert!(world.hops(Kind::HTTPProxy, &root).is_empty());
}
