//! A tiny kubelet: it runs the real binary for the Pods of one namespace, as the chart's containers say.
//!
//! It does what rollouts rest on. Pods are bound to a node, so that their deletion is graceful; each has one process of
//! the binary, with the container's arguments and environment, the mounted files and a token of its `ServiceAccount`;
//! `/readyz` becomes the Pod's condition `Ready`; a Pod that is deleted has its process told to stop, and goes when the
//! process has ended; a process that dies is started again. The balancer follows readiness, late as kube-proxy does.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::api::Api;
use super::balancer::Balancer;
use super::container::{Access, Container};
use super::control_plane::ControlPlane;
use super::http;
use super::replica::{Event, Replica};

/// The only node.
const NODE: &str = "node";
/// How often it looks.
const TICK: Duration = Duration::from_millis(50);
/// After how many looks the files of `Secrets` and `ConfigMaps` are read anew.
const REFRESH: usize = 20;

/// Looks after a namespace until it is dropped, which ends the processes.
pub(crate) struct Kubelet {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    api: Api,
    access: Access,
    namespace: String,
    balancer: Balancer,
    stopped: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By the Pods' UIDs; with what was reported of their readiness.
    replicas: BTreeMap<String, (Replica, Option<bool>)>,
    diary: Vec<Entry>,
    /// What each Pod's processes have written, of Pods that are gone as well.
    logs: BTreeMap<String, Arc<Mutex<Vec<String>>>>,
    /// What could not be done at the last look.
    complaints: Vec<String>,
    looks: usize,
}

/// What happened to a Pod's process, and when.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) pod: String,
    pub(crate) event: Event,
}

impl Kubelet {
    /// Starts to look after a namespace, which need not be there yet.
    pub(crate) fn follow(cluster: &ControlPlane, namespace: &str, balancer: &Balancer) -> Self {
        let api = Api::of(cluster);
        api.post("/api/v1/nodes", &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})).unwrap();
        let shared = Arc::new(Shared {
            api,
            access: Access { server: cluster.server.clone(), authority: cluster.ca.to_string_lossy().into_owned() },
            namespace: namespace.to_owned(),
            balancer: balancer.clone(),
            stopped: AtomicBool::new(false),
            state: Mutex::default(),
        });
        let worker = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            while !worker.stopped.load(Ordering::SeqCst) {
                worker.look();
                thread::sleep(TICK);
            }
        });
        Self { shared, thread: Some(thread) }
    }

    /// The Pods that serve: ready, and not told to stop.
    pub(crate) fn serving(&self) -> Vec<String> {
        self.each(|replica| replica.serves().then(|| replica.pod.clone()))
    }

    /// The Pods that have a process, with its id.
    pub(crate) fn running(&self) -> Vec<(String, u32)> {
        self.each(|replica| Some((replica.pod.clone(), replica.process_id()?)))
    }

    /// Where the webhooks of the Pods that serve listen.
    pub(crate) fn addresses(&self) -> Vec<std::net::SocketAddr> {
        self.each(|replica| replica.addresses().filter(|_| replica.serves()).map(|(webhook, _)| webhook))
    }

    /// Kills a Pod's process with SIGKILL; it is started again.
    pub(crate) fn kill(&self, pod: &str) -> Instant {
        let running = self.running();
        let (_, id) = running.iter().find(|(name, _)| name == pod).expect("a Pod with a process");
        let at = Instant::now();
        assert!(Command::new("kill").args(["-KILL", &id.to_string()]).status().unwrap().success());
        at
    }

    /// Kills every process and does nothing any more, as nodes do that are gone; the balancer forgets them.
    pub(crate) fn die(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // Its panic has been shown when it happened.
            let _ = thread.join();
        }
        self.shared.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replicas.clear();
        self.shared.balancer.set([]);
    }

    /// What has happened so far.
    pub(crate) fn diary(&self) -> Vec<Entry> {
        self.shared.state.lock().unwrap().diary.clone()
    }

    /// How often something has happened so far.
    pub(crate) fn count(&self, event: Event) -> usize {
        self.diary().iter().filter(|entry| entry.event == event).count()
    }

    /// What every process has written, each line with its Pod's name.
    pub(crate) fn logs(&self) -> Vec<(String, String)> {
        let logs = self.shared.state.lock().unwrap().logs.clone();
        let lines = |(pod, lines): (String, Arc<Mutex<Vec<String>>>)| {
            let lines = lines.lock().unwrap().clone();
            lines.into_iter().map(move |line| (pod.clone(), line))
        };
        logs.into_iter().flat_map(lines).collect()
    }

    /// The body of `/metrics` of every Pod's process.
    pub(crate) fn metrics(&self) -> Vec<(String, String)> {
        let probes = self.each(|replica| Some((replica.pod.clone(), replica.addresses()?.1)));
        let read = |(pod, probes)| Some((pod, http::get(probes, "/metrics").ok()?.1));
        probes.into_iter().filter_map(read).collect()
    }

    /// What it could not do when it looked last, for messages of tests that wait.
    pub(crate) fn complaints(&self) -> String {
        self.shared.state.lock().unwrap().complaints.join("\n")
    }

    fn each<T>(&self, wanted: impl Fn(&Replica) -> Option<T>) -> Vec<T> {
        self.shared.state.lock().unwrap().replicas.values().filter_map(|(replica, _)| wanted(replica)).collect()
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        if thread::panicking() {
            // Shown by the test runner beneath the assertion that failed.
            println!("--- the kubelet could not\n{}\n--- logs", self.complaints());
            for (pod, line) in self.logs() {
                println!("{pod}: {line}");
            }
        }
        self.die();
    }
}

