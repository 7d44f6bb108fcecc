//! The ways round Ringwall that were thought of, and that are closed.

use serde_json::json;

use crate::harness::{self, Client, Namespace, PATIENCE, Ringwall, Setup, eventually, unique};
use crate::manifests::{BASELINE, policy, policy_with};

/// A bare Pod with `app: NAME`.
fn run(kubectl: &Client, name: &str) -> harness::Outcome {
    kubectl.run(&["run", name, "--image=web", &format!("--labels=app={name}")])
}

fn holds(namespace: &Namespace, name: &str) {
    let refusal = namespace.kubectl().fails(&["delete", "networkpolicy", name]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
}

#[test]
fn a_policy_owned_by_a_config_map_is_not_collected_while_a_pod_rests_on_it() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("owned", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.ok(&["create", "configmap", "owner"]);
    let owner = kubectl.json(&["get", "configmap", "owner"])["metadata"]["uid"].as_str().unwrap().to_owned();
    kubectl.apply(&policy("web")).ok();
    let patch = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner}]}});
    kubectl.ok(&["patch", "networkpolicy", "web", "--type=merge", "--patch", &patch.to_string()]);
    run(&kubectl, "web").ok();

    kubectl.ok(&["delete", "configmap", "owner"]);
    eventually(PATIENCE, "the collector asks and is refused", || {
        let asked = ringwall.cluster().audit_log().into_iter().any(|line| {
            line["verb"] == "delete"
                && line["objectRef"]["resource"] == "networkpolicies"
                && line["objectRef"]["namespace"] == *namespace.name
                && line["responseStatus"]["code"] == 403
        });
        if asked { Ok(()) } else { Err("no refused DELETE in the audit log".to_owned()) }
    });
    kubectl.ok(&["get", "networkpolicy", "web"]);

    kubectl.ok(&["delete", "pod", "web", "--force", "--grace-period=0"]);
    eventually(PATIENCE, "the collector, which retries, removes the policy that nobody needs", || {
        let left = kubectl.ok(&["get", "networkpolicies", "--output=name"]);
        if left.is_empty() { Ok(()) } else { Err(left) }
    });
}

#[test]
fn a_made_up_controller_lets_no_policy_go() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("madeup", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("web")).ok();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web", "labels": {"app": "web"},
            "ownerReferences": [{"apiVersion": "example.com/v1", "kind": "Gone", "name": "gone", "uid": "00000000-0000-4000-8000-000000000000", "controller": true}],
        },
        "spec": {"containers": [{"name": "main", "image": "web"}]},
    });
    kubectl.apply(&pod.to_string()).ok();
    holds(&namespace, "web");
}

#[test]
fn a_grace_period_of_a_year_lets_no_policy_go() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("grace", &[BASELINE]);
    let kubectl = namespace.kubectl();
    // A Pod without a node vanishes at once.
    let node = unique("node");
    kubectl.apply(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}}).to_string()).ok();
    kubectl.apply(&policy("web")).ok();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "web"}]},
    });
    kubectl.apply(&pod.to_string()).ok();
    kubectl.ok(&["delete", "pod", "web", "--grace-period=31536000", "--wait=false"]);
    assert!(kubectl.json(&["get", "pod", "web"])["metadata"]["deletionTimestamp"].is_string());
    holds(&namespace, "web");
    kubectl.ok(&["delete", "pod", "web", "--force", "--grace-period=0"]);
    kubectl.ok(&["delete", "networkpolicy", "web"]);
    kubectl.ok(&["delete", "node", &node]);
}

#[test]
fn a_policy_that_only_a_finalizer_keeps_covers_nobody() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("finalizer", &[BASELINE]).kubectl();
    kubectl.apply(&policy("web")).ok();
    let finalizer = |finalizers: &[&str]| json!({"metadata": {"finalizers": finalizers}}).to_string();
    let patch = |text: &str| kubectl.ok(&["patch", "networkpolicy", "web", "--type=merge", "--patch", text]);
    patch(&finalizer(&["example.com/hold"]));
    kubectl.ok(&["delete", "networkpolicy", "web", "--wait=false"]);
    kubectl.ok(&["get", "networkpolicy", "web"]);
    let refusal = run(&kubectl, "web").fails().stderr;
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    patch(&finalizer(&[]));
}

#[test]
fn everything_but_a_little_is_everything() {
    let Some(ringwall) = harness::ringwall() else { return };
    for ingress in [
        "[{ports: [{port: 1, endPort: 65534}]}]",
        "[{from: [{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: 128.0.0.0/1}}]}]",
        "[{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [a]}]}}]}]",
    ] {
        let kubectl = ringwall.namespace("nearly", &[BASELINE]).kubectl();
        kubectl.apply(&policy_with("web", ingress)).ok();
        let refusal = run(&kubectl, "web").fails().stderr;
        assert!(refusal.contains("open-ingress"), "{ingress}: {refusal}");
    }
}

#[test]
fn a_label_that_an_exemption_asks_for_helps_nobody_elsewhere() {
    let Some(cluster) = harness::cluster() else { return };
    let legacy = unique("legacy");
    let ruleset = format!(
        "apiVersion: ringwall.dev/v1alpha1
kind: Ruleset
metadata: {{name: default}}
spec:
  exemptions:
    - name: legacy-ftp
      rules: [unisolated-ingress]
      match: {{namespaces: [{legacy}], labels: {{app: ftp}}}}
      reason: passive FTP needs every port
      owner: storage-team@example.com
"
    );
    let ringwall = Ringwall::start(cluster, Setup { ruleset: Some(ruleset.clone()), ..Setup::default() });
    let kubectl = ringwall.namespace("elsewhere", &[BASELINE]).kubectl();
    let refusal = run(&kubectl, "ftp").fails().stderr;
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    drop(ringwall);

    // Without a namespace the exemption would be anybody's for the asking: the ruleset is no ruleset.
    let everywhere = ruleset.replace(&format!("namespaces: [{legacy}], "), "");
    let folder = crate::manifests::folder([("ruleset.yaml", everywhere), ("policy.yaml", policy("web"))]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["check", "--ruleset", "ruleset.yaml", "policy.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("namespaces"), "{said}");
}
