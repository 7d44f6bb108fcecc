//! The chart, installed for real, and what holds when nobody answers.

use crate::harness::{self, CHART, Client, ControlPlane, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::{BASELINE, deployment, job, pods, policy, wait_for_pods};

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

#[test]
fn with_nobody_to_answer_and_failure_policy_fail_a_namespace_is_deleted_and_pods_are_freed() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = Ringwall::start(cluster, Setup::default());
    ringwall.configure(|configuration| {
        for webhook in configuration["webhooks"].as_array_mut().unwrap() {
            webhook["failurePolicy"] = "Fail".into();
        }
    });
    let namespace = ringwall.namespace("dead", &[BASELINE]);
    let kubectl = namespace.kubectl();
    for name in ["web", "once"] {
        kubectl.apply(&policy(name)).ok();
    }
    kubectl.apply(&deployment("web", 1)).ok();
    kubectl.apply(&job("once")).ok();
    wait_for_pods(&kubectl, "web", 1);
    wait_for_pods(&kubectl, "once", 1);

    ringwall.stop();
    let pod = pods(&kubectl, "web").remove(0);
    let refusal = kubectl.fails(&["label", &pod, "tier=back"]);
    assert!(refusal.contains("failed calling webhook"), "everything else waits for an answer: {refusal}");
    kubectl.ok(&["annotate", &pod, "example.com/note=kept"]);
    cluster.kubectl().ok(&["delete", "namespace", &namespace.name, "--timeout=60s"]);
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
