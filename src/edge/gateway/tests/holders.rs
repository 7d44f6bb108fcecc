//! What Gateways and `ListenerSets` say of TLS.

use serde_json::{Value, json};

use super::*;
use crate::{
    edge::{ControllerSettings, Tls, Wanted},
    model::TlsVersion,
};

fn asked(listeners: Value) -> Value {
    gateway(listeners)
}

fn https_with(tls: Value) -> Value {
    json!([listener("https", "HTTPS", json!({"tls": tls}))])
}

#[test]
fn listeners_of_a_gateway_serve_nothing_by_themselves() {
    let told =
        world_of(ISTIO).listeners(Kind::Gateway, &asked(json!([http(), https(), listener("db", "TCP", json!({}))])));
    assert_eq!(told, ["http/*: closed, none", "https/*: closed, covered", "db/*: closed, none"]);
}

#[test]
fn a_listener_without_a_certificate_is_in_doubt_unless_its_implementation_brings_one() {
    let told = |controller: &str, tls: Value, annotations: Value| {
        let mut gateway = asked(https_with(tls));
        gateway["metadata"]["annotations"] = annotations;
        world_of(controller).listeners(Kind::Gateway, &gateway)[0].clone()
    };
    let mode = |mode: &str| json!({"options": {"gateway.istio.io/tls-terminate-mode": mode}});
    let gke = "networking.gke.io/gateway";
    let certificates = |name: &str| json!({"options": {"networking.gke.io/pre-shared-certs": name}});
    for (controller, tls, annotations, expected) in [
        (ISTIO, Value::Null, Value::Null, "unknown"),
        (ISTIO, json!({"options": {"example.com/x": "y"}}), Value::Null, "unknown"),
        (ISTIO, json!({"certificateRefs": [{"name": "edge-tls"}]}), Value::Null, "covered"),
        (ISTIO, mode("ISTIO_SIMPLE"), Value::Null, "covered"),
        (ISTIO, mode("ISTIO_MUTUAL"), Value::Null, "covered"),
        (ISTIO, mode("MUTUAL"), Value::Null, "unknown"),
        ("example.com/odd", mode("ISTIO_SIMPLE"), Value::Null, "unknown"),
        (gke, certificates("shop-cert"), Value::Null, "covered"),
        (gke, certificates(""), Value::Null, "unknown"),
        (gke, Value::Null, json!({"networking.gke.io/certmap": "map"}), "covered"),
        ("gateway.k8s.aws/alb", Value::Null, Value::Null, "unknown"),
    ] {
        assert_eq!(
            told(controller, tls.clone(), annotations),
            format!("https/*: closed, {expected}"),
            "{controller} {tls}"
        );
    }
}

