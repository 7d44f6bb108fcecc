//! The control plane: found or built, started, spoken to.
//!
//! With `KUBEBUILDER_ASSETS` set, the etcd and kube-apiserver found there are used (and the kube-controller-manager, if
//! there is one), the convention of envtest. `tests/control-plane` is built all the same: it starts them, and those
//! folders rarely have a kube-controller-manager, without which no Deployment makes Pods and no namespace vanishes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};

use super::client::{Client, Namespace};
use super::skip::{Missing, or_skip};
use super::tools::{Tools, tools};
use super::wait::{PATIENCE, eventually};
use super::{builder, unique};

/// The control plane that all tests of this run share; `None` if there can be none on this machine.
///
/// It ends with this process: its standard input closes, whatever the process dies of.
#[track_caller]
pub(crate) fn cluster() -> Option<&'static ControlPlane> {
    static SHARED: OnceLock<Result<ControlPlane, Missing>> = OnceLock::new();
    or_skip(SHARED.get_or_init(ControlPlane::start).as_ref().map_err(Clone::clone))
}

/// A running control plane.
pub(crate) struct ControlPlane {
    /// Kubeconfig of the administrator (`system:masters`).
    pub(crate) kubeconfig: PathBuf,
    /// The API server's URL.
    pub(crate) server: String,
    /// The authority of the API server's certificate.
    pub(crate) ca: PathBuf,
    /// Where data and logs lie; it is removed with the control plane.
    pub(crate) folder: PathBuf,
    audit_log: PathBuf,
    tools: &'static Tools,
    conversation: Mutex<Conversation>,
}

/// The two ends of the line protocol of `control-plane up`.
struct Conversation {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl ControlPlane {
    /// A control plane for one test alone, which may stop parts of it. It ends when it is dropped.
    #[track_caller]
    pub(crate) fn private() -> Option<Self> {
        or_skip(Self::start())
    }

    fn start() -> Result<Self, Missing> {
        let tools = tools()?;
        let program = builder::control_plane()?;
        let mut command = Command::new(program);
        command.arg("up").stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(assets) = std::env::var_os("KUBEBUILDER_ASSETS") {
            command.arg("--assets").arg(assets);
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let questions = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        answers.read_line(&mut first).unwrap();
        let ready: Value = serde_json::from_str(&first)
            .unwrap_or_else(|_| panic!("the control plane did not start; its standard error says why. {first}"));
        let text = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("no {name} in {ready}")).to_owned();
        Ok(Self {
            kubeconfig: text("kubeconfig").into(),
            server: text("server"),
            ca: text("ca").into(),
            folder: text("dir").into(),
            audit_log: text("auditLog").into(),
            tools,
            conversation: Mutex::new(Conversation { child, questions, answers }),
        })
    }

    /// `kubectl` as the administrator.
    pub(crate) fn kubectl(&self) -> Client {
        self.kubectl_with(&self.kubeconfig)
    }

    /// `kubectl` with another kubeconfig.
    pub(crate) fn kubectl_with(&self, kubeconfig: &Path) -> Client {
        let environment =
            vec![("KUBECONFIG", kubeconfig.to_owned()), ("KUBECACHEDIR", self.folder.join("kubectl-cache"))];
        Client::new(self.tools.kubectl.clone(), environment)
    }

    /// `helm` as the administrator.
    pub(crate) fn helm(&self) -> Client {
        let environment = vec![
            ("KUBECONFIG", self.kubeconfig.clone()),
            ("HELM_CACHE_HOME", self.folder.join("helm-cache")),
            ("HELM_CONFIG_HOME", self.folder.join("helm-config")),
            ("HELM_DATA_HOME", self.folder.join("helm-data")),
        ];
        Client::new(self.tools.helm.clone(), environment)
    }

    /// Makes a namespace with a name of its own and waits until Pods can be created in it.
    #[track_caller]
    pub(crate) fn namespace(&self, prefix: &str, labels: &[(&str, &str)]) -> Namespace {
        let name = unique(prefix);
        let labels: serde_json::Map<_, _> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        let manifest = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        self.kubectl().run_with_input(&["create", "--filename=-"], &manifest.to_string()).ok();
        let namespace = Namespace { name, kubectl: self.kubectl(), helm: self.helm() };
        eventually(PATIENCE, "the default ServiceAccount", || {
            namespace.kubectl().run(&["get", "serviceaccount", "default"]).into_result()
        });
        namespace
    }

    /// Stops `kube-apiserver` or `kube-controller-manager`; returns when it is gone. For private control planes.
    #[track_caller]
    pub(crate) fn stop(&self, component: &str) {
        self.tell(&format!("stop {component}"), &format!("stopped {component}"));
    }

    /// Starts a component that was stopped, on its old port and data; returns when it is healthy. The flags are given
    /// in addition to the usual ones and win over them; they cannot contain spaces.
    #[track_caller]
    pub(crate) fn start_again(&self, component: &str, flags: &[&str]) {
        let order = [&["start", component], flags].concat().join(" ");
        self.tell(&order, &format!("started {component}"));
    }

    /// Pauses `etcd` or another component: it keeps its connections and answers nothing until [`Self::resume`].
    #[track_caller]
    pub(crate) fn pause(&self, component: &str) {
        self.tell(&format!("pause {component}"), &format!("paused {component}"));
    }

    /// Lets a paused component go on.
    #[track_caller]
    pub(crate) fn resume(&self, component: &str) {
        self.tell(&format!("resume {component}"), &format!("resumed {component}"));
    }

    /// The lines of the audit log so far, at level Metadata with annotations. The line of a request is there when its
    /// response is.
    pub(crate) fn audit_log(&self) -> Vec<Value> {
        let content = std::fs::read_to_string(&self.audit_log).unwrap();
        // A last line that is still being written does not parse; it is the only one.
        content.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    #[track_caller]
    fn tell(&self, order: &str, expected: &str) {
        let mut conversation = self.conversation.lock().unwrap();
        let Conversation { child: _, questions, answers } = &mut *conversation;
        writeln!(questions.as_mut().unwrap(), "{order}").unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        // Let go first: a failed assertion must not poison it for the tests that share it.
        drop(conversation);
        assert_eq!(answer.trim_end(), expected, "the answer to {order:?}");
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // The end of its standard input is what stops it; waiting is for a clean table of processes.
        self.questions = None;
        let _ = self.child.wait();
    }
}
