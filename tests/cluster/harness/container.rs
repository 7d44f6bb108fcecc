//! A Pod's container as a process of this machine: arguments, environment, files.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::Api;

/// What a kubeconfig needs beside a token.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) server: String,
    pub(super) authority: String,
}

/// What one process is started with.
pub(super) struct Container {
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    volumes: Vec<Volume>,
    namespace: String,
    /// Holds the kubeconfig and the files of volumes for as long as the container is there.
    _folder: TempDir,
}

/// A Secret or a ConfigMap as files.
struct Volume {
    source: Value,
    folder: PathBuf,
}

impl Container {
    /// Reads a Pod, and writes the files that its only container needs.
    pub(super) fn of(pod: &Value, api: &Api, access: &Access) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let container = &pod["spec"]["containers"][0];
        let namespace = text(&pod["metadata"]["namespace"]);
        let mut mounts = Vec::new();
        let mut volumes = Vec::new();
        for mount in container["volumeMounts"].as_array().into_iter().flatten() {
            let named = |volume: &&Value| volume["name"] == mount["name"];
            let volume = pod["spec"]["volumes"].as_array().into_iter().flatten().find(named);
            let source = volume.cloned().unwrap_or_default();
            let files = folder.path().join(text(&mount["name"]));
            fs::create_dir_all(&files).map_err(|error| error.to_string())?;
            mounts.push((text(&mount["mountPath"]), files.clone()));
            volumes.push(Volume { source, folder: files });
        }
        let environment: Vec<_> = container["env"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|variable| Ok((text(&variable["name"]), value(variable, pod)?)))
            .collect::<Result<_, String>>()?;
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, kubeconfig_of(pod, api, access)?).map_err(|error| error.to_string())?;

        let given = container["args"].as_array().into_iter().flatten().map(text);
        // The process shares this machine's address with all others.
        let own = |argument: &String| !argument.starts_with("--listen=") && !argument.starts_with("--probes=");
        let mut arguments: Vec<String> =
            given.filter(own).map(|argument| localize(&expand(&argument, &environment), &mounts)).collect();
        arguments.push(format!("--kubeconfig={}", kubeconfig.display()));
        let mut made = Self { arguments, environment, volumes, namespace, _folder: folder };
        made.refresh(api)?;
        Ok(made)
    }

    /// Writes what has changed in `Secrets` and `ConfigMaps` into their files, as the kubelet does every minute or so.
    pub(super) fn refresh(&mut self, api: &Api) -> Result<(), String> {
        for Volume { source, folder } in &self.volumes {
            let (kind, name, wanted) = if source["secret"].is_object() {
                ("secrets", text(&source["secret"]["secretName"]), &source["secret"])
            } else if source["configMap"].is_object() {
                ("configmaps", text(&source["configMap"]["name"]), &source["configMap"])
            } else {
                continue;
            };
            let object = match api.get(&format!("/api/v1/namespaces/{}/{kind}/{name}", self.namespace)) {
                Err(_) if wanted["optional"] == true => continue,
                other => other?,
            };
            for (key, content) in object["data"].as_object().into_iter().flatten() {
                let item = |item: &&Value| item["key"] == **key;
                let path = match wanted["items"].as_array() {
                    Some(items) => match items.iter().find(item) {
                        Some(item) => text(&item["path"]),
                        None => continue,
                    },
                    None => key.clone(),
                };
                let content = text(content).into_bytes();
                let bytes = match kind {
                    "secrets" => BASE64.decode(&content).map_err(|error| format!("{name}: {error}"))?,
                    _ => content,
                };
                write_if_changed(&folder.join(path), &bytes).map_err(|error| format!("{name}: {error}"))?;
            }
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn value(variable: &Value, pod: &Value) -> Result<String, String> {
    let field = &variable["valueFrom"]["fieldRef"]["fieldPath"];
    match field.as_str() {
        None if variable["valueFrom"].is_null() => Ok(text(&variable["value"])),
        None => Err(format!("nobody here resolves {}", variable["valueFrom"])),
        Some(path) => match pod.pointer(&format!("/{}", path.replace('.', "/"))) {
            Some(Value::String(found)) => Ok(found.clone()),
            _ => Err(format!("the Pod has no {path}")),
        },
    }
}

/// `$(NAME)` becomes the variable's value.
fn expand(argument: &str, environment: &[(String, String)]) -> String {
    let replace = |text: String, (name, value): &(String, String)| text.replace(&format!("$({name})"), value);
    environment.iter().fold(argument.to_owned(), replace)
}

/// A path below a mount becomes the path where its files lie here.
fn localize(argument: &str, mounts: &[(String, PathBuf)]) -> String {
    let (name, path) = argument.split_once('=').map_or(("", argument), |(name, path)| (name, path));
    for (mount, folder) in mounts {
        if let Some(rest) = path.strip_prefix(mount.as_str()).filter(|rest| rest.starts_with('/') || rest.is_empty()) {
            let here = format!("{}{rest}", folder.display());
            return if name.is_empty() { here } else { format!("{name}={here}") };
        }
    }
    argument.to_owned()
}

/// With a token of the Pod's ServiceAccount that ends with the Pod, as the kubelet asks for one.
fn kubeconfig_of(pod: &Value, api: &Api, access: &Access) -> Result<String, String> {
    let metadata = &pod["metadata"];
    let bound = json!({"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]});
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 7200, "boundObjectRef": bound},
    });
    let account = text(&pod["spec"]["serviceAccountName"]);
    let path = format!("/api/v1/namespaces/{}/serviceaccounts/{account}/token", text(&metadata["namespace"]));
    let token = text(&api.post(&path, &request)?["status"]["token"]);
    let Access { server, authority } = access;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": authority}}],
        "users": [{"name": "pod", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "pod"}}],
        "current-context": "test",
    })
    .to_string())
}

/// Renamed into place, so that nobody reads half of it.
fn write_if_changed(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let part = path.with_extension("part");
    fs::write(&part, content)?;
    fs::rename(part, path)
}
