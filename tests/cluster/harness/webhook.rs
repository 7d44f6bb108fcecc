//! The real `ringwall serve` beside the control plane.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::certificate::{Authority, Certificate};
use super::client::Namespace;
use super::configuration::{Configuration, LABEL, client_configuration};
use super::control_plane::{ControlPlane, cluster};
use super::process::{Process, fields, listening, spawn};
use super::wait::{PATIENCE, eventually};
use super::{http, unique};

/// The Ringwall that all tests of this run share: the built-in ruleset, and every namespace that no other Ringwall has
/// for itself. Namespaces choose their profiles by label.
#[track_caller]
pub(crate) fn ringwall() -> Option<&'static Ringwall<'static>> {
    static SHARED: OnceLock<Ringwall<'static>> = OnceLock::new();
    let cluster = cluster()?;
    Some(SHARED.get_or_init(|| Ringwall::launch(cluster, Setup::default(), None)))
}

/// How a Ringwall of a test's own differs from the shared one.
#[derive(Default)]
pub(crate) struct Setup {
    /// The ruleset, as YAML.
    pub(crate) ruleset: Option<String>,
    /// The kubeconfig it uses instead of the administrator's.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Further arguments of `ringwall serve`.
    pub(crate) arguments: Vec<String>,
    /// Who signs its certificate; a new authority if none is given.
    pub(crate) authority: Option<Authority>,
    /// Started without waiting for readiness and without a webhook configuration: the test does both.
    pub(crate) bare: bool,
    /// It makes its certificate itself: none is given to it.
    pub(crate) managed: bool,
}

/// A running Ringwall. It ends, and its webhook configuration goes, when it is dropped or this process ends.
pub(crate) struct Ringwall<'a> {
    cluster: &'a ControlPlane,
    authority: Authority,
    arguments: Vec<String>,
    /// The value of [`LABEL`] that its namespaces carry; `None` for the shared one.
    label: Option<String>,
    folder: TempDir,
    process: Mutex<Process>,
    logs: Arc<Mutex<Vec<String>>>,
    address: SocketAddr,
    probes: SocketAddr,
    configuration: Mutex<Option<Configuration>>,
}

impl<'a> Ringwall<'a> {
    /// Starts one for a test alone; returns when the API server asks it. It judges only the namespaces that it makes
    /// itself; objects without a namespace go to every Ringwall.
    #[track_caller]
    pub(crate) fn start(cluster: &'a ControlPlane, setup: Setup) -> Self {
        Self::launch(cluster, setup, Some(unique("own")))
    }

    #[track_caller]
    fn launch(cluster: &'a ControlPlane, setup: Setup, label: Option<String>) -> Self {
        let Setup { ruleset, kubeconfig, arguments: more, authority, bare, managed } = setup;
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let kubeconfig = kubeconfig.unwrap_or_else(|| cluster.kubeconfig.clone());
        let mut arguments = vec!["serve".to_owned(), "--log-format=json".to_owned()];
        arguments.extend(["--kubeconfig".to_owned(), kubeconfig.to_string_lossy().into_owned()]);
        if !managed {
            arguments.extend(["--certificate".to_owned(), file("tls.crt"), "--key".to_owned(), file("tls.key")]);
        }
        if let Some(ruleset) = ruleset {
            std::fs::write(file("ruleset.yaml"), ruleset).unwrap();
            arguments.extend(["--ruleset".to_owned(), file("ruleset.yaml")]);
        }
        arguments.extend(more);

        let authority = authority.unwrap_or_else(|| Authority::new("webhook authority for tests"));
        write_certificate(&folder, &authority.issue());
        let logs = Arc::new(Mutex::new(Vec::new()));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = spawn(&arguments, &[], any, any, &logs);
        let (address, probes) = listening(&mut process, &logs);
        let ringwall = Self {
            cluster,
            authority,
            arguments,
            label,
            folder,
            process: Mutex::new(process),
            logs,
            address,
            probes,
            configuration: Mutex::default(),
        };
        if !bare {
            ringwall.wait_until_ready();
            ringwall.configure(|_| ());
        }
        ringwall
    }

