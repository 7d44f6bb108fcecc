//! The work: objects that come and go through the API server, and reviews straight at the server.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hyper::http::Method;
use rustls::ClientConfig;
use serde_json::{Value, json};

use crate::harness::{self, Api, ControlPlane, runtime};

use super::super::straight_client::Connection;

/// Requests a second through the API server.
pub(super) const CHURN: u32 = 50;
/// Reviews a second straight at the server.
pub(super) const STRAIGHT: u32 = 200;
/// Clients of either kind.
const CLIENTS: u32 = 4;
/// How many policies, each with its Pod, a client keeps before it removes the oldest.
const KEPT: usize = 50;

/// What came of it.
#[derive(Clone, Default)]
pub(super) struct Count {
    requests: usize,
    refused: usize,
    failures: Vec<String>,
    longest: Duration,
}

impl Count {
    pub(super) fn rate(&self, seconds: f64) -> f64 {
        f64::from(u32::try_from(self.requests).unwrap()) / seconds
    }

    #[track_caller]
    pub(super) fn without_failure(&self) {
        assert!(self.requests > 0, "nothing was asked");
        let first = &self.failures[..self.failures.len().min(10)];
        assert!(first.is_empty(), "{} of {} failed, such as {first:#?}", self.failures.len(), self.requests);
    }

    /// Notes a request: an error says what is wrong with the answer, `true` that it was a refusal.
    fn note(&mut self, began: Instant, outcome: Result<bool, String>) {
        self.requests += 1;
        self.longest = self.longest.max(began.elapsed());
        match outcome {
            Ok(refused) => self.refused += usize::from(refused),
            Err(error) => self.failures.push(error),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, refused, failures, longest } = self;
        let failed = failures.len();
        write!(
            formatter,
            "{requests} requests, {refused} refused as they should be, {failed} failed, longest {longest:?}"
        )
    }
}

/// Policies and Pods that come, change and go.
pub(super) struct Churn {
    done: Arc<AtomicBool>,
    count: Arc<Mutex<Count>>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

impl Churn {
    pub(super) fn start(cluster: &ControlPlane, namespace: &str) -> Self {
        let api = Api::of(cluster);
        let (done, count) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Count::default())));
        let clients = (0..CLIENTS)
            .map(|client| {
                let client = Client {
                    api: api.clone(),
                    namespace: namespace.to_owned(),
                    name: format!("client-{client}"),
                    count: Arc::clone(&count),
                    done: Arc::clone(&done),
                };
                runtime().spawn(client.run())
            })
            .collect();
        Self { done, count, clients }
    }

    pub(super) fn finish(self) -> Count {
        self.done.store(true, Ordering::SeqCst);
        for client in self.clients {
            runtime().block_on(client).unwrap();
        }
        self.count.lock().unwrap().clone()
    }
}

struct Client {
    api: Api,
    namespace: String,
    name: String,
    count: Arc<Mutex<Count>>,
    done: Arc<AtomicBool>,
}

impl Client {
    async fn run(self) {
        let mut tick = tokio::time::interval(Duration::from_secs(1) * CLIENTS / CHURN);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let root = format!("/api/v1/namespaces/{}/pods", self.namespace);
        let policies = format!("/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies", self.namespace);
        let gone = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0});
        let mut kept = VecDeque::new();
        for number in 0_u64.. {
            if self.done.load(Ordering::SeqCst) {
                return;
            }
            let name = format!("{}-{number}", self.name);
            let mut turn = vec![
                (Method::POST, policies.clone(), policy(&name)),
                (Method::POST, root.clone(), pod(&name, &name)),
                (Method::POST, root.clone(), pod(&format!("{name}-bare"), "bare")),
                (
                    Method::PATCH,
                    format!("{policies}/{name}"),
                    json!({"spec": {"ingress": [{"ports": [{"port": 9000 + number % 100}]}]}}),
                ),
            ];
            kept.push_back(name);
            if kept.len() > KEPT {
                let oldest = kept.pop_front().unwrap();
                turn.push((Method::DELETE, format!("{root}/{oldest}"), gone.clone()));
                turn.push((Method::DELETE, format!("{policies}/{oldest}"), json!(null)));
            }
            for (method, path, body) in turn {
                tick.tick().await;
                let began = Instant::now();
                let answer = self.api.send(method.clone(), &path, &body).await;
                let is_bare = body["metadata"]["labels"]["app"] == "bare";
                let outcome = match answer {
                    Ok(_) if is_bare => Err("a bare Pod was admitted".to_owned()),
                    Ok(_) => Ok(false),
                    Err(error) if is_bare && error.to_string().contains("unisolated-ingress") => Ok(true),
                    // What could not be made, which has been noted, cannot be removed.
                    Err(kube::Error::Api(status)) if method == Method::DELETE && status.code == 404 => Ok(false),
                    Err(error) => Err(format!("{method} {path}: {error}")),
                };
                self.count.lock().unwrap().note(began, outcome);
            }
        }
    }
}

