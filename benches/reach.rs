//! How long reachability takes: `cargo bench --bench reach`.
//!
//! Worlds of 10,000 Pods with 1,000 policies and of 100,000 Pods with 10,000, and one namespace of 50,000 Pods: loading and
//! indexing what is decoded, the table of isolation, one watch event, and all flows as blocks with the memory that it takes.
//! Then 500 Pods with 100 policies against the naive evaluator of the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a benchmark")]
#![allow(dead_code, reason = "the naive evaluator and its world are used in part")]

#[path = "../tests/reference/evaluator.rs"]
mod evaluator;
#[path = "world/mod.rs"]
mod figures;
#[path = "../tests/reference/world.rs"]
mod world;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::{
    collections::BTreeMap,
    hint::black_box,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ringwall::{
    model::{Kind, Name, Object, Protocol},
    network::{
        Direction, Plugin, PluginName, effects,
        reach::{Ends, Filter, Reach, isolation_of},
    },
    snapshot::{Edit, Need, Snapshot},
};
use serde_json::{Value, json};

fn main() {
    for namespaces in [200, 2_000] {
        let kinds =
            [Kind::Namespace, Kind::Pod, Kind::ReplicaSet, Kind::Deployment, Kind::NetworkPolicy, Kind::Service];
        let objects = (0..namespaces).flat_map(linked).chain(dns()).map(|value| figures::decoded(&value));
        measure(Name::shared(|| objects.filter(|object| kinds.contains(&object.kind())).collect()));
    }
    measure(Name::shared(crowd));
    against_the_evaluator();
}

/// The objects of a namespace, in which egress is open to the namespace beside DNS, so that the allows come to flows.
fn linked(index: usize) -> Vec<Value> {
    let mut objects = figures::objects(index);
    for policy in objects.iter_mut().filter(|object| object["metadata"]["name"] == "dns") {
        let rules = policy["spec"]["egress"].as_array_mut().expect("it has rules");
        rules.push(json!({"to": [{"podSelector": {}}]}));
    }
    objects
}

/// The Pods that the DNS policies mean.
fn dns() -> Vec<Value> {
    let space = "kube-system";
    let mut pod = figures::pod(space, "dns", "dns-1", None);
    pod["metadata"]["labels"]["k8s-app"] = "kube-dns".into();
    let labels = json!({"kubernetes.io/metadata.name": space});
    vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, "labels": labels}}), pod]
}

/// 50,000 Pods in 10,000 workloads of one namespace; every fifth workload has a policy that lets the next one in.
fn crowd() -> Vec<Object> {
    let space = "crowd";
    let deny = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    let mut all = vec![
        figures::decoded(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})),
        figures::decoded(&figures::policy(space, "default-deny", deny)),
    ];
    for number in 0..10_000 {
        let (app, next) = (format!("app-{number}"), format!("app-{}", number + 1));
        for replica in 0..5 {
            all.push(figures::decoded(&figures::pod(space, &app, &format!("{app}-{replica}"), Some(&app))));
        }
        if number % 5 == 0 {
            let ports = json!([{"protocol": "TCP", "port": "http"}]);
            let peers = |app: &str| json!([{"podSelector": {"matchLabels": {"app": app}}}]);
            let into = json!({
                "podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"],
                "ingress": [{"from": peers(&next), "ports": ports}],
            });
            let out = json!({
                "podSelector": {"matchLabels": {"app": next}}, "policyTypes": ["Egress"],
                "egress": [{"to": peers(&app), "ports": ports}],
            });
            all.push(figures::decoded(&figures::policy(space, &format!("into-{app}"), into)));
            all.push(figures::decoded(&figures::policy(space, &format!("to-{app}"), out)));
        }
    }
    all
}

