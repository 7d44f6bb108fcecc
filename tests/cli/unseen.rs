//! A cluster that cannot be read is not one without findings.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    thread,
};

use crate::{Run, ringwall};

/// An API server that refuses what `refuses` says, and holds nothing else. Answers for as long as the tests run.
fn kubeconfig(refuses: fn(&str) -> bool) -> (tempfile::TempDir, PathBuf) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || answer(&stream.unwrap(), refuses));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
         clusters: [{{name: a, cluster: {{server: 'http://{address}'}}}}]\nusers: [{{name: a, user: {{}}}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// Answers one request after the other until the client is gone.
fn answer(stream: &TcpStream, refuses: fn(&str) -> bool) {
    let mut lines = BufReader::new(stream).lines();
    let mut target = String::new();
    while let Some(Ok(line)) = lines.next() {
        if line.starts_with("GET ") {
            target = line;
        } else if line.is_empty() {
            let (code, body) = if refuses(&target) {
                (403, r#"{"kind":"Status","status":"Failure","message":"no","reason":"Forbidden","code":403}"#)
            } else {
                (200, r#"{"kind":"List","metadata":{"resourceVersion":"1"},"items":[]}"#)
            };
            let head = format!(
                "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            if write!(&mut &*stream, "{head}{body}").is_err() {
                return;
            }
        }
    }
}

fn run(command: &str, refuses: fn(&str) -> bool) -> Run {
    let (_folder, path) = kubeconfig(refuses);
    ringwall(&format!("{command} --kubeconfig {}", path.display()))
}

#[test]
fn an_audit_of_a_cluster_that_cannot_be_read_fails_and_names_every_kind() {
    let all = run("audit --format json", |_| true);
    assert_eq!(all.code, 2, "{all}");
    assert!(all.json()["errors"].as_array().unwrap().len() >= 10, "{all}");
    let policies = run("audit --format json", |target| target.contains("/networkpolicies"));
    assert_eq!(policies.code, 2, "{policies}");
    let reason = policies.json()["errors"][0]["reason"].to_string();
    assert!(reason.contains("RBAC does not let Ringwall read networkpolicies"), "{policies}");
}

#[test]
fn a_kind_that_is_not_required_is_a_hint_and_no_failure() {
    let run = run("audit", |target| target.contains("/ingresses"));
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("read ingresses"), "{run}");
}

#[test]
fn manifests_are_not_laid_on_a_cluster_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n").unwrap();
    let command = format!("check {} --cluster", file.display());
    let whole = run(&command, |_| false);
    assert_eq!(whole.code, 0, "{whole}");
    let blind = run(&command, |target| target.contains("/pods"));
    assert_eq!(blind.code, 2, "{blind}");
}
