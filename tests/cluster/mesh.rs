//! Policies of meshes that go or change while sensitive workloads rest on them.

use std::sync::Once;

use serde_json::{Value, json};

use crate::harness::{self, Client, ControlPlane, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::{BASELINE, policy};
use crate::policy_kinds::define;

/// A Ringwall that has read the policies of the mesh. Nothing of the mesh itself runs: its proxy is a container of its name.
fn ringwall(cluster: &ControlPlane) -> Ringwall<'_> {
    static DEFINED: Once = Once::new();
    DEFINED.call_once(|| {
        define(cluster, "security.istio.io", "v1", "PeerAuthentication", "peerauthentications", true);
    });
    let ringwall = Ringwall::start(cluster, Setup::default());
    let series = "ringwall_watch_state{kind=\"PeerAuthentication\",state=\"synced\"}";
    eventually(PATIENCE, "the watch of the kind", || match ringwall.metric(series) {
        Some(1.0) => Ok(()),
        _ => Err(ringwall.metrics()),
    });
    ringwall
}

/// A Pod that is marked sensitive, with these containers.
fn sensitive(name: &str, containers: &[&str]) -> String {
    let containers: Vec<Value> =
        containers.iter().map(|container| json!({"name": container, "image": container})).collect();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name, "ringwall.dev/data": "sensitive"}},
        "spec": {"containers": containers},
    });
    pod.to_string()
}

fn peers(name: &str, mode: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: {name}}}
spec: {{mtls: {{mode: {mode}}}}}
"
    )
}

fn created(kubectl: &Client, name: &str) -> String {
    let policy = kubectl.json(&["get", "peerauthentication", name]);
    policy["metadata"]["creationTimestamp"].as_str().unwrap().to_owned()
}

#[test]
fn the_strict_policy_of_a_sensitive_workload_is_held_back_and_goes_after_it() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = ringwall(cluster);
    let namespace = ringwall.namespace("strict", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("db")).ok();

    let refusal = kubectl.apply(&sensitive("db", &["db"])).fails().stderr;
    assert!(refusal.contains("outside-mesh") && refusal.contains("is in no mesh"), "{refusal}");
    let refusal = kubectl.apply(&sensitive("db", &["db", "istio-proxy"])).fails().stderr;
    assert!(refusal.contains("permissive-mtls") && refusal.contains("no PeerAuthentication says STRICT"), "{refusal}");
    kubectl.apply(&peers("all", "STRICT")).ok();
    kubectl.apply(&sensitive("db", &["db", "istio-proxy"])).ok();

    let refusal = kubectl.fails(&["delete", "peerauthentication", "all"]);
    assert!(refusal.contains(&format!("Pod {}/db, which is marked sensitive", namespace.name)), "{refusal}");
    assert!(refusal.contains("delete its workload first"), "{refusal}");
    let refusal = kubectl.apply(&peers("all", "PERMISSIVE")).fails().stderr;
    assert!(refusal.contains("permissive-mtls"), "{refusal}");

    kubectl.ok(&["delete", "pod", "db", "--force", "--grace-period=0"]);
    kubectl.ok(&["delete", "peerauthentication", "all"]);
}

#[test]
fn a_strict_policy_owned_by_a_config_map_is_not_collected_while_a_sensitive_pod_rests_on_it() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = ringwall(cluster);
    let namespace = ringwall.namespace("collected", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("db")).ok();
    kubectl.ok(&["create", "configmap", "owner"]);
    let owner = kubectl.json(&["get", "configmap", "owner"])["metadata"]["uid"].as_str().unwrap().to_owned();
    kubectl.apply(&peers("all", "STRICT")).ok();
    let patch = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner}]}});
    kubectl.ok(&["patch", "peerauthentication", "all", "--type=merge", "--patch", &patch.to_string()]);
    kubectl.apply(&sensitive("db", &["db", "istio-proxy"])).ok();

    kubectl.ok(&["delete", "configmap", "owner"]);
    eventually(PATIENCE, "the collector asks and is refused", || {
        let asked = ringwall.cluster().audit_log().into_iter().any(|line| {
            line["verb"] == "delete"
                && line["objectRef"]["resource"] == "peerauthentications"
                && line["objectRef"]["namespace"] == *namespace.name
                && line["responseStatus"]["code"] == 403
        });
        if asked { Ok(()) } else { Err("no refused DELETE in the audit log".to_owned()) }
    });
    kubectl.ok(&["get", "peerauthentication", "all"]);
}

#[test]
fn the_older_of_two_policies_is_the_one_that_a_workload_rests_on() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = ringwall(cluster);
    let kubectl = ringwall.namespace("older", &[BASELINE]).kubectl();
    kubectl.apply(&policy("db")).ok();
    kubectl.apply(&peers("z", "STRICT")).ok();
    kubectl.apply(&sensitive("db", &["db", "istio-proxy"])).ok();
    // Times are kept to the second.
    let older = created(&kubectl, "z");
    eventually(PATIENCE, "the API server's clock goes on", || {
        let tried = kubectl
            .run_with_input(&["create", "--dry-run=server", "--output=json", "--filename=-"], &peers("a", "STRICT"));
        let tried: Value = serde_json::from_str(&tried.ok().stdout).map_err(|error| error.to_string())?;
        if tried["metadata"]["creationTimestamp"] == *older { Err(older.clone()) } else { Ok(()) }
    });
    // The newer one changes nothing, and may come and go.
    kubectl.apply(&peers("a", "PERMISSIVE")).ok();
    let refusal = kubectl.fails(&["delete", "peerauthentication", "z"]);
    assert!(refusal.contains("permissive-mtls") && refusal.contains("/a says PERMISSIVE"), "{refusal}");
    kubectl.ok(&["delete", "peerauthentication", "a"]);
}
