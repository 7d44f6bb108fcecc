//! Who is shown, and under which name.

#![allow(clippy::needless_pass_by_value, reason = "the tests write values in place")]

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{End, Filter, Flow, Isolation, Precision, Reach, WorkloadIsolation};
use crate::{
    model::{Kind, decode},
    network::Plugin,
    snapshot::{Edit, Scope, Snapshot},
};

fn reach(objects: &[Value]) -> Reach {
    let puts = objects.iter().map(|object| {
        let text = |field: &str| object[field].as_str().unwrap();
        Edit::Put(decode::value(Kind::of(text("apiVersion"), text("kind")).unwrap(), object).unwrap())
    });
    let whole = Kind::all().map(|kind| Edit::Cover(Scope { kind, namespace: None }, Ok(())));
    Reach::new(&Snapshot::new().with(whole.chain(puts)).0, &Plugin::default(), Timestamp::UNIX_EPOCH)
}

fn names(reach: &Reach) -> Vec<String> {
    reach.isolation().iter().map(|isolation| isolation.workload.to_string()).collect()
}

fn flows(reach: &Reach) -> Vec<Flow> {
    let mut all = Vec::new();
    reach.flows(&Filter::default(), &mut |flow| all.push(flow));
    all
}

fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop", "uid": name},
        "spec": {"template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": []}}},
    })
}

fn replica_set(name: &str) -> Value {
    let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": name, "controller": true}]);
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": format!("{name}-1"), "namespace": "shop", "uid": format!("{name}-1"), "ownerReferences": owner},
        "spec": {"template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": []}}},
    })
}

fn pod(name: &str, owner: Option<&str>, labels: Value) -> Value {
    let owner = owner.map(|owner| {
        let set = format!("{owner}-1");
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": set, "controller": true}])
    });
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": labels, "ownerReferences": owner},
        "spec": {"containers": []},
    })
}

fn policy(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
    })
}

#[test]
fn a_template_is_shown_until_it_has_pods_and_its_replica_sets_never() {
    let files = [deployment("web"), replica_set("web")];
    assert_eq!(names(&reach(&files)), ["Deployment shop/web"]);
    let [web, set] = files;
    let running = [web, set, pod("web-1-a", Some("web"), json!({"app": "other"}))];
    assert_eq!(names(&reach(&running)), ["Deployment shop/web"]);
    let deny = policy("deny", json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}));
    let [.., pod] = &running;
    let found = reach(&[running[0].clone(), running[1].clone(), pod.clone(), deny]).isolation();
    assert_eq!(found[0].ingress, Isolation::Unisolated, "the Pods count, not the template");
}

#[test]
fn pods_that_have_ended_are_nobody() {
    let mut ended = pod("job", None, json!({}));
    ended["status"] = json!({"phase": "Succeeded"});
    let mut due = pod("due", None, json!({}));
    due["metadata"]["deletionTimestamp"] = json!("1969-12-31T23:00:00Z");
    let found = reach(&[ended, due, pod("there", None, json!({}))]);
    assert_eq!(names(&found), ["Pod shop/there"]);
}

#[test]
fn pods_that_nobody_controls_are_workloads_each() {
    let found = reach(&[pod("one", None, json!({})), pod("two", None, json!({}))]);
    assert_eq!(names(&found), ["Pod shop/one", "Pod shop/two"]);
    let between = flows(&found)
        .into_iter()
        .filter(|flow| matches!((&flow.source, &flow.destination), (End::Workload(_), End::Workload(_))));
    assert_eq!(between.count(), 2);
}

#[test]
fn replicas_that_differ_in_reach_are_told_apart_by_their_names() {
    let objects = |by: Value| {
        vec![
            deployment("web"),
            replica_set("web"),
            pod("web-1-a", Some("web"), json!({"app": "web", "canary": "yes"})),
            pod("web-1-b", Some("web"), json!({"app": "web"})),
            pod("client", None, json!({})),
            policy("deny", json!({"podSelector": {"matchLabels": by}, "policyTypes": ["Ingress"]})),
        ]
    };
    assert_eq!(names(&reach(&objects(json!({"app": "web"})))), ["Deployment shop/web", "Pod shop/client"]);
    let apart = reach(&objects(json!({"canary": "yes"})));
    assert_eq!(names(&apart), ["Pod shop/client", "Pod shop/web-1-a", "Pod shop/web-1-b"]);
    let isolated = |isolation: &WorkloadIsolation| isolation.ingress == Isolation::Isolated;
    assert_eq!(apart.isolation().iter().filter(|isolation| isolated(isolation)).count(), 1);
}

#[test]
fn a_block_cuts_a_class_where_it_goes_through_it() {
    let placed = |name: &str, address: &str| {
        let mut pod = pod(name, None, json!({"app": "web"}));
        pod["status"] = json!({"podIPs": [{"ip": address}]});
        pod
    };
    let rule = json!([{"from": [{"ipBlock": {"cidr": "10.0.0.0/24"}}], "ports": [{"port": 80}]}]);
    let found = reach(&[
        placed("inside", "10.0.0.7"),
        placed("outside", "10.0.1.7"),
        pod("db", None, json!({"app": "db"})),
        policy("db", json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": rule})),
    ]);
    let into: Vec<_> = flows(&found)
        .into_iter()
        .filter(|flow| matches!(&flow.destination, End::Workload(name) if name.name == "db"))
        .filter_map(|flow| match flow.source {
            End::Workload(name) => Some((name.name.to_string(), flow.ports.to_string(), flow.precision)),
            _ => None,
        })
        .collect();
    assert_eq!(into, [("inside".to_owned(), "TCP 80".to_owned(), Precision::Exact)]);
}

#[test]
fn without_policies_everybody_reaches_every_address_of_both_families() {
    let found = flows(&reach(&[deployment("web")]));
    let shown: Vec<_> =
        found.iter().map(|flow| format!("{:?} {:?} {}", flow.source, flow.destination, flow.ports)).collect();
    assert_eq!(found.len(), 4, "{shown:#?}");
    let every = |end: &End| match end {
        End::Addresses(first, last) => format!("{first}-{last}"),
        _ => String::new(),
    };
    let ranges: Vec<_> = found.iter().map(|flow| every(&flow.source) + &every(&flow.destination)).collect();
    let both = ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"];
    assert_eq!(ranges, [both, both].concat());
}

#[test]
fn more_than_a_thousand_ports_for_everybody_are_open() {
    let allow = |ports: Value| {
        let objects = [deployment("web"), policy("open", json!({"podSelector": {}, "ingress": [{"ports": ports}]}))];
        reach(&objects).isolation()[0].ingress
    };
    assert_eq!(allow(json!([{"port": 1, "endPort": 1024}])), Isolation::Isolated);
    assert_eq!(allow(json!([{"port": 1, "endPort": 1025}])), Isolation::Open);
}
