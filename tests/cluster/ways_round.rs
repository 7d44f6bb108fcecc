//! The ways round it are closed.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{self, Client, ControlPlane, PATIENCE, Ringwall, Setup, eventually, unique};
use crate::manifests::{
    BASELINE, deployment, folder, job, pods, policy, policy_with, text, wait_for_event, wait_for_pods,
};

#[test]
fn a_policy_does_not_go_with_a_config_map_that_owns_it() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("owned", &[BASELINE]).kubectl();
    let map = kubectl.json(&["create", "configmap", "owner"]);
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": map["metadata"]["uid"]}]);
    kubectl.apply(&policy("web")).ok();
    let patch = json!({"metadata": {"ownerReferences": owner}}).to_string();
    kubectl.ok(&["patch", "networkpolicy", "web", "--type=merge", "--patch", &patch]);
    kubectl.apply(&deployment("web", 1)).ok();
    wait_for_pods(&kubectl, "web", 1);

    kubectl.ok(&["delete", "configmap", "owner"]);
    let collector = "system:serviceaccount:kube-system:generic-garbage-collector";
    eventually(PATIENCE, "the garbage collector is refused", || {
        let tried = ringwall.logged("refused").into_iter().find(|line| {
            line["user"] == collector && line["object"].as_str().is_some_and(|object| object.contains("owned"))
        });
        tried.ok_or_else(|| "not asked yet".to_owned())
    });
    kubectl.ok(&["get", "networkpolicy", "web"]);

    // It tries again, and goes when nothing rests on it any more.
    kubectl.ok(&["delete", "deployment", "web"]);
    eventually(PATIENCE, "the policy is collected", || {
        let left = kubectl.ok(&["get", "networkpolicies", "--output=name"]);
        if left.is_empty() { Ok(()) } else { Err(left) }
    });
}

