//! What Istio's own Gateways open, row by row.

use serde_json::{Value, json};

use crate::{edge::test_world::World, model::Kind};

const GATEWAY: Kind = Kind::IstioGateway;

/// A Gateway `shop/web` with these servers: name, protocol, hosts, `tls`.
fn gateway(servers: &[(&str, &str, &[&str], Value)]) -> Value {
    let server = |(name, protocol, hosts, tls): &(&str, &str, &[&str], Value)| json!({"port": {"name": name, "number": 443, "protocol": protocol}, "hosts": hosts, "tls": tls});
    json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"istio": "ingress"}, "servers": servers.iter().map(server).collect::<Vec<_>>()},
    })
}

/// Of one server with one host.
fn told(protocol: &str, tls: Value) -> String {
    World::new(&[]).listeners(GATEWAY, &gateway(&[("one", protocol, &["a.example.com"], tls)])).remove(0)
}

#[test]
fn http_is_plaintext_unless_it_redirects() {
    for protocol in ["HTTP", "HTTP2", "GRPC", "GRPC-WEB", "http"] {
        assert_eq!(told(protocol, Value::Null), "one/a.example.com: served, none", "{protocol}");
        assert_eq!(told(protocol, json!({})), "one/a.example.com: served, none", "{protocol}");
        let redirect = json!({"httpsRedirect": true});
        assert_eq!(told(protocol, redirect), "one/a.example.com: redirected, none", "{protocol}");
    }
    for protocol in ["TCP", "MONGO", "TCP-anything"] {
        assert_eq!(told(protocol, Value::Null), "one/a.example.com: served, none", "{protocol}");
    }
}

#[test]
fn only_what_istio_calls_so_is_a_way_out_of_the_mesh() {
    for (label, expected) in [
        ("egressgateway", "unknown"),
        ("payments-egressgateway", "unknown"),
        ("egress", "unknown"),
        ("ingressgateway", "served"),
        ("no-egress-ingressgateway", "served"),
        ("egressgateway-not", "served"),
        ("regress", "served"),
    ] {
        let mut gateway = gateway(&[("one", "HTTP", &["a.example.com"], Value::Null)]);
        gateway["spec"]["selector"] = json!({"istio": label});
        let told = World::new(&[]).listeners(GATEWAY, &gateway);
        assert_eq!(told, [format!("one/a.example.com: {expected}, none")], "{label}");
        gateway["spec"]["selector"] = json!({"app": label});
        let told = World::new(&[]).listeners(GATEWAY, &gateway);
        assert_eq!(told, ["one/a.example.com: served, none"], "{label} under another key");
    }
}

#[test]
fn tls_is_closed_to_plaintext_and_passed_on_where_no_mode_is_set() {
    for protocol in ["HTTPS", "TLS"] {
        for mode in ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL", "ISTIO_MUTUAL", "PASSTHROUGH", "AUTO_PASSTHROUGH"] {
            assert_eq!(told(protocol, json!({"mode": mode})), "one/a.example.com: closed, covered", "{mode}");
        }
        assert_eq!(told(protocol, json!({"credentialName": "web-tls"})), "one/a.example.com: closed, covered");
        // Istio refuses that.
        assert_eq!(told(protocol, Value::Null), "one/a.example.com: unknown, none");
    }
    let passing = gateway(&[("one", "TLS", &["a.example.com"], json!({"credentialName": "web-tls"}))]);
    let world = World::new(&[]);
    assert!(world.settings(GATEWAY, &passing).is_empty(), "TLS does not end at the gateway");
    assert!(world.certificates(GATEWAY, &passing).is_empty());
    assert_eq!(world.hops(GATEWAY, &passing), ["none:none for a.example.com at spec.servers[0]: passed through"]);
}

#[test]
fn each_server_is_a_listener_and_hosts_lose_their_namespace() {
    let gateway = gateway(&[
        ("http", "HTTP", &["shop/a.example.com", "*/b.example.com"], json!({"httpsRedirect": true})),
        ("https", "HTTPS", &["./a.example.com"], json!({"mode": "SIMPLE", "credentialName": "web-tls"})),
        ("any", "HTTP", &["*"], Value::Null),
    ]);
    assert_eq!(
        World::new(&[]).listeners(GATEWAY, &gateway),
        [
            "http/a.example.com, b.example.com: redirected, none",
            "https/a.example.com: closed, covered",
            "any/*: served, none"
        ]
    );
}

