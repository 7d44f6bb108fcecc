//! Which listeners take a route, and what is served there.

use serde_json::{Value, json};

use super::*;
use crate::{
    edge::{Plaintext, Wanted},
    snapshot::Blind,
};

fn told(world: &World, route: &Value) -> Vec<String> {
    world.listeners(Kind::HTTPRoute, route)
}

fn check(listeners: Value, rows: &[(Value, &[&str])]) {
    let world = world(listeners);
    for (route, expected) in rows {
        assert_eq!(told(&world, route), *expected, "{route}");
    }
}

#[test]
fn a_route_without_section_name_attaches_to_every_listener() {
    check(
        json!([http(), https()]),
        &[
            (
                route(parent(json!({})), json!({})),
                &["infra/edge/http/*: served, none", "infra/edge/https/*: closed, covered"],
            ),
            (route(parent(json!({"sectionName": "https"})), json!({})), &["infra/edge/https/*: closed, covered"]),
            (route(parent(json!({"port": 443})), json!({})), &["infra/edge/https/*: closed, covered"]),
            (route(parent(json!({"port": 80})), json!({})), &["infra/edge/http/*: served, none"]),
            (route(parent(json!({"sectionName": "http"})), json!({})), &["infra/edge/http/*: served, none"]),
            (route(parent(json!({"sectionName": "other"})), json!({})), &[]),
        ],
    );
}

#[test]
fn rules_that_only_redirect_to_https_do_not_count() {
    let both = json!([redirect(json!("https"))[0], {"backendRefs": [{"name": "web", "port": 80}]}]);
    let rows: [(Value, &str); 5] = [
        (redirect(json!("https")), "redirected"),
        (redirect(json!("http")), "served"),
        // Without a scheme that of the request is kept.
        (redirect(Value::Null), "served"),
        (both, "served"),
        (json!([]), "served"),
    ];
    for (rules, expected) in rows {
        let route = route(parent(json!({"sectionName": "http"})), json!({"rules": rules}));
        assert_eq!(told(&world(json!([http()])), &route), [format!("infra/edge/http/*: {expected}, none")], "{route}");
    }
}

#[test]
fn a_listener_takes_the_namespaces_that_it_allows() {
    let plain = |from: Value| world(json!([listener("http", "HTTP", json!({"allowedRoutes": {"namespaces": from}}))]));
    let labelled = |team: &str| json!({"from": "Selector", "selector": {"matchLabels": {"team": team}}});
    let anywhere = route(parent(json!({})), json!({}));
    for (from, expected) in [
        (json!({"from": "All"}), true),
        (json!({"from": "Same"}), false),
        (json!({}), false),
        (Value::Null, false),
        (json!({"from": "None"}), false),
        (labelled("shop"), true),
        (labelled("other"), false),
    ] {
        let served = told(&plain(from.clone()), &anywhere) == ["infra/edge/http/*: served, none"];
        assert_eq!(served, expected, "{from}");
    }
    let mut own = anywhere.clone();
    own["metadata"]["namespace"] = json!("infra");
    assert_eq!(told(&plain(json!({})), &own), ["infra/edge/http/*: served, none"]);
    let blind = plain(labelled("shop"));
    let mut elsewhere = anywhere;
    elsewhere["metadata"]["namespace"] = json!("unseen");
    assert_eq!(told(&blind, &elsewhere), ["infra/edge/http/*: unknown, none"]);
}

#[test]
fn a_listener_takes_the_kinds_of_its_protocol_that_it_allows() {
    let kinds = |kinds: Value| json!({"allowedRoutes": {"namespaces": {"from": "All"}, "kinds": kinds}});
    let takes = |protocol: &str, more: Value, kind: Kind| {
        let world = world(json!([listener("in", protocol, more)]));
        !world.listeners(kind, &route(parent(json!({})), json!({}))).is_empty()
    };
    for (protocol, kind, expected) in [
        ("HTTP", Kind::HTTPRoute, true),
        ("HTTP", Kind::GRPCRoute, true),
        ("HTTP", Kind::TCPRoute, false),
        ("HTTPS", Kind::GRPCRoute, true),
        ("TLS", Kind::TLSRoute, true),
        ("TLS", Kind::TCPRoute, true),
        ("TLS", Kind::HTTPRoute, false),
        ("TCP", Kind::TCPRoute, true),
        ("TCP", Kind::TLSRoute, false),
        ("UDP", Kind::UDPRoute, true),
        ("UDP", Kind::TCPRoute, false),
    ] {
        assert_eq!(takes(protocol, json!({}), kind), expected, "{protocol} {kind}");
    }
    assert!(!takes("HTTP", kinds(json!([{"kind": "GRPCRoute"}])), Kind::HTTPRoute));
    assert!(takes("HTTP", kinds(json!([{"kind": "HTTPRoute"}])), Kind::HTTPRoute));
    assert!(!takes("HTTP", kinds(json!([{"kind": "HTTPRoute", "group": "example.com"}])), Kind::HTTPRoute));
}

