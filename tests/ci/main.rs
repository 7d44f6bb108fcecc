//! What users run in continuous integration: the scripts of the GitHub Action, the examples, the kubectl plugin.
//!
//! The scripts run as the runner would run them, with files in place of the network; what only GitHub can do is not in them.

#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy's allowances for tests do not reach the functions that tests call"
)]

mod check;
mod gitlab;
mod install;
mod plugin;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// The folder that a runner gives to a job, with the files by which steps talk to it.
struct Runner {
    folder: TempDir,
}

/// What a step left behind.
struct Step {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Runner {
    fn new() -> Self {
        let runner = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(runner.path("bin")).unwrap();
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program on the PATH of the steps.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A step of the action: one of its scripts, in the root of the repository.
    fn step(&self, script: &str, inputs: &[(&str, &str)]) -> Step {
        self.run(&repository().join(".github/actions/check").join(script), inputs)
    }

    fn run(&self, program: &Path, inputs: &[(&str, &str)]) -> Step {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new(program)
            .current_dir(repository())
            .env("PATH", path)
            .env("RUNNER_TEMP", self.folder.path())
            .env("GITHUB_ACTION_PATH", repository())
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_PATH", self.path("path"))
            .envs(inputs.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Step {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What the steps have told the runner so far: outputs, or folders for the PATH.
    fn told(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_default()
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program that is tested, under its own name.
fn ringwall() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_ringwall"))
}
