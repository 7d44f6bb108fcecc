//! One process of the real binary, and what it says of itself.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use super::wait::{PATIENCE, eventually};

/// A running program.
pub(super) struct Process {
    pub(super) child: Child,
    /// A shell that kills the child when this process is gone: a static is never dropped.
    watchdog: Child,
    _leash: ChildStdin,
}

impl Process {
    /// Ends it at once, and waits until it has.
    pub(super) fn kill(&mut self) {
        // An error means that it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Only then the watchdog, so that there is no moment without one.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts the program. What it writes to standard error is appended to the logs.
pub(super) fn spawn(
    arguments: &[String],
    environment: &[(String, String)],
    address: SocketAddr,
    probes: SocketAddr,
    logs: &Arc<Mutex<Vec<String>>>,
) -> Process {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(arguments)
        .envs(environment.iter().cloned())
        .args(["--listen".to_owned(), address.to_string(), "--probes".to_owned(), probes.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut watchdog = Command::new("sh")
        .args(["-c", "read -r _; kill -9 \"$1\" 2>&-", "watchdog", &child.id().to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let leash = watchdog.stdin.take().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let logs = Arc::clone(logs);
    thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            logs.lock().unwrap().push(line);
        }
    });
    Process { child, watchdog, _leash: leash }
}

/// Waits for the line that says on which ports the kernel has put it.
#[track_caller]
pub(super) fn listening(process: &mut Process, logs: &Mutex<Vec<String>>) -> (SocketAddr, SocketAddr) {
    eventually(PATIENCE, "ringwall listens", || {
        let ended = process.child.try_wait().unwrap();
        let lines = logs.lock().unwrap().clone();
        match (addresses(&lines), ended) {
            (Some(addresses), _) => Ok(addresses),
            (None, None) => Err(format!("its log so far: {lines:#?}")),
            (None, Some(status)) => panic!("ringwall ended ({status}) after\n{}", lines.join("\n")),
        }
    })
}

/// The addresses of webhook and probes, when the log names them.
pub(super) fn addresses(lines: &[String]) -> Option<(SocketAddr, SocketAddr)> {
    let fields = lines.iter().filter_map(|line| fields(line)).find(|fields| fields["message"] == "listening")?;
    let address = |name: &str| fields[name].as_str()?.parse().ok();
    address("address").zip(address("probes"))
}

/// The fields of a JSON log line, whether they stand at the top or under `fields`.
pub(super) fn fields(line: &str) -> Option<Value> {
    let mut line: Value = serde_json::from_str(line).ok()?;
    Some(match line.get_mut("fields") {
        Some(fields) => fields.take(),
        None => line,
    })
}
