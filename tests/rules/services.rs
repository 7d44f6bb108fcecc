//! Services, Ingresses, routes and webhooks whose Pods do not let in whom they are meant for.

use ringwall::rules::Finding;

use crate::world::{Court, WEB, breaks, finding, policy, snapshot};

const SERVICE: &str = "---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
";

const INGRESS: &str = "---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: edge}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: edge
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
";

const WEBHOOK: &str = "---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: checks}
webhooks: [{name: check.example.com, clientConfig: {service: {namespace: shop, name: web, port: 80}}}]
";

fn ingress(rules: &str) -> String {
    policy("p", &format!("policyTypes: [Ingress], ingress: {rules}"))
}

fn world(rules: &str) -> String {
    format!("{WEB}{SERVICE}{}", ingress(rules))
}

#[test]
fn a_rule_for_the_port_of_the_service_is_named_with_the_port_that_it_should_be() {
    let Finding { message, fix, places, .. } =
        finding("blocked-service", &world("[{from: [{podSelector: {}}], ports: [{port: 80}]}]"));
    assert_eq!(
        message,
        "Service shop/web port 80 leads to Pod port TCP 8080 of Pod shop/web, on which no policy lets anybody in: \
         NetworkPolicy shop/p allows TCP 80"
    );
    assert_eq!(fix.text(), "write TCP 8080 into spec.ingress[0] of NetworkPolicy shop/p");
    let places: Vec<_> = places.iter().map(|place| format!("{} {}", place.object, place.path)).collect();
    assert_eq!(places, ["NetworkPolicy shop/p spec.ingress[0].ports", "Service shop/web spec.ports[0]"]);
}

#[test]
fn a_service_is_not_blocked_where_anybody_gets_in_or_nobody_is_meant_to() {
    for rules in ["[{ports: [{port: http}]}]", "[{from: [{ipBlock: {cidr: 192.0.2.1/32}}]}]", "[{}]", "[]"] {
        assert!(!breaks("blocked-service", &world(rules)), "{rules}");
    }
    let unnamed = world("[{ports: [{port: 80}]}]").replace("targetPort: http", "targetPort: none");
    assert!(!breaks("blocked-service", &unnamed), "it leads nowhere");
    assert!(!breaks("blocked-service", &format!("{WEB}{SERVICE}")), "nothing isolates it");
}

#[test]
fn a_service_is_split_where_one_pod_refuses_what_another_takes() {
    let other = format!("---\n{}", WEB.replace("name: web,", "name: old,").replace("app: web", "app: web, old: 'yes'"));
    let fresh = "podSelector: {matchExpressions: [{key: old, operator: DoesNotExist}]}";
    let split = |rules: &str| {
        let narrow = ingress(rules).replace("podSelector: {matchLabels: {app: web}}", fresh);
        format!("{WEB}{other}{SERVICE}{narrow}{}", policy("deny", "policyTypes: [Ingress]"))
    };
    let found = finding(
        "split-service",
        &split("[{from: [{podSelector: {matchLabels: {app: front}}}], ports: [{port: 8080}]}]"),
    );
    assert_eq!(
        found.message,
        "Service shop/web port 80: Pod shop/web takes Pods with app=front of shop, and Pod shop/old does not (isolated by deny)"
    );
    assert!(!breaks("split-service", &split("[{from: [{podSelector: {}}], ports: [{port: 9090}]}]")), "another port");
    assert!(!breaks("split-service", &split("[]")), "both refuse everybody");
    let open =
        format!("{WEB}{other}{SERVICE}{}", ingress("[]").replace("podSelector: {matchLabels: {app: web}}", fresh));
    let found = finding("split-service", &open);
    assert!(
        found.message.contains("Pod shop/old takes a Pod that no rule names, and Pod shop/web does not"),
        "{}",
        found.message
    );
}

/// What is said of the Ingress, and whether it is proved.
fn blocked(rules: &str, namespace: Option<&str>) -> Option<bool> {
    let edge = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: edge, labels: {team: edge}}\n";
    let mut court = Court::of(snapshot(&format!("{}{INGRESS}{edge}", world(rules))));
    if let Some(namespace) = namespace {
        court.environment.controller_namespaces.insert("k8s.io/ingress-nginx".into(), namespace.into());
    }
    let found = court.of_rule("blocked-ingress-controller");
    assert!(found.len() <= 1);
    found.first().map(|breach| breach.certain.is_ok())
}

#[test]
fn who_admits_only_its_own_namespace_may_block_the_controller_and_who_admits_nobody_does() {
    assert_eq!(blocked("[]", None), Some(true));
    assert_eq!(blocked("[{from: [{podSelector: {}}]}]", None), Some(false));
    assert_eq!(blocked("[{from: [{namespaceSelector: {}}], ports: [{port: 80}]}]", None), Some(true), "another port");
    for peer in
        ["namespaceSelector: {matchLabels: {team: edge}}", "ipBlock: {cidr: 10.0.0.0/8}", "namespaceSelector: {}"]
    {
        assert_eq!(blocked(&format!("[{{from: [{{{peer}}}]}}]"), None), None, "{peer} may mean the controller");
    }
}

#[test]
fn a_controller_whose_namespace_is_named_is_judged_exactly() {
    assert_eq!(blocked("[{from: [{podSelector: {}}]}]", Some("edge")), Some(true));
    assert_eq!(blocked("[{from: [{namespaceSelector: {matchLabels: {team: edge}}}]}]", Some("edge")), None);
    assert_eq!(blocked("[{from: [{namespaceSelector: {matchLabels: {team: other}}}]}]", Some("edge")), Some(true));
    assert_eq!(blocked("[{from: [{namespaceSelector: {matchLabels: {team: other}}}]}]", Some("gone")), Some(false));
    assert_eq!(blocked("[{from: [{podSelector: {}}]}]", Some("shop")), None, "it runs beside its backends");
}

#[test]
fn a_route_is_judged_by_the_controller_of_its_gateway() {
    let route = "---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: example.com/gateway}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: edge, listeners: []}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}
";
    let found = finding("blocked-ingress-controller", &format!("{}{route}", world("[]")));
    assert_eq!(
        found.message,
        "HTTPRoute shop/web leads to Service shop/web port 80, and Pod shop/web does not let the controller example.com/gateway in \
         on TCP 8080: isolated by p"
    );
    assert_eq!(found.places[0].path.as_str(), "spec.rules[0].backendRefs[0]");
    let without = route.replace("parentRefs: [{name: edge}], ", "");
    assert!(!breaks("blocked-ingress-controller", &format!("{}{without}", world("[]"))), "nobody serves it");
}

#[test]
fn a_webhook_is_blocked_unless_an_address_or_the_control_plane_may_come_in() {
    let world = |rules: &str| format!("{}{WEBHOOK}", world(rules));
    for rules in ["[]", "[{from: [{podSelector: {}}]}]", "[{ports: [{port: 80}]}]"] {
        let found = finding("blocked-webhook", &world(rules));
        assert!(
            found.message.contains("cannot reach check.example.com: Pod shop/web admits no address on TCP 8080"),
            "{}",
            found.message
        );
    }
    for rules in [
        "[{}]",
        "[{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 8080}]}]",
        "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}]",
    ] {
        assert!(!breaks("blocked-webhook", &world(rules)), "{rules}");
    }
}
