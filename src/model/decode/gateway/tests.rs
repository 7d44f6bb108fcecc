//! What is read of Gateway API, and the defaults that its definitions fill in.

use serde_json::{Value, json};

use crate::model::{
    AllowedNamespaces, BackendTrust, ClientValidation, Gateway, Kind, Object, ObjectKey, Selector,
    decode::{self, DecodeError},
};

#[allow(clippy::needless_pass_by_value, reason = "what `json!` makes is handed over")]
fn decoded(kind: Kind, spec: Value) -> Result<Object, DecodeError> {
    decode::value(kind, &json!({"metadata": {"name": "edge", "namespace": "shop"}, "spec": spec}))
}

fn gateway(spec: Value) -> Gateway {
    match decoded(Kind::Gateway, spec).unwrap() {
        Object::Gateway(gateway) => Gateway::clone(&gateway),
        other => panic!("{other:?}"),
    }
}

#[test]
fn listeners_have_the_defaults_of_the_definition() {
    let gateway = gateway(json!({
        "gatewayClassName": "edge",
        "listeners": [
            {"name": "http", "port": 80, "protocol": "HTTP", "hostname": ""},
            {
                "name": "https", "port": 443, "protocol": "HTTPS", "hostname": "*.example.com",
                "tls": {
                    "certificateRefs": [{"name": "a"}, {"name": "b", "namespace": "certs", "kind": "Secret", "group": ""},
                        {"name": "c", "kind": "Other", "group": "example.com"}],
                    "options": {"example.com/x": "y"},
                },
                "allowedRoutes": {
                    "namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "shop"}}},
                    "kinds": [{"kind": "HTTPRoute"}, {"group": "example.com", "kind": "Odd"}],
                },
            },
            {"name": "tls", "port": 8443, "protocol": "TLS", "tls": {"mode": "Passthrough"}, "allowedRoutes": {"namespaces": {"from": "All"}}},
        ],
    }));
    assert_eq!(gateway.allowed_listeners, AllowedNamespaces::Nobody);
    let [http, https, tls] = gateway.listeners.as_slice() else { panic!("{gateway:?}") };
    assert_eq!((http.hostname.as_ref(), http.port, &http.namespaces), (None, Some(80), &AllowedNamespaces::Same));
    assert!(http.tls.is_none() && http.kinds.is_empty());
    let read = https.tls.as_ref().unwrap();
    let secret = |namespace: &str, name: &str| Some(ObjectKey::namespaced(Kind::Secret, namespace, name));
    assert_eq!(read.certificates, [secret("shop", "a"), secret("certs", "b"), None]);
    assert!(!read.is_passthrough && read.options.has("example.com/x"));
    let shop = Selector::All(vec![Selector::In("team".into(), vec!["shop".into()])]);
    assert_eq!(https.namespaces, AllowedNamespaces::Selector(shop));
    let kinds: Vec<String> = https.kinds.iter().map(|(group, kind)| format!("{group}/{kind}")).collect();
    assert_eq!(kinds, ["gateway.networking.k8s.io/HTTPRoute", "example.com/Odd"]);
    assert!(tls.tls.as_ref().is_some_and(|tls| tls.is_passthrough && tls.certificates.is_empty()));
    assert_eq!(tls.namespaces, AllowedNamespaces::All);
}

#[test]
fn clients_are_checked_by_default_or_by_port() {
    let validation = |mode: Value| json!({"validation": {"mode": mode, "caCertificateRefs": [{"name": "ca"}]}});
    let gateway = gateway(json!({"tls": {
        "frontend": {
            "default": validation(Value::Null),
            "perPort": [{"port": 8443, "tls": validation(json!("AllowInsecureFallback"))}, {"port": 9443, "tls": {}}],
        },
        "backend": {"clientCertificateRef": {"name": "own"}},
    }}));
    assert_eq!(gateway.client_on(Some(443)), Some(ClientValidation::ValidOnly));
    assert_eq!(gateway.client_on(Some(8443)), Some(ClientValidation::InsecureFallback));
    assert_eq!(gateway.client_on(Some(9443)), None);
    assert_eq!(gateway.backend_certificate, Some(ObjectKey::namespaced(Kind::Secret, "shop", "own")));
}

