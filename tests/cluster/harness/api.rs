//! The API server without kubectl, for what is asked many times a second.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use hyper::http::{Method, Request, header::CONTENT_TYPE};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::control_plane::ControlPlane;

/// A client of the API server that keeps its connections and never tries again by itself.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
}

/// What runs the clients' tasks, for as long as the tests run.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    })
}

impl Api {
    /// As the administrator.
    pub(crate) fn of(cluster: &ControlPlane) -> Self {
        Self::with(&cluster.kubeconfig)
    }

    /// With another kubeconfig.
    pub(crate) fn with(kubeconfig: &Path) -> Self {
        let client = runtime().block_on(async {
            let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
            let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
            config.default_retry = false;
            config.read_timeout = Some(Duration::from_secs(30));
            Client::try_from(config).unwrap()
        });
        Self { client }
    }

    /// Sends one request; a body that is null is none.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, kube::Error> {
        let form = if method == Method::PATCH { "application/strategic-merge-patch+json" } else { "application/json" };
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, form).body(bytes).unwrap();
        self.client.request(request).await
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        self.wait(Method::GET, path, &Value::Null)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.wait(Method::POST, path, body)
    }

    /// A strategic merge patch.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.wait(Method::PATCH, path, body)
    }

    pub(crate) fn delete(&self, path: &str, options: &Value) -> Result<Value, String> {
        self.wait(Method::DELETE, path, options)
    }

    fn wait(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let what = format!("{method} {path}");
        runtime().block_on(self.send(method, path, body)).map_err(|error| format!("{what}: {error}"))
    }
}
