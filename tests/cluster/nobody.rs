//! All replicas are dead and `failurePolicy` is `Fail`: the cluster itself goes on, and people get out by `docs/break-glass.md`.

use serde_json::{Value, json};

use crate::harness::{self, Client, ControlPlane, PATIENCE, Ringwall, Setup, define_settings, eventually};
use crate::manifests::{BASELINE, deployment, job, pods, policy, service, wait_for_pods};

const PAGE: &str = include_str!("../../docs/break-glass.md");

/// Puts the webhooks in force as they are installed, for all namespaces that they do not leave out themselves, and so that what gets
/// no answer is refused.
fn fail_closed(ringwall: &Ringwall) {
    ringwall.configure(|configuration| {
        harness::fail_closed(configuration);
        for webhook in configuration["webhooks"].as_array_mut().unwrap() {
            let expressions = webhook["namespaceSelector"]["matchExpressions"].as_array_mut().unwrap();
            expressions.retain(|expression| expression["key"] == "kubernetes.io/metadata.name");
        }
    });
}

#[test]
fn with_nobody_to_answer_nodes_report_pods_are_freed_namespaces_go_and_kube_system_is_written() {
    let Some(cluster) = ControlPlane::private() else { return };
    let admin = cluster.kubectl();
    let ringwall = Ringwall::start(&cluster, Setup::default());
    fail_closed(&ringwall);
    let namespace = ringwall.namespace("dead", &[BASELINE]);
    let kubectl = namespace.kubectl();
    for name in ["web", "running", "finished", "bound"] {
        kubectl.apply(&policy(name)).ok();
    }
    for manifest in [deployment("web", 1), job("running"), job("finished"), service("web")] {
        kubectl.apply(&manifest).ok();
    }
    for name in ["web", "running", "finished"] {
        wait_for_pods(&kubectl, name, 1);
    }
    let finished = pods(&kubectl, "finished").remove(0);
    let succeeded = r#"--patch={"status":{"phase":"Succeeded"}}"#;
    kubectl.ok(&["patch", &finished, "--subresource=status", "--type=merge", succeeded]);
    kubectl.ok(&["wait", "--for=condition=Complete", "job/finished", "--timeout=60s"]);
    create(&admin, &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}}));
    create(
        &kubectl,
        &json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bound", "labels": {"app": "bound"}},
            "spec": {"nodeName": "one", "containers": [{"name": "bound", "image": "bound"}]},
        }),
    );
    let kubelet = admin.with(&["--as=system:node:one", "--as-group=system:nodes"]);
    let heartbeats = kubelet.with(&["--namespace=kube-node-lease"]);
    create(&heartbeats, &heartbeat("2026-01-01T00:00:00.000000Z"));

    ringwall.stop();
    let refusal = admin.fails(&["run", "web", "--image=web"]);
    assert!(refusal.contains("failed calling webhook"), "everything else waits for an answer: {refusal}");

    let beat = heartbeat("2026-01-01T00:00:10.000000Z").to_string();
    heartbeats.run_with_input(&["replace", "--filename=-"], &beat).ok();
    let node = admin.json(&["get", "node", "one"]);
    report(&kubelet, "/api/v1/nodes/one/status", node, json!({"conditions": [{"type": "Ready", "status": "True"}]}));
    let bound = kubectl.json(&["get", "pod", "bound"]);
    let path = format!("/api/v1/namespaces/{}/pods/bound/status", namespace.name);
    report(&kubelet, &path, bound, json!({"phase": "Running"}));
    let own = kubelet.with(&["--namespace", &namespace.name]);
    own.ok(&["delete", "pod", "bound", "--force", "--grace-period=0", "--wait=false"]);

    let pod = pods(&kubectl, "web").remove(0);
    let refusal = kubectl.fails(&["label", &pod, "tier=back"]);
    assert!(refusal.contains("failed calling webhook"), "labels move a Pod between policies: {refusal}");
    kubectl.ok(&["annotate", &pod, "example.com/note=kept"]);
    let system = admin.with(&["--namespace=kube-system"]);
    for manifest in [deployment("dns", 1), policy("dns"), service("dns")] {
        system.apply(&manifest).ok();
    }
    wait_for_pods(&system, "dns", 1);
    system.ok(&["delete", "deployment/dns", "networkpolicy/dns", "service/dns", "--timeout=60s"]);
    admin.ok(&["delete", "namespace", &namespace.name, "--timeout=60s"]);
}

