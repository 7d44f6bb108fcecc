//! `charts/ringwall` through the real helm: rendered, judged, and kept whole by upgrades. What needs no helm is in `tests/install`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::harness::{self, CHART, Client, ControlPlane, PATIENCE, eventually};
use crate::manifests::text;

/// Kinds of others that the chart may render: enough of them for the API server to take an object.
const OTHERS: &[(&str, &str, &str, &str)] = &[
    ("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"),
    ("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"),
    ("cert-manager.io", "v1", "Issuer", "issuers"),
    ("cert-manager.io", "v1", "Certificate", "certificates"),
    ("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies"),
];

#[test]
fn every_values_file_passes_the_linter() {
    let Some(cluster) = harness::cluster() else { return };
    for file in values() {
        cluster.helm().ok(&["lint", "--strict", CHART, "--values", text(&file)]);
    }
}

#[test]
fn a_misspelt_value_is_an_error() {
    let Some(cluster) = harness::cluster() else { return };
    for setting in ["webhok.port=1", "webhook.failurePolicy=ignore", "certificates.certManager.issuer=x"] {
        let error = cluster.helm().fails(&["template", "ringwall", CHART, "--set", setting]);
        assert!(error.contains("values don't meet the specifications"), "{setting}: {error}");
    }
}

#[test]
fn the_api_server_takes_every_rendered_chart_strictly() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    install_others(&kubectl);
    kubectl.ok(&["create", "namespace", "ringwall"]);
    kubectl.ok(&["apply", "--filename", text(&Path::new(CHART).join("crds"))]);
    wait_for_definitions(&kubectl);
    for file in values() {
        let rendered = render(&cluster, &file);
        // It compiles the match conditions, too.
        let create = ["create", "--dry-run=server", "--validate=strict", "--filename=-"];
        kubectl.run_with_input(&create, &rendered).ok();
    }
}

/// What is found all the same: cert-manager's CA keeps its key so that what it signed before stays known; and to Cilium the API server is a
/// name without an address.
#[test]
fn every_rendered_chart_passes_its_own_check() {
    let Some(cluster) = harness::cluster() else { return };
    for file in values() {
        let rendered = render(cluster, &file);
        let name = file.file_name().unwrap().to_str().unwrap().trim_end_matches("-values.yaml");
        let (plugin, known): (&[&str], &[&str]) = match name {
            "cert-manager" => (&[], &["long-lived-certificate"]),
            "cilium" => (&["--network-plugin=cilium"], &["wide-peer"]),
            _ => (&[], &[]),
        };
        let report = check(&rendered, plugin);
        let found: BTreeSet<_> =
            report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert_eq!(found, known.iter().copied().collect(), "{name}: {report}");
    }
}

