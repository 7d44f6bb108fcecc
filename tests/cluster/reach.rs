//! `ringwall reach`, `reach diff` and `trace` against a running cluster.

use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::{self, ControlPlane};
use crate::manifests::{deployment, folder, policy, service, text, wait_for_pods};

fn ringwall(cluster: &ControlPlane, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(arguments)
        .args(["--cluster", "--network-plugin", "reference", "--kubeconfig", text(&cluster.kubeconfig)])
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(output)))
}

#[test]
fn what_runs_is_told_and_what_files_would_alter_in_it() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("reached", &[("ringwall-test", "nobody")]);
    let (kubectl, name) = (namespace.kubectl(), &*namespace.name);
    for app in ["web", "front", "other"] {
        kubectl.apply(&deployment(app, 2)).ok();
    }
    kubectl.apply(&policy("web")).ok();
    kubectl.apply(&service("web")).ok();
    for app in ["web", "front", "other"] {
        wait_for_pods(&kubectl, app, 2);
    }
    let to = format!("{name}/web");
    let reach = ringwall(cluster, &["reach", "--format=json", "--from", name, "--to", &to]);
    let flows = json(&reach)["flows"].clone();
    assert_eq!(reach.status.code(), Some(0), "{}", told(&reach));
    assert_eq!(flows.as_array().unwrap().len(), 1, "{flows}");
    assert_eq!(flows[0]["source"]["workload"]["name"], "front");
    assert_eq!((&flows[0]["ports"][0]["first"], &flows[0]["precision"]), (&8080.into(), &"exact".into()));

    let trace = |from: &str| {
        let (from, to) = (format!("{name}/{from}"), format!("svc/{name}/web:80"));
        ringwall(cluster, &["trace", &from, &to])
    };
    let (passes, stopped) = (trace("front"), trace("other"));
    assert_eq!((passes.status.code(), stopped.status.code()), (Some(0), Some(1)), "{}", told(&stopped));
    assert!(told(&stopped).contains("the Pod has app=other, the rule wants app=front"), "{}", told(&stopped));

    // The Pods that run carry the old label; those that replace them carry the new one.
    let relabelled = deployment("front", 2).replace("{app: front}", "{app: fronts}");
    let relabelled = relabelled.replace("{name: front}", &format!("{{name: front, namespace: {name}}}"));
    let files = folder([("front.yaml", relabelled)]);
    let diff = ringwall(cluster, &["reach", "diff", text(files.path()), "--format=json", "--to", &to, "--from", name]);
    let changes = json(&diff);
    assert_eq!(diff.status.code(), Some(0), "{}", told(&diff));
    assert_eq!((changes["added"].as_array().unwrap().len(), &changes["changed"]), (0, &Value::Array(vec![])));
    assert_eq!(changes["removed"], flows);

    let broken = folder([("broken.yaml", "kind: [".to_owned())]);
    let diff = ringwall(cluster, &["reach", "diff", text(broken.path())]);
    assert_eq!((diff.status.code(), diff.stdout.is_empty()), (Some(2), true), "{}", told(&diff));
}
