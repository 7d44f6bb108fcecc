//! The job for GitLab: its own lines, run in order in one shell, as GitLab's runner does.

use std::fs;

use serde_json::Value;

use crate::{Runner, Step, repository, ringwall};

/// The lines of a list in the job (`before_script`, `script`).
fn lines(list: &str) -> String {
    let text = fs::read_to_string(repository().join("examples/ci/gitlab.yaml")).unwrap();
    let after = text.split_once(&format!("\n  {list}:\n")).unwrap().1;
    after
        .lines()
        .take_while(|line| line.starts_with("    "))
        .filter_map(|line| line.strip_prefix("    - "))
        .fold(String::new(), |all, line| all + line + "\n")
}

/// Runs the job in a folder that holds the examples, with a release that holds this program.
fn job(paths: &str, change: &str) -> (Runner, Step) {
    let runner = Runner::new();
    let root = runner.folder.path().display();
    let setup = format!(
        "set -e\nfolder='{root}/releases/v0.1.0'\ncd '{repository}'\narchitecture=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')\n\
         build/archive '{program}' v0.1.0 \"$architecture\" \"$folder\"\n\
         cp -r examples '{root}/'\ncd '{root}'\nRINGWALL_VERSION=v0.1.0\nRINGWALL_RELEASES='file://{root}/releases'\n\
         RINGWALL_SHA256=$(sha256sum \"$folder\"/*.gz | cut -d ' ' -f 1)\nRINGWALL_OPTIONS='--profile baseline'\nRINGWALL_PATHS='{paths}'\n{change}\n",
        repository = repository().display(),
        program = ringwall().display(),
    );
    runner.program("job", &(setup + &lines("before_script") + &lines("script")));
    let step = runner.run(&runner.path("bin/job"), &[]);
    (runner, step)
}

#[test]
fn what_breaks_the_rules_fails_the_job_and_is_reported() {
    let (runner, step) = job("examples/mistakes.yaml", "");
    assert_eq!(step.code, 1, "{}{}", step.stdout, step.stderr);
    let report: Vec<Value> = serde_json::from_str(&runner.told("gl-code-quality-report.json")).unwrap();
    assert!(report.iter().any(|violation| violation["severity"] == "critical"));
    for violation in report {
        assert_eq!(violation["location"]["path"], "examples/mistakes.yaml");
        assert!(violation["fingerprint"].is_string() && violation["location"]["lines"]["begin"].is_u64());
    }
}

#[test]
fn what_keeps_them_passes() {
    let (runner, step) = job("examples/shop", "");
    assert_eq!(step.code, 0, "{}{}", step.stdout, step.stderr);
    assert!(serde_json::from_str::<Vec<Value>>(&runner.told("gl-code-quality-report.json")).is_ok());
}

#[test]
fn an_archive_without_its_checksum_is_not_run() {
    let other = "0".repeat(64);
    for (checksum, why) in
        [("", "set it to the SHA-256 of ringwall-v0.1.0-linux-"), (other.as_str(), ".tar.gz: FAILED")]
    {
        let (runner, step) = job("examples/shop", &format!("RINGWALL_SHA256={checksum}"));
        let said = step.stdout + &step.stderr;
        assert_ne!(step.code, 0, "{said}");
        assert!(said.contains(why), "{why:?} is not in\n{said}");
        assert!(!runner.path(".ringwall/ringwall").exists(), "{checksum}");
    }
}
