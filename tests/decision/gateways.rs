//! Gateways and routes: whichever comes last is judged with the other.

use std::collections::BTreeSet;

use ringwall::{
    decision::{Decision, Outcome, Templates, survey},
    ruleset::{Profile, Ruleset},
    snapshot::Snapshot,
};
use serde_json::{Value, json};

use crate::world::*;

fn baseline() -> Ruleset {
    enforcing(Profile::Baseline)
}

pub(crate) fn class() -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "edge"},
        "spec": {"controllerName": "istio.io/gateway-controller"},
    })
}

/// A listener of protocol HTTP, and one of protocol HTTPS, for every namespace.
pub(crate) fn listener(name: &str) -> Value {
    let allowed = json!({"namespaces": {"from": "All"}});
    match name {
        "http" => json!({"name": name, "port": 80, "protocol": "HTTP", "allowedRoutes": allowed}),
        _ => json!({
            "name": name, "port": 443, "protocol": "HTTPS", "allowedRoutes": allowed, "hostname": "*.example.com",
            "tls": {"certificateRefs": [{"name": "edge-tls"}]},
        }),
    }
}

pub(crate) fn gateway(listeners: &[&str]) -> Value {
    let listeners: Vec<Value> = listeners.iter().map(|name| listener(name)).collect();
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": {"name": "edge", "namespace": "infra", "annotations": {"cert-manager.io/issuer": "x"}},
        "spec": {
            "gatewayClassName": "edge", "listeners": listeners, "allowedListeners": {"namespaces": {"from": "All"}},
        },
    })
}

pub(crate) fn listener_set(listeners: &[&str]) -> Value {
    let listeners: Vec<Value> = listeners.iter().map(|name| listener(name)).collect();
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet",
        "metadata": {"name": "more", "namespace": "infra"},
        "spec": {"parentRef": {"name": "edge"}, "listeners": listeners},
    })
}

/// A route of `shop` to the Gateway, or to its `ListenerSet`.
pub(crate) fn route(name: &str, kind: &str, section: Option<&str>) -> Value {
    let parent = if kind == "Gateway" { "edge" } else { "more" };
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "parentRefs": [{"kind": kind, "name": parent, "namespace": "infra", "sectionName": section}],
            "hostnames": ["shop.example.com"],
            "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
        },
    })
}

