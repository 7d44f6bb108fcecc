//! What Kubernetes' own suite asks of every network plugin (kubernetes/kubernetes `test/e2e/network/netpol/network_policy.go`): for each
//! of its cases, the table of who reaches whom that it means, in `fixtures/end_to_end/`.
//!
//! There are the namespaces x, y and z, and in each the Pods a, b and c, labelled `pod: NAME`, which serve the ports 80 and 81 of every
//! protocol under names like `serve-80-tcp`. A case is a list of steps, which are edits of one snapshot, and of what is expected
//! after each. A table has rows by source: that Pod (`xa`), the other Pods of that namespace (`x*`), or all others (`*`). A row has a
//! column for each destination, `xa xb xc`, `ya yb yc`, `za zb zc`: `.` where it is reached and `X` where it is not. What a Pod says to
//! itself is left out, as in the suite.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use jiff::Timestamp;
use ringwall::{
    model::{Kind, Labels, Name, Object, ObjectKey, Pod, PortSet, Protocol, decode},
    network::{
        Party, Plugin, PluginName, PodView, flow, namespace_labels,
        reach::{End, Filter, Flow, Precision, Reach, WorkloadName},
    },
    snapshot::{Edit, Scope, Snapshot},
};
use serde::Deserialize;
use serde_json::{Value, json};

const NAMESPACES: [&str; 3] = ["x", "y", "z"];
const PODS: [&str; 3] = ["a", "b", "c"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    #[serde(default)]
    addresses: Value,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// The specifications of policies that are there from now on, by namespace and name.
    #[serde(default)]
    put: BTreeMap<String, Value>,
    /// The policies that are there no more.
    #[serde(default)]
    remove: Vec<String>,
    /// The labels that a Pod or a Namespace has from now on.
    #[serde(default)]
    label: BTreeMap<String, Value>,
    /// By protocol and port.
    expect: BTreeMap<String, BTreeMap<String, String>>,
}

/// A namespace and a name in it.
type Place<'a> = (&'a str, &'a str);

fn places() -> Vec<Place<'static>> {
    NAMESPACES.iter().flat_map(|namespace| PODS.map(|pod| (*namespace, pod))).collect()
}

fn namespace(name: &str, labels: &Value) -> Object {
    let mut labels = labels.clone();
    labels["kubernetes.io/metadata.name"] = name.into();
    decode::value(Kind::Namespace, &json!({"metadata": {"name": name, "labels": labels}})).unwrap()
}

/// A Pod; `families` says of which its addresses are.
fn pod((namespace, name): Place<'_>, labels: &Value, families: &Value) -> Object {
    let numbers = [80, 81].into_iter().flat_map(|number| Protocol::ALL.map(|protocol| (number, protocol.name())));
    let port = |(number, protocol): (u16, &str)| json!({"name": format!("serve-{number}-{}", protocol.to_lowercase()), "containerPort": number, "protocol": protocol});
    let (row, column) = (
        NAMESPACES.iter().position(|it| *it == namespace).unwrap() + 1,
        PODS.iter().position(|it| *it == name).unwrap() + 1,
    );
    let (v4, v6) = (json!({"ip": format!("10.0.{row}.{column}")}), json!({"ip": format!("fd00::{row}:{column}")}));
    let addresses = match families.as_str() {
        Some("v4") => vec![v4],
        Some("v6") => vec![v6],
        _ if *families == json!(true) => vec![v4, v6],
        _ => Vec::new(),
    };
    let ports: Vec<Value> = numbers.map(port).collect();
    let pod = json!({
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "main", "ports": ports}]},
        "status": {"phase": "Running", "podIPs": addresses},
    });
    decode::value(Kind::Pod, &pod).unwrap()
}

fn policy(place: &str, spec: &Value) -> Object {
    let (namespace, name) = place.split_once('/').unwrap();
    decode::value(Kind::NetworkPolicy, &json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec}))
        .unwrap()
}

fn world(families: &Value) -> Snapshot {
    let spaces = NAMESPACES.map(|name| namespace(name, &json!({})));
    let pods = places().into_iter().map(|place| pod(place, &json!({"pod": place.1}), families));
    let whole = Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Ok(()));
    Snapshot::new().with([whole].into_iter().chain(spaces.into_iter().chain(pods).map(Edit::Put))).0
}

impl Step {
    fn apply(&self, snapshot: &mut Snapshot, families: &Value) {
        for (place, spec) in &self.put {
            snapshot.apply(Edit::Put(policy(place, spec)));
        }
        for place in &self.remove {
            let (namespace, name) = place.split_once('/').unwrap();
            let touched = snapshot.apply(Edit::Remove(ObjectKey::namespaced(Kind::NetworkPolicy, namespace, name)));
            assert!(!touched.is_empty(), "{place} was there");
        }
        for (whose, labels) in &self.label {
            let object = match whose.split_once('/') {
                Some(place) => pod(place, labels, families),
                None => namespace(whose, labels),
            };
            snapshot.apply(Edit::Put(object));
        }
    }
}

