//! The objects that the tests apply, as people write them, and what the tests ask about them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Client, Namespace, Outcome, PATIENCE, Ringwall, eventually};

/// The label that makes a namespace refuse what the profile `baseline` forbids.
pub(crate) const BASELINE: (&str, &str) = ("ringwall.dev/enforce", "baseline");

/// A Deployment whose Pods carry `app: NAME`.
pub(crate) fn deployment(name: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers: [{{name: {name}, image: {name}, ports: [{{containerPort: 8080}}]}}]
"
    )
}

/// A Job whose Pod carries `app: NAME`.
pub(crate) fn job(name: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      restartPolicy: Never
      containers: [{{name: {name}, image: {name}}}]
"
    )
}

/// A policy that lets only the front into the Pods with `app: NAME`.
pub(crate) fn policy(name: &str) -> String {
    policy_with(name, "[{from: [{podSelector: {matchLabels: {app: front}}}], ports: [{port: 8080}]}]")
}

/// A policy over the Pods with `app: NAME`, with these rules for ingress.
pub(crate) fn policy_with(name: &str, ingress: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}}}
spec:
  podSelector: {{matchLabels: {{app: {name}}}}}
  policyTypes: [Ingress]
  ingress: {ingress}
"
    )
}

/// A Service for the Pods with `app: NAME`.
pub(crate) fn service(name: &str) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: {name}}}
  ports: [{{port: 80, targetPort: 8080}}]
"
    )
}

/// Files in a folder of their own, under the names given.
pub(crate) fn folder<'a>(files: impl IntoIterator<Item = (&'a str, String)>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// A chart with these templates.
pub(crate) fn chart<'a>(templates: impl IntoIterator<Item = (&'a str, String)>) -> TempDir {
    let metadata = ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n".to_owned());
    let folder = folder([metadata]);
    fs::create_dir(folder.path().join("templates")).unwrap();
    for (name, content) in templates {
        fs::write(folder.path().join("templates").join(name), content).unwrap();
    }
    folder
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Returns when exactly so many Pods with `app: NAME` are there.
#[track_caller]
pub(crate) fn wait_for_pods(kubectl: &Client, name: &str, count: usize) {
    eventually(PATIENCE, &format!("{count} Pods of {name}"), || {
        let found = pods(kubectl, name);
        if found.len() == count { Ok(()) } else { Err(format!("{found:?}; {}", kubectl.ok(&["get", "events"]))) }
    });
}

/// The names of the Pods with `app: NAME`.
#[track_caller]
pub(crate) fn pods(kubectl: &Client, name: &str) -> Vec<String> {
    let selector = format!("--selector=app={name}");
    kubectl.ok(&["get", "pods", &selector, "--output=name"]).lines().map(str::to_owned).collect()
}

/// Returns the first message that a controller's event of this reason has, and that says what is asked for.
#[track_caller]
pub(crate) fn wait_for_event(kubectl: &Client, reason: &str, text: &str) -> String {
    eventually(PATIENCE, &format!("an event {reason} with {text:?}"), || {
        let events = kubectl.json(&["get", "events", "--field-selector", &format!("reason={reason}")]);
        let messages = events["items"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap());
        messages.clone().find(|message| message.contains(text)).map(str::to_owned).ok_or_else(|| format!("{events}"))
    })
}

/// A namespace whose Pods of that Deployment, isolated by nothing, were there before it was labelled to enforce.
#[track_caller]
pub(crate) fn enforce_over_running(namespace: &Namespace, name: &str, replicas: u32) {
    let kubectl = namespace.kubectl();
    kubectl.apply(&deployment(name, replicas)).ok();
    wait_for_pods(&kubectl, name, replicas as usize);
    enforce(namespace);
}

/// Labels the namespace to enforce, and returns when that is honoured.
#[track_caller]
pub(crate) fn enforce(namespace: &Namespace) -> Outcome {
    let (key, value) = BASELINE;
    let kubectl = namespace.kubectl();
    let outcome = kubectl.run(&["label", "namespace", &namespace.name, &format!("{key}={value}")]).ok();
    eventually(PATIENCE, "the namespace enforces", || {
        let trial = kubectl.run(&["run", "trial", "--image=trial", "--dry-run=server"]);
        if trial.success { Err(trial.to_string()) } else { Ok(()) }
    });
    outcome
}

/// Runs, in a shell, the command that a refusal gives as its fix: `ringwall fix ... | kubectl apply -f -`.
#[track_caller]
pub(crate) fn run_fix(kubectl: &Client, refusal: &str) {
    let (_, command) = refusal.split_once("fix: ringwall ").unwrap_or_else(|| panic!("no command in {refusal}"));
    let command = format!("ringwall {}", command.lines().next().unwrap());
    assert!(command.ends_with(" | kubectl apply -f -"), "{command}");

    let client = kubectl.command(&[]);
    let folder = |program: &Path| program.parent().map(Path::to_owned).unwrap_or_default();
    let mut path = vec![folder(Path::new(env!("CARGO_BIN_EXE_ringwall"))), folder(Path::new(client.get_program()))];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    path.retain(|folder: &PathBuf| !folder.as_os_str().is_empty());
    let output = Command::new("sh")
        .args(["-c", &command])
        .envs(client.get_envs().filter_map(|(key, value)| Some((key, value?))))
        .env("PATH", std::env::join_paths(path).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.is_empty(), "nothing was applied by {command}");
}

/// The findings that Ringwall has logged of a namespace.
pub(crate) fn findings(ringwall: &Ringwall<'_>, namespace: &Namespace) -> Vec<Value> {
    let mine = |line: &Value| {
        line["target"] == "ringwall::finding" && line["object"].as_str().unwrap().contains(&namespace.name)
    };
    ringwall.logs().iter().filter_map(|line| serde_json::from_str(line).ok()).filter(mine).collect()
}