#[test]
fn a_listener_takes_routes_that_share_a_hostname() {
    let world = world(json!([listener("http", "HTTP", json!({"hostname": "*.example.com"}))]));
    let with = |hosts: Value| told(&world, &route(parent(json!({})), json!({"hostnames": hosts})));
    assert_eq!(with(json!(["shop.example.com"])), ["infra/edge/http/shop.example.com: served, none"]);
    assert_eq!(with(json!([])), ["infra/edge/http/*.example.com: served, none"]);
    assert_eq!(with(json!(["shop.example.net", "a.b.example.com"])), ["infra/edge/http/*: served, none"]);
    assert!(with(json!(["shop.example.net"])).is_empty());
}

#[test]
fn bytes_are_plaintext_where_the_application_says_so_and_else_in_doubt() {
    let service = |protocol: &str, app: Value| {
        let ports = json!([{"port": 80, "protocol": protocol, "appProtocol": app}]);
        json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": {"ports": ports}})
    };
    for (kind, protocol) in [(Kind::TCPRoute, "TCP"), (Kind::UDPRoute, "UDP")] {
        for (app, expected) in [
            (Value::Null, "unknown, none"),
            (json!("mysql"), "unknown, none"),
            (json!("tls"), "closed, covered"),
            (json!("https"), "closed, covered"),
            (json!("http"), "served, none"),
            (json!("kubernetes.io/h2c"), "served, none"),
        ] {
            let world = world(json!([listener("in", protocol, json!({}))]));
            let world = world.with([(Kind::Service, &service(protocol, app.clone()))]);
            let told = world.listeners(kind, &route(parent(json!({})), json!({})));
            assert_eq!(told, [format!("infra/edge/in/*: {expected}")], "{protocol} {app}");
        }
    }
    let tls = world(json!([listener("in", "TLS", json!({}))]));
    assert_eq!(
        tls.listeners(Kind::TCPRoute, &route(parent(json!({})), json!({}))),
        ["infra/edge/in/*: closed, covered"]
    );
}

#[test]
fn tls_is_encrypted_whether_it_is_ended_or_passed_on() {
    for mode in ["Terminate", "Passthrough"] {
        let world = world(json!([listener("in", "TLS", json!({"tls": {"mode": mode}}))]));
        let told =
            world.listeners(Kind::TLSRoute, &route(parent(json!({})), json!({"hostnames": ["shop.example.com"]})));
        assert_eq!(told, ["infra/edge/in/shop.example.com: closed, covered"], "{mode}");
    }
}

#[test]
fn what_an_implementations_own_protocol_does_is_in_doubt() {
    for (protocol, expected) in [("example.com/odd", "unknown, none"), ("HBONE", "closed, covered")] {
        let world = world(json!([listener("in", protocol, json!({}))]));
        assert_eq!(told(&world, &route(parent(json!({})), json!({}))), [format!("infra/edge/in/*: {expected}")]);
    }
}

/// What is in doubt, and what would settle it.
fn doubt(world: &World, route: &Value) -> Vec<(String, String)> {
    world.ask(Kind::HTTPRoute, route, |surface| {
        let listeners = surface.listeners(Wanted::All).into_iter();
        let doubts = listeners.filter_map(|listener| match listener.plaintext {
            Plaintext::Unknown(doubt) => Some((doubt.blind.to_string(), doubt.settle.to_string())),
            _ => None,
        });
        doubts.collect()
    })
}

#[test]
fn a_parent_that_is_not_there_leaves_the_route_in_doubt() {
    let world = world_of(ISTIO);
    let with_section = route(parent(json!({"sectionName": "https"})), json!({}));
    assert_eq!(told(&world, &with_section), ["infra/edge/https/*: unknown, none"]);
    assert_eq!(
        doubt(&world, &with_section),
        [(
            "Gateway infra/edge is not there yet".into(),
            "apply Gateway infra/edge before it, or together with it".into()
        )]
    );
    let without = route(parent(json!({})), json!({}));
    assert_eq!(told(&world, &without), ["infra/edge/*: unknown, none"]);
    let [(_, settle)] = doubt(&world, &without).try_into().unwrap();
    assert!(settle.starts_with("set spec.parentRefs[0].sectionName to the name of an HTTPS listener"), "{settle}");
    // A route that only redirects is safe wherever it attaches.
    let redirecting = route(parent(json!({})), json!({"rules": redirect(json!("https"))}));
    assert_eq!(told(&world, &redirecting), ["infra/edge/*: redirected, none"]);
    let blind = world.blind(Kind::Gateway, Blind::NotInFiles(Kind::Gateway));
    let [(what, _)] = doubt(&blind, &with_section).try_into().unwrap();
    assert_eq!(what, "the files hold no Gateway: add it to what is checked");
}

