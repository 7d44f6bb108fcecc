//! Linkerd's tables.

use super::*;

fn server(name: &str, port: &Value, access: Option<&str>) -> Value {
    json!({
        "apiVersion": "policy.linkerd.io/v1beta3", "kind": "Server",
        "metadata": {"name": name, "namespace": "shop", "labels": {"of": name}},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "port": port, "accessPolicy": access},
    })
}

fn authorization(client: &Value) -> Value {
    json!({
        "apiVersion": "policy.linkerd.io/v1beta1", "kind": "ServerAuthorization",
        "metadata": {"name": "saz", "namespace": "shop"}, "spec": {"server": {"name": "web"}, "client": client},
    })
}

fn policy(target: &Value, refs: &[&str]) -> Value {
    let refs: Vec<Value> = refs
        .iter()
        .map(|kind| {
            let group = if *kind == "ServiceAccount" { "" } else { "policy.linkerd.io" };
            json!({"group": group, "kind": kind, "name": "who"})
        })
        .collect();
    json!({
        "apiVersion": "policy.linkerd.io/v1alpha1", "kind": "AuthorizationPolicy",
        "metadata": {"name": "policy", "namespace": "shop"}, "spec": {"targetRef": target, "requiredAuthenticationRefs": refs},
    })
}

fn network() -> Value {
    json!({
        "apiVersion": "policy.linkerd.io/v1alpha1", "kind": "NetworkAuthentication",
        "metadata": {"name": "who", "namespace": "shop"}, "spec": {"networks": [{"cidr": "10.0.0.0/8"}]},
    })
}

const DEFAULTS: [Option<&str>; 7] = [
    None,
    Some("all-unauthenticated"),
    Some("cluster-unauthenticated"),
    Some("all-authenticated"),
    Some("cluster-authenticated"),
    Some("deny"),
    Some("audit"),
];

fn lets_plaintext(policy: &str) -> bool {
    policy.ends_with("-unauthenticated") || policy == "audit"
}

#[test]
fn every_default_of_mesh_namespace_and_pod_comes_to_what_the_facts_say() {
    for mesh in InboundPolicy::ALL {
        for home in DEFAULTS {
            for own in DEFAULTS {
                for (is_final, proxy) in [(true, "linkerd-proxy"), (false, "other")] {
                    let key = "config.linkerd.io/default-inbound-policy";
                    let mut annotations = json!({"linkerd.io/inject": "enabled"});
                    if let Some(policy) = own {
                        annotations[key] = json!(policy);
                    }
                    let mut made = pod(proxy, &annotations);
                    if !is_final {
                        made["metadata"]["uid"] = Value::Null;
                    }
                    let home_says = home.map_or(json!({}), |policy| json!({key: policy}));
                    let world = snapshot(&[namespace(&json!({}), &home_says)]);
                    let settings = MeshSettings { linkerd_default: mesh, ..MeshSettings::default() };
                    let judged = inbound(&world, &settings, &"shop".into(), &facts(&made));
                    // The injector has copied what the Namespace said when it made the Pod.
                    let said = own.or(home.filter(|_| !is_final)).unwrap_or(mesh.name());
                    let case = format!("mesh {mesh:?}, namespace {home:?}, Pod {own:?}, final {is_final}");
                    assert_eq!(judged.mesh, Some(Mesh::Linkerd), "{case}");
                    assert_eq!(matches!(judged.default, Accepts::Plaintext(_)), lets_plaintext(said), "{case}");
                }
            }
        }
    }
}

/// What a Server lets in: its accessPolicy, and each authorization beside it.
fn naive(access: Option<&str>, client: Option<usize>, refs: Option<&[&str]>, network: bool) -> &'static str {
    if lets_plaintext(access.unwrap_or("deny")) {
        return "plaintext";
    }
    if let Some(refs) = refs {
        let demands = refs.contains(&"MeshTLSAuthentication") || refs.contains(&"ServiceAccount");
        let void = refs.contains(&"NetworkAuthentication") && !network;
        if !demands && !void {
            return "plaintext";
        }
    }
    match client {
        Some(0) => "plaintext",
        Some(1) => "tls",
        _ => "mutual",
    }
}

