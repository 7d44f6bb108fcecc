//! The chart, installed by the real helm, with a process of the real binary for each Pod of its Deployment.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::balancer::Balancer;
use super::certificate::Authority;
use super::client::{Client, Namespace, Outcome};
use super::configuration::CHART;
use super::control_plane::ControlPlane;
use super::kubelet::Kubelet;
use super::replica::WITHDRAWAL;
use super::wait::{PATIENCE, eventually};

/// The names that the documentation tells users to give.
const RELEASE: &str = "ringwall";
pub(crate) const NAMESPACE: &str = "ringwall";

/// A release of the chart on a control plane of a test's own, which Pods' processes follow from the first moment.
pub(crate) struct Release<'a> {
    pub(crate) cluster: &'a ControlPlane,
    pub(crate) balancer: Balancer,
    pub(crate) kubelet: Kubelet,
    /// The values of every revision: where the API server finds the replicas.
    values: TempDir,
}

impl<'a> Release<'a> {
    /// Before it is installed.
    pub(crate) fn prepare(cluster: &'a ControlPlane) -> Self {
        let balancer = Balancer::start();
        let kubelet = Kubelet::follow(cluster, NAMESPACE, &balancer);
        let values = tempfile::tempdir().unwrap();
        let own = json!({"webhook": {"url": balancer.url()}});
        fs::write(values.path().join("own.yaml"), own.to_string()).unwrap();
        Self { cluster, balancer, kubelet, values }
    }

    /// Installed with these values, ready and asked by the API server.
    #[track_caller]
    pub(crate) fn install(cluster: &'a ControlPlane, values: &Value) -> Self {
        let release = Self::prepare(cluster);
        release.helm("install", CHART, values).ok();
        release.roll_out();
        release
    }

    /// `helm install` or `helm upgrade`, as the documentation has it, with values in addition.
    pub(crate) fn helm(&self, verb: &str, chart: &str, values: &Value) -> Outcome {
        let more = self.values.path().join("more.yaml");
        fs::write(&more, values.to_string()).unwrap();
        let own = self.values.path().join("own.yaml");
        let mut arguments = vec![verb, RELEASE, chart, "--namespace", NAMESPACE];
        if verb == "install" {
            arguments.push("--create-namespace");
        }
        let (own, more) = (own.to_string_lossy(), more.to_string_lossy());
        arguments.extend(["--values", &*own, "--values", &*more]);
        self.cluster.helm().run(&arguments)
    }

    /// `helm rollback` or `helm uninstall`, with arguments in addition.
    pub(crate) fn helm_plain(&self, verb: &str, more: &[&str]) -> Outcome {
        let arguments = [&[verb, RELEASE], more, &["--namespace", NAMESPACE]].concat();
        self.cluster.helm().run(&arguments)
    }

    /// `kubectl` in the release's namespace.
    pub(crate) fn kubectl(&self) -> Client {
        self.cluster.kubectl().with(&["--namespace", NAMESPACE])
    }

    /// Waits until the Deployment's present revision is rolled out.
    #[track_caller]
    pub(crate) fn roll_out(&self) {
        let outcome = self.kubectl().run(&["rollout", "status", "deployment/ringwall", "--timeout=120s"]);
        assert!(outcome.success, "{outcome}\nthe kubelet could not: {}", self.kubelet.complaints());
    }

    /// Waits until the API server asks a release: a Pod that no policy of this namespace selects is refused.
    #[track_caller]
    pub(crate) fn wait_until_asked(namespace: &Namespace) {
        eventually(PATIENCE, "the API server asks", || {
            let trial = namespace.kubectl().run(&["run", "trial", "--image=trial", "--dry-run=server"]);
            if trial.stderr.contains("unisolated-ingress") { Ok(()) } else { Err(trial.to_string()) }
        });
    }

    /// Waits until only Pods that serve have a process, so many, and nothing else gets connections.
    #[track_caller]
    pub(crate) fn settle(&self, replicas: usize) {
        eventually(PATIENCE + 2 * WITHDRAWAL, "the release has settled", || {
            let (serving, running) = (self.kubelet.serving(), self.kubelet.running());
            let endpoints = self.balancer.endpoints();
            let counts = [serving.len(), running.len(), endpoints.len()];
            if counts == [replicas; 3] { Ok(()) } else { Err(format!("{serving:?} {running:?} {endpoints:?}")) }
        });
    }
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.balancer.stop();
    }
}

/// A copy of the chart, to be changed by a test.
pub(crate) fn copy_of_chart() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(CHART), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What the API server is told to trust.
#[track_caller]
pub(crate) fn trust(cluster: &ControlPlane) -> RootCertStore {
    let configuration = cluster.kubectl().json(&["get", "validatingwebhookconfiguration", RELEASE]);
    let bundle = configuration["webhooks"][0]["clientConfig"]["caBundle"].as_str().expect("a caBundle");
    let pem = BASE64.decode(bundle.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.unwrap()).unwrap();
    }
    roots
}

/// Values for a serving certificate of this authority that is given as files, and the Secret that they name: a new one each time.
#[track_caller]
pub(crate) fn given_certificate(cluster: &ControlPlane, authority: &Authority) -> Value {
    let certificate = authority.issue();
    let kubectl = cluster.kubectl();
    if !kubectl.run(&["get", "namespace", NAMESPACE]).success {
        kubectl.ok(&["create", "namespace", NAMESPACE]);
    }
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "given", "namespace": NAMESPACE},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": certificate.chain, "tls.key": certificate.key},
    });
    kubectl.run_with_input(&["apply", "--filename=-"], &secret.to_string()).ok();
    json!({"certificates": {"mode": "files", "files": {"secretName": "given", "caBundle": authority.pem()}}})
}
