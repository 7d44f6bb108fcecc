//! Flows from outside, one by one.

use serde_json::{Value, json};

use super::*;
use crate::{
    model::decode,
    snapshot::{Edit, Scope},
};

fn object(kind: Kind, name: &str, more: &Value) -> Object {
    let mut value = json!({"metadata": {"name": name, "namespace": "shop"}});
    for (key, field) in more.as_object().unwrap() {
        match (key.as_str(), field) {
            ("labels", labels) => value["metadata"]["labels"] = labels.clone(),
            ("namespace", name) => value["metadata"]["namespace"] = name.clone(),
            (key, field) => value[key] = field.clone(),
        }
    }
    decode::value(kind, &value).unwrap()
}

fn pod(name: &str, labels: &Value) -> Object {
    let ports = json!([{"name": "http", "containerPort": 8080}]);
    object(Kind::Pod, name, &json!({"labels": labels, "spec": {"containers": [{"name": "main", "ports": ports}]}}))
}

fn policy(from: &Value) -> Object {
    let spec = json!({
        "podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"],
        "ingress": [{"from": from, "ports": [{"port": 8080}, {"port": 9090}]}],
    });
    object(Kind::NetworkPolicy, "web", &json!({"spec": spec}))
}

fn service(more: &Value) -> Object {
    let mut spec = json!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    object(Kind::Service, "web", &json!({"spec": spec}))
}

fn ingress() -> [Object; 2] {
    let class = json!({"metadata": {"name": "edge"}, "spec": {"controller": "example.com/edge"}});
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    let spec = json!({"ingressClassName": "edge", "defaultBackend": backend});
    [decode::value(Kind::IngressClass, &class).unwrap(), object(Kind::Ingress, "web", &json!({"spec": spec}))]
}

fn snapshot(objects: impl IntoIterator<Item = Object>) -> Snapshot {
    let cover = Kind::all().map(|kind| Edit::Cover(Scope { kind, namespace: None }, Ok(())));
    Snapshot::new().with(cover.chain(objects.into_iter().map(Edit::Put))).0
}

fn told(snapshot: &Snapshot, namespace: Option<&str>) -> Vec<String> {
    let namespaces = namespace.map(|name| ("example.com/edge".into(), name.into())).into_iter().collect();
    let controllers = Controllers { namespaces, ..Controllers::default() };
    let end = |end: &End| match end {
        End::Workload(name) => name.to_string(),
        End::Addresses(first, last) => format!("{first}-{last}"),
        End::Entity(Entity::IngressController) => "controller".to_owned(),
    };
    let flows = entrances(snapshot, &Plugin::default(), &controllers, Timestamp::UNIX_EPOCH);
    let shown = |it: &Flow| format!("{} -> {} {} {:?}", end(&it.source), end(&it.destination), it.ports, it.precision);
    flows.iter().map(shown).collect()
}

fn world(from: &Value) -> Snapshot {
    snapshot([pod("web", &json!({"app": "web"})), service(&json!({})), policy(from)].into_iter().chain(ingress()))
}

#[test]
fn an_ingress_is_a_flow_from_the_controller_to_the_target_ports() {
    let everywhere = world(&json!([{"namespaceSelector": {}}]));
    assert_eq!(told(&everywhere, None), ["controller -> Pod shop/web TCP 8080 Exact"]);
    let somewhere = world(&json!([{"namespaceSelector": {"matchLabels": {"team": "edge"}}}]));
    assert_eq!(told(&somewhere, None), ["controller -> Pod shop/web TCP 8080 AtMost"]);
    assert!(told(&world(&json!([{"ipBlock": {"cidr": "192.0.2.0/24"}}])), None).is_empty());
}

