//! What F5's NGINX Ingress Controller does, row by row.

use serde_json::{Value, json};

use crate::{
    edge::{
        ControllerSettings,
        test_world::{World, check, ingress},
    },
    model::{Kind, TlsVersion},
    snapshot::Blind,
};

const F5: &str = "nginx.org/ingress-controller";
const A: &[&str] = &["a.example.com"];

#[test]
fn tls_is_where_spec_tls_names_the_host_literally() {
    const OFF: (&str, &str) = ("nginx.org/ssl-redirect", "false");
    const OLD_OFF: (&str, &str) = ("ingress.kubernetes.io/ssl-redirect", "false");
    const BY_HEADER: (&str, &str) = ("nginx.org/redirect-to-https", "true");
    check(
        F5,
        &[
            (&[], A, A, &["a.example.com: redirected, covered"]),
            (&[], &[], A, &["a.example.com: served, none"]),
            (&[], &["b.example.com"], A, &["a.example.com: served, none"]),
            // A wildcard names only itself.
            (&[], &["*.example.com"], A, &["a.example.com: served, none"]),
            (&[], &["*.example.com"], &["*.example.com"], &["*.example.com: redirected, covered"]),
            (&[OFF], A, A, &["a.example.com: served, covered"]),
            (&[OLD_OFF], A, A, &["a.example.com: served, covered"]),
            (&[("nginx.org/ssl-redirect", "true"), OLD_OFF], A, A, &["a.example.com: redirected, covered"]),
            (&[("nginx.org/ssl-redirect", "0")], A, A, &["a.example.com: served, covered"]),
            (&[("nginx.org/ssl-redirect", "no")], A, A, &["a.example.com: redirected, covered"]),
            // Who connects says by which scheme.
            (&[OFF, BY_HEADER], A, A, &["a.example.com: unknown, covered"]),
            (&[BY_HEADER], A, A, &["a.example.com: redirected, covered"]),
            (&[BY_HEADER], &[], A, &["a.example.com: unknown, none"]),
            // Any host needs an argument of the controller.
            (&[], A, &[""], &["*: unknown, none"]),
            (&[], &[], &[], &["*: unknown, none"]),
            (&[("nginx.org/mergeable-ingress-type", "master")], A, A, &["a.example.com: redirected, covered"]),
            (&[("nginx.org/mergeable-ingress-type", "minion")], &[], A, &[]),
            (&[("nginx.ingress.kubernetes.io/ssl-redirect", "false")], A, A, &["a.example.com: redirected, covered"]),
        ],
    );
}

#[test]
fn an_entry_without_a_secret_has_tls_only_by_an_argument_of_the_controller() {
    let world = World::new(&[("edge", F5)]);
    let mut object = ingress(Some("edge"), &[], A, A);
    object["spec"]["tls"][0]["secretName"] = Value::Null;
    assert_eq!(world.told(&object), ["a.example.com: redirected, unknown"]);
    assert!(world.certificates(Kind::Ingress, &object).is_empty());
    // The last entry that names the host wins.
    object["spec"]["tls"] = json!([{"hosts": A}, {"hosts": A, "secretName": "web-tls"}]);
    assert_eq!(world.told(&object), ["a.example.com: redirected, covered"]);
    let secret = "shop/web-tls for a.example.com at spec.tls[1].secretName, missing: RejectsHandshake";
    assert_eq!(world.certificates(Kind::Ingress, &object), [secret]);
}

#[test]
fn the_config_map_turns_the_redirect_off_for_all_that_say_nothing() {
    let off = World::new(&[("edge", F5)]).configured(F5, &[("ssl-redirect", "False")]);
    let unseen = World::new(&[("edge", F5)]).named(F5);
    let on = [("nginx.org/ssl-redirect", "true")];
    for (annotations, by_config_map, by_none) in [
        (&[][..], "a.example.com: served, covered", "a.example.com: unknown, covered"),
        (&on[..], "a.example.com: redirected, covered", "a.example.com: redirected, covered"),
    ] {
        let object = ingress(Some("edge"), annotations, A, A);
        assert_eq!(off.told(&object), [by_config_map]);
        assert_eq!(unseen.told(&object), [by_none]);
        assert_eq!(unseen.rests_on(Kind::Ingress, &object)[0], "get ConfigMap edge-system/settings");
    }
    // Without TLS there is nothing that a ConfigMap could redirect to.
    assert_eq!(unseen.told(&ingress(Some("edge"), &[], &[], A)), ["a.example.com: served, none"]);
}

