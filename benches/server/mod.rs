//! The real program as a child, and clients that speak TLS 1.3 to it.

#![allow(dead_code, reason = "each benchmark uses its part")]

#[path = "../../tests/webhook/client.rs"]
mod client;
#[path = "../../tests/webhook/pki.rs"]
mod pki;

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{ClientConfig, version::TLS13};
use serde_json::{Value, json};

pub(crate) use client::Connection;

use crate::world;

/// Connections that are kept open.
pub(crate) const CONNECTIONS: usize = 8;
/// Threads that serve them: few, for they share the machine with the server.
const THREADS: usize = 2;

/// A running server. It ends with this value.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    probes: SocketAddr,
    trust: Arc<ClientConfig>,
    began: Instant,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts `ringwall serve` with these arguments; returns when it listens.
    pub(crate) fn start<A: AsRef<OsStr>>(arguments: &[A]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = pki::Authority::new("benchmark");
        let pair = authority.server();
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        std::fs::write(&certificate, &pair.certificate).unwrap();
        std::fs::write(&key, &pair.key).unwrap();
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
            .args(["serve", "--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0", "--log-format", "json"])
            .arg("--certificate")
            .arg(&certificate)
            .arg("--key")
            .arg(&key)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines
            .by_ref()
            .inspect(|line| {
                if line.contains("\"ERROR\"") || !line.starts_with('{') {
                    eprintln!("{line}");
                }
            })
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
            .find(|line| line["message"] == "listening")
            .expect("the server did not start; what it said is above");
        // What it logs from now on must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let address = |field: &str| line[field].as_str().unwrap().parse().unwrap();
        let trust = authority.trust(&[&TLS13], None);
        Self { child, address: address("address"), probes: address("probes"), trust, began, _folder: folder }
    }

    /// Waits until `/readyz` says so, and yields the time since the start of the process.
    pub(crate) fn ready(&self) -> Duration {
        self.once(|server| server.probe("/readyz").0 == 200)
    }

    /// Waits until as many objects are in the snapshot, and yields the time since the start of the process.
    pub(crate) fn holds(&self, objects: usize) -> Duration {
        self.once(|server| {
            let (_, metrics) = server.probe("/metrics");
            let counts = metrics.lines().filter(|line| line.starts_with("ringwall_snapshot_objects{"));
            let count = |line: &str| line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok());
            counts.filter_map(count).sum::<f64>() >= objects as f64
        })
    }

    fn once(&self, is_so: impl Fn(&Self) -> bool) -> Duration {
        while !is_so(self) {
            assert!(self.began.elapsed() < Duration::from_secs(300), "it never became so");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.began.elapsed()
    }

    fn probe(&self, path: &str) -> (u16, String) {
        let response = Connection::plain(self.probes).unwrap().get(path).unwrap();
        (response.status, response.text())
    }

    /// The most memory that the process has had so far, and what it has now, in MiB.
    pub(crate) fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap() / 1024.0
        };
        (field("VmHWM:"), field("VmRSS:"))
    }

    /// Clients whose connections stay open.
    pub(crate) fn clients(&self) -> Clients {
        let connect = |_| Connection::tls(self.address, &self.trust).unwrap();
        let lane = |_| (0..CONNECTIONS / THREADS).map(connect).collect();
        Clients((0..THREADS).map(lane).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connections that are kept open, spread over a few threads. Each always has one request under way.
pub(crate) struct Clients(Vec<Vec<Connection>>);

impl Clients {
    /// Sends requests until the time is over, and yields how many were answered per second.
    pub(crate) fn rate(&mut self, requests: &[Vec<u8>], time: Duration) -> f64 {
        let began = Instant::now();
        let answered = self.send(requests, |_| began.elapsed() < time);
        answered as f64 / began.elapsed().as_secs_f64()
    }

    /// Sends so many requests.
    pub(crate) fn burst(&mut self, requests: &[Vec<u8>], count: usize) -> usize {
        let each = count / CONNECTIONS;
        self.send(requests, |sent| sent < each)
    }

    fn send(&mut self, requests: &[Vec<u8>], goes_on: impl Fn(usize) -> bool + Sync) -> usize {
        let goes_on = &goes_on;
        std::thread::scope(|scope| {
            let lanes = self.0.iter_mut().enumerate().map(|(lane, connections)| {
                scope.spawn(move || {
                    let mut requests = requests.iter().cycle().skip(lane * requests.len() / THREADS);
                    let mut send = |connection: &mut Connection| {
                        connection.stream.write_all(requests.next().unwrap()).unwrap();
                        connection.stream.flush().unwrap();
                    };
                    connections.iter_mut().for_each(&mut send);
                    let (mut rounds, mut answered) = (0, 0);
                    loop {
                        rounds += 1;
                        let more = goes_on(rounds);
                        for connection in connections.iter_mut() {
                            let answer = connection.response().unwrap();
                            assert!(answer.status == 200 && is_admitted(&answer.body), "{}", answer.text());
                            answered += 1;
                            if more {
                                send(connection);
                            }
                        }
                        if !more {
                            return answered;
                        }
                    }
                })
            });
            lanes.collect::<Vec<_>>().into_iter().map(|lane| lane.join().unwrap()).sum()
        })
    }
}

fn is_admitted(body: &[u8]) -> bool {
    body.windows(14).any(|window| window == b"\"allowed\":true")
}

/// A request for a new Pod of a workload of every namespace, ready to be sent.
pub(crate) fn requests(path: &str) -> Vec<Vec<u8>> {
    (0..world::NAMESPACES)
        .map(|index| {
            let body = review(&world::namespace(index)).to_string();
            let length = body.len();
            let head = "HTTP/1.1\r\nHost: ringwall\r\nContent-Type: application/json";
            format!("POST {path} {head}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
        })
        .collect()
}

/// The review of a new Pod of a workload that there is.
pub(crate) fn review(space: &str) -> Value {
    let pod = world::pod(space, "app-1", "app-1-5d4f8c7b9-fresh", Some("app-1-5d4f8c7b9"));
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "name": pod["metadata"]["name"], "namespace": space, "operation": "CREATE",
            "userInfo": {
                "username": "system:serviceaccount:kube-system:replicaset-controller",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
            },
            "object": pod, "oldObject": null, "dryRun": false,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
        },
    })
}

/// How the files of the world are written.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    /// A `kind: List` per namespace.
    Json,
    /// A file of several documents per namespace.
    Yaml,
}

/// Writes the world to files, one per namespace and one for what has no namespace. Yields their size in MiB.
pub(crate) fn write_world(folder: &Path, format: Format) -> f64 {
    let mut size = 0;
    let mut write = |name: String, objects: &[Value]| {
        let (extension, text) = match format {
            Format::Json => ("json", json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()),
            Format::Yaml => {
                let document = |object| format!("---\n{}", serde_saphyr::to_string(object).unwrap());
                ("yaml", objects.iter().map(document).collect())
            }
        };
        size += text.len();
        std::fs::write(folder.join(name).with_extension(extension), text).unwrap();
    };
    write("cluster".to_owned(), &[world::ingress_class()]);
    for index in 0..world::NAMESPACES {
        write(world::namespace(index), &world::objects(index));
    }
    size as f64 / f64::from(1 << 20)
}

/// The middle of some measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