#[test]
fn versions_and_ciphers_are_istios_unless_the_server_says_otherwise() {
    let settings = |tls: Value| World::new(&[]).settings(GATEWAY, &gateway(&[("one", "HTTPS", &["*"], tls)])).remove(0);
    let mode = "spec.servers[0].tls.mode";
    assert_eq!(
        settings(json!({"mode": "SIMPLE"})),
        format!("one: TLS 1.2 (default); sound (default); not asked ({mode})")
    );
    assert_eq!(
        settings(json!({"mode": "SIMPLE", "minProtocolVersion": "TLS_AUTO"})),
        settings(json!({"mode": "SIMPLE"}))
    );
    let old =
        json!({"mode": "MUTUAL", "minProtocolVersion": "TLSV1_0", "cipherSuites": ["AES128-SHA", "DES-CBC3-SHA"]});
    let at = "spec.servers[0].tls";
    assert_eq!(
        settings(old),
        format!(
            "one: TLS 1.0 ({at}.minProtocolVersion); AES128-SHA:DES-CBC3-SHA ({at}.cipherSuites); required ({at}.mode)"
        )
    );
    assert!(settings(json!({"mode": "ISTIO_MUTUAL"})).ends_with(&format!("required ({mode})")));
    assert!(settings(json!({"mode": "OPTIONAL_MUTUAL"})).contains("; optional: "));
}

#[test]
fn secrets_are_in_the_namespaces_of_the_gateways_pods() {
    let gateway =
        gateway(&[("one", "HTTPS", &["a.example.com"], json!({"mode": "SIMPLE", "credentialName": "web-tls"}))]);
    let labelled = |label: &str| json!({"metadata": {"labels": {"istio": label}}, "spec": {"containers": []}});
    let deployment = |namespace: &str, label: &str| json!({"metadata": {"name": "gateway", "namespace": namespace}, "spec": {"template": labelled(label)}});
    let used = |deployments: &[Value]| {
        let mut world = World::new(&[]);
        for deployment in deployments {
            world.put(Kind::Deployment, deployment);
        }
        world.certificates(GATEWAY, &gateway)
    };
    let of = |namespace: &str| {
        format!(
            "{namespace}/web-tls for a.example.com at spec.servers[0].tls.credentialName, missing: RejectsHandshake"
        )
    };
    assert!(used(&[]).is_empty(), "nobody says where");
    assert!(used(&[deployment("istio-system", "egress")]).is_empty());
    assert_eq!(used(&[deployment("istio-system", "ingress")]), [of("istio-system")]);
    let several = [deployment("istio-system", "ingress"), deployment("edge", "ingress")];
    assert_eq!(used(&several), [of("edge"), of("istio-system")]);
    let mut pod = labelled("ingress");
    pod["metadata"]["name"] = json!("gateway-1");
    pod["metadata"]["namespace"] = json!("edge");
    let mut world = World::new(&[]);
    world.put(Kind::Pod, &pod);
    assert_eq!(world.certificates(GATEWAY, &gateway), [of("edge")]);
}

#[test]
fn a_credential_may_name_its_namespace_or_be_one_of_several() {
    let used =
        |tls: Value| World::new(&[]).certificates(GATEWAY, &gateway(&[("one", "HTTPS", &["a.example.com"], tls)]));
    let named = json!({"mode": "SIMPLE", "credentialName": "kubernetes-gateway://edge/web-tls"});
    assert_eq!(used(named)[0].split(' ').next(), Some("edge/web-tls"));
    assert!(used(json!({"mode": "SIMPLE", "credentialName": "sds://web"})).is_empty());
    let several =
        json!({"mode": "SIMPLE", "credentialNames": ["kubernetes-gateway://edge/rsa", "kubernetes-gateway://edge/ec"]});
    assert_eq!(
        used(several),
        [
            "edge/rsa for  at spec.servers[0].tls.credentialNames[0], missing: RejectsHandshake",
            "edge/ec for  at spec.servers[0].tls.credentialNames[1], missing: RejectsHandshake"
        ]
    );
}