fn redirecting() -> Value {
    let mut route = route("redirect", "Gateway", Some("http"));
    let redirect = json!({"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}});
    route["spec"]["rules"] = json!([{"filters": [redirect]}]);
    route
}

fn world(objects: &[Value]) -> Snapshot {
    let mut values = vec![namespace("shop", &[]), namespace("infra", &[]), class()];
    values.extend(objects.iter().cloned());
    snapshot(&values)
}

/// Who is told to serve plaintext, and how.
fn plaintext(decision: &Decision) -> Vec<String> {
    let told = decision.findings.iter().filter(|(finding, _)| finding.rule.0 == "plaintext-ingress");
    told.map(|(finding, outcome)| format!("{} {}", outcome.name(), finding.subject)).collect()
}

#[test]
fn a_route_before_its_gateway_is_told_what_cannot_be_proved() {
    let decision = create(&world(&[]), &route("web", "Gateway", None), &baseline());
    assert!(decision.allow);
    assert_eq!(plaintext(&decision), ["warn HTTPRoute shop/web"]);
    assert!(lines(&decision).contains("set spec.parentRefs[0].sectionName to the name of an HTTPS listener"));
    let strict = {
        let mut ruleset = baseline();
        ruleset.environment.refuses_unknown_controllers = true;
        ruleset
    };
    assert!(create(&world(&[]), &route("web", "Gateway", Some("https")), &strict).allow);
}

#[test]
fn a_gateway_is_refused_for_the_routes_that_it_would_serve_in_plaintext() {
    for (section, refused) in [(None, true), (Some("http"), true), (Some("https"), false)] {
        let stored = [route("web", "Gateway", section), redirecting()];
        let created = create(&world(&stored), &gateway(&["http", "https"]), &baseline());
        let expected: &[&str] = if refused { &["refuse HTTPRoute shop/web"] } else { &[] };
        assert_eq!(plaintext(&created), expected, "{section:?}: {}", lines(&created));
        assert_eq!(created.allow, !refused);
        let secure = gateway(&["https"]);
        let with_gateway = world(&[stored[0].clone(), stored[1].clone(), secure.clone()]);
        let updated = update(&with_gateway, &secure, &gateway(&["http", "https"]), &baseline());
        assert_eq!(plaintext(&updated), expected, "{section:?}: {}", lines(&updated));
        // What it rests on is read again, the route among it; the Gateway is the request's own.
        let needs: Vec<String> = updated.needs.iter().map(ToString::to_string).collect();
        assert_eq!(needs.contains(&"get HTTPRoute shop/web".to_owned()), refused, "{needs:?}");
        assert!(!needs.contains(&"get Gateway infra/edge".to_owned()), "{needs:?}");
    }
}

#[test]
fn the_mode_is_that_of_the_routes_namespace() {
    let stored = [route("web", "Gateway", None)];
    let mut ruleset = Ruleset::default();
    ruleset.defaults.enforce = Profile::Privileged;
    let decision = create(&world(&stored), &gateway(&["http"]), &ruleset);
    assert!(decision.allow, "{}", lines(&decision));
    let mut values = vec![namespace("shop", &[("ringwall.dev/enforce", "baseline")]), namespace("infra", &[]), class()];
    values.extend(stored);
    let decision = create(&snapshot(&values), &gateway(&["http"]), &ruleset);
    assert_eq!(plaintext(&decision), ["refuse HTTPRoute shop/web"], "{}", lines(&decision));
}

#[test]
fn what_was_served_in_plaintext_before_does_not_hold_its_gateway_back() {
    let before = gateway(&["http"]);
    let mut after = before.clone();
    after["metadata"]["labels"] = json!({"team": "infra"});
    let decision = update(&world(&[before.clone(), route("web", "Gateway", None)]), &before, &after, &baseline());
    assert!(decision.allow && decision.findings.is_empty(), "{}", lines(&decision));
}

#[test]
fn a_listener_set_that_gains_plaintext_is_refused_for_its_routes() {
    let before = listener_set(&["https"]);
    let stored = world(&[gateway(&["https"]), before.clone(), route("web", "ListenerSet", None)]);
    let decision = update(&stored, &before, &listener_set(&["http", "https"]), &baseline());
    assert_eq!(plaintext(&decision), ["refuse HTTPRoute shop/web"], "{}", lines(&decision));
    // A Gateway that takes it in for the first time opens the same.
    let mut closed = gateway(&["https"]);
    closed["spec"]["allowedListeners"] = Value::Null;
    let stored = world(&[closed.clone(), listener_set(&["http"]), route("web", "ListenerSet", None)]);
    let decision = update(&stored, &closed, &gateway(&["https"]), &baseline());
    assert_eq!(plaintext(&decision), ["refuse HTTPRoute shop/web"], "{}", lines(&decision));
}

/// All orders of some things.
fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for index in 0..things.len() {
        let mut rest = things.to_vec();
        let first = rest.remove(index);
        found.extend(orders(&rest).into_iter().map(|order| [vec![first.clone()], order].concat()));
    }
    found
}

#[test]
fn the_order_of_arrival_decides_nothing() {
    let objects = [
        gateway(&["http", "https"]),
        listener_set(&["http"]),
        route("plain", "Gateway", None),
        route("secure", "Gateway", Some("https")),
        route("set", "ListenerSet", None),
    ];
    let ruleset = baseline();
    let found = |snapshot: &Snapshot| -> BTreeSet<String> {
        let judgements = survey(snapshot, &ruleset, Templates::AsPods, now()).into_iter();
        judgements
            .map(|it| format!("{} {} {} {:?}", it.breach.rule, it.subject, it.breach.aspect, it.breach.certain))
            .collect()
    };
    let expected = found(&world(&objects));
    let plain: Vec<&String> = expected.iter().filter(|line| line.starts_with("plaintext-ingress")).collect();
    assert_eq!(
        plain,
        [
            "plaintext-ingress HTTPRoute shop/plain listener infra/edge/http Ok(())",
            "plaintext-ingress HTTPRoute shop/set listener ListenerSet infra/more/http Ok(())",
        ]
    );
    for order in orders(&objects) {
        let mut stored = Vec::new();
        let mut refused = BTreeSet::new();
        for value in &order {
            let decision = create(&world(&stored), value, &ruleset);
            let refusals = decision.findings.iter().filter(|(_, outcome)| *outcome == Outcome::Refuse);
            refused.extend(refusals.map(|(finding, _)| finding.subject.to_string()));
            stored.push(value.clone());
        }
        assert_eq!(refused, ["HTTPRoute shop/plain".to_owned(), "HTTPRoute shop/set".to_owned()].into(), "{order:?}");
        assert_eq!(found(&world(&stored)), expected);
    }
}
