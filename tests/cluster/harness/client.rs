//! Running `kubectl` and `helm`, with assertions that show everything when they fail.

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

/// One of the tools, set up for one control plane. Everything the tools remember lies in the control plane's folder.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    program: PathBuf,
    environment: Vec<(&'static str, PathBuf)>,
    before: Vec<String>,
}

/// How one run of a tool ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) line: String,
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A namespace of a test's own.
#[derive(Clone, Debug)]
pub(crate) struct Namespace {
    pub(crate) name: String,
    pub(super) kubectl: Client,
    pub(super) helm: Client,
}

impl Client {
    pub(super) fn new(program: PathBuf, environment: Vec<(&'static str, PathBuf)>) -> Self {
        Self { program, environment, before: Vec::new() }
    }

    /// The same tool with flags before whatever it is told: `--namespace=x`, `--as=system:node:a`.
    pub(crate) fn with(&self, flags: &[&str]) -> Self {
        let mut client = self.clone();
        client.before.extend(flags.iter().map(ToString::to_string));
        client
    }

    /// Runs the tool, whatever comes of it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs the tool with a text as its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        // A thread, for a tool that answers before it has read everything. It may also end without reading.
        let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Outcome {
            line: arguments.join(" "),
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs the tool, which must succeed; returns its standard output.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        self.run(arguments).ok().stdout
    }

    /// Runs the tool, which must fail; returns its standard error.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        self.run(arguments).fails().stderr
    }

    /// `apply -f -` of manifests.
    pub(crate) fn apply(&self, manifests: &str) -> Outcome {
        self.run_with_input(&["apply", "--filename=-"], manifests)
    }

    /// Runs kubectl, which must succeed, with `--output=json`.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let outcome = self.run(&[arguments, &["--output=json"]].concat()).ok();
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}\n{outcome}"))
    }

    /// Runs a line of shell, as documents tell people to, in which this tool is found by its name.
    pub(crate) fn shell(&self, line: &str) -> Outcome {
        let folder = self.program.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
        let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        let output =
            command.args(["-ec", line]).envs(self.environment.iter().cloned()).env("PATH", path).output().unwrap();
        Outcome {
            line: line.to_owned(),
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The command, for a test that wants it running in the background.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.envs(self.environment.iter().cloned()).args(&self.before).args(arguments);
        command
    }
}

impl Outcome {
    /// Asserts that the tool succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.success, "should have succeeded: {self}");
        self
    }

    /// Asserts that the tool failed.
    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        assert!(!self.success, "should have failed: {self}");
        self
    }

    /// The lines that kubectl shows as `Warning: ...`, without that word.
    pub(crate) fn warnings(&self) -> Vec<&str> {
        self.stderr.lines().filter_map(|line| line.strip_prefix("Warning: ")).collect()
    }

    /// What `eventually` takes: the standard output, or everything as the error.
    pub(crate) fn into_result(self) -> Result<String, String> {
        if self.success { Ok(self.stdout) } else { Err(self.to_string()) }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, success: _, stdout, stderr } = self;
        write!(formatter, "{line}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

impl Namespace {
    /// `kubectl` in this namespace.
    pub(crate) fn kubectl(&self) -> Client {
        self.kubectl.with(&["--namespace", &self.name])
    }

    /// `helm` in this namespace.
    pub(crate) fn helm(&self) -> Client {
        self.helm.with(&["--namespace", &self.name])
    }
}
