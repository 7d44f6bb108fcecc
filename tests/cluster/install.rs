//! `examples/install/`, applied for real.

use crate::harness::{self, ControlPlane, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::BASELINE;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/install");

#[test]
fn the_installation_applies_and_its_role_suffices() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    let apply = |name: &str| kubectl.ok(&["apply", "--filename", &format!("{FOLDER}/{name}.yaml")]);
    // The API server compiles the match conditions when it stores the configuration.
    for name in ["namespace", "rbac", "networkpolicy", "service", "deployment", "webhook"] {
        apply(name);
    }
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

    kubectl.ok(&["delete", "--filename", &format!("{FOLDER}/webhook.yaml")]);
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

/// A kubeconfig with a token of the ServiceAccount, which is who Ringwall is in a cluster.
fn kubeconfig_of_the_account(cluster: &ControlPlane) -> std::path::PathBuf {
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
