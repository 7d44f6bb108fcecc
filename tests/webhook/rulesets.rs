//! The ruleset follows its file.

use crate::{
    reviews::{create, pod},
    server::{Server, eventually, repository},
};

fn ruleset(enforce: &str) -> String {
    format!(
        "apiVersion: ringwall.dev/v1alpha1\nkind: Ruleset\nmetadata: {{name: default}}\nspec:\n  defaults: \
         {{enforce: {enforce}, warn: privileged, audit: privileged}}\n"
    )
}

#[test]
fn a_ruleset_is_taken_in_when_it_changes_and_one_that_does_not_load_never_is() {
    let state = tempfile::tempdir().unwrap();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: plain}\n";
    std::fs::write(state.path().join("namespace.yaml"), namespace).unwrap();
    let options = ["--ruleset", "{folder}/ruleset.yaml"];
    let server = Server::prepare(state.path(), &options, |folder| {
        std::fs::write(folder.join("ruleset.yaml"), ruleset("privileged")).unwrap();
    });
    let file = server.folder.path().join("ruleset.yaml");
    let allowed = || server.review(&create(pod("plain", "web", &[("app", "web")])))["allowed"] == true;
    assert!(allowed());
    std::fs::write(&file, ruleset("baseline")).unwrap();
    eventually("the new ruleset refuses", || !allowed());
    std::fs::write(&file, ruleset("privilegde")).unwrap();
    let line = server.log_line(|line| line["message"] == "the new ruleset is not used; the old one stays");
    assert!(line["error"].as_str().unwrap().contains("ruleset.yaml:5:"), "{line}");
    assert!(!allowed());
    std::fs::remove_file(&file).unwrap();
    server.log_line(|line| line["error"].as_str().is_some_and(|error| error.contains("cannot be read")));
    assert!(!allowed());
    std::fs::write(&file, ruleset("privileged")).unwrap();
    eventually("the ruleset that works again admits", allowed);
}

#[test]
fn a_ruleset_that_does_not_load_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ruleset.yaml");
    std::fs::write(&file, ruleset("privilegde")).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0", "--manifests"])
        .arg(repository().join("examples/shop"))
        .arg("--ruleset")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("ruleset.yaml:5:") && error.contains("privileged"), "{error}");
}
