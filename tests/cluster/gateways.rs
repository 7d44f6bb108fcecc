//! Gateways and routes: whichever comes last is judged with the other. The definitions of the kinds are minimal ones of our own.

use serde_json::json;

use crate::harness::{self, Client, ControlPlane, PATIENCE, Ringwall, Setup, eventually, unique};
use crate::manifests::BASELINE;
use crate::policy_kinds::define;

const GROUP: &str = "gateway.networking.k8s.io";

/// A Ringwall that watches Gateways, and a `GatewayClass`.
fn ringwall(cluster: &ControlPlane) -> (Ringwall<'_>, String) {
    for (kind, plural, namespaced) in
        [("GatewayClass", "gatewayclasses", false), ("Gateway", "gateways", true), ("HTTPRoute", "httproutes", true)]
    {
        define(cluster, GROUP, "v1", kind, plural, namespaced);
    }
    let class = unique("class");
    let object = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "GatewayClass", "metadata": {"name": class},
        "spec": {"controllerName": "istio.io/gateway-controller"},
    });
    cluster.kubectl().apply(&object.to_string()).ok();
    let ringwall = Ringwall::start(cluster, Setup::default());
    for kind in ["GatewayClass", "Gateway", "HTTPRoute"] {
        let series = format!("ringwall_watch_state{{kind=\"{kind}\",state=\"synced\"}}");
        eventually(PATIENCE, "the watch of the kind", || match ringwall.metric(&series) {
            Some(1.0) => Ok(()),
            _ => Err(ringwall.metrics()),
        });
    }
    (ringwall, class)
}

fn gateway(class: &str, protocols: &[&str]) -> String {
    let listener = |protocol: &&str| match *protocol {
        "HTTP" => json!({"name": "http", "port": 80, "protocol": "HTTP"}),
        _ => json!({
            "name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "edge-tls"}]},
        }),
    };
    let listeners: Vec<_> = protocols.iter().map(listener).collect();
    let gateway = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "Gateway",
        "metadata": {"name": "edge", "annotations": {"cert-manager.io/issuer": "letsencrypt"}},
        "spec": {"gatewayClassName": class, "listeners": listeners},
    });
    gateway.to_string()
}

fn route(name: &str, section: Option<&str>, redirects: bool) -> String {
    let mut parent = json!({"name": "edge"});
    if let Some(section) = section {
        parent["sectionName"] = json!(section);
    }
    let redirect = json!({"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}});
    let rule =
        if redirects { json!({"filters": [redirect]}) } else { json!({"backendRefs": [{"name": "web", "port": 80}]}) };
    let route = json!({
        "apiVersion": format!("{GROUP}/v1"), "kind": "HTTPRoute", "metadata": {"name": name},
        "spec": {"parentRefs": [parent], "hostnames": ["shop.example.com"], "rules": [rule]},
    });
    route.to_string()
}

/// Applies without effect until the answer is as wished, for the watch may not have shown yet what was just applied.
fn tried(kubectl: &Client, manifest: &str, wished: impl Fn(&harness::Outcome) -> bool) -> harness::Outcome {
    eventually(PATIENCE, "the answer", || {
        let outcome = kubectl.run_with_input(&["apply", "--dry-run=server", "-f", "-"], manifest);
        if wished(&outcome) { Ok(outcome) } else { Err(outcome.to_string()) }
    })
}

#[test]
fn a_route_before_its_gateway_is_judged_when_the_gateway_listens_in_plaintext() {
    let Some(cluster) = harness::cluster() else { return };
    let (ringwall, class) = ringwall(cluster);
    let namespace = ringwall.namespace("gateways", &[BASELINE]);
    let kubectl = namespace.kubectl();

    // Nobody can say yet what takes it.
    let early = kubectl.apply(&route("web", None, false)).ok();
    let warned = |line: &&str| line.contains("plaintext-ingress") && line.contains("sectionName");
    assert!(early.warnings().iter().any(warned), "{early}");

    kubectl.apply(&gateway(&class, &["HTTPS"])).ok();
    let both = gateway(&class, &["HTTPS", "HTTP"]);
    let refused = tried(&kubectl, &both, |outcome| !outcome.success).stderr;
    let subject = format!("HTTPRoute {}/web", namespace.name);
    assert!(refused.contains("plaintext-ingress") && refused.contains(&subject), "{refused}");
    assert!(refused.contains("set spec.parentRefs[0].sectionName: https"), "the fix: {refused}");
    let refusal = kubectl.apply(&both).fails().stderr;
    assert!(refusal.contains(&subject), "{refusal}");

    // Attached to the one listener, it does not mind the other; and a route that only redirects is fine there.
    kubectl.apply(&route("web", Some("https"), false)).ok();
    tried(&kubectl, &both, |outcome| outcome.success);
    kubectl.apply(&both).ok();
    let quiet = tried(&kubectl, &route("redirect", Some("http"), true), |outcome| outcome.success);
    assert!(!quiet.warnings().iter().any(|line| line.contains("plaintext-ingress")), "{quiet}");
    kubectl.apply(&route("redirect", Some("http"), true)).ok();
    let refused = tried(&kubectl, &route("plain", Some("http"), false), |outcome| !outcome.success).stderr;
    assert!(refused.contains("plaintext-ingress"), "{refused}");

    cluster.kubectl().run(&["delete", "gatewayclass", &class, "--wait=false"]);
}