#[test]
fn a_certificate_of_another_namespace_needs_a_grant_there() {
    let gateway = asked(https_with(json!({"certificateRefs": [{"name": "edge-tls", "namespace": "certs"}]})));
    let grant = |kind: &str, namespace: &str, name: Value| {
        let from = json!([{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": namespace}]);
        let to = json!([{"group": "", "kind": "Secret", "name": name}]);
        json!({"metadata": {"name": "g", "namespace": "certs"}, "spec": {"from": from, "to": to}})
    };
    let bare = world_of(ISTIO);
    let settle = bare.ask(Kind::Gateway, &gateway, |surface| match &surface.listeners(Wanted::All)[0].tls {
        Tls::Unknown(doubt) => format!("{}; {}", doubt.blind, doubt.settle),
        other => format!("{other:?}"),
    });
    assert_eq!(
        settle,
        "no ReferenceGrant in certs permits the reference to Secret certs/edge-tls; create a ReferenceGrant in certs from \
         Gateway of the namespace infra to the Secret edge-tls"
    );
    for (grant, expected) in [
        (grant("Gateway", "infra", json!("edge-tls")), "covered"),
        (grant("Gateway", "infra", Value::Null), "covered"),
        (grant("Gateway", "infra", json!("other")), "unknown"),
        (grant("Gateway", "shop", json!("edge-tls")), "unknown"),
        // What a ListenerSet may, its Gateway may not.
        (grant("ListenerSet", "infra", json!("edge-tls")), "unknown"),
    ] {
        let world = world_of(ISTIO).with([(Kind::ReferenceGrant, &grant)]);
        assert_eq!(world.listeners(Kind::Gateway, &gateway), [format!("https/*: closed, {expected}")], "{grant}");
    }
    assert!(bare.rests_on(Kind::Gateway, &gateway).contains(&"list referencegrants in certs".to_owned()));
}

#[test]
fn settings_follow_the_options_of_the_implementation_and_its_defaults() {
    let settings = |controller: &str, options: Value| {
        let tls = json!({"certificateRefs": [{"name": "edge-tls"}], "options": options});
        world_of(controller).settings(Kind::Gateway, &asked(https_with(tls)))[0].clone()
    };
    let option = |key: &str| format!("spec.listeners[0].tls.options[\"{key}\"]");
    let nginx = "gateway.nginx.org/nginx-gateway-controller";
    for (controller, options, expected) in [
        (ISTIO, json!({}), "https: TLS 1.2 (default); sound (default); not asked (default)".to_owned()),
        (
            ISTIO,
            json!({"gateway.istio.io/tls-cipher-suites": "ECDHE-RSA-AES128-GCM-SHA256, AES128-SHA"}),
            format!(
                "https: TLS 1.2 (default); ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA ({}); not asked (default)",
                option("gateway.istio.io/tls-cipher-suites")
            ),
        ),
        (
            ISTIO,
            json!({"gateway.istio.io/tls-terminate-mode": "MUTUAL"}),
            format!(
                "https: TLS 1.2 (default); sound (default); required ({})",
                option("gateway.istio.io/tls-terminate-mode")
            ),
        ),
        (
            ISTIO,
            json!({"gateway.istio.io/tls-terminate-mode": "OPTIONAL_MUTUAL"}),
            format!(
                "https: TLS 1.2 (default); sound (default); optional: are asked for and not required \
                 (gateway.istio.io/tls-terminate-mode: OPTIONAL_MUTUAL) ({})",
                option("gateway.istio.io/tls-terminate-mode")
            ),
        ),
        (
            nginx,
            json!({"nginx.org/ssl-protocols": "TLSv1.3 TLSv1.1", "nginx.org/ssl-ciphers": "HIGH:!aNULL"}),
            format!(
                "https: TLS 1.1 ({}); HIGH:!aNULL ({}); not asked (default)",
                option("nginx.org/ssl-protocols"),
                option("nginx.org/ssl-ciphers")
            ),
        ),
        (nginx, json!({}), "https: TLS 1.2 (default); HIGH:!aNULL:!MD5 (default); not asked (default)".to_owned()),
        // Options of others mean nothing.
        (
            ISTIO,
            json!({"nginx.org/ssl-protocols": "TLSv1"}),
            "https: TLS 1.2 (default); sound (default); not asked (default)".to_owned(),
        ),
        (
            "gateway.envoyproxy.io/gatewayclass-controller",
            json!({}),
            "https: TLS 1.2 (default); sound (default); not asked (default)".to_owned(),
        ),
        (
            "networking.gke.io/gateway",
            json!({}),
            "https: unknown (default); unknown (default); not asked (default)".to_owned(),
        ),
        ("example.com/odd", json!({}), "https: unknown (default); unknown (default); not asked (default)".to_owned()),
    ] {
        assert_eq!(settings(controller, options.clone()), expected, "{controller} {options}");
    }
    let mut vouched = world_of("example.com/odd");
    let said = ControllerSettings { oldest_tls: Some(TlsVersion::Tls13), ..ControllerSettings::default() };
    vouched.settings.controllers.insert("example.com/odd".into(), said);
    let told = vouched.settings(Kind::Gateway, &asked(json!([https()])));
    assert!(told[0].starts_with("https: TLS 1.3 (ruleset)"), "{told:?}");
}

#[test]
fn clients_are_checked_as_the_gateway_says_for_all_ports_or_for_one() {
    let valid = json!({"validation": {"caCertificateRefs": [{"kind": "ConfigMap", "name": "ca"}]}});
    let fallback = json!({"validation": {"mode": "AllowInsecureFallback", "caCertificateRefs": [{"kind": "ConfigMap", "name": "ca"}]}});
    let client = |frontend: Value| {
        let mut gateway = asked(json!([https()]));
        gateway["spec"]["tls"] = json!({"frontend": frontend});
        let told = world_of(ISTIO).settings(Kind::Gateway, &gateway)[0].clone();
        told.rsplit("; ").next().unwrap().to_owned()
    };
    let required = "required (spec.tls.frontend)";
    let optional = "optional: are asked for, and whoever has none that is valid is let in (AllowInsecureFallback) \
                    (spec.tls.frontend)";
    let per_port = |port: u16, tls: &Value| json!([{"port": port, "tls": tls}]);
    for (frontend, expected) in [
        (Value::Null, "not asked (default)"),
        (json!({"default": {}}), "not asked (default)"),
        (json!({"default": valid}), required),
        (json!({"default": fallback}), optional),
        (json!({"default": valid, "perPort": per_port(443, &fallback)}), optional),
        (json!({"default": valid, "perPort": per_port(8443, &fallback)}), required),
        (json!({"default": valid, "perPort": per_port(443, &json!({}))}), "not asked (default)"),
    ] {
        assert_eq!(client(frontend.clone()), expected, "{frontend}");
    }
}

#[test]
fn a_listener_set_is_served_as_its_gateway_is() {
    let set = json!({
        "metadata": {"name": "more", "namespace": "shop"},
        "spec": {"parentRef": {"name": "edge", "namespace": "infra"}, "listeners": [https()]},
    });
    let mut gateway = asked(json!([]));
    gateway["spec"]["tls"] = json!({"frontend": {"default": {"validation": {}}}});
    let world = world_of(ISTIO).with([(Kind::Gateway, &gateway)]);
    assert_eq!(
        world.settings(Kind::ListenerSet, &set),
        ["https: TLS 1.2 (default); sound (default); required (Gateway infra/edge spec.tls.frontend)"]
    );
    assert_eq!(
        world_of(ISTIO).settings(Kind::ListenerSet, &set),
        ["https: unknown (default); unknown (default); unknown (default)"]
    );
    assert_eq!(world.rests_on(Kind::ListenerSet, &set), ["get GatewayClass edge", "get Gateway infra/edge"]);
}

#[test]
fn a_certificate_must_name_the_listeners_host_or_those_of_its_routes() {
    let certificates = |gateway: &Value, world: &World| world.certificates(Kind::Gateway, gateway);
    let own = asked(json!([listener("https", "HTTPS", json!({"hostname": "shop.example.com"}))]));
    let at = "at spec.listeners[0].tls.certificateRefs[0], missing: NoRoute";
    assert_eq!(certificates(&own, &world_of(ISTIO)), [format!("infra/edge-tls for shop.example.com {at}")]);
    let borrowed = asked(json!([https(), http()]));
    let with = |section: &str| {
        let route = route(
            parent(json!({"sectionName": section})),
            json!({"hostnames": ["shop.example.com", "pay.example.com"]}),
        );
        certificates(&borrowed, &world_of(ISTIO).with([(Kind::Gateway, &borrowed), (Kind::HTTPRoute, &route)]))
    };
    assert_eq!(with("https"), [format!("infra/edge-tls for pay.example.com,shop.example.com {at}")]);
    assert_eq!(with("http"), [format!("infra/edge-tls for  {at}")]);
    let passed = asked(json!([listener(
        "in",
        "TLS",
        json!({"tls": {"mode": "Passthrough", "certificateRefs": [{"name": "x"}]}})
    )]));
    assert!(certificates(&passed, &world_of(ISTIO)).is_empty());
}

#[test]
fn gateway_shim_makes_certificates_of_listeners_with_a_hostname_in_its_namespace() {
    let issued = |annotations: Value, more: Value| {
        let mut gateway = asked(json!([listener("https", "HTTPS", more)]));
        gateway["metadata"]["annotations"] = annotations;
        world_of(ISTIO).certificates(Kind::Gateway, &gateway)[0].ends_with(", issued")
    };
    let asks = json!({"cert-manager.io/cluster-issuer": "letsencrypt"});
    let host = json!({"hostname": "shop.example.com"});
    assert!(issued(asks.clone(), host.clone()));
    assert!(!issued(json!({}), host.clone()));
    assert!(!issued(asks.clone(), json!({})), "no hostname");
    let elsewhere =
        json!({"hostname": "a.example.com", "tls": {"certificateRefs": [{"name": "x", "namespace": "certs"}]}});
    assert!(!issued(asks.clone(), elsewhere), "another namespace");
    let mut ignoring = asks;
    ignoring["cert-manager.io/ignore-tls-listeners"] = json!("other, https");
    assert!(!issued(ignoring, host));
}