fn measure(objects: Vec<Object>) {
    let mut by_kind: BTreeMap<Kind, Vec<Object>> = BTreeMap::new();
    for object in objects {
        by_kind.entry(object.kind()).or_default().push(object);
    }
    let pods = by_kind[&Kind::Pod].clone();
    println!("--- {} Pods, {} policies", pods.len(), by_kind[&Kind::NetworkPolicy].len());
    let edits = by_kind.into_iter().map(|(kind, objects)| Edit::Replace { scope: Need::List(kind, None), objects });
    let (mut snapshot, _) = timed("load and index what is decoded", || Snapshot::new().with(edits));

    let plugin = Plugin::of(PluginName::Reference);
    let count = |snapshot: &Snapshot| {
        let mut isolated = 0;
        isolation_of(snapshot, &plugin, &mut |_, isolation| isolated += usize::from(isolation[0] == isolation[1]));
        isolated
    };
    timed("table of isolation, the first time", || black_box(count(&snapshot)));
    figures::print("table of isolation", &figures::sample(20, |_| assert!(black_box(count(&snapshot)) > 0)));

    let mut published = snapshot.clone();
    let events = figures::sample(2_000, |index| {
        let Object::Pod(pod) = &pods[index * 7 % pods.len()] else { return };
        let mut pod = pod.as_ref().clone();
        pod.addresses = [std::net::IpAddr::from([10, 0, (index >> 8) as u8, index as u8])].into();
        snapshot.apply(Edit::Put(Object::Pod(pod.into())));
        published = snapshot.clone();
    });
    figures::print("one watch event applied and published", &events);

    let policies: Vec<_> = snapshot.list(Kind::NetworkPolicy, None).map(Object::key).collect();
    let changes = figures::sample(1_000, |index| {
        let key = policies[index * 131 % policies.len()].clone();
        let (after, touched) = snapshot.with([Edit::Remove(key)]);
        black_box(effects(&snapshot, &after, &plugin, &touched, now()));
    });
    figures::print("effect of one policy change", &changes);

    let before = memory("VmRSS");
    let reach = timed("reach", || Reach::new(&snapshot, &plugin, now()));
    println!("{:<58} {} workloads", "", timed("isolation by workload", || reach.isolation()).len());
    let (mut blocks, mut pairs) = (0_u64, 0_u64);
    timed("all flows as blocks", || {
        reach.blocks(&mut |block| {
            let size = |ends: Ends<'_>| match ends {
                Ends::Workloads(workloads) => workloads.len(),
                Ends::Addresses(ranges) => ranges.len(),
            };
            blocks += 1;
            pairs += size(block.sources) as u64 * size(block.destinations) as u64;
        });
    });
    println!("{:<58} {blocks} blocks of {pairs} flows", "");
    println!("{:<58} {before} MiB before, {} MiB after, {} MiB at most", "memory", memory("VmRSS"), memory("VmHWM"));
}

/// 500 Pods and 100 policies: every pair of Pods, of the naive evaluator for one port, of the engine for all.
fn against_the_evaluator() {
    let labelled =
        |app: &str| world::Labelled { labels: [("app".to_owned(), app.to_owned())].into(), expressions: Vec::new() };
    let mut small = world::World::default();
    let (mut pods, mut objects) = (Vec::new(), Vec::new());
    for space in (0..10).map(figures::namespace) {
        small.namespaces.insert(space.clone(), world::Map::new());
        objects.push(figures::decoded(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})));
        let policy = |name: String, pod_selector, direction, ingress| world::Policy {
            name,
            namespace: space.clone(),
            terminating: false,
            pod_selector,
            types: Some(vec![direction]),
            ingress,
            egress: None,
        };
        small.policies.push(policy("deny".into(), world::Labelled::default(), Direction::Ingress, None));
        for number in 0..9 {
            let from =
                world::Peer::Selectors { namespaces: None, pods: Some(labelled(&format!("app-{}", number + 1))) };
            let port = world::Port {
                protocol: Some(Protocol::Tcp),
                value: Some(world::PortValue::Name("http".to_owned())),
                end: None,
            };
            let rule = world::Rule { peers: Some(vec![from]), ports: Some(vec![port]) };
            let app = format!("app-{number}");
            small.policies.push(policy(format!("allow-{app}"), labelled(&app), Direction::Ingress, Some(vec![rule])));
        }
        for (app, replica) in (0..10).flat_map(|app| (0..5).map(move |replica| (format!("app-{app}"), replica))) {
            let name = format!("{app}-{replica}");
            objects.push(figures::decoded(&figures::pod(&space, &app, &name, Some(&app))));
            let labels = ["app", "app.kubernetes.io/name"].map(|key| (key.to_owned(), app.clone()));
            pods.push(world::Pod {
                namespace: space.clone(),
                labels: labels.into_iter().chain([("pod-template-hash".into(), "5d4f8c7b9".into())]).collect(),
                ports: vec![(Some("http".to_owned()), Protocol::Tcp, 8080)],
                host_network: false,
            });
        }
    }
    println!("--- {} Pods, {} policies", pods.len(), small.policies.len());
    let (snapshot, _) = small.snapshot().with(objects.into_iter().map(Edit::Put));
    let start = Instant::now();
    let mut open = 0_u64;
    for source in &pods {
        for destination in &pods {
            let (from, to) = (evaluator::End::Pod(source), evaluator::End::Pod(destination));
            open += u64::from(evaluator::allowed(&small, from, to, Protocol::Tcp, 8080));
        }
    }
    let naive = start.elapsed();
    let plugin = Plugin::of(PluginName::Reference);
    let engine = figures::sample(50, |_| {
        let mut flows = 0_u64;
        Reach::new(&snapshot, &plugin, now()).flows(&Filter::default(), &mut |_| flows += 1);
        black_box(flows);
    });
    let median = engine[engine.len() / 2];
    println!(
        "{:<58} {naive:>10.1?}  ({open} of {} pairs open)",
        "naive evaluator, every pair on one port",
        pods.len().pow(2)
    );
    figures::print("engine from the snapshot, every flow on all ports", &engine);
    println!("{:<58} {:.0} times", "ratio", naive.as_secs_f64() / median.as_secs_f64());
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let time: Duration = start.elapsed();
    println!("{what:<58} {time:>10.1?}");
    result
}

/// What the process holds, in MiB.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) / 1024
}
