//! Requests that come at once, and what slips through.

use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::harness::{self, Namespace, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::{BASELINE, policy};

/// How long after it happened what slipped through must have been named.
const NAMED_WITHIN: SignedDuration = SignedDuration::from_secs(2);

/// How often a Pod is created while its policy is deleted.
const ROUNDS: usize = 40;

fn pod(name: &str, app: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: {app}}}}}
spec: {{containers: [{{name: main, image: web}}]}}
"
    )
}

#[test]
fn a_pod_right_after_its_policy_is_never_refused() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("rightafter", &[BASELINE]);
    thread::scope(|scope| {
        for client in 0..4 {
            let kubectl = namespace.kubectl();
            scope.spawn(move || {
                for round in 0..50 {
                    let name = format!("web-{client}-{round}");
                    let both = format!("{}---\n{}", policy(&name), pod(&name, &name));
                    kubectl.run_with_input(&["create", "--filename=-"], &both).ok();
                }
            });
        }
    });
    assert_eq!(namespace.kubectl().ok(&["get", "pods", "--output=name"]).lines().count(), 200);
}

#[test]
fn policies_deleted_while_pods_are_created_leave_no_pod_unnamed() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = Ringwall::start(cluster, Setup::default());
    let namespace = ringwall.namespace("meanwhile", &[BASELINE]);
    for round in 0..ROUNDS {
        namespace.kubectl().apply(&policy(&format!("web-{round}"))).ok();
    }
    thread::scope(|scope| {
        for half in 0..2 {
            let kubectl = namespace.kubectl();
            scope.spawn(move || {
                for round in (0..ROUNDS).filter(|round| round % 2 == half) {
                    let name = format!("web-{round}");
                    thread::scope(|both| {
                        both.spawn(|| kubectl.run_with_input(&["create", "--filename=-"], &pod(&name, &name)));
                        both.spawn(|| kubectl.run(&["delete", "networkpolicy", &name]));
                    });
                }
            });
        }
    });
    let names = |kind: &str| -> Vec<String> {
        let listed = namespace.kubectl().ok(&["get", kind, "--output=jsonpath={.items[*].metadata.name}"]);
        listed.split_whitespace().map(str::to_owned).collect()
    };
    let (pods, policies) = (names("pods"), names("networkpolicies"));
    let bare: Vec<_> = pods.iter().filter(|pod| !policies.contains(pod)).collect();
    println!("{} Pods, {} policies, {} Pods came to be unisolated", pods.len(), policies.len(), bare.len());
    for pod in bare {
        named(&ringwall, &namespace, pod);
    }
}

#[test]
fn what_came_while_nobody_asked_is_named_by_log_line_metric_and_event() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = Ringwall::start(cluster, Setup::default());
    let namespace = ringwall.namespace("unasked", &[BASELINE]);
    let kubectl = namespace.kubectl();
    let create = |name: &str| kubectl.run_with_input(&["create", "--filename=-"], &pod(name, name));
    for name in ["web-1", "web-2", "web-3"] {
        kubectl.apply(&policy(name)).ok();
        create(name).ok();
    }
    ringwall.unconfigure();
    eventually(PATIENCE, "the API server no longer asks", || create("alone").into_result());
    named(&ringwall, &namespace, "alone");

    // A busy machine may delay any one of them.
    let delays = |what: &str, happen: &dyn Fn(usize) -> String| {
        let delay = |round| {
            let pod = happen(round);
            let happened = Timestamp::now();
            let line = named(&ringwall, &namespace, &pod);
            let at: Timestamp = line["timestamp"].as_str().expect("a time").parse().unwrap();
            at.duration_since(happened)
        };
        let delays: Vec<_> = (1..=3).map(delay).collect();
        println!("{what}: named after {delays:?}");
        assert!(delays.iter().any(|delay| *delay < NAMED_WITHIN), "{what}: {delays:?}");
    };
    delays("a Pod that came", &|round| {
        let name = format!("alone-{round}");
        create(&name).ok();
        name
    });
    delays("a policy that went", &|round| {
        let name = format!("web-{round}");
        kubectl.ok(&["delete", "networkpolicy", &name]);
        name
    });
    // Other tests' namespaces are seen as well, and what slips through there is named and counted with these.
    eventually(PATIENCE, "the metric counts what is named", || {
        let named: Vec<Value> = slipped(&ringwall).filter(|line| line["rule"] == "unisolated-ingress").collect();
        let own = named.iter().filter(|line| line["namespace"] == *namespace.name).count();
        let counted = ringwall.metric(r#"ringwall_slipped_total{rule="unisolated-ingress"}"#);
        let is_same = own == 7 && counted == Some(f64::from(u32::try_from(named.len()).unwrap()));
        if is_same { Ok(()) } else { Err(format!("{counted:?} counted, {own} named here, of all {named:#?}")) }
    });
}

/// The lines that name what slipped through.
fn slipped(ringwall: &Ringwall<'_>) -> impl Iterator<Item = Value> {
    let lines = ringwall.logs().into_iter().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    lines.filter(|line| line["target"] == "ringwall::slipped")
}

/// Waits until a Pod is named in the log and by an Event; returns the line.
fn named(ringwall: &Ringwall<'_>, namespace: &Namespace, pod: &str) -> Value {
    let line = eventually(PATIENCE, &format!("the line that names {pod}"), || {
        let mut lines = slipped(ringwall).filter(|line| {
            line["namespace"] == *namespace.name
                && line["objects"].as_str().is_some_and(|names| names.split(", ").any(|name| name == pod))
        });
        lines.next().ok_or_else(|| ringwall.logs().join("\n"))
    });
    let selector = format!("--field-selector=involvedObject.name={pod},reason=SlippedThrough");
    eventually(PATIENCE, &format!("the Event of {pod}"), || {
        let events = namespace.kubectl().ok(&["get", "events", &selector, "--output=name"]);
        if events.is_empty() { Err("no Event".to_owned()) } else { Ok(()) }
    });
    line
}
