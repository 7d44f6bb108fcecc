//! The step that installs a release, which lies in a folder here.

use std::{fs, process::Command};

use crate::{Runner, Step, repository};

const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));

fn platform() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

/// A release of a program that says its name, packed as the release workflow packs it.
fn release(runner: &Runner) -> String {
    let folder = runner.path("releases").join(VERSION);
    fs::create_dir_all(&folder).unwrap();
    runner.program("released", "echo the released ringwall");
    let script = format!(
        "build/archive '{}' {VERSION} {} '{folder}' && cd '{folder}' && sha256sum *.tar.gz > SHA256SUMS",
        runner.path("bin/released").display(),
        platform(),
        folder = folder.display()
    );
    let packed = Command::new("sh").args(["-c", &script]).current_dir(repository()).status().unwrap();
    assert!(packed.success());
    format!("file://{}", runner.path("releases").display())
}

fn install(runner: &Runner, releases: &str, inputs: &[(&str, &str)]) -> Step {
    let mut all = vec![("RINGWALL_RELEASES", releases), ("RINGWALL_PROVENANCE", "false")];
    all.extend(inputs);
    runner.step("install", &all)
}

#[test]
fn the_release_that_the_action_belongs_to_is_put_on_the_path() {
    let runner = Runner::new();
    let releases = release(&runner);
    let step = install(&runner, &releases, &[]);
    assert_eq!((step.code, step.stdout.as_str()), (0, "the released ringwall\n"), "{}", step.stderr);
    let folder = runner.told("path");
    assert!(fs::exists(format!("{}/ringwall", folder.trim_end())).unwrap(), "{folder}");
}

#[test]
fn an_archive_with_another_checksum_is_not_run() {
    let runner = Runner::new();
    let releases = release(&runner);
    let other = "0".repeat(64);
    let step = install(&runner, &releases, &[("RINGWALL_SHA256", &other)]);
    assert_eq!(step.code, 2);
    assert!(step.stdout.contains("must have 0000"), "{}", step.stdout);
    assert_eq!(runner.told("path"), "");

    let list = runner.path("releases").join(VERSION).join("SHA256SUMS");
    fs::write(&list, format!("{other}  ringwall-{VERSION}-linux-{}.tar.gz\n", platform())).unwrap();
    let step = install(&runner, &releases, &[]);
    assert_eq!((step.code, runner.told("path").as_str()), (2, ""), "{}", step.stdout);

    fs::write(&list, "").unwrap();
    let step = install(&runner, &releases, &[]);
    assert!(step.code == 2 && step.stdout.contains("does not list"), "{}", step.stdout);
}

#[test]
fn a_version_is_not_a_path() {
    let runner = Runner::new();
    let step = install(&runner, "file:///nowhere", &[("RINGWALL_VERSION", "../../v0.1.0")]);
    assert_eq!((step.code, runner.told("path").as_str()), (2, ""));
    assert!(step.stdout.contains("version must be like v0.1.0"), "{}", step.stdout);
}

#[test]
fn plain_http_is_not_spoken() {
    let runner = Runner::new();
    let step = install(&runner, "http://127.0.0.1:9", &[]);
    assert_eq!(step.code, 2);
    assert!(step.stderr.contains("disabled") || step.stderr.contains("not supported"), "{}", step.stderr);
}

#[test]
fn an_archive_that_the_release_workflow_did_not_build_is_not_run() {
    let runner = Runner::new();
    let releases = release(&runner);
    runner.program("gh", "echo \"$@\" > \"$RUNNER_TEMP/asked\"; exit 1");
    let step = install(&runner, &releases, &[("RINGWALL_PROVENANCE", "true")]);
    assert_eq!((step.code, runner.told("path").as_str()), (2, ""), "{}", step.stdout);
    let asked = runner.told("asked");
    assert!(asked.starts_with("attestation verify ") && asked.contains("release.yml"), "{asked}");
}

#[test]
fn the_same_program_makes_the_same_archive() {
    let (one, other) = (Runner::new(), Runner::new());
    release(&one);
    release(&other);
    let sums = |runner: &Runner| fs::read(runner.path("releases").join(VERSION).join("SHA256SUMS")).unwrap();
    assert_eq!(sums(&one), sums(&other));
}
