//! The control plane itself, without Ringwall: what the other tests rely on is there.

use serde_json::Value;

use crate::harness::{self, ControlPlane, PATIENCE, eventually};

#[test]
fn a_deployment_makes_pending_pods_and_its_namespace_vanishes() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("deployment", &[("purpose", "test")]);
    let kubectl = namespace.kubectl();
    kubectl.ok(&["create", "deployment", "web", "--image=web", "--replicas=2"]);
    eventually(PATIENCE, "two pending Pods", || {
        let pods = kubectl.json(&["get", "pods"]);
        let phases: Vec<_> =
            pods["items"].as_array().unwrap().iter().map(|pod| pod["status"]["phase"].clone()).collect();
        if phases == ["Pending", "Pending"] { Ok(()) } else { Err(format!("{phases:?}")) }
    });

    // kubectl waits until it is gone: the namespace controller has removed what was inside.
    cluster.kubectl().ok(&["delete", "namespace", &namespace.name]);
    let error = cluster.kubectl().fails(&["get", "namespace", &namespace.name]);
    assert!(error.contains("NotFound"), "{error}");
}

#[test]
fn the_garbage_collector_removes_what_an_owner_leaves() {
    let Some(cluster) = harness::cluster() else { return };
    let kubectl = cluster.namespace("garbage", &[]).kubectl();
    kubectl.ok(&["create", "deployment", "web", "--image=web"]);
    let pods = || kubectl.ok(&["get", "pods", "--output=name"]);
    eventually(PATIENCE, "a Pod", || if pods().is_empty() { Err("none".to_owned()) } else { Ok(()) });
    kubectl.ok(&["delete", "deployment", "web"]);
    eventually(PATIENCE, "no Pod", || if pods().is_empty() { Ok(()) } else { Err(pods()) });
}

#[test]
fn the_audit_log_has_the_line_of_a_request_that_was_answered() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("audited", &[]);
    let line = cluster.audit_log().into_iter().find(|line| {
        line["verb"] == "create"
            && line["objectRef"]["resource"] == "namespaces"
            && line["objectRef"]["name"] == *namespace.name
    });
    let line = line.expect("the request that made the namespace");
    assert_eq!(line["level"], "Metadata");
    assert_eq!(line["user"]["username"], "admin");
    assert_eq!(line["annotations"]["authorization.k8s.io/decision"], "allow");
}

#[test]
fn authorization_is_by_role() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("roles", &[]);
    let stranger = namespace.kubectl().with(&["--as=stranger"]);
    let refusal = stranger.fails(&["get", "pods"]);
    assert!(refusal.contains("Forbidden"), "{refusal}");
    namespace.kubectl().ok(&["create", "rolebinding", "stranger", "--clusterrole=view", "--user=stranger"]);
    eventually(PATIENCE, "the role", || stranger.run(&["get", "pods"]).into_result());
}

#[test]
fn helm_installs_and_uninstalls_a_chart() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("chart", &[]);
    let chart = tempfile::tempdir().unwrap();
    std::fs::create_dir(chart.path().join("templates")).unwrap();
    let metadata = "apiVersion: v2\nname: small\nversion: 1.0.0\nkubeVersion: '>=1.33.0'\n";
    std::fs::write(chart.path().join("Chart.yaml"), metadata).unwrap();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n";
    std::fs::write(chart.path().join("templates/configmap.yaml"), template).unwrap();

    let path = chart.path().to_string_lossy();
    namespace.helm().ok(&["install", "one", &path]);
    namespace.kubectl().ok(&["get", "configmap", "one"]);
    namespace.helm().ok(&["uninstall", "one"]);
    namespace.kubectl().fails(&["get", "configmap", "one"]);
}

#[test]
fn components_of_a_private_control_plane_stop_and_start_again() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    kubectl.ok(&["create", "configmap", "kept"]);

    cluster.stop("kube-apiserver");
    let error = kubectl.fails(&["get", "configmap", "kept"]);
    assert!(error.contains("refused"), "{error}");
    cluster.start_again("kube-apiserver", &[]);
    kubectl.ok(&["get", "configmap", "kept"]);

    cluster.stop("kube-controller-manager");
    cluster.start_again("kube-controller-manager", &["--use-service-account-credentials=false"]);
    let namespace = cluster.namespace("after", &[]);
    let by = |line: &Value| {
        line["objectRef"]["resource"] == "serviceaccounts" && line["objectRef"]["namespace"] == *namespace.name
    };
    let author = cluster.audit_log().into_iter().find(|line| line["verb"] == "create" && by(line));
    assert_eq!(author.expect("who made the ServiceAccount")["user"]["username"], "system:kube-controller-manager");
}