#[test]
fn a_pod_with_a_made_up_controller_is_a_pod_like_any_other() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("madeup", &[BASELINE]).kubectl();
    let owner = json!({
        "apiVersion": "example.com/v1", "kind": "Conductor", "name": "nobody", "uid": "8a1f5c1e-0000-4000-8000-000000000000",
        "controller": true,
    });
    let pod = pod("web", json!({"ownerReferences": [owner]}), json!({}));
    let refusal = kubectl.apply(&pod).fails().stderr;
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    kubectl.apply(&policy("web")).ok();
    kubectl.apply(&pod).ok();
    let refusal = kubectl.fails(&["delete", "networkpolicy", "web"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
}

#[test]
fn a_pod_that_takes_a_year_to_end_counts_as_running() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("year", &[BASELINE]).kubectl();
    kubectl.apply(&policy("web")).ok();
    let node = Node::new(ringwall.cluster());
    kubectl.apply(&pod("web", json!({}), json!({"nodeName": node.name}))).ok();
    kubectl.ok(&["delete", "pod", "web", "--grace-period=31536000", "--wait=false"]);
    let pod = kubectl.json(&["get", "pod", "web"]);
    assert!(pod["metadata"]["deletionTimestamp"].is_string(), "{pod}");
    let refusal = kubectl.fails(&["delete", "networkpolicy", "web"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");

    // One that ends soon does not.
    kubectl.ok(&["delete", "pod", "web", "--grace-period=30", "--wait=false"]);
    kubectl.ok(&["delete", "networkpolicy", "web"]);
    kubectl.ok(&["delete", "pod", "web", "--grace-period=0", "--force"]);
}

#[test]
fn a_policy_that_waits_for_its_finalizer_covers_nothing() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("finalizer", &[BASELINE]).kubectl();
    kubectl.apply(&policy("web").replacen("{name: web}", "{name: web, finalizers: [example.com/held]}", 1)).ok();
    kubectl.ok(&["delete", "networkpolicy", "web", "--wait=false"]);
    let refusal = kubectl.fails(&["run", "web", "--image=web", "--labels=app=web"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    let free = r#"{"metadata": {"finalizers": null}}"#;
    kubectl.ok(&["patch", "networkpolicy", "web", "--type=merge", "--patch", free]);
}

#[test]
fn nearly_everything_is_everything() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("nearly", &[BASELINE]).kubectl();
    kubectl.apply(&policy("web")).ok();
    kubectl.apply(&deployment("web", 1)).ok();
    wait_for_pods(&kubectl, "web", 1);
    for rules in [
        "[{ports: [{port: 1, endPort: 65534}]}]",
        "[{from: [{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: 128.0.0.0/1}}]}]",
        "[{from: [{ipBlock: {cidr: 0.0.0.0/1}}]}, {from: [{ipBlock: {cidr: 128.0.0.0/1}}]}]",
        "[{from: [{namespaceSelector: {}}]}]",
        "[{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [192.0.2.1/32]}}]}]",
    ] {
        let refusal = kubectl.apply(&policy_with("web", rules)).fails().stderr;
        assert!(refusal.contains("open-ingress"), "{rules}: {refusal}");
        let second = policy_with("web", rules).replacen("{name: web}", "{name: second}", 1);
        let refusal = kubectl.apply(&second).fails().stderr;
        assert!(refusal.contains("open-ingress"), "beside the first, {rules}: {refusal}");
    }
}

#[test]
fn an_exemption_by_labels_must_name_its_namespaces() {
    let ruleset = "apiVersion: ringwall.dev/v1alpha1
kind: Ruleset
metadata: {name: default}
spec:
  exemptions:
    - name: self-service
      rules: [unisolated-ingress]
      match: {labels: {exempt: \"true\"}}
      reason: anybody could set the label
      owner: nobody@example.com
";
    let folder = folder([("ruleset.yaml", ruleset.to_owned()), ("pod.yaml", pod("web", json!({}), json!({})))]);
    let output = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["serve", "--dev", "--listen=127.0.0.1:0", "--probes=127.0.0.1:0"])
        .args(["--manifests", text(&folder.path().join("pod.yaml"))])
        .args(["--ruleset", text(&folder.path().join("ruleset.yaml"))])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("ruleset.yaml:8") && error.contains("namespaces"), "{error}");
}

#[test]
fn controllers_with_one_user_for_all_are_judged_and_never_hold_up_a_namespace() {
    let Some(cluster) = ControlPlane::private() else { return };
    // The one user must be given what the controllers' own users have.
    let user = "--user=system:kube-controller-manager";
    cluster.kubectl().ok(&["create", "clusterrolebinding", "one-user", "--clusterrole=cluster-admin", user]);
    cluster.stop("kube-controller-manager");
    cluster.start_again("kube-controller-manager", &["--use-service-account-credentials=false"]);
    let ringwall = Ringwall::start(&cluster, Setup::default());
    let namespace = ringwall.namespace("oneuser", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&deployment("bare", 1)).ok();
    wait_for_event(&kubectl, "FailedCreate", "unisolated-ingress");
    assert_eq!(pods(&kubectl, "bare"), Vec::<String>::new());
    let refused = ringwall.logged("refused");
    assert!(refused.iter().any(|line| line["user"] == "system:kube-controller-manager"), "{refused:?}");

    for name in ["web", "once"] {
        kubectl.apply(&policy(name)).ok();
    }
    kubectl.apply(&deployment("web", 2)).ok();
    kubectl.apply(&job("once")).ok();
    wait_for_pods(&kubectl, "web", 2);
    wait_for_pods(&kubectl, "once", 1);
    cluster.kubectl().ok(&["delete", "namespace", &namespace.name, "--timeout=60s"]);
}

/// A Pod with `app: NAME` and more metadata and specification.
fn pod(name: &str, metadata: Value, spec: Value) -> String {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [{"name": name, "image": name}]},
    });
    for (part, more) in [("metadata", metadata), ("spec", spec)] {
        for (key, value) in more.as_object().unwrap() {
            pod[part][key] = value.clone();
        }
    }
    pod.to_string()
}

/// A node on paper: Pods that are bound to one are not removed before a kubelet says that they have ended.
struct Node {
    name: String,
    kubectl: Client,
}

impl Node {
    #[track_caller]
    fn new(cluster: &ControlPlane) -> Self {
        let name = unique("node");
        let kubectl = cluster.kubectl();
        kubectl.apply(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}).to_string()).ok();
        Self { name, kubectl }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kubectl.run(&["delete", "node", &self.name, "--wait=false"]);
    }
}
