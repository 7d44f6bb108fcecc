//! The webhook configuration: the one that users install, led to a process of the tests.

use std::net::SocketAddr;
use std::process::Command;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::client::Client;
use super::control_plane::ControlPlane;
use super::unique;
use super::wait::{PATIENCE, eventually};

/// The chart that users install.
pub(crate) const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/ringwall");

/// The namespace label that says which Ringwall judges: its value names one of a test's own, its absence means the
/// shared one.
pub(crate) const LABEL: &str = "ringwall-test";

/// A `ValidatingWebhookConfiguration` in force. It is removed when it is dropped.
pub(crate) struct Configuration {
    name: String,
    kubectl: Client,
}

impl Configuration {
    /// Creates a copy of the chart's configuration under a name of its own and returns when the API server
    /// honours it.
    #[track_caller]
    pub(super) fn create(
        cluster: &ControlPlane,
        address: SocketAddr,
        authority: &str,
        label: Option<&str>,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let kubectl = cluster.kubectl();
        let name = unique("ringwall");
        let mut configuration = installed(cluster);
        configuration["metadata"] = json!({"name": name});
        let namespaces = match label {
            Some(value) => json!({"key": LABEL, "operator": "In", "values": [value]}),
            None => json!({"key": LABEL, "operator": "DoesNotExist"}),
        };
        for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
            webhook["clientConfig"] = client_configuration(address, authority);
            let expressions = &mut webhook["namespaceSelector"]["matchExpressions"];
            match expressions.as_array_mut() {
                Some(expressions) => expressions.push(namespaces.clone()),
                None => *expressions = json!([namespaces]),
            }
        }
        change(&mut configuration);
        kubectl.run_with_input(&["create", "--filename=-"], &configuration.to_string()).ok();
        let created = Self { name, kubectl };
        wait_until_honoured(&created.kubectl);
        created
    }
}

impl Configuration {
    /// The name of the object.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// What leads the API server to a process.
pub(super) fn client_configuration(address: SocketAddr, authority: &str) -> Value {
    json!({"url": format!("https://{address}/validate"), "caBundle": BASE64.encode(authority.as_bytes())})
}

/// Has what gets no answer refused, as the chart has it with `webhook.failurePolicy: Fail`: changes of Ringwall's own settings never wait.
pub(crate) fn fail_closed(configuration: &mut Value) {
    for webhook in configuration["webhooks"].as_array_mut().expect("webhooks") {
        if webhook["name"] != "settings.ringwall.dev" {
            webhook["failurePolicy"] = "Fail".into();
        }
    }
}

/// Defines Ringwall's own kinds as `ringwall crd` prints them, and returns when they are served.
#[track_caller]
pub(crate) fn define_settings(kubectl: &Client) {
    let printed = Command::new(env!("CARGO_BIN_EXE_ringwall")).arg("crd").output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    kubectl.run_with_input(&["apply", "--server-side", "--filename=-"], &printed).ok();
    for name in ["rulesets.ringwall.dev", "exemptions.ringwall.dev"] {
        kubectl.ok(&["wait", "--for=condition=Established", &format!("crd/{name}"), "--timeout=60s"]);
    }
}

impl Drop for Configuration {
    fn drop(&mut self) {
        // The API server may be gone on purpose, and the configuration with it.
        self.kubectl.run(&["delete", "validatingwebhookconfiguration", &self.name, "--ignore-not-found"]);
    }
}

/// The configuration that users install, as kubectl reads it.
#[track_caller]
fn installed(cluster: &ControlPlane) -> Value {
    let rendered = cluster.helm().ok(&[
        "template",
        "ringwall",
        CHART,
        "--namespace=ringwall",
        "--show-only=templates/webhook-configuration.yaml",
    ]);
    let create = ["create", "--dry-run=client", "--output=json", "--filename=-"];
    let output = cluster.kubectl().run_with_input(&create, &rendered).ok().stdout;
    serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error} in\n{output}"))
}

/// Returns when the API server honours what has been configured before.
///
/// It learns of configurations from a watch, in the order of their creation. So a sentinel is created after the real
/// one: a configuration that refuses one certain object, because nobody listens at its address. When that object is
/// refused, the real configuration is in force as well, whatever it matches.
#[track_caller]
fn wait_until_honoured(kubectl: &Client) {
    let name = unique("sentinel");
    let creation =
        json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]});
    let sentinel = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [{
            "name": "sentinel.ringwall.dev",
            "clientConfig": {"url": "https://127.0.0.1:1/"},
            "objectSelector": {"matchLabels": {"sentinel": name}},
            "rules": [creation],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    });
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "labels": {"sentinel": name}},
    });
    kubectl.run_with_input(&["create", "--filename=-"], &sentinel.to_string()).ok();
    eventually(PATIENCE, "the API server honours the webhook configuration", || {
        let outcome = kubectl.run_with_input(&["create", "--dry-run=server", "--filename=-"], &object.to_string());
        if outcome.stderr.contains("sentinel.ringwall.dev") { Ok(()) } else { Err(outcome.to_string()) }
    });
    kubectl.ok(&["delete", "validatingwebhookconfiguration", &name]);
}
