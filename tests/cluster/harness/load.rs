//! A constant load of requests that the webhook is asked about. Each failure is kept with its message.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::api::{Api, runtime};
use super::control_plane::ControlPlane;

/// How many clients share the load.
const CLIENTS: u32 = 4;

/// Clients at work, until they are told to finish.
pub(crate) struct Load {
    done: Arc<AtomicBool>,
    tally: Arc<Mutex<Tally>>,
    clients: Vec<JoinHandle<()>>,
}

/// What came of the requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// All requests that ended.
    pub(crate) requests: usize,
    /// Pods that no policy selects, refused by Ringwall: it was asked.
    pub(crate) refused: usize,
    /// Pods that no policy selects, admitted: nobody was asked, or nobody answered and `failurePolicy` is `Ignore`.
    pub(crate) unasked: usize,
    /// Requests that failed although nothing is wrong with them.
    pub(crate) failures: Vec<Failure>,
    /// The longest time that a request took.
    pub(crate) longest: Duration,
}

/// A request that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) sent: Instant,
    pub(crate) took: Duration,
    pub(crate) message: String,
}

impl Load {
    /// So many requests a second by the administrator, all in dry runs, in a namespace that enforces `baseline` and has a
    /// policy for `app: web`.
    pub(crate) fn start(cluster: &ControlPlane, namespace: &str, per_second: u32) -> Self {
        let api = Api::of(cluster);
        let done = Arc::new(AtomicBool::new(false));
        let tally = Arc::new(Mutex::new(Tally::default()));
        let pause = Duration::from_secs(1) * CLIENTS / per_second;
        let clients = (0..CLIENTS)
            .map(|client| {
                let requests = requests(namespace, client);
                let (api, done, tally) = (api.clone(), Arc::clone(&done), Arc::clone(&tally));
                runtime().spawn(async move {
                    let mut tick = tokio::time::interval(pause);
                    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
                    for (path, object) in requests.iter().cycle() {
                        tick.tick().await;
                        if done.load(Ordering::SeqCst) {
                            return;
                        }
                        let sent = Instant::now();
                        let answer = api.send(Method::POST, path, object).await;
                        tally.lock().unwrap().count(sent, object, answer);
                    }
                })
            })
            .collect();
        Self { done, tally, clients }
    }

    /// What has come of it so far.
    pub(crate) fn tally(&self) -> Tally {
        self.tally.lock().unwrap().clone()
    }

    /// Ends it, and yields what came of it.
    pub(crate) fn finish(self) -> Tally {
        self.done.store(true, Ordering::SeqCst);
        for client in self.clients {
            runtime().block_on(client).unwrap();
        }
        self.tally.lock().unwrap().clone()
    }
}

impl Tally {
    fn count(&mut self, sent: Instant, object: &Value, answer: Result<Value, kube::Error>) {
        let took = sent.elapsed();
        self.requests += 1;
        self.longest = self.longest.max(took);
        let is_bare = object["metadata"]["labels"]["app"] == "bare";
        match answer {
            Ok(_) if is_bare => self.unasked += 1,
            Ok(_) => {}
            Err(kube::Error::Api(status)) if is_bare && status.message.contains("unisolated-ingress") => {
                self.refused += 1;
            }
            Err(error) => {
                let message = format!("{}: {error}", object["kind"].as_str().unwrap_or_default());
                self.failures.push(Failure { sent, took, message });
            }
        }
    }

    /// Asserts that there was a load and that nothing failed.
    #[track_caller]
    pub(crate) fn without_failure(&self) -> &Self {
        assert!(self.requests > 20, "{} requests are no load", self.requests);
        let messages: Vec<_> = self.failures.iter().map(|failure| &failure.message).collect();
        assert!(messages.is_empty(), "{} of {} failed: {messages:#?}", messages.len(), self.requests);
        self
    }
}

/// What one client sends in turn: paths with objects.
fn requests(namespace: &str, client: u32) -> Vec<(String, Value)> {
    let name = format!("load-{client}");
    let path = |group: &str, plural: &str| format!("{group}/namespaces/{namespace}/{plural}?dryRun=All");
    let pod = |app: &str| {
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": format!("{name}-{app}"), "labels": {"app": app}},
            "spec": {"containers": [{"name": "web", "image": "web"}]},
        })
    };
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    });
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]},
    });
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web"}]},
            },
        },
    });
    vec![
        (path("/api/v1", "pods"), pod("web")),
        (path("/api/v1", "pods"), pod("bare")),
        (path("/api/v1", "services"), service),
        (path("/apis/networking.k8s.io/v1", "networkpolicies"), policy),
        (path("/apis/apps/v1", "deployments"), deployment),
    ]
}
