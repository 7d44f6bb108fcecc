//! The two cases that cannot be free of order: their messages say what to do, and that works.

use serde_json::Value;

use crate::harness::{self, PATIENCE, eventually};
use crate::manifests::{BASELINE, chart, folder, job, policy, text, wait_for_event, wait_for_pods};

#[test]
fn a_selector_that_moves_with_the_labels_needs_a_second_policy_until_the_rollout_ends() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("rollout", &[BASELINE]).kubectl();
    kubectl.apply(&selecting("web", 1)).ok();
    kubectl.apply(&version(1)).ok();
    wait_for_pods(&kubectl, "web", 2);

    let moved = folder([("1-policy.yaml", selecting("web", 2)), ("2-deployment.yaml", version(2))]);
    let refusal = kubectl.run(&["apply", "--filename", text(moved.path())]).fails().stderr;
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    assert!(refusal.contains("keep a second policy with the old one until the rollout ends"), "{refusal}");

    kubectl.apply(&selecting("second", 1)).ok();
    kubectl.ok(&["apply", "--filename", text(moved.path())]);
    eventually(PATIENCE, "the rollout has replaced every Pod", || {
        let versions = kubectl.ok(&["get", "pods", "--output=jsonpath={.items[*].metadata.labels.version}"]);
        if versions == "v2 v2" { Ok(()) } else { Err(versions) }
    });
    kubectl.ok(&["delete", "networkpolicy", "second"]);
}

#[test]
fn the_pod_of_a_hook_needs_a_policy_that_is_there_before_it() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("hook", &[BASELINE]);
    let (helm, kubectl) = (namespace.helm(), namespace.kubectl());
    let hook = |manifest: String, weight: i32| {
        let annotations = format!(r#"annotations: {{helm.sh/hook: pre-install, helm.sh/hook-weight: "{weight}"}}"#);
        manifest.replacen("metadata: {", &format!("metadata: {{{annotations}, "), 1)
    };
    let without = chart([("job.yaml", hook(job("migrate"), 0)), ("policy.yaml", policy("migrate"))]);
    helm.fails(&["install", "shop", text(without.path()), "--timeout=3s"]);
    let message = wait_for_event(&kubectl, "FailedCreate", "unisolated-ingress");
    assert!(message.contains("a hook policy of lower helm.sh/hook-weight"), "{message}");
    assert!(message.contains("default-deny"), "{message}");
    helm.ok(&["uninstall", "shop", "--ignore-not-found"]);
    kubectl.ok(&["delete", "job", "migrate", "--ignore-not-found"]);

    let with = chart([("job.yaml", hook(job("migrate"), 0)), ("policy.yaml", hook(policy("migrate"), -1))]);
    let arguments = ["install", "shop", text(with.path()), "--timeout=60s"];
    std::thread::scope(|scope| {
        let install = scope.spawn(|| helm.run(&arguments));
        wait_for_pods(&kubectl, "migrate", 1);
        complete(&kubectl, "migrate");
        install.join().unwrap().ok();
    });
}

/// A Deployment whose old Pods go before the new ones come, for without a kubelet none is ever available.
fn version(number: u32) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  strategy: {{rollingUpdate: {{maxUnavailable: 100%, maxSurge: 0}}}}
  template:
    metadata: {{labels: {{app: web, version: v{number}}}}}
    spec:
      containers: [{{name: web, image: web}}]
"
    )
}

fn selecting(name: &str, version: u32) -> String {
    policy("web")
        .replacen("name: web", &format!("name: {name}"), 1)
        .replace("{app: web}", &format!("{{app: web, version: v{version}}}"))
}

/// Says what a kubelet would say when the Pod's process has ended well.
fn complete(kubectl: &harness::Client, name: &str) {
    let pods: Value = kubectl.json(&["get", "pods", "--selector", &format!("app={name}")]);
    let pod = pods["items"][0]["metadata"]["name"].as_str().unwrap();
    let patch = r#"{"status": {"phase": "Succeeded"}}"#;
    kubectl.ok(&["patch", "pod", pod, "--subresource=status", "--type=merge", "--patch", patch]);
}