    /// The cluster it works on.
    pub(crate) fn cluster(&self) -> &'a ControlPlane {
        self.cluster
    }

    /// Where the API server reaches it, by HTTPS.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it has its probes, by HTTP.
    pub(crate) fn probes(&self) -> SocketAddr {
        self.probes
    }

    /// Makes a namespace that this Ringwall judges, with further labels.
    #[track_caller]
    pub(crate) fn namespace(&self, prefix: &str, labels: &[(&str, &str)]) -> Namespace {
        let own = self.label.as_deref().map(|value| (LABEL, value));
        let labels: Vec<_> = labels.iter().copied().chain(own).collect();
        self.cluster.namespace(prefix, &labels)
    }

    /// Creates its webhook configuration, after a change of the test's own, and returns when the API server honours it.
    /// A former configuration is replaced.
    #[track_caller]
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Value)) {
        self.unconfigure();
        let configuration =
            Configuration::create(self.cluster, self.address, self.authority.pem(), self.label.as_deref(), change);
        *self.configuration.lock().unwrap() = Some(configuration);
    }

    /// The name of its webhook configuration.
    pub(crate) fn configuration_name(&self) -> String {
        self.configuration.lock().unwrap().as_ref().expect("a configuration").name().to_owned()
    }

    /// What leads the API server to it: the `clientConfig` of a webhook.
    pub(crate) fn client_configuration(&self) -> Value {
        client_configuration(self.address, self.authority.pem())
    }

    /// Removes its webhook configuration.
    pub(crate) fn unconfigure(&self) {
        *self.configuration.lock().unwrap() = None;
    }

    /// The answer of `/readyz`: whether it is ready, and what it says.
    pub(crate) fn readyz(&self) -> Result<String, String> {
        self.probe("/readyz")
    }

    #[track_caller]
    pub(crate) fn wait_until_ready(&self) {
        eventually(PATIENCE, "ringwall is ready", || {
            self.readyz().map_err(|error| match self.process.lock().unwrap().child.try_wait() {
                Ok(Some(status)) => format!("it ended ({status}) after\n{}", self.logs().join("\n")),
                _ => error,
            })
        });
    }

    /// The body of `/metrics`.
    #[track_caller]
    pub(crate) fn metrics(&self) -> String {
        self.probe("/metrics").unwrap()
    }

    /// The value of one series, written as it is exposed: `name` or `name{label="value"}`.
    #[track_caller]
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let metrics = self.metrics();
        metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.split(' ').next()?.parse().ok())
    }

    /// What it wrote to standard error so far, line by line, restarts included.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.logs.lock().unwrap().clone()
    }

    /// The log lines with this message, as their fields.
    pub(crate) fn logged(&self, message: &str) -> Vec<Value> {
        self.logs().iter().filter_map(|line| fields(line)).filter(|fields| fields["message"] == message).collect()
    }

    /// Puts another certificate of the same authority where the running process reads it.
    pub(crate) fn rotate(&self) {
        write_certificate(&self.folder, &self.authority.issue());
    }

    /// Sends SIGTERM and returns at once.
    pub(crate) fn terminate(&self) {
        let process = self.process.lock().unwrap();
        let id = process.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits until the process has ended by itself.
    #[track_caller]
    pub(crate) fn wait_for_end(&self) -> ExitStatus {
        eventually(PATIENCE, "ringwall ends", || {
            self.process.lock().unwrap().child.try_wait().unwrap().ok_or_else(|| "it runs".to_owned())
        })
    }

    /// Kills it; its webhook configuration stays, so that the API server finds nobody.
    pub(crate) fn stop(&self) {
        self.process.lock().unwrap().kill();
    }

    /// Starts it again after [`Self::stop`] or its own end, on the same ports; with a new authority, `caBundle`
    /// follows.
    #[track_caller]
    pub(crate) fn start_again(&mut self, authority: Option<Authority>) {
        let renewed = authority.is_some();
        if let Some(authority) = authority {
            self.authority = authority;
            self.rotate();
        }
        let mut process = self.process.lock().unwrap();
        process.kill();
        *process = spawn(&self.arguments, &[], self.address, self.probes, &self.logs);
        drop(process);
        self.wait_until_ready();
        if renewed && self.configuration.lock().unwrap().is_some() {
            self.configure(|_| ());
        }
    }

    fn probe(&self, path: &str) -> Result<String, String> {
        match http::get(self.probes, path) {
            Ok((200, body)) => Ok(body),
            Ok((status, body)) => Err(format!("{path}: {status}: {body}")),
            Err(error) => Err(format!("{path}: {error}")),
        }
    }
}

impl Drop for Ringwall<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Shown by the test runner beneath the assertion that failed.
            println!("--- ringwall's log\n{}", self.logs().join("\n"));
        }
        // The configuration first: while it is there, the API server asks a process that must answer.
        self.unconfigure();
    }
}

/// Replaces both files, the key first: a reader that sees a pair that does not match keeps what it has.
fn write_certificate(folder: &TempDir, certificate: &Certificate) {
    for (name, content) in [("tls.key", &certificate.key), ("tls.crt", &certificate.chain)] {
        let part = folder.path().join(name).with_extension("part");
        std::fs::write(&part, content).unwrap();
        std::fs::rename(&part, folder.path().join(name)).unwrap();
    }
}
