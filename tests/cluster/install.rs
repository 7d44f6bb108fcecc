//! The chart, installed for real, and what holds when nobody answers. What holds with `failurePolicy: Fail` is in `nobody.rs`.

use crate::harness::{self, CHART, Client, ControlPlane, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::BASELINE;

#[test]
fn the_chart_installs_and_its_roles_suffice() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    kubectl.ok(&["create", "namespace", "ringwall"]);
    kubectl.ok(&["label", "namespace", "ringwall", "pod-security.kubernetes.io/enforce=restricted"]);
    let said = cluster.helm().ok(&["install", "ringwall", CHART, "--namespace=ringwall"]);
    assert!(said.contains("No rule refuses anything yet"), "{said}");
    let own = kubectl.with(&["--namespace=ringwall"]);
    // Pod Security Admission, which the namespace asks to be strict, admits the Pods.
    eventually(PATIENCE, "both Pods", || {
        let pods = own.ok(&["get", "pods", "--output=name"]);
        if pods.lines().count() == 2 { Ok(()) } else { Err(own.ok(&["get", "events"])) }
    });

    let kubeconfig = kubeconfig_of_the_account(&cluster);
    let reader = cluster.kubectl_with(&kubeconfig);
    let refusal = reader.fails(&["get", "secrets", "--all-namespaces"]);
    assert!(refusal.contains("Forbidden"), "{refusal}");

    kubectl.ok(&["delete", "validatingwebhookconfiguration", "ringwall"]);
    let ringwall = Ringwall::start(&cluster, Setup { kubeconfig: Some(kubeconfig), ..Setup::default() });
    let namespace = ringwall.namespace("installed", &[BASELINE]);
    let refusal = namespace.kubectl().fails(&["run", "web", "--image=web"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    let complaints: Vec<_> = ringwall.logs().into_iter().filter(|line| line.contains("forbidden")).collect();
    assert_eq!(complaints, Vec::<String>::new());
}

#[test]
fn what_nobody_answers_is_admitted() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = Ringwall::start(cluster, Setup::default());
    let kubectl = ringwall.namespace("unanswered", &[BASELINE]).kubectl();
    kubectl.fails(&["run", "web", "--image=web"]);
    ringwall.stop();
    kubectl.ok(&["run", "web", "--image=web"]);
}

/// Makes the namespace `ringwall` with the chart's `ServiceAccount`, and grants it what the chart grants; again, should somebody have
/// taken something away.
#[track_caller]
pub(crate) fn grant(cluster: &ControlPlane, kubectl: &Client) {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ringwall}\n";
    let chart = cluster.helm().ok(&[
        "template",
        "ringwall",
        CHART,
        "--namespace=ringwall",
        "--show-only=templates/serviceaccount.yaml",
        "--show-only=templates/rbac.yaml",
    ]);
    let apply = ["apply", "--server-side", "--force-conflicts", "--filename=-"];
    kubectl.run_with_input(&apply, &format!("{namespace}---\n{chart}")).ok();
}

/// A kubeconfig with a token of the `ServiceAccount`, which is who Ringwall is in a cluster.
pub(crate) fn kubeconfig_of_the_account(cluster: &ControlPlane) -> std::path::PathBuf {
    let token = cluster.kubectl().ok(&["create", "token", "ringwall", "--namespace=ringwall"]);
    let path = cluster.folder.join("ringwall.kubeconfig");
    let content = format!(
        "apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: {}, certificate-authority: {}}}}}]
users: [{{name: ringwall, user: {{token: {}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: ringwall}}}}]
current-context: test
",
        cluster.server,
        cluster.ca.display(),
        token.trim()
    );
    std::fs::write(&path, content).unwrap();
    path
}
