//! `kubectl ringwall`: kubectl runs the program that is called kubectl-ringwall.

use std::{fs, os::unix::fs::symlink};

use crate::{Runner, repository, ringwall};

fn run(arguments: &str) -> (i32, String) {
    let runner = Runner::new();
    symlink(ringwall(), runner.path("bin/kubectl-ringwall")).unwrap();
    runner.program("kubectl", "shift; exec kubectl-ringwall \"$@\"");
    runner.program("command", &format!("kubectl ringwall {arguments}"));
    let step = runner.run(&runner.path("bin/command"), &[]);
    (step.code, step.stdout + &step.stderr)
}

#[test]
fn its_usage_is_what_is_typed() {
    for (arguments, usage) in [
        ("--help", "Usage: kubectl ringwall <COMMAND>"),
        ("check --help", "Usage: kubectl ringwall check [OPTIONS] <PATH>..."),
        ("check", "Usage: kubectl ringwall check"),
    ] {
        let (_, said) = run(arguments);
        assert!(said.contains(usage), "kubectl ringwall {arguments} says:\n{said}");
    }
    assert!(run("--version").1.starts_with("ringwall "));
}

#[test]
fn it_judges() {
    assert_eq!(run("check --profile baseline examples/shop").0, 0);
    assert_eq!(run("check --profile baseline examples/mistakes.yaml").0, 1);
}

#[test]
fn its_manifest_is_filled_in_for_a_release() {
    let runner = Runner::new();
    let (amd64, arm64) = ("a".repeat(64), "b".repeat(64));
    let sums = format!("{amd64}  ringwall-v0.1.0-linux-amd64.tar.gz\n{arm64}  ringwall-v0.1.0-linux-arm64.tar.gz\n");
    fs::write(runner.path("sums"), sums).unwrap();
    let build = repository().join("build/krew");
    runner.program("command", &format!("{} v0.1.0 {}", build.display(), runner.path("sums").display()));
    let step = runner.run(&runner.path("bin/command"), &[]);
    assert_eq!(step.code, 0, "{}", step.stderr);
    for text in ["version: v0.1.0\n", &amd64, &arm64, "download/v0.1.0/ringwall-v0.1.0-linux-arm64.tar.gz\n"] {
        assert!(step.stdout.contains(text), "{text} is not in\n{}", step.stdout);
    }
    assert!(!step.stdout.contains("v0.0.0") && !step.stdout.contains("SHA256"), "{}", step.stdout);

    fs::write(runner.path("sums"), "").unwrap();
    assert_eq!(runner.run(&runner.path("bin/command"), &[]).code, 1, "a release without archives");
}