#[test]
fn an_upgrade_keeps_what_others_wrote_and_gives_new_entries_a_bundle() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    let helm = |arguments: &[&str]| cluster.helm().with(&["--namespace=ringwall"]).run(arguments);
    let older = older(&cluster.folder, "files/webhooks.yaml", |entries| {
        let (kept, _last) = entries.rsplit_once("\n  - name: ").unwrap();
        format!("{kept}\n")
    });
    helm(&["install", "ringwall", text(&older), "--create-namespace"]).ok();
    assert_eq!(bundles(&kubectl), BTreeSet::from([None]), "nobody has written one yet");
    let entries = names(&kubectl).len();

    write_bundle(&kubectl, "first");
    let own = kubectl.with(&["--namespace=ringwall"]);
    let secret = r#"{"stringData":{"tls.crt":"ours"}}"#;
    own.ok(&["patch", "secret", "ringwall-certificate", "--type=merge", "--patch", secret]);
    let lease = r#"{"spec":{"holderIdentity":"ours"}}"#;
    own.ok(&["patch", "lease", "ringwall", "--type=merge", "--patch", lease]);

    // Twice: what the first one gave the new entry, the second one must not take away.
    for _ in 0..2 {
        helm(&["upgrade", "ringwall", CHART]).ok();
        assert_eq!(names(&kubectl).len(), entries + 1);
        assert_eq!(bundles(&kubectl), BTreeSet::from([Some(encoded("first"))]));
    }
    write_bundle(&kubectl, "second");
    helm(&["upgrade", "ringwall", CHART]).ok();
    assert_eq!(bundles(&kubectl), BTreeSet::from([Some(encoded("second"))]));
    helm(&["rollback", "ringwall", "1"]).ok();
    assert_eq!(names(&kubectl).len(), entries, "an entry that is no more goes, whoever wrote its bundle");
    assert_eq!(bundles(&kubectl), BTreeSet::from([Some(encoded("second"))]));

    assert!(own.json(&["get", "secret", "ringwall-certificate"])["data"]["tls.crt"].is_string());
    assert_eq!(own.json(&["get", "lease", "ringwall"])["spec"]["holderIdentity"], "ours");

    // Where Helm compares on its own side, it would take away what it had rendered once: so it never is.
    helm(&["uninstall", "ringwall"]).ok();
    helm(&["install", "ringwall", text(&older), "--server-side=false"]).ok();
    write_bundle(&kubectl, "first");
    helm(&["upgrade", "ringwall", CHART]).ok();
    assert_eq!(bundles(&kubectl), BTreeSet::from([None, Some(encoded("first"))]));
    write_bundle(&kubectl, "second");
    helm(&["upgrade", "ringwall", CHART]).ok();
    assert_eq!(bundles(&kubectl), BTreeSet::from([Some(encoded("second"))]));
}

#[test]
fn nothing_but_the_crds_is_left_and_they_come_up_to_date_and_go_back() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    let helm = |arguments: &[&str]| cluster.helm().with(&["--namespace=ringwall"]).run(arguments);
    let everything = Path::new(CHART).join("ci/everything-values.yaml");
    let values = text(&everything);
    install_others(&kubectl);
    let older = older(&cluster.folder, "crds/rulesets.yaml", |crd| crd.replace("    - rwr\n", "    - older\n"));
    helm(&["install", "ringwall", text(&older), "--values", values, "--create-namespace"]).ok();
    let definition = || kubectl.json(&["get", "customresourcedefinition", "rulesets.ringwall.dev"]);
    assert_eq!(
        definition()["metadata"]["labels"]["app.kubernetes.io/instance"],
        "ringwall",
        "the release has adopted it"
    );
    assert_eq!(definition()["spec"]["names"]["shortNames"], json!(["older"]));
    helm(&["upgrade", "ringwall", CHART, "--values", values]).ok();
    assert_eq!(definition()["spec"]["names"]["shortNames"], json!(["rwr"]));
    helm(&["rollback", "ringwall", "1"]).ok();
    assert_eq!(definition()["spec"]["names"]["shortNames"], json!(["older"]), "the definitions go back with it");

    helm(&["uninstall", "ringwall"]).ok();
    let left = || {
        let kinds = "all,secrets,configmaps,leases,poddisruptionbudgets,networkpolicies,roles,rolebindings,serviceaccounts,\
                     ciliumnetworkpolicies,servicemonitors,prometheusrules";
        let own = kubectl.ok(&["get", kinds, "--namespace=ringwall", "--output=name"]);
        let kinds =
            "clusterroles,clusterrolebindings,validatingwebhookconfigurations,priorityclasses,rulesets.ringwall.dev";
        let wide = kubectl.ok(&["get", kinds, "--output=name"]);
        let theirs = ["serviceaccount/default", "configmap/kube-root-ca.crt"];
        let own = own.lines().filter(|line| !theirs.contains(line));
        let wide = wide.lines().filter(|line| line.contains("ringwall"));
        own.chain(wide).map(str::to_owned).collect::<Vec<_>>()
    };
    eventually(PATIENCE, "nothing is left", || if left().is_empty() { Ok(()) } else { Err(left().join("\n")) });
    definition();
    // And the same release comes back to them.
    helm(&["install", "ringwall", CHART]).ok();
    assert_eq!(definition()["spec"]["names"]["shortNames"], json!(["rwr"]));
}