#[test]
fn versions_and_ciphers_are_nginxs_own_unless_something_says_otherwise() {
    let ciphers = ("nginx.org/ssl-ciphers", "AES128-SHA");
    let snippet = ("nginx.org/server-snippets", "ssl_protocols TLSv1;");
    let policies = ("nginx.org/policies", "clients");
    let object = |annotations: &[(&str, &str)]| ingress(Some("edge"), annotations, A, A);
    let at = |name: &str| format!("metadata.annotations[\"nginx.org/{name}\"]");
    let told = |world: &World, annotations: &[(&str, &str)]| world.settings(Kind::Ingress, &object(annotations));
    let mut world = World::new(&[("edge", F5)]);
    let by_default = "TLS 1.2 (default); HIGH:!aNULL:!MD5 (default); not asked (default)";
    assert_eq!(told(&world, &[]), [by_default]);
    let written = format!("TLS 1.2 (default); AES128-SHA ({}); not asked (default)", at("ssl-ciphers"));
    assert_eq!(told(&world, &[ciphers]), [written]);
    let place = at("server-snippets");
    let open = format!("unknown ({place}); unknown ({place}); unknown ({place})");
    assert_eq!(told(&world, &[snippet]), [open]);
    let by_policy = format!("TLS 1.2 (default); HIGH:!aNULL:!MD5 (default); unknown ({})", at("policies"));
    assert_eq!(told(&world, &[policies]), [by_policy]);
    assert!(world.settings(Kind::Ingress, &ingress(Some("edge"), &[], &[], A)).is_empty());

    let settings = ControllerSettings { oldest_tls: Some(TlsVersion::Tls10), ..ControllerSettings::default() };
    world.settings.controllers.insert(F5.into(), settings);
    assert!(told(&world, &[])[0].starts_with("TLS 1.0 (ruleset)"));
    let data = [("ssl-protocols", "TLSv1.1 TLSv1.2"), ("ssl-ciphers", "\nHIGH\n")];
    let configured = World::new(&[("edge", F5)]).configured(F5, &data);
    let place = "ConfigMap edge-system/settings data";
    let expected = format!("TLS 1.1 ({place}.ssl-protocols); HIGH ({place}.ssl-ciphers); not asked (default)");
    assert_eq!(told(&configured, &[]), [expected]);
}

#[test]
fn backends_are_encrypted_by_name_and_never_checked() {
    let world = World::new(&[("edge", F5)]);
    let by = "metadata.annotations[\"nginx.org/ssl-services\"]";
    for (services, expected) in [
        ("web", format!("TLS ({by}), not verified (default)")),
        ("other, web", format!("TLS ({by}), not verified (default)")),
        ("other", "plaintext (default)".to_owned()),
    ] {
        let told = world.hops(Kind::Ingress, &ingress(Some("edge"), &[("nginx.org/ssl-services", services)], A, A));
        assert!(told[0].ends_with(&format!(": {expected}")), "{told:?}");
    }
    let grpc = ingress(Some("edge"), &[("nginx.org/grpc-services", "web")], A, A);
    assert!(world.hops(Kind::Ingress, &grpc)[0].ends_with("plaintext (default)"));
}

/// A `VirtualServer` `shop/web` for `a.example.com`, with what its spec says besides.
fn virtual_server(spec: &Value) -> Value {
    let mut server = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "host": "a.example.com",
            "upstreams": [{"name": "web", "service": "web", "port": 80}],
            "routes": [{"path": "/", "action": {"pass": "web"}}],
        },
    });
    for (field, value) in spec.as_object().unwrap() {
        server["spec"][field] = value.clone();
    }
    server
}

fn policy(name: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}

