//! Whole runs of the binary on folders of manifests, their output compared with what is stored.
//!
//! The manifests are in `cases/`, the stored output in `snapshots/`; `cargo insta review`, or `INSTA_UPDATE=always`, takes
//! changed output over.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy's allowances for tests do not reach the functions that tests call"
)]

mod check;
mod examples;
mod fixes;
mod formats;
mod layers;
mod reach;
mod rules;
mod rulesets;
mod schema;
mod secrets;
#[path = "../../src/model/decode/test_certificates.rs"]
mod test_certificates;
mod trace;
#[cfg(feature = "cluster")]
mod unseen;

use std::{
    fmt,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// What a run left behind.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n{}", self.code, self.stdout)?;
        if self.stderr.is_empty() { Ok(()) } else { write!(f, "on standard error:\n{}", self.stderr) }
    }
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

/// The folder of cases; runs start there, so that paths in output are the same everywhere.
fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases")
}

/// Runs `ringwall` with the words of one line.
fn ringwall(arguments: &str) -> Run {
    with_input(&arguments.split_whitespace().collect::<Vec<_>>(), "")
}

/// Runs `ringwall` with something on standard input.
fn with_input(arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(arguments)
        .current_dir(cases())
        .env_remove("RUST_LOG")
        .env_remove("NO_COLOR")
        .env("COLUMNS", "120")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let input = input.to_owned();
    // In a thread of its own: a child that writes much before it reads all would wait for us.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("the binary ends");
    writer.join().expect("the writer ends");
    Run {
        code: output.status.code().expect("the binary ends by itself"),
        stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("errors are UTF-8"),
    }
}

/// Judges a text as strictly as there is, and gives the findings.
fn findings(manifests: &str) -> Vec<Value> {
    let run = with_input(&["check", "-", "--profile", "restricted", "--format", "json"], manifests);
    let report = run.json();
    assert_eq!(report["errors"], Value::Array(vec![]), "{manifests}");
    report["findings"].as_array().expect("findings are a list").clone()
}