/// The row of a table that speaks of a source.
fn row<'a>(table: &'a BTreeMap<String, String>, (namespace, pod): Place<'_>) -> &'a str {
    let keys = [format!("{namespace}{pod}"), format!("{namespace}*"), "*".to_owned()];
    keys.iter().find_map(|key| table.get(key)).unwrap_or_else(|| panic!("nothing is said of {namespace}/{pod}"))
}

/// As the fixtures write it: the table of one port, from what says which ports are open between two Pods.
fn table(open: &dyn Fn(Place<'_>, Place<'_>) -> bool) -> String {
    let line = |source: Place<'static>| {
        let columns = places().into_iter().map(|destination| match () {
            () if source == destination => '-',
            () if open(source, destination) => '.',
            () => 'X',
        });
        format!("{}{} {}\n", source.0, source.1, grouped(&columns.collect::<String>()))
    };
    places().into_iter().map(line).collect()
}

fn grouped(columns: &str) -> String {
    format!("{} {} {}", &columns[..3], &columns[3..6], &columns[6..])
}

fn expected(table: &BTreeMap<String, String>) -> String {
    let line = |(index, source): (usize, Place<'static>)| {
        let mut columns: Vec<char> = row(table, source).chars().filter(|sign| *sign != ' ').collect();
        assert!(columns.len() == 9 && columns.iter().all(|sign| ".X".contains(*sign)), "{columns:?}");
        columns[index] = '-';
        format!("{}{} {}\n", source.0, source.1, grouped(&columns.iter().collect::<String>()))
    };
    places().into_iter().enumerate().map(line).collect()
}

/// A Pod as it is now, and the labels of its Namespace.
fn found(snapshot: &Snapshot, (namespace, name): Place<'_>) -> (Name, Labels, Arc<Pod>) {
    let key = ObjectKey::namespaced(Kind::Pod, namespace, name);
    let Some(Object::Pod(pod)) = snapshot.object(&key).found() else { panic!("{key:?} is there") };
    let namespace = Name::from(namespace);
    (namespace.clone(), namespace_labels(snapshot, &namespace), pod)
}

fn party((namespace, namespace_labels, pod): &(Name, Labels, Arc<Pod>)) -> Party<'_> {
    Party::Pod(PodView { namespace, namespace_labels, facts: &pod.facts }, &pod.addresses)
}

/// The ports between two Pods by one flow at a time.
fn asked(snapshot: &Snapshot, plugin: &Plugin, source: Place<'_>, destination: Place<'_>) -> PortSet {
    let (source, destination) = (found(snapshot, source), found(snapshot, destination));
    let bounds = flow(snapshot, plugin, party(&source), party(&destination));
    assert_eq!(bounds.least, bounds.most, "nothing is in doubt here");
    bounds.most
}

/// The ports between two Pods in the list of all flows.
fn listed(flows: &[Flow], source: Place<'_>, destination: Place<'_>) -> PortSet {
    let end = |(namespace, name): Place<'_>| {
        End::Workload(WorkloadName { namespace: namespace.into(), kind: "Pod".into(), name: name.into() })
    };
    let (source, destination) = (end(source), end(destination));
    let between = flows.iter().filter(|flow| flow.source == source && flow.destination == destination);
    PortSet::union_of(between.inspect(|flow| assert_eq!(flow.precision, Precision::Exact)).map(|flow| &flow.ports))
}

/// Runs the cases of a file.
fn run(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/fixtures/end_to_end").join(file);
    let cases: Vec<Case> = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(!cases.is_empty());
    let plugin = Plugin::of(PluginName::Reference);
    for case in cases {
        let mut snapshot = world(&case.addresses);
        for (index, step) in case.steps.iter().enumerate() {
            step.apply(&mut snapshot, &case.addresses);
            let reach = Reach::new(&snapshot, &plugin, Timestamp::UNIX_EPOCH);
            let mut flows = Vec::new();
            reach.flows(&Filter::default(), &mut |flow| flows.push(flow));
            assert!(!step.expect.is_empty());
            for (at, rows) in &step.expect {
                let (protocol, port) = at.split_once(' ').unwrap();
                let (protocol, port) = (Protocol::of(protocol).unwrap(), port.parse().unwrap());
                let expected = expected(rows);
                let asked = table(&|from, to| asked(&snapshot, &plugin, from, to).contains(protocol, port));
                assert_eq!(asked, expected, "one flow at a time: {}, step {index}, {at}", case.name);
                let listed = table(&|from, to| listed(&flows, from, to).contains(protocol, port));
                assert_eq!(listed, expected, "all flows: {}, step {index}, {at}", case.name);
            }
        }
    }
}

#[test]
fn who_may_connect_is_as_the_suite_says() {
    run("ingress.yaml");
}

#[test]
fn to_whom_one_may_connect_is_as_the_suite_says() {
    run("egress.yaml");
}

#[test]
fn ports_and_policies_upon_policies_are_as_the_suite_says() {
    run("ports.yaml");
}

#[test]
fn protocols_are_as_the_suite_says() {
    run("protocols.yaml");
}

#[test]
fn what_changes_is_as_the_suite_says() {
    run("updates.yaml");
}

#[test]
fn networks_that_hold_pods_are_as_the_suite_says() {
    run("networks.yaml");
}