/// The values files under `ci/`.
fn values() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(Path::new(CHART).join("ci")).unwrap();
    let files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 8, "{files:?}");
    files
}

#[track_caller]
fn render(cluster: &ControlPlane, values: &Path) -> String {
    cluster.helm().ok(&["template", "ringwall", CHART, "--namespace=ringwall", "--values", text(values)])
}

/// `ringwall check --profile restricted`, which must refuse nothing.
#[track_caller]
fn check(manifests: &str, more: &[&str]) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["check", "--profile=restricted", "--format=json", "-"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(manifests.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_str(&said).unwrap()
}

/// Makes the kinds of [`OTHERS`], and waits for them.
#[track_caller]
fn install_others(kubectl: &Client) {
    let definitions: Vec<String> = OTHERS
        .iter()
        .map(|(group, version, kind, plural)| {
            let version = json!({
                "name": version, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            });
            let names = json!({"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase()});
            let spec = json!({"group": group, "scope": "Namespaced", "names": names, "versions": [version]});
            let metadata = json!({"name": format!("{plural}.{group}")});
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata, "spec": spec})
                .to_string()
        })
        .collect();
    kubectl.run_with_input(&["apply", "--filename=-"], &definitions.join("\n---\n")).ok();
    wait_for_definitions(kubectl);
}

#[track_caller]
fn wait_for_definitions(kubectl: &Client) {
    kubectl.ok(&["wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=60s"]);
}

/// A copy of the chart with one file as it may have been in an older one.
fn older(folder: &Path, name: &str, change: impl FnOnce(String) -> String) -> PathBuf {
    let older = folder.join("older");
    let copied = Command::new("cp").arg("-r").arg(CHART).arg(&older).status().unwrap();
    assert!(copied.success());
    let path = older.join(name);
    std::fs::write(&path, change(std::fs::read_to_string(&path).unwrap())).unwrap();
    older
}

fn webhooks(kubectl: &Client) -> Vec<Value> {
    let configuration = kubectl.json(&["get", "validatingwebhookconfiguration", "ringwall"]);
    configuration["webhooks"].as_array().unwrap().clone()
}

fn names(kubectl: &Client) -> Vec<String> {
    webhooks(kubectl).iter().map(|webhook| webhook["name"].as_str().unwrap().to_owned()).collect()
}

/// The different bundles of the entries; `None` for an entry without one.
fn bundles(kubectl: &Client) -> BTreeSet<Option<String>> {
    let bundle = |webhook: &Value| webhook["clientConfig"]["caBundle"].as_str().map(str::to_owned);
    webhooks(kubectl).iter().map(bundle).collect()
}

/// Writes the bundle into every entry, as the replica that leads does.
fn write_bundle(kubectl: &Client, name: &str) {
    let patch: Vec<_> = (0..webhooks(kubectl).len())
        .map(|index| json!({"op": "add", "path": format!("/webhooks/{index}/clientConfig/caBundle"), "value": encoded(name)}))
        .collect();
    let patch = Value::from(patch).to_string();
    let target =
        ["patch", "validatingwebhookconfiguration", "ringwall", "--field-manager=ringwall", "--type=json", "--patch"];
    kubectl.ok(&[&target[..], &[patch.as_str()]].concat());
}

/// A certificate as `caBundle` carries it: which one matters, what is in it does not.
fn encoded(name: &str) -> String {
    use std::collections::BTreeMap;
    use std::sync::{LazyLock, Mutex};
    static MADE: LazyLock<Mutex<BTreeMap<String, String>>> = LazyLock::new(Mutex::default);
    let mut kept = MADE.lock().unwrap();
    let make = || BASE64.encode(harness::Authority::new(name).pem().as_bytes());
    kept.entry(name.to_owned()).or_insert_with(make).clone()
}