#[test]
fn default_gateways_are_in_doubt_and_services_are_no_parents() {
    let world = world(json!([http()]));
    let by_default = route(json!([]), json!({"useDefaultGateways": "All"}));
    assert_eq!(told(&world, &by_default), ["of default Gateways/*: unknown, none"]);
    assert!(told(&world, &route(json!([]), json!({"useDefaultGateways": "None"}))).is_empty());
    assert!(told(&world, &route(json!([{"group": "", "kind": "Service", "name": "web"}]), json!({}))).is_empty());
}

#[test]
fn listener_sets_serve_where_their_gateway_takes_them_in_and_only_what_names_them() {
    let set = json!({
        "metadata": {"name": "more", "namespace": "shop"},
        "spec": {"parentRef": {"name": "edge", "namespace": "infra"}, "listeners": [http(), https()]},
    });
    let by_set = route(json!([{"kind": "ListenerSet", "name": "more"}]), json!({}));
    let by_gateway = route(parent(json!({})), json!({}));
    let with = |allowed: Value| {
        let mut gateway = gateway(json!([https()]));
        gateway["spec"]["allowedListeners"] = allowed;
        world_of(ISTIO).with([(Kind::Gateway, &gateway), (Kind::ListenerSet, &set)])
    };
    let open = with(json!({"namespaces": {"from": "All"}}));
    let served = ["ListenerSet shop/more/http/*: served, none", "ListenerSet shop/more/https/*: closed, covered"];
    assert_eq!(told(&open, &by_set), served);
    assert_eq!(told(&open, &by_gateway), ["infra/edge/https/*: closed, covered"]);
    let labelled = json!({"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "shop"}}}});
    assert_eq!(told(&with(labelled), &by_set), served);
    for closed in [Value::Null, json!({"namespaces": {}}), json!({"namespaces": {"from": "Same"}})] {
        assert!(told(&with(closed.clone()), &by_set).is_empty(), "{closed}");
    }
    let orphan = world_of(ISTIO).with([(Kind::ListenerSet, &set)]);
    assert_eq!(told(&orphan, &by_set), ["ListenerSet shop/more/*: unknown, none"]);
}

#[test]
fn a_controller_that_is_vouched_for_redirects() {
    let mut world = world(json!([http()]));
    let plain = route(parent(json!({})), json!({}));
    assert_eq!(told(&world, &plain), ["infra/edge/http/*: served, none"]);
    world.refuses.insert(ISTIO.into());
    assert_eq!(told(&world, &plain), ["infra/edge/http/*: redirected, none"]);
}

/// The fact, the fix, and the places in other objects.
fn words(listeners: Value, route: &Value) -> (String, String, Vec<String>) {
    world(listeners).ask(Kind::HTTPRoute, route, |surface| {
        let listener = surface.listeners(Wanted::All).into_iter().next().unwrap();
        let told = surface.told(&listener).unwrap();
        let places = told.places.iter().map(|place| format!("{} {}", place.object, place.path)).collect();
        (told.fact.to_string(), told.fix.unwrap().to_string(), places)
    })
}

#[test]
fn what_is_told_names_the_listener_and_the_one_to_attach_to() {
    let without = route(parent(json!({})), json!({}));
    let (fact, fix, places) = words(json!([http(), https()]), &without);
    assert_eq!(
        fact,
        "spec.parentRefs[0] names no sectionName, and so attaches it also to http of Gateway infra/edge, whose protocol is HTTP"
    );
    assert_eq!(
        fix,
        "set spec.parentRefs[0].sectionName: https, and leave http to a route that only redirects to https"
    );
    assert_eq!(places, ["Gateway infra/edge spec.listeners[0].protocol"]);
    let (fact, fix, _) = words(json!([http()]), &route(parent(json!({"sectionName": "http"})), json!({})));
    assert!(fact.starts_with("spec.parentRefs[0].sectionName attaches it to http"), "{fact}");
    assert!(fix.starts_with("give Gateway infra/edge an HTTPS listener that takes it"), "{fix}");
}

#[test]
fn what_is_said_of_a_route_rests_on_its_parents_and_on_the_labels_that_let_it_in() {
    let labelled = json!({"namespaces": {"from": "Selector", "selector": {}}});
    let world = world(json!([listener("http", "HTTP", json!({"allowedRoutes": labelled}))]));
    let needs = world.rests_on(Kind::HTTPRoute, &route(parent(json!({})), json!({})));
    for need in ["get HTTPRoute shop/web", "get Gateway infra/edge", "get Namespace shop", "get Service shop/web"] {
        assert!(needs.contains(&need.to_owned()), "{needs:?}");
    }
}