#[test]
fn every_server_and_what_authorizes_at_it_comes_to_what_the_facts_say() {
    let clients = [
        json!({"unauthenticated": true}),
        json!({"meshTLS": {"unauthenticatedTLS": true}}),
        json!({"meshTLS": {"identities": ["*"]}}),
        json!({"meshTLS": {"serviceAccounts": [{"name": "front"}]}}),
    ];
    let all_refs: [&[&str]; 5] = [
        &[],
        &["NetworkAuthentication"],
        &["MeshTLSAuthentication"],
        &["ServiceAccount"],
        &["MeshTLSAuthentication", "NetworkAuthentication"],
    ];
    let to_server = json!({"group": "policy.linkerd.io", "kind": "Server", "name": "web"});
    let to_namespace = json!({"group": "core", "kind": "Namespace", "name": "shop"});
    for access in DEFAULTS {
        for client in [None, Some(0), Some(1), Some(2), Some(3)] {
            for refs in std::iter::once(None).chain(all_refs.into_iter().map(Some)) {
                for target in [&to_server, &to_namespace] {
                    for with_network in [false, true] {
                        let mut world = vec![server("web", &json!("http"), access)];
                        world.extend(client.map(|index| authorization(&clients[index])));
                        world.extend(refs.map(|refs| policy(target, refs)));
                        world.extend(with_network.then(network));
                        let judged = judged(&world, &pod("linkerd-proxy", &json!({})));
                        let found = match judged.on(8080) {
                            Accepts::MutualTls => "mutual",
                            Accepts::OneSidedTls(_) => "tls",
                            Accepts::Plaintext(_) => "plaintext",
                            Accepts::Unknown(_) => "unknown",
                        };
                        let expected = naive(access, client, refs, with_network);
                        assert_eq!(found, expected, "{access:?} {client:?} {refs:?} {target} {with_network}");
                        // A Server says nothing of other ports.
                        assert!(matches!(judged.on(9090), Accepts::Plaintext(_)));
                    }
                }
            }
        }
    }
}

#[test]
fn of_two_servers_of_one_port_linkerd_takes_either() {
    let both = |other| {
        let world = [server("web", &json!(8080), None), server("xyz", &json!("http"), other)];
        judged(&world, &pod("linkerd-proxy", &json!({}))).on(8080).clone()
    };
    assert_eq!(both(None), Accepts::MutualTls);
    assert!(matches!(both(Some("all-unauthenticated")), Accepts::Unknown(_)));
}

#[test]
fn a_route_that_anyone_may_use_leaves_its_servers_unproved() {
    let route = json!({"group": "policy.linkerd.io", "kind": "HTTPRoute", "name": "r"});
    let judge = |refs: &[&str]| {
        let world = [server("web", &json!(8080), None), policy(&route, refs)];
        judged(&world, &pod("linkerd-proxy", &json!({}))).on(8080).clone()
    };
    assert!(matches!(judge(&[]), Accepts::Unknown(_)));
    assert_eq!(judge(&["MeshTLSAuthentication"]), Accepts::MutualTls);
}

#[test]
fn a_skipped_port_has_no_mesh_whatever_a_server_says_and_a_port_may_demand_an_identity() {
    let world = [server("web", &json!(8080), None)];
    let judge = |annotations: Value| judged(&world, &pod("linkerd-proxy", &annotations));
    let plain = |inbound: &Inbound, port: u16| matches!(inbound.on(port), Accepts::Plaintext(_));
    let skipping = judge(json!({"config.linkerd.io/skip-inbound-ports": "8000-8100"}));
    assert!(plain(&skipping, 8080) && !plain(&judge(json!({})), 8080));
    let demanding = judge(json!({"config.linkerd.io/proxy-require-identity-inbound-ports": "9090"}));
    assert!(!plain(&demanding, 9090) && plain(&demanding, 9091));
    let mut galera = pod("linkerd-proxy", &json!({"config.linkerd.io/default-inbound-policy": "deny"}));
    galera["spec"]["containers"][0]["ports"] = json!([{"containerPort": 4567}]);
    assert!(plain(&judged(&[], &galera), 4567) && !plain(&judged(&[], &galera), 4568));
}