#[test]
fn a_virtual_server_serves_plaintext_beside_tls_until_it_is_told_to_redirect() {
    let mut world = World::new(&[]);
    let redirect_all = json!([{"path": "/", "action": {"redirect": {"url": "https://${host}${request_uri}"}}}]);
    for (spec, expected) in [
        (json!({}), "served, none"),
        (json!({"tls": null}), "served, none"),
        (json!({"tls": {"secret": "web-tls"}}), "served, covered"),
        (json!({"tls": {"secret": "web-tls", "redirect": {}}}), "served, covered"),
        (json!({"tls": {"secret": "web-tls", "redirect": {"enable": false}}}), "served, covered"),
        (json!({"tls": {"secret": "web-tls", "redirect": {"enable": true}}}), "redirected, covered"),
        (
            json!({"tls": {"secret": "web-tls", "redirect": {"enable": true, "basedOn": "scheme"}}}),
            "redirected, covered",
        ),
        (
            json!({"tls": {"secret": "web-tls", "redirect": {"enable": true, "basedOn": "x-forwarded-proto"}}}),
            "unknown, covered",
        ),
        // Without a Secret there is TLS only by an argument of the controller.
        (json!({"tls": {"redirect": {"enable": true}}}), "redirected, unknown"),
        (json!({"tls": {"secret": "web-tls"}, "listener": {"https": "https-8443"}}), "closed, covered"),
        (
            json!({"tls": {"secret": "web-tls"}, "listener": {"http": "http-8080", "https": "https-8443"}}),
            "served, covered",
        ),
        (json!({"tls": {"secret": "web-tls"}, "listener": {"http": "http-8080"}}), "served, none"),
        (json!({"routes": redirect_all}), "redirected, unknown"),
        (json!({"routes": [{"path": "/", "action": {"redirect": {"url": "http://${host}/new"}}}]}), "served, none"),
    ] {
        let told = world.listeners(Kind::VirtualServer, &virtual_server(&spec));
        assert_eq!(told, [format!("a.example.com: {expected}")], "{spec}");
    }
    world.refuses.insert(F5.into());
    assert_eq!(
        world.listeners(Kind::VirtualServer, &virtual_server(&json!({}))),
        ["a.example.com: redirected, unknown"]
    );
}

#[test]
fn a_virtual_server_uses_the_secret_of_its_tls() {
    let world = World::new(&[]);
    let secret = "shop/web-tls for a.example.com at spec.tls.secret, missing: RejectsHandshake";
    let told = |tls: &Value| world.certificates(Kind::VirtualServer, &virtual_server(&json!({"tls": tls})));
    assert_eq!(told(&json!({"secret": "web-tls"})), [secret]);
    assert_eq!(told(&json!({"secret": "web-tls", "cert-manager": {"issuer": "ours"}})), [format!("{secret}, issued")]);
    assert!(told(&json!({})).is_empty());
}

#[test]
fn policies_say_whether_clients_show_certificates() {
    let mut world = World::new(&[]).seen(&[Kind::NginxPolicy]);
    world.put(Kind::NginxPolicy, &policy("limits", &json!({"rateLimit": {"rate": "1r/s"}})));
    let asked = |world: &World, references: &Value| {
        let server = virtual_server(&json!({"tls": {"secret": "web-tls"}, "policies": references}));
        world.settings(Kind::VirtualServer, &server)[0].rsplit("; ").next().unwrap().to_owned()
    };
    let one = json!([{"name": "limits"}, {"name": "clients"}]);
    assert_eq!(asked(&world, &json!([])), "not asked (default)");
    assert_eq!(asked(&world, &json!([{"name": "limits"}])), "not asked (default)");
    // It is not there.
    assert_eq!(asked(&world, &one), "unknown (spec.policies[1])");
    let place = "Policy.k8s.nginx.org shop/clients spec.ingressMTLS";
    for (verify, expected) in [
        (Value::Null, format!("required ({place})")),
        (json!("on"), format!("required ({place}.verifyClient)")),
        (json!("off"), format!("optional: are not asked for: verifyClient is off ({place}.verifyClient)")),
        (json!("optional"), format!("optional: are not required: verifyClient is optional ({place}.verifyClient)")),
    ] {
        let spec = json!({"ingressMTLS": {"clientCertSecret": "ca", "verifyClient": verify}});
        world.put(Kind::NginxPolicy, &policy("clients", &spec));
        assert_eq!(asked(&world, &one), expected);
    }
    let blind = World::new(&[]).blind(Kind::NginxPolicy, Blind::Forbidden(Kind::NginxPolicy));
    assert_eq!(asked(&blind, &one), "unknown (spec.policies[0])");
    let server = virtual_server(&json!({"policies": one}));
    let reads = ["get Policy.k8s.nginx.org shop/clients", "get Policy.k8s.nginx.org shop/limits"];
    assert_eq!(blind.rests_on(Kind::VirtualServer, &server), reads);
}

