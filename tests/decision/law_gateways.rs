//! The law in worlds of Gateways: what `survey` finds after a change and not before is what `decide` finds worse.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{gateways::class, law::holds, world::*};

/// A world without the object that changes, and that object before and after.
type Case = (Vec<Value>, Option<Value>, Option<Value>);

fn namespaces() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"from": "All"})),
        Just(json!({"from": "Same"})),
        Just(json!({"from": "Selector", "selector": {"matchLabels": {"team": "a"}}})),
        Just(Value::Null),
    ]
}

fn listener() -> impl Strategy<Value = Value> {
    let protocol = prop_oneof![2 => Just("HTTP"), 2 => Just("HTTPS"), 1 => Just("TCP")];
    let host = prop_oneof![Just(Value::Null), Just(json!("*.example.com")), Just(json!("shop.example.com"))];
    let namespace = prop_oneof![Just(Value::Null), Just(json!("certs"))];
    (protocol, host, namespace, namespaces()).prop_map(|(protocol, host, namespace, namespaces)| {
        let mut listener = json!({"port": 80, "protocol": protocol, "allowedRoutes": {"namespaces": namespaces}});
        if protocol == "HTTPS" {
            listener["tls"] = json!({"certificateRefs": [{"name": "edge-tls", "namespace": namespace}]});
        }
        if protocol != "TCP" {
            listener["hostname"] = host;
        }
        listener
    })
}

fn listeners() -> impl Strategy<Value = Value> {
    prop::collection::vec(listener(), 0..3).prop_map(|listeners| {
        let named = listeners.into_iter().zip(["one", "two"]).map(|(mut listener, name)| {
            listener["name"] = json!(name);
            listener
        });
        named.collect()
    })
}

fn gateway() -> impl Strategy<Value = Value> {
    (listeners(), namespaces()).prop_map(|(listeners, namespaces)| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": "edge", "namespace": "infra"},
            "spec": {
                "gatewayClassName": "edge", "listeners": listeners, "allowedListeners": {"namespaces": namespaces},
            },
        })
    })
}

fn listener_set() -> impl Strategy<Value = Value> {
    listeners().prop_map(|listeners| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet",
            "metadata": {"name": "more", "namespace": "shop"},
            "spec": {"parentRef": {"name": "edge", "namespace": "infra"}, "listeners": listeners},
        })
    })
}

fn route(name: &'static str) -> impl Strategy<Value = Value> {
    let parent = prop_oneof![
        Just(json!({"name": "edge", "namespace": "infra"})),
        Just(json!({"name": "more", "kind": "ListenerSet"})),
    ];
    let section = prop_oneof![Just(Value::Null), Just(json!("one")), Just(json!("two"))];
    let hosts = prop_oneof![Just(json!([])), Just(json!(["shop.example.com"])), Just(json!(["example.net"]))];
    let redirects = prop::bool::weighted(0.2);
    let kind = prop_oneof![3 => Just("HTTPRoute"), 1 => Just("TCPRoute")];
    (parent, section, hosts, redirects, kind).prop_map(move |(mut parent, section, hosts, redirects, kind)| {
        parent["sectionName"] = section;
        let redirect = json!({"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}});
        let rule = if redirects {
            json!({"filters": [redirect]})
        } else {
            json!({"backendRefs": [{"name": "web", "port": 80}]})
        };
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": kind,
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"parentRefs": [parent], "hostnames": hosts, "rules": [rule]},
        })
    })
}

fn grant() -> impl Strategy<Value = Value> {
    let name = prop_oneof![Just(Value::Null), Just(json!("edge-tls")), Just(json!("other"))];
    let kind = prop_oneof![Just("Gateway"), Just("ListenerSet")];
    (kind, name).prop_map(|(kind, name)| {
        let from = json!([{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": "infra"}]);
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
            "metadata": {"name": "grant", "namespace": "certs"},
            "spec": {"from": from, "to": [{"group": "", "kind": "Secret", "name": name}]},
        })
    })
}

fn policy() -> impl Strategy<Value = Value> {
    prop_oneof![Just("http"), Just("admin")].prop_map(|section| {
        let target = json!({"group": "", "kind": "Service", "name": "web", "sectionName": section});
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "BackendTLSPolicy",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"targetRefs": [target], "validation": {"hostname": "web", "wellKnownCACertificates": "System"}},
        })
    })
}

fn service() -> impl Strategy<Value = Value> {
    let app = prop_oneof![Just(Value::Null), Just(json!("tls")), Just(json!("http"))];
    app.prop_map(|app| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "appProtocol": app}]},
        })
    })
}

fn shop() -> impl Strategy<Value = Value> {
    prop_oneof![Just(namespace("shop", &[])), Just(namespace("shop", &[("team", "a")]))]
}

/// The parts of a world, each there or not.
fn parts() -> impl Strategy<Value = [Option<Value>; 7]> {
    let most = 0.8;
    (
        prop::option::weighted(most, gateway()),
        prop::option::weighted(most, listener_set()),
        prop::option::weighted(most, route("changing")),
        prop::option::weighted(0.5, grant()),
        prop::option::weighted(0.5, policy()),
        prop::option::weighted(most, service()),
        shop().prop_map(Some),
    )
        .prop_map(|(gateway, set, route, grant, policy, service, shop)| {
            [gateway, set, route, grant, policy, service, shop]
        })
}

/// A world in which one part changes. What the webhook is not asked about when it goes does not go.
fn case() -> impl Strategy<Value = Case> {
    (parts(), parts(), prop::option::of(route("staying")), 0..7usize).prop_filter_map(
        "there is a change that is judged",
        |(before, after, staying, changing)| {
            let is_judged = after[changing].is_some() || (changing == 4 && before[changing].is_some());
            let differs =
                before[changing].as_ref().map(ToString::to_string) != after[changing].as_ref().map(ToString::to_string);
            let same_object = match (&before[changing], &after[changing]) {
                (Some(one), Some(other)) => one["kind"] == other["kind"],
                _ => true,
            };
            if !is_judged || !differs || !same_object {
                return None;
            }
            let others =
                before.iter().enumerate().filter(|(index, _)| *index != changing).filter_map(|(_, part)| part.clone());
            let base = [namespace("infra", &[]), namespace("certs", &[]), class()];
            let world = base.into_iter().chain(others).chain(staying).collect();
            Some((world, before[changing].clone(), after[changing].clone()))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_a_survey_finds_in_a_world_of_gateways_is_what_the_decision_finds_worse((world, before, after) in case()) {
        holds(&world, before.as_ref(), after.as_ref())?;
    }
}
