//! `ringwall audit` and `ringwall check --cluster` against a running cluster.

use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::{self, ControlPlane};
use crate::manifests::{BASELINE, deployment, folder, policy, text, wait_for_pods};

fn ringwall(cluster: &ControlPlane, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(arguments)
        .args(["--kubeconfig", text(&cluster.kubeconfig)])
        .output()
        .unwrap()
}

#[test]
fn an_audit_finds_once_what_runs_unisolated_and_names_the_workload() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("audited", &[BASELINE, ("ringwall-test", "nobody")]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&deployment("web", 2)).ok();
    wait_for_pods(&kubectl, "web", 2);

    let output = ringwall(cluster, &["audit", "--format=json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let mine: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["subject"]["namespace"] == *namespace.name && finding["rule"] == "unisolated-ingress")
        .collect();
    assert_eq!(mine.len(), 1, "{mine:?}");
    assert_eq!(mine[0]["subject"]["kind"], "Deployment");
    assert_eq!(mine[0]["outcome"], "refuse");
    assert!(mine[0]["message"].as_str().unwrap().contains("/web (2 Pods)"), "{mine:?}");

    let output = ringwall(cluster, &["audit"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(&format!("error[unisolated-ingress]: Deployment {}/web (2 Pods)", namespace.name)), "{said}");
}

#[test]
fn a_file_is_judged_on_top_of_the_live_state() {
    let Some(cluster) = harness::cluster() else { return };
    let namespace = cluster.namespace("ontop", &[BASELINE, ("ringwall-test", "nobody")]);
    let files = folder([("web.yaml", deployment("web", 1))]);
    let check = || ringwall(cluster, &["check", "--cluster", "--namespace", &namespace.name, text(files.path())]);
    let alone = check();
    let said = String::from_utf8_lossy(&alone.stdout).into_owned();
    assert_eq!(alone.status.code(), Some(1), "{said}");
    assert!(said.contains("unisolated-ingress"), "{said}");

    namespace.kubectl().apply(&policy("web")).ok();
    let covered = check();
    let said = String::from_utf8_lossy(&covered.stdout).into_owned();
    assert_eq!(covered.status.code(), Some(0), "{said}");
}
