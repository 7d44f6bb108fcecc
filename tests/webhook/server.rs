//! The server under test.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::Instant,
};

use rustls::{ClientConfig, version::TLS13};
use serde_json::Value;

use crate::{
    client::{Connection, PATIENCE},
    pki::{Authority, Pair},
    reviews,
};

/// A running server. It ends with the test.
pub(crate) struct Server {
    child: Child,
    log: Arc<Log>,
    pub(crate) address: SocketAddr,
    pub(crate) probes: SocketAddr,
    pub(crate) authority: Authority,
    pub(crate) trust: Arc<ClientConfig>,
    /// Holds `data`, a link to the folder with the certificate and key in force, as kubelets mount Secrets.
    pub(crate) folder: tempfile::TempDir,
}

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<Value>>,
    grown: Condvar,
}

impl Server {
    /// A server on the example shop.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_on(&repository().join("examples/shop"), options)
    }

    /// A server on a folder of manifests. In an option, `{folder}` is the server's own folder.
    pub(crate) fn start_on(manifests: &Path, options: &[&str]) -> Self {
        Self::prepare(manifests, options, |_| {})
    }

    /// The same, after something was put into its folder.
    pub(crate) fn prepare(manifests: &Path, options: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("tests");
        mount(folder.path(), "first", &authority.server());
        prepare(folder.path());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let drains = options.contains(&"--drain");
        let options = options.iter().map(|option| option.replace("{folder}", &folder.path().display().to_string()));
        let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
            .args(["serve", "--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0", "--log-format", "json"])
            .args(["--certificate", &path("data/tls.crt"), "--key", &path("data/tls.key")])
            .args(["--certificate-poll", "0.05", "--manifests"])
            .arg(manifests)
            .args(if drains { &[][..] } else { &["--drain", "0"] })
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log::default());
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let sink = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                sink.lines.lock().unwrap().push(line);
                sink.grown.notify_all();
            }
        });
        let unknown = "127.0.0.1:1".parse().unwrap();
        let trust = authority.trust(&[&TLS13], None);
        let mut server = Self { child, log, address: unknown, probes: unknown, authority, trust, folder };
        let line = server.log_line(|line| line["message"] == "listening");
        server.address = line["address"].as_str().unwrap().parse().unwrap();
        server.probes = line["probes"].as_str().unwrap().parse().unwrap();
        server
    }

    /// A new TLS connection.
    pub(crate) fn connect(&self) -> Connection {
        Connection::tls(self.address, &self.trust).unwrap()
    }

    /// The answer to a review, on a connection of its own.
    pub(crate) fn review(&self, review: &Value) -> Value {
        let response = self.connect().post(review.to_string().as_bytes()).unwrap();
        assert_eq!(response.status, 200, "{response:?}");
        response.json()["response"].clone()
    }

    /// Fails unless the server refuses what it must refuse and admits what it must admit.
    pub(crate) fn judges_rightly(&self) {
        let mut connection = self.connect();
        let mut ask = |labels| {
            let review = reviews::create(reviews::pod("shop", "probe", labels));
            connection.post(review.to_string().as_bytes()).unwrap().json()["response"]["allowed"].clone()
        };
        assert_eq!(ask(&[("app", "nobody-selects-this")]), false);
        assert_eq!(ask(&[("app", "frontend")]), true);
    }

    /// A probe's status and text.
    pub(crate) fn probe(&self, path: &str) -> (u16, String) {
        let response = Connection::plain(self.probes).unwrap().get(path).unwrap();
        (response.status, response.text())
    }

    /// The whole number that a series has; 0 for one that does not exist yet.
    pub(crate) fn metric(&self, series: &str) -> u64 {
        let (_, text) = self.probe("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Waits for a log line, those that were written already included.
    pub(crate) fn log_line(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut lines = self.log.lines.lock().unwrap();
        let began = Instant::now();
        loop {
            if let Some(line) = lines.iter().find(|line| is_it(line)) {
                return line.clone();
            }
            assert!(began.elapsed() < PATIENCE, "no such line in {lines:#?}");
            lines = self.log.grown.wait_timeout(lines, PATIENCE).unwrap().0;
        }
    }

    /// The log lines so far.
    pub(crate) fn log_lines(&self) -> Vec<Value> {
        self.log.lines.lock().unwrap().clone()
    }

    /// The most memory that the process has had, in MiB.
    pub(crate) fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<usize>().unwrap() / 1024
    }

    /// Tells the server to stop.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the server's end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Puts a pair in force as kubelets do: a new folder, and a link that is exchanged in one step.
pub(crate) fn mount(folder: &Path, version: &str, pair: &Pair) {
    let target = folder.join(version);
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("tls.crt"), &pair.certificate).unwrap();
    std::fs::write(target.join("tls.key"), &pair.key).unwrap();
    let link = folder.join(format!("{version}.link"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    std::fs::rename(&link, folder.join("data")).unwrap();
}

/// Asks again and again until it is so. Fails when it never is.
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}