fn policy(name: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {
            "podSelector": {"matchLabels": {"app": name}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "front"}}}], "ports": [{"port": 8080}]}],
        },
    })
}

fn pod(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        // A label of its own each time: nothing may be kept of it.
        "metadata": {"name": name, "labels": {"app": app, "once": name}},
        "spec": {"containers": [{"name": "web", "image": "web", "ports": [{"containerPort": 8080}]}]},
    })
}

/// Reviews of Pods that nobody creates.
pub(super) struct Straight {
    done: Arc<AtomicBool>,
    count: Arc<Mutex<Count>>,
    clients: Vec<JoinHandle<()>>,
}

impl Straight {
    pub(super) fn start(cluster: &ControlPlane, namespace: &str, servers: &[SocketAddr]) -> Self {
        let trust = trust(cluster);
        let (done, count) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Count::default())));
        let clients = (0..CLIENTS)
            .zip(servers.iter().copied().cycle())
            .map(|(client, server)| {
                let (trust, namespace) = (Arc::clone(&trust), namespace.to_owned());
                let (done, count) = (Arc::clone(&done), Arc::clone(&count));
                thread::spawn(move || ask(client, server, &trust, &namespace, &done, &count))
            })
            .collect();
        Self { done, count, clients }
    }

    pub(super) fn finish(self) -> Count {
        self.done.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.join().unwrap();
        }
        self.count.lock().unwrap().clone()
    }
}

fn ask(
    client: u32,
    server: SocketAddr,
    trust: &Arc<ClientConfig>,
    namespace: &str,
    done: &AtomicBool,
    count: &Mutex<Count>,
) {
    let pause = Duration::from_secs(1) * CLIENTS / STRAIGHT;
    let mut connection = None;
    let mut next = Instant::now();
    for number in 0_u64.. {
        if done.load(Ordering::SeqCst) {
            return;
        }
        next += pause;
        thread::sleep(next.saturating_duration_since(Instant::now()));
        // A connection of its own now and then: they must not stay.
        if number % 500 == 0 {
            connection = None;
        }
        let app = if number % 4 == 0 { "bare" } else { "web" };
        let review = review(namespace, &format!("straight-{client}-{number}"), app);
        let began = Instant::now();
        let outcome = answer(&mut connection, server, trust, &review).and_then(|response| {
            match (app, response["response"]["allowed"].as_bool()) {
                ("bare", Some(false)) => Ok(true),
                ("web", Some(true)) => Ok(false),
                _ => Err(format!("{app}: {response}")),
            }
        });
        if outcome.is_err() {
            connection = None;
        }
        count.lock().unwrap().note(began, outcome);
    }
}

fn answer(
    connection: &mut Option<Connection>,
    server: SocketAddr,
    trust: &Arc<ClientConfig>,
    review: &Value,
) -> Result<Value, String> {
    let open = match connection {
        Some(open) => open,
        None => connection.insert(Connection::tls(server, trust).map_err(|error| format!("no connection: {error}"))?),
    };
    let response = open.post(review.to_string().as_bytes()).map_err(|error| format!("no answer: {error}"))?;
    if response.closes() {
        *connection = None;
    }
    match response.status {
        200 => Ok(response.json()),
        status => Err(format!("{status}: {}", response.text())),
    }
}

fn review(namespace: &str, name: &str, app: &str) -> Value {
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let resource = json!({"group": "", "version": "v1", "resource": "pods"});
    let mut object = pod(name, app);
    object["metadata"]["namespace"] = namespace.into();
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": name,
            "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
            "name": name, "namespace": namespace, "operation": "CREATE",
            "userInfo": {"username": "jane@example.com", "groups": ["system:authenticated"]},
            "object": object, "oldObject": null, "dryRun": false,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
        },
    })
}

/// Trust in what the API server trusts.
fn trust(cluster: &ControlPlane) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(versions.with_root_certificates(harness::trust(cluster)).with_no_client_auth())
}
