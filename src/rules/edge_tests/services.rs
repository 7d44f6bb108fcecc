//! Services whose load balancers end TLS, or do not.

use super::*;

const ANNOTATION: &str = "service.beta.kubernetes.io/aws-load-balancer-";

fn service(kind: &str, annotations: &[(&str, &str)], ports: &Value) -> Value {
    let annotations: serde_json::Map<_, _> =
        annotations.iter().map(|(key, value)| (format!("{ANNOTATION}{key}"), json!(value))).collect();
    json!({
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": {"type": kind, "selector": {"app": "web"}, "ports": ports},
    })
}

fn lines(name: &str, service: &Value) -> Vec<String> {
    let found = Court::default().findings(name, Kind::Service, service, &[]);
    found.into_iter().map(|(finding, ..)| finding.line()).collect()
}

#[test]
fn a_load_balancer_of_aws_speaks_tls_1_0_unless_it_is_told_not_to() {
    let https = json!([{"name": "https", "port": 443}]);
    let default = service("LoadBalancer", &[("ssl-cert", "arn")], &https);
    assert_eq!(
        lines("weak-tls-version", &default),
        [
            "weak-tls-version: Service shop/web accepts TLS 1.0, older than TLS 1.2, by the default of AWS load balancers \
          (ELBSecurityPolicy-2016-08); fix: set the annotation \
          service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy: ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
        ]
    );
    assert_eq!(lines("weak-cipher", &default), [""; 0], "what nobody chose is told once");
    let named =
        |policy: &str| service("LoadBalancer", &[("ssl-cert", "arn"), ("ssl-negotiation-policy", policy)], &https);
    let strong = named("ELBSecurityPolicy-TLS13-1-2-Res-2021-06");
    assert!(lines("weak-tls-version", &strong).is_empty() && lines("weak-cipher", &strong).is_empty());
    let [line] = lines("weak-cipher", &named("ELBSecurityPolicy-TLS-1-2-2017-01")).try_into().unwrap();
    assert!(line.contains("AES128-GCM-SHA256 (no forward secrecy)"), "{line}");
    assert!(line.contains("name the policy ELBSecurityPolicy-TLS13-1-2-Res-2021-06"), "{line}");
    for rule in ["weak-tls-version", "weak-cipher", "plaintext-backend", "unverified-backend"] {
        assert_eq!(lines(rule, &service("LoadBalancer", &[], &https)), [""; 0], "{rule}: nobody ends TLS");
    }
}

#[test]
fn a_load_balancer_of_aws_that_speaks_tls_to_its_targets_checks_nothing() {
    let https = json!([{"name": "https", "port": 443}]);
    let ssl = service("LoadBalancer", &[("ssl-cert", "arn"), ("backend-protocol", "ssl")], &https);
    assert_eq!(lines("unverified-backend", &ssl).len(), 1);
    assert!(lines("plaintext-backend", &ssl).is_empty());
    let tcp = service("LoadBalancer", &[("ssl-cert", "arn"), ("backend-protocol", "tcp")], &https);
    assert_eq!(lines("plaintext-backend", &tcp).len(), 1);
    assert!(lines("unverified-backend", &tcp).is_empty());
}

#[test]
fn ports_that_are_known_to_be_plaintext_are_told() {
    for (ports, expected) in [
        (json!([{"port": 80}]), vec![80]),
        (json!([{"name": "http", "port": 9000}]), vec![9000]),
        (json!([{"name": "http-admin", "port": 9000}]), vec![9000]),
        (json!([{"name": "admin-http", "port": 9000}]), vec![9000]),
        (json!([{"port": 9000, "appProtocol": "http"}]), vec![9000]),
        (json!([{"port": 9000, "appProtocol": "kubernetes.io/h2c"}]), vec![9000]),
        (json!([{"port": 9000, "appProtocol": "kubernetes.io/ws"}]), vec![9000]),
        (json!([{"port": 23}]), vec![23]),
        (json!([{"port": 1883, "name": "mqtt"}, {"port": 8883, "name": "mqtts"}]), vec![1883]),
        // What says otherwise, says nothing, or may turn TLS on by itself.
        (json!([{"port": 80, "appProtocol": "https"}]), vec![]),
        (json!([{"port": 80, "name": "web"}]), vec![]),
        (json!([{"port": 443}]), vec![]),
        (json!([{"port": 9000}]), vec![]),
        (json!([{"port": 9000, "name": "grpc"}]), vec![]),
        (json!([{"port": 5432, "name": "postgres"}]), vec![]),
        (json!([{"port": 6379, "name": "redis"}]), vec![]),
        (json!([{"port": 25}]), vec![]),
        (json!([{"port": 80, "protocol": "UDP"}]), vec![]),
        // A redirect beside HTTPS.
        (json!([{"name": "http", "port": 80}, {"name": "https", "port": 443}]), vec![]),
        (json!([{"name": "http", "port": 80}, {"name": "x", "port": 443}]), vec![]),
        (json!([{"name": "telnet", "port": 23}, {"name": "https", "port": 443}]), vec![23]),
    ] {
        for kind in ["LoadBalancer", "NodePort", "ClusterIP"] {
            let found = lines("plaintext-service", &service(kind, &[], &ports));
            let told: Vec<u16> = if kind == "ClusterIP" { vec![] } else { expected.clone() };
            assert_eq!(found.len(), told.len(), "{kind} {ports}: {found:?}");
            for (line, port) in found.iter().zip(told) {
                assert!(line.contains(&format!(" port {port} of ")), "{line}");
            }
        }
    }
}