impl Shared {
    /// Looks once at every Pod and process. While the API server is away, processes are looked after all the same.
    fn look(&self) {
        let listed = self.api.get(&format!("/api/v1/namespaces/{}/pods?resourceVersion=0", self.namespace));
        let mut complaints = Vec::new();
        let pods = match listed {
            Ok(mut list) => match list["items"].take() {
                Value::Array(items) => Some(items),
                _ => Some(Vec::new()),
            },
            Err(error) => {
                complaints.push(error);
                None
            }
        };
        let mut state = self.state.lock().unwrap();
        state.looks += 1;
        for pod in pods.iter().flatten() {
            complaints.extend(self.meet(&mut state, pod).err());
        }
        let State { replicas, diary, looks, .. } = &mut *state;
        let is_there =
            |uid: &str| pods.as_ref().is_none_or(|pods| pods.iter().any(|pod| pod["metadata"]["uid"] == *uid));
        let mut withdrawn = Vec::new();
        for (uid, (replica, _)) in replicas.iter_mut() {
            let mut events = Vec::new();
            if !is_there(uid) && !replica.is_told() {
                // Removed by force: it has no time.
                events.push(replica.stop(Duration::ZERO));
            }
            events.extend(replica.tend());
            let at = Instant::now();
            let entries = events.into_iter().map(|event| Entry { at, pod: replica.pod.clone(), event });
            let (late, now): (Vec<_>, Vec<_>) = entries.partition(|entry| entry.event == Event::Withdrawn);
            diary.extend(now);
            withdrawn.extend(late);
        }
        let endpoints: Vec<_> = replicas.values().filter_map(|(replica, _)| replica.endpoint()).collect();
        if self.balancer.endpoints() != endpoints {
            self.balancer.set(endpoints);
        }
        // Not before the balancer has heard of it.
        let at = Instant::now();
        diary.extend(withdrawn.into_iter().map(|entry| Entry { at, ..entry }));
        for (uid, (replica, reported)) in replicas.iter_mut() {
            if *looks % REFRESH == 0 {
                complaints.extend(replica.container.refresh(&self.api).err());
            }
            if is_there(uid) {
                complaints.extend(self.report(uid, replica, reported).err());
            }
        }
        replicas.retain(|uid, (replica, _)| is_there(uid) || replica.runs() || replica.endpoint().is_some());
        state.complaints = complaints;
    }

    /// Does what the API server's state of a Pod asks for.
    fn meet(&self, state: &mut State, pod: &Value) -> Result<(), String> {
        let metadata = &pod["metadata"];
        let text = |field: &str| metadata[field].as_str().unwrap_or_default().to_owned();
        let (name, uid) = (text("name"), text("uid"));
        let leaves = metadata["deletionTimestamp"].is_string();
        if pod["spec"]["nodeName"].is_null() {
            if !leaves {
                let target = json!({"apiVersion": "v1", "kind": "Node", "name": NODE});
                let binding =
                    json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target});
                self.api.post(&format!("{}/binding", self.path(&name)), &binding)?;
            }
            return Ok(());
        }
        match state.replicas.get_mut(&uid) {
            Some((replica, _)) if leaves && !replica.is_told() => {
                let grace = metadata["deletionGracePeriodSeconds"].as_u64().unwrap_or(30);
                let event = replica.stop(Duration::from_secs(grace));
                state.diary.push(Entry { at: Instant::now(), pod: name, event });
            }
            Some(_) => {}
            None if leaves => self.remove(&uid, &name)?,
            None => {
                let container = Container::of(pod, &self.api, &self.access)?;
                let logs = Arc::clone(state.logs.entry(name.clone()).or_default());
                state.replicas.insert(uid, (Replica::new(name, container, logs), None));
            }
        }
        Ok(())
    }

    /// Tells the API server of readiness, and that a Pod's process has ended.
    fn report(&self, uid: &str, replica: &Replica, reported: &mut Option<bool>) -> Result<(), String> {
        if replica.is_told() && !replica.runs() {
            return self.remove(uid, &replica.pod);
        }
        // The condition says what /readyz says; that the Pod goes is another matter.
        if *reported == Some(replica.ready) {
            return Ok(());
        }
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap().to_string();
        let condition = |kind: &str, holds: bool| {
            let status = if holds { "True" } else { "False" };
            json!({"type": kind, "status": status, "lastTransitionTime": now})
        };
        let status = json!({"metadata": {"uid": uid}, "status": {
            "phase": "Running",
            "startTime": now,
            "conditions": [
                condition("Initialized", true),
                condition("ContainersReady", replica.ready),
                condition("Ready", replica.ready),
            ],
            "containerStatuses": [{
                "name": "ringwall",
                "image": "ringwall",
                "imageID": "",
                "ready": replica.ready,
                "restartCount": replica.restarts,
                "state": {"running": {"startedAt": now}},
            }],
        }});
        self.api.patch(&format!("{}/status", self.path(&replica.pod)), &status)?;
        *reported = Some(replica.ready);
        Ok(())
    }

    /// Removes a Pod whose process is no more.
    fn remove(&self, uid: &str, name: &str) -> Result<(), String> {
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": uid},
        });
        match self.api.delete(&self.path(name), &options) {
            // The list was a moment old.
            Err(error) if error.contains("not found") => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn path(&self, pod: &str) -> String {
        format!("/api/v1/namespaces/{}/pods/{pod}", self.namespace)
    }
}