#[test]
fn a_controller_whose_namespace_is_named_is_the_workloads_there_or_somebody_there() {
    let named = json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}]);
    assert_eq!(told(&world(&named), Some("edge")), ["controller -> Pod shop/web TCP 8080 Exact"]);
    assert!(told(&world(&named), Some("other")).is_empty());
    let proxy = object(Kind::Pod, "proxy", &json!({"namespace": "edge", "spec": {}}));
    let (known, _) = world(&named).with([Edit::Put(proxy)]);
    assert_eq!(told(&known, Some("edge")), ["Pod edge/proxy -> Pod shop/web TCP 8080 Exact"]);
    let denied = json!({"namespace": "edge", "spec": {"podSelector": {}, "policyTypes": ["Egress"]}});
    let (silent, _) = known.with([Edit::Put(object(Kind::NetworkPolicy, "silent", &denied))]);
    assert!(told(&silent, Some("edge")).is_empty());
}

#[test]
fn replicas_that_differ_are_told_apart() {
    let replica = |name: &str, labels: &Value| {
        let mut spec = json!({"labels": labels, "spec": {"containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 8080}]}]}});
        spec["metadata"] = json!({"name": name, "namespace": "shop", "labels": labels, "ownerReferences":
            [{"apiVersion": "example.com/v1", "kind": "Robot", "name": "robot", "uid": "r", "controller": true}]});
        decode::value(Kind::Pod, &spec).unwrap()
    };
    let with = |labels: &Value| {
        let pods = [replica("a", &json!({"app": "web"})), replica("b", labels)];
        let rest = [service(&json!({})), policy(&json!([{"namespaceSelector": {}}]))];
        told(&snapshot(pods.into_iter().chain(rest).chain(ingress())), None)
    };
    assert_eq!(with(&json!({"app": "web", "n": "2"})), ["controller -> Robot shop/robot TCP 8080 Exact"]);
    assert_eq!(with(&json!({"app": "other"})), ["controller -> Pod shop/a TCP 8080 Exact"]);
}

#[test]
fn a_backend_of_another_namespace_is_possible_at_most_and_a_route_without_a_gateway_is_none() {
    let class = json!({"metadata": {"name": "edge"}, "spec": {"controllerName": "example.com/edge"}});
    let class = decode::value(Kind::GatewayClass, &class).unwrap();
    let gateway = object(Kind::Gateway, "edge", &json!({"spec": {"gatewayClassName": "edge"}}));
    let told_of = |namespace: &str, parents: &Value| {
        let backends = json!([{"backendRefs": [{"name": "web", "namespace": "shop", "port": 80}]}]);
        let spec = json!({"namespace": namespace, "spec": {"parentRefs": parents, "rules": backends}});
        let objects = [pod("web", &json!({"app": "web"})), service(&json!({})), class.clone(), gateway.clone()];
        told(&snapshot(objects.into_iter().chain([object(Kind::HTTPRoute, "web", &spec)])), None)
    };
    let edge = json!([{"name": "edge", "namespace": "shop"}]);
    assert_eq!(told_of("shop", &edge), ["controller -> Pod shop/web TCP 8080 Exact"]);
    assert_eq!(told_of("other", &edge), ["controller -> Pod shop/web TCP 8080 AtMost"]);
    assert!(told_of("shop", &json!([])).is_empty());
}

#[test]
fn whoever_admits_nodes_may_admit_everybody_behind_a_node_port() {
    let told_of = |from: Value, more: Value| {
        told(&snapshot([pod("web", &json!({"app": "web"})), service(&more), policy(&from)]), None)
    };
    let nodes = || json!([{"ipBlock": {"cidr": "172.18.0.0/16"}}]);
    assert_eq!(
        told_of(nodes(), json!({"type": "NodePort"})),
        [
            "0.0.0.0-172.17.255.255 -> Pod shop/web TCP 8080 AtMost",
            "172.19.0.0-255.255.255.255 -> Pod shop/web TCP 8080 AtMost"
        ]
    );
    assert!(told_of(nodes(), json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local"})).is_empty());
    assert!(told_of(nodes(), json!({})).is_empty(), "nothing exposes it");
    assert!(told_of(json!([{"podSelector": {}}]), json!({"type": "NodePort"})).is_empty(), "no node is admitted");
    assert!(told_of(json!([{"ipBlock": {"cidr": "198.51.100.0/24"}}]), json!({"type": "NodePort"})).is_empty());
}