#[test]
fn a_port_on_which_the_load_balancer_ends_tls_is_none() {
    let http = json!([{"name": "http", "port": 80}, {"name": "http-alt", "port": 8080}]);
    let told = |annotations: &[(&str, &str)]| lines("plaintext-service", &service("LoadBalancer", annotations, &http));
    assert_eq!(told(&[]).len(), 2);
    assert_eq!(told(&[("ssl-cert", "arn")]).len(), 0);
    assert_eq!(told(&[("ssl-cert", "arn"), ("ssl-ports", "80")]).len(), 0, "the other is taken for the redirect");
}

#[test]
fn how_far_it_is_open_is_told_and_counts() {
    let http = json!([{"name": "http", "port": 80}]);
    let found = |kind: &str, annotations: &[(&str, &str)]| {
        let found =
            Court::default().findings("plaintext-service", Kind::Service, &service(kind, annotations, &http), &[]);
        let [(finding, true, extent)] = found.as_slice() else { panic!("one, and proved") };
        (finding.message.clone(), *extent)
    };
    let message = |at: &str| format!("Service shop/web opens port 80 of {at} in plaintext: its name is http");
    assert_eq!(found("LoadBalancer", &[]), (message("a load balancer"), 2));
    assert_eq!(found("LoadBalancer", &[("scheme", "internal")]), (message("an internal load balancer"), 1));
    assert_eq!(found("NodePort", &[]), (message("every node"), 1));
}

#[test]
fn what_another_cloud_makes_of_it_is_a_doubt() {
    let mut service = service("LoadBalancer", &[], &json!([{"name": "http", "port": 80}]));
    service["metadata"]["annotations"] = json!({"service.beta.kubernetes.io/do-loadbalancer-certificate-id": "x"});
    let found = Court::default().findings("plaintext-service", Kind::Service, &service, &[]);
    let [(finding, false, _)] = found.as_slice() else { panic!("one, and in doubt") };
    assert!(finding.message.contains("may open port 80"), "{}", finding.message);
}

#[test]
fn services_of_gateways_and_of_solvers_are_judged_elsewhere() {
    let http = json!([{"name": "http", "port": 80}]);
    let owned = |name: &str, api_version: &str, kind: &str, labels: &Value| {
        let mut service = service("NodePort", &[], &http);
        service["metadata"]["name"] = json!(name);
        service["metadata"]["labels"] = labels.clone();
        service["metadata"]["ownerReferences"] =
            json!([{"apiVersion": api_version, "kind": kind, "name": "x", "uid": "x", "controller": true}]);
        lines("plaintext-service", &service).len()
    };
    let marks = json!({
        "acme.cert-manager.io/http01-solver": "true",
        "acme.cert-manager.io/http-domain": "1",
        "acme.cert-manager.io/http-token": "2",
    });
    let nothing = json!({});
    assert_eq!(owned("gw-istio", "gateway.networking.k8s.io/v1", "Gateway", &nothing), 0);
    assert_eq!(owned("gw-istio", "example.com/v1", "Gateway", &nothing), 1);
    assert_eq!(owned("cm-acme-http-solver-x", "acme.cert-manager.io/v1", "Challenge", &marks), 0);
    assert_eq!(owned("cm-acme-http-solver-x", "acme.cert-manager.io/v1", "Challenge", &nothing), 1);
    assert_eq!(owned("web", "acme.cert-manager.io/v1", "Challenge", &marks), 1);
}

#[test]
fn a_name_is_read_by_its_first_and_last_word() {
    let name = |name: &str| {
        let ports = json!([{"name": name, "port": 9000}]);
        lines("plaintext-service", &service("NodePort", &[], &ports)).len()
    };
    for (text, expected) in
        [("http", 1), ("http-web", 1), ("web-http", 1), ("https-http", 0), ("httpx", 0), ("a-http-b", 0)]
    {
        assert_eq!(name(text), expected, "{text}");
    }
}
