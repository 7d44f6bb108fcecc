//! The controllers' own kinds: routes and proxies are judged like Ingresses, and a change of what they use for their sake.

use ringwall::{
    decision::Decision,
    ruleset::{Profile, Ruleset},
};
use serde_json::{Value, json};

use crate::world::*;

const RULES: [&str; 2] = ["plaintext-ingress", "uncovered-host"];

fn baseline() -> Ruleset {
    enforcing(Profile::Baseline)
}

/// What plaintext and certificates come to: `outcome: line`.
fn told(decision: &Decision) -> Vec<String> {
    let of_the_edge = decision.findings.iter().filter(|(finding, _)| RULES.contains(&finding.rule.0));
    of_the_edge.map(|(finding, outcome)| format!("{}: {}", outcome.name(), finding.line())).collect()
}

fn traefik(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "traefik.io/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
    })
}

fn route(name: &str, entry_point: &str, tls: Option<Value>, middleware: Option<&str>) -> Value {
    let named: Vec<Value> = middleware.iter().map(|name| json!({"name": name})).collect();
    let routes = json!([{
        "kind": "Rule", "match": "Host(`shop.example.com`)", "middlewares": named,
        "services": [{"name": "web", "port": 80}],
    }]);
    let mut spec = json!({"entryPoints": [entry_point], "routes": routes});
    if let Some(tls) = tls {
        spec["tls"] = tls;
    }
    traefik("IngressRoute", name, &spec)
}

fn proxy(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy",
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
    })
}

#[test]
fn an_ingress_route_in_plaintext_is_refused_and_its_pair_of_tls_and_redirect_is_not() {
    let https = traefik("Middleware", "https", &json!({"redirectScheme": {"scheme": "https"}}));
    let world = snapshot(&[namespace("shop", &[]), https]);
    let plain = create(&world, &route("web", "web", None, None), &baseline());
    let line = "refuse: plaintext-ingress: IngressRoute shop/web serves shop.example.com in plaintext: spec.entryPoints \
                attaches it to a plain entry point, and there is no spec.tls; fix: set spec.tls with a secretName, and \
                spec.entryPoints: [websecure]; where another IngressRoute does so, give this one a Middleware with \
                redirectScheme: {scheme: https}";
    assert_eq!(told(&plain), [line]);
    let redirected = create(&world, &route("web", "web", None, Some("https")), &baseline());
    assert!(redirected.allow && told(&redirected).is_empty(), "{}", lines(&redirected));
    let encrypted = route("secure", "websecure", Some(json!({"secretName": "web-tls"})), None);
    let decision = create(&world, &encrypted, &baseline());
    assert!(told(&decision).is_empty(), "{}", lines(&decision));
}

#[test]
fn a_middleware_that_redirects_cannot_be_taken_from_under_its_users() {
    let https = traefik("Middleware", "https", &json!({"redirectScheme": {"scheme": "https"}}));
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": "nginx"}, "spec": {"controller": "traefik.io/ingress-controller"},
    });
    let mut annotated = ingress("shop", "web", &[], &["pay.example.com"]);
    annotated["metadata"]["annotations"] =
        json!({"traefik.ingress.kubernetes.io/router.middlewares": "shop-https@kubernetescrd"});
    let values = [namespace("shop", &[]), class, https.clone(), annotated, route("web", "web", None, Some("https"))];
    let world = snapshot(&values);
    let emptied = traefik("Middleware", "https", &json!({"headers": {"stsSeconds": 1}}));
    let decision = update(&world, &https, &emptied, &baseline());
    assert!(!decision.allow, "{}", lines(&decision));
    let subjects: Vec<String> = decision.findings.iter().map(|(finding, _)| finding.subject.to_string()).collect();
    for user in ["Ingress shop/web", "IngressRoute shop/web"] {
        assert!(subjects.contains(&user.to_owned()), "{subjects:?}");
    }
    let other = traefik("Middleware", "https", &json!({"redirectScheme": {"scheme": "https", "permanent": true}}));
    assert!(update(&world, &https, &other, &baseline()).allow);
    // Without it Traefik serves nothing there, or something: it cannot be said.
    assert!(told(&delete(&world, &https, &baseline())).iter().all(|line| line.starts_with("warn: ")));
}

#[test]
fn a_proxy_is_refused_for_plaintext_and_so_is_what_it_includes() {
    let world = snapshot(&[namespace("shop", &[])]);
    let host = |tls: Value| json!({"fqdn": "shop.example.com", "tls": tls});
    let routes = |permits: bool| json!([{"permitInsecure": permits, "services": [{"name": "web", "port": 80}]}]);
    let plain = proxy("web", &json!({"virtualhost": {"fqdn": "shop.example.com"}, "routes": routes(false)}));
    let line = "refuse: plaintext-ingress: HTTPProxy shop/web serves shop.example.com in plaintext: spec.virtualhost has \
                no tls; fix: set spec.virtualhost.tls with a secretName";
    assert_eq!(told(&create(&world, &plain, &baseline())), [line]);
    let tls = || host(json!({"secretName": "web-tls"}));
    let permitting = proxy("web", &json!({"virtualhost": tls(), "routes": routes(true)}));
    let line = "refuse: plaintext-ingress: HTTPProxy shop/web serves shop.example.com in plaintext: permitInsecure of one \
                of its routes permits it; fix: remove permitInsecure";
    assert_eq!(told(&create(&world, &permitting, &baseline())), [line]);
    let kept = proxy("web", &json!({"virtualhost": tls(), "routes": routes(false)}));
    assert!(told(&create(&world, &kept, &baseline())).is_empty());

    let root = proxy("root", &json!({"virtualhost": tls(), "includes": [{"name": "child"}]}));
    let child = |permits: bool| proxy("child", &json!({"routes": routes(permits)}));
    let world = snapshot(&[namespace("shop", &[]), root, child(false)]);
    let decision = update(&world, &child(false), &child(true), &baseline());
    assert!(!decision.allow, "{}", lines(&decision));
    assert!(told(&decision)[0].starts_with("refuse: plaintext-ingress: HTTPProxy shop/root serves shop.example.com"));
}

/// With work that grows with the square of the hosts this does not come to its end in a reasonable time.
#[test]
fn many_hosts_are_judged_host_by_host_by_every_controller() {
    let names: Vec<String> = (0..5_000).map(|index| format!("h{index}.example.com")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    for controller in
        ["projectcontour.io/ingress-controller", "ingress-controllers.konghq.com/kong", "traefik.io/ingress-controller"]
    {
        let class = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": "nginx"}, "spec": {"controller": controller},
        });
        let other = ingress("shop", "other", &hosts, &hosts);
        let world = snapshot(&[namespace("shop", &[]), class, other]);
        let plain = create(&world, &ingress("shop", "web", &["x.example.com"], &hosts), &baseline());
        assert!(!plain.allow, "{controller}");
    }
    let rule: Vec<String> = names.iter().map(|name| format!("Host(`{name}`)")).collect();
    let mut wide = route("web", "web", None, None);
    wide["spec"]["routes"][0]["match"] = json!(rule.join(" || "));
    assert!(!create(&snapshot(&[namespace("shop", &[])]), &wide, &baseline()).allow);
}