#[test]
fn a_listener_set_names_its_gateway() {
    let set = decoded(Kind::ListenerSet, json!({"parentRef": {"name": "main"}, "listeners": [{"name": "x"}]})).unwrap();
    let Object::ListenerSet(set) = set else { panic!("{set:?}") };
    assert_eq!(set.gateway.to_string(), "Gateway shop/main");
    assert_eq!(set.listeners.len(), 1);
}

#[test]
fn a_route_names_listener_sets_sections_ports_and_what_it_redirects() {
    let route = decoded(
        Kind::HTTPRoute,
        json!({
            "parentRefs": [
                {"name": "edge", "sectionName": "https", "port": 443},
                {"name": "more", "kind": "ListenerSet", "sectionName": ""},
                {"name": "mesh", "kind": "Service", "group": ""},
            ],
            "hostnames": ["shop.example.com"],
            "rules": [
                {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]},
                {
                    "matches": [
                        {"path": {"value": "/a"}}, {"path": {"type": "Exact", "value": "/b"}},
                        {"path": {"type": "RegularExpression", "value": "/c.*"}}, {"headers": []},
                    ],
                    "filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "other.example.com"}}],
                },
            ],
        }),
    );
    let Object::Route(route) = route.unwrap() else { panic!() };
    let parents: Vec<String> = route
        .parents
        .iter()
        .map(|it| format!("{} {:?} {:?} {}", it.object, it.section.as_deref(), it.port, it.at))
        .collect();
    assert_eq!(
        parents,
        [
            "Gateway shop/edge Some(\"https\") Some(443) spec.parentRefs[0]",
            "ListenerSet shop/more None None spec.parentRefs[1]",
        ]
    );
    assert_eq!(route.rules.iter().map(|rule| rule.redirects).collect::<Vec<_>>(), [true, false]);
    assert!(!route.only_redirects());
    let paths: Vec<Option<&str>> = route.rules[1].paths.iter().map(|path| path.as_ref().map(|path| &**path)).collect();
    assert_eq!(paths, [Some("/a"), Some("/b"), None, Some("/")]);
}

#[test]
fn a_policy_of_backends_names_services_of_its_own_namespace() {
    let policy = decoded(
        Kind::BackendTLSPolicy,
        json!({
            "targetRefs": [
                {"group": "", "kind": "Service", "name": "web", "sectionName": "https"},
                {"group": "example.com", "kind": "Odd", "name": "x"},
            ],
            "validation": {"hostname": "web", "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}]},
        }),
    );
    let Object::BackendTlsPolicy(policy) = policy.unwrap() else { panic!() };
    let targets: Vec<String> =
        policy.targets.iter().map(|it| format!("{} {:?}", it.service, it.port.as_deref())).collect();
    assert_eq!(targets, ["Service shop/web Some(\"https\")"]);
    assert_eq!(policy.trust, BackendTrust::References(vec![ObjectKey::namespaced(Kind::ConfigMap, "shop", "ca")]));
}

#[test]
fn a_grant_permits_what_it_names_and_everything_where_it_names_nothing() {
    let grant = |to: Value| {
        let from = json!([{"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "infra"}]);
        let Object::ReferenceGrant(grant) = decoded(Kind::ReferenceGrant, json!({"from": from, "to": to})).unwrap()
        else {
            panic!()
        };
        let secret = ObjectKey::namespaced(Kind::Secret, "shop", "edge-tls");
        (grant.permits(Kind::Gateway, &"infra".into(), &secret), grant.permits(Kind::Gateway, &"other".into(), &secret))
    };
    let to = |kind: &str, name: Value| json!([{"group": "", "kind": kind, "name": name}]);
    assert_eq!(grant(to("Secret", Value::Null)), (true, false));
    assert_eq!(grant(to("Secret", json!("edge-tls"))), (true, false));
    assert_eq!(grant(to("Secret", json!("other"))), (false, false));
    assert_eq!(grant(to("ConfigMap", Value::Null)), (false, false));
}

#[test]
fn what_could_never_have_been_stored_is_an_error_that_names_the_field() {
    let error = |spec: Value| decoded(Kind::Gateway, spec).unwrap_err().to_string();
    let from = error(json!({"listeners": [{"allowedRoutes": {"namespaces": {"from": "secret"}}}]}));
    assert!(from.contains("spec.listeners[0].allowedRoutes.namespaces.from") && !from.contains("secret"), "{from}");
    let mode = error(json!({"listeners": [{"tls": {"mode": "secret"}}]}));
    assert!(mode.contains("spec.listeners[0].tls.mode") && !mode.contains("secret"), "{mode}");
}