#[test]
fn upstreams_are_encrypted_by_a_field_and_checked_by_a_policy() {
    let mut world = World::new(&[]).seen(&[Kind::NginxPolicy]);
    let checks = |on: bool| json!({"egressMTLS": {"verifyServer": on, "trustedCertSecret": "ca"}});
    world.put(Kind::NginxPolicy, &policy("checks", &checks(true)));
    world.put(Kind::NginxPolicy, &policy("trusts", &checks(false)));
    let tls = json!([{"name": "web", "service": "web", "port": 443, "tls": {"enable": true}}]);
    let route = |policies: &Value| json!({"path": "/", "policies": policies, "action": {"pass": "web"}});
    let [checked, trusted] = ["checks", "trusts"].map(|name| json!([{"name": name}]));
    let by = "TLS (spec.upstreams[0].tls.enable)";
    let no = "not verified (Policy.k8s.nginx.org shop/trusts spec.egressMTLS.verifyServer)";
    for (spec, expected) in [
        (json!({}), "plaintext (default)".to_owned()),
        (
            json!({"upstreams": [{"name": "web", "service": "web", "port": 80, "tls": {"enable": false}}]}),
            "plaintext (spec.upstreams[0].tls.enable)".to_owned(),
        ),
        (json!({"upstreams": tls}), format!("{by}, not verified (default)")),
        (json!({"upstreams": tls, "policies": checked}), format!("{by}, verified")),
        (json!({"upstreams": tls, "policies": trusted}), format!("{by}, {no}")),
        // A route's own goes first, and every route counts.
        (json!({"upstreams": tls, "policies": trusted, "routes": [route(&checked)]}), format!("{by}, verified")),
        (json!({"upstreams": tls, "policies": checked, "routes": [route(&trusted)]}), format!("{by}, {no}")),
        (
            json!({"upstreams": tls, "routes": [route(&checked), route(&json!([]))]}),
            format!("{by}, not verified (default)"),
        ),
        (json!({"upstreams": tls, "policies": [{"name": "absent"}]}), format!("{by}, perhaps verified")),
        (
            json!({"upstreams": tls, "policies": checked, "routes": [{"path": "/", "splits": [
                {"weight": 50, "action": {"pass": "web"}}, {"weight": 50, "action": {"proxy": {"upstream": "web"}}},
            ]}]}),
            format!("{by}, verified"),
        ),
    ] {
        let told = world.hops(Kind::VirtualServer, &virtual_server(&spec));
        let service = told[0].split(" for ").next().unwrap();
        assert!(["web:80", "web:443"].contains(&service), "{told:?}");
        assert!(told[0].ends_with(&format!(" for a.example.com at spec.upstreams[0].service: {expected}")), "{told:?}");
    }
}

#[test]
fn what_is_left_to_virtual_server_routes_is_not_known() {
    let world = World::new(&[]);
    let server = virtual_server(&json!({"upstreams": [], "routes": [{"path": "/", "route": "tea/tea"}]}));
    assert_eq!(world.hops(Kind::VirtualServer, &server), ["none:none for a.example.com at spec.routes[0]: unknown"]);
}

#[test]
fn a_service_of_another_namespace_is_found_there() {
    let world = World::new(&[]);
    let server = virtual_server(&json!({"upstreams": [{"name": "tea", "service": "tea/tea", "port": 80}]}));
    let services = world.ask(Kind::VirtualServer, &server, |surface| {
        surface.hops().iter().map(|hop| hop.service.as_ref().unwrap().to_string()).collect::<Vec<_>>()
    });
    assert_eq!(services, ["Service tea/tea"]);
}