#[test]
fn with_nobody_to_answer_scaling_eviction_deletion_ringwalls_own_namespace_and_its_settings_never_wait() {
    let Some(cluster) = ControlPlane::private() else { return };
    let admin = cluster.kubectl();
    define_settings(&admin);
    admin.ok(&["create", "namespace", "ringwall"]);
    let ringwall = Ringwall::start(&cluster, Setup::default());
    fail_closed(&ringwall);
    let namespace = ringwall.namespace("dead", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("web")).ok();
    kubectl.apply(&deployment("web", 2)).ok();
    wait_for_pods(&kubectl, "web", 2);
    ringwall.stop();
    let refusal = kubectl.apply(&service("web")).fails().stderr;
    assert!(refusal.contains("failed calling webhook"), "everything else waits for an answer: {refusal}");

    kubectl.ok(&["scale", "deployment/web", "--replicas=1"]);
    eventually(PATIENCE, "the controllers scale down", || {
        let found = pods(&kubectl, "web");
        if found.len() == 1 { Ok(()) } else { Err(format!("{found:?}")) }
    });
    let pod = pods(&kubectl, "web").remove(0);
    let name = pod.trim_start_matches("pod/");
    let path = format!("/api/v1/namespaces/{}/pods/{name}/eviction", namespace.name);
    let metadata = json!({"name": name, "namespace": namespace.name});
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata});
    kubectl.run_with_input(&["create", "--raw", &path, "--filename=-"], &eviction.to_string()).ok();
    eventually(PATIENCE, "the Pod is evicted", || {
        let outcome = kubectl.run(&["get", &pod]);
        if outcome.success { Err(outcome.stdout) } else { Ok(()) }
    });

    // Foreground: the collector takes finalizers off what it deletes.
    kubectl.ok(&["delete", "deployment/web", "--cascade=foreground", "--timeout=60s"]);

    admin.with(&["--namespace=ringwall"]).apply(&service("web")).ok();
    let spec = json!({
        "rules": ["unisolated-ingress"], "match": {"namespaces": ["legacy"]}, "reason": "a test", "owner": "tests@example.com",
    });
    let exemption = json!({"apiVersion": "ringwall.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": "legacy"}, "spec": spec});
    admin.apply(&exemption.to_string()).ok();
    admin.ok(&["patch", "exemption", "legacy", "--type=merge", r#"--patch={"spec":{"reason":"another"}}"#]);
    let ruleset = json!({
        "apiVersion": "ringwall.dev/v1alpha1", "kind": "Ruleset", "metadata": {"name": "default"},
        "spec": {"defaults": {"enforce": "privileged"}},
    });
    admin.apply(&ruleset.to_string()).ok();
}

#[test]
fn the_commands_of_the_break_glass_page_let_requests_through_again() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    let ringwall = Ringwall::start(&cluster, Setup::default());
    // By the name that it bears where it is installed.
    fail_closed(&ringwall);
    let mut configuration = kubectl.json(&["get", "validatingwebhookconfiguration", &ringwall.configuration_name()]);
    configuration["metadata"] = json!({"name": "ringwall"});
    create(&kubectl, &configuration);
    ringwall.unconfigure();
    ringwall.stop();
    let is_shut = || {
        eventually(PATIENCE, "nothing goes", || {
            let outcome = kubectl.run(&["run", "web", "--image=web", "--dry-run=server"]);
            if outcome.stderr.contains("failed calling webhook") { Ok(()) } else { Err(outcome.to_string()) }
        });
    };
    let is_open = || {
        eventually(PATIENCE, "requests go through", || {
            kubectl.run(&["run", "web", "--image=web", "--dry-run=server"]).into_result()
        });
    };

    is_shut();
    let seen: String = walk(&kubectl, "See that it is Ringwall");
    assert!(seen.contains("Fail"), "{seen}");

    walk(&kubectl, "Let everything through");
    is_open();
    let policies = kubectl.ok(&["get", "validatingwebhookconfiguration", "ringwall", "--output=yaml"]);
    assert!(policies.contains("failurePolicy: Ignore") && !policies.contains("failurePolicy: Fail"), "{policies}");

    kubectl.ok(&["delete", "validatingwebhookconfiguration", "ringwall"]);
    create(&kubectl, &configuration);
    is_shut();
    walk(&kubectl, "If that does not help");
    is_open();
}

/// Runs the commands of a section, which must succeed, and returns what they print.
#[track_caller]
fn walk(kubectl: &Client, section: &str) -> String {
    let (_, text) = PAGE.split_once(&format!("## {section}\n")).unwrap_or_else(|| panic!("no section {section:?}"));
    let text = text.split("\n## ").next().unwrap_or_default();
    let blocks: Vec<&str> = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty(), "{section:?} has no commands");
    blocks.iter().map(|block| kubectl.shell(block).ok().stdout).collect()
}

#[track_caller]
fn create(kubectl: &Client, object: &Value) {
    kubectl.run_with_input(&["create", "--filename=-"], &object.to_string()).ok();
}

/// Writes the status of an object as kubelets do: they may not read it on its own.
#[track_caller]
fn report(kubelet: &Client, path: &str, mut object: Value, status: Value) {
    object["status"] = status;
    kubelet.run_with_input(&["replace", "--raw", path, "--filename=-"], &object.to_string()).ok();
}

fn heartbeat(time: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "one", "namespace": "kube-node-lease"},
        "spec": {"holderIdentity": "one", "leaseDurationSeconds": 40, "renewTime": time},
    })
}
