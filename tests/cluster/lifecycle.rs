//! A release from its first day to its last, through the real helm and under load: no request fails, and nothing stays behind.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::harness::{
    CHART, Client, ControlPlane, Load, Namespace, Outcome, PATIENCE, Release, copy_of_chart, eventually,
};
use crate::manifests::{BASELINE, policy, text};

const README: &str = include_str!("../../README.md");

/// A namespace that enforces, with the policy that the load counts on.
#[track_caller]
pub(crate) fn enforced(cluster: &ControlPlane) -> Namespace {
    let namespace = cluster.namespace("shop", &[BASELINE]);
    namespace.kubectl().apply(&policy("web")).ok();
    namespace
}

/// The values of every scenario: as it comes, with a certificate that it manages itself.
pub(crate) fn values() -> Value {
    json!({})
}

/// What every scenario begins with: installed, then told to fail closed, as the documentation has it.
#[track_caller]
pub(crate) fn installed<'a>(cluster: &'a ControlPlane, namespace: &Namespace, values: &Value) -> Release<'a> {
    let release = Release::install(cluster, values);
    Release::wait_until_asked(namespace);
    fail_closed(&release, values);
    release
}

#[track_caller]
fn fail_closed(release: &Release<'_>, values: &Value) -> Outcome {
    let outcome = release.helm("upgrade", CHART, &with(values, &json!({"webhook": {"failurePolicy": "Fail"}}))).ok();
    release.roll_out();
    outcome
}

/// Values on top of others.
pub(crate) fn with(values: &Value, more: &Value) -> Value {
    let mut merged = values.clone();
    merge(&mut merged, more);
    merged
}

fn merge(values: &mut Value, more: &Value) {
    match (values, more) {
        (Value::Object(values), Value::Object(more)) => {
            for (key, value) in more {
                merge(values.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (values, more) => *values = more.clone(),
    }
}

#[test]
fn installing_upgrading_rolling_back_and_uninstalling_fail_no_request_and_leave_nothing() {
    let Some(cluster) = ControlPlane::private() else { return };
    let namespace = enforced(&cluster);
    let release = Release::prepare(&cluster);
    let before = everything(&cluster);
    let load = Load::start(&cluster, &namespace.name, 40);

    // As it is told in the README: nothing is given but where the API server finds it.
    let values = values();
    let helm = cluster.helm();
    is_as_the_readme_says(&helm, "install", &release.helm("install", CHART, &values).ok());
    release.roll_out();
    Release::wait_until_asked(&namespace);
    is_as_the_readme_says(&helm, "upgrade", &fail_closed(&release, &values));
    let unasked = load.tally().unasked;

    let closed = with(&values, &json!({"webhook": {"failurePolicy": "Fail"}}));
    release.helm("upgrade", CHART, &with(&closed, &json!({"auditInterval": 300, "replicaCount": 3}))).ok();
    release.roll_out();
    let newer = copy_of_chart();
    renew(newer.path());
    release.helm("upgrade", text(newer.path()), &closed).ok();
    release.roll_out();
    assert!(entries(&cluster).contains(&"more.ringwall.dev".to_owned()));
    release.helm_plain("rollback", &["2"]).ok();
    release.roll_out();
    assert!(!entries(&cluster).contains(&"more.ringwall.dev".to_owned()));

    let asked = load.tally();
    assert_eq!(asked.unasked, unasked, "each request that could be refused was judged");
    let kubectl = cluster.kubectl();
    kubectl.apply(EXEMPTION).ok();
    is_as_the_readme_says(&helm, "uninstall", &release.helm_plain("uninstall", &[]).ok());
    eventually(PATIENCE, "nothing is left", || {
        let left: Vec<_> = everything(&cluster).difference(&before).cloned().collect();
        if left.iter().all(|object| outlives(object)) { Ok(()) } else { Err(format!("{left:#?}")) }
    });
    let tally = load.finish();
    println!(
        "{} requests, of which {} were refused as they should be; the longest took {:?}",
        tally.requests, tally.refused, tally.longest
    );
    tally.without_failure();
    kubectl.ok(&["get", "customresourcedefinitions", "rulesets.ringwall.dev", "exemptions.ringwall.dev"]);
    let kept = kubectl.json(&["get", "exemption", "legacy"]);
    assert_eq!(kept["spec"]["reason"], "a test", "what people wrote is theirs");

    release.helm("install", CHART, &values).ok();
    release.roll_out();
    Release::wait_until_asked(&namespace);
}

/// What somebody writes, and the chart does not.
const EXEMPTION: &str = "apiVersion: ringwall.dev/v1alpha1
kind: Exemption
metadata: {name: legacy}
spec: {rules: [unisolated-ingress], match: {namespaces: [legacy]}, reason: a test, owner: tests@example.com}
";

/// Asserts that Helm has printed the lines that the README shows below the command, where `...` stands for any.
#[track_caller]
fn is_as_the_readme_says(helm: &Client, verb: &str, outcome: &Outcome) {
    println!("{outcome}");
    // Helm 3 says the same in other words.
    if !helm.ok(&["version", "--template={{.Version}}"]).starts_with("v4.") {
        return;
    }
    let (_, shown) = README.split_once(&format!("\n$ helm {verb} ringwall ")).expect("the command in the README");
    let shown = shown.lines().skip(1).take_while(|line| !line.starts_with("$ ") && !line.starts_with("```"));
    let shown: Vec<_> = shown.filter(|line| !line.is_empty() && *line != "...").collect();
    assert!(!shown.is_empty(), "the README shows nothing of helm {verb}");
    let mut said = outcome.stdout.lines().map(str::trim_end);
    for line in shown {
        assert!(said.any(|said| said == line), "the README says {line:?}: {outcome}");
    }
}

/// What else goes on then is in `nobody.rs`.
#[test]
fn with_all_replicas_dead_and_failure_policy_fail_helm_uninstalls() {
    let Some(cluster) = ControlPlane::private() else { return };
    let namespace = enforced(&cluster);
    let mut release = installed(&cluster, &namespace, &values());
    release.kubelet.die();
    let late = ["run", "late", "--image=web"];
    let refusal = namespace.kubectl().fails(&late);
    assert!(refusal.contains("failed calling webhook"), "it fails closed: {refusal}");
    release.helm_plain("uninstall", &[]).ok();
    eventually(PATIENCE, "Pods are admitted", || namespace.kubectl().run(&late).into_result());
}

/// Makes another version of the chart, with one more entry in the webhook configuration.
fn renew(chart: &std::path::Path) {
    let change = |file: &str, change: &dyn Fn(String) -> String| {
        let path = chart.join(file);
        fs::write(&path, change(fs::read_to_string(&path).unwrap())).unwrap();
    };
    change("Chart.yaml", &|text| text.replace("ersion: 0.", "ersion: 9."));
    change("files/webhooks.yaml", &|text| {
        text + "  - name: more.ringwall.dev
    rules:
      - apiGroups: [\"\"]
        apiVersions: [v1]
        resources: [pods]
        operations: [CREATE]
        scope: Namespaced
"
    });
}

/// The names of the entries of the webhook configuration.
fn entries(cluster: &ControlPlane) -> Vec<String> {
    let configuration = cluster.kubectl().json(&["get", "validatingwebhookconfiguration", "ringwall"]);
    let webhooks = configuration["webhooks"].as_array().unwrap().iter();
    webhooks.map(|webhook| webhook["name"].as_str().unwrap().to_owned()).collect()
}

/// Every object of the cluster, as `Kind namespace/name`, but for those that come and go by themselves.
fn everything(cluster: &ControlPlane) -> BTreeSet<String> {
    let kubectl = cluster.kubectl();
    let kinds = kubectl.ok(&["api-resources", "--verbs=list", "--output=name"]);
    let passing = ["events", "events.events.k8s.io", "componentstatuses", "leases.coordination.k8s.io"];
    let kinds: Vec<_> = kinds.lines().filter(|kind| !passing.contains(kind)).collect();
    let columns = "--output=custom-columns=:kind,:metadata.namespace,:metadata.name";
    let listed = kubectl.ok(&["get", &kinds.join(","), "--all-namespaces", "--no-headers", columns]);
    let leases = kubectl.ok(&["get", "leases", "--namespace=ringwall", "--no-headers", columns]);
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    listed.lines().chain(leases.lines()).map(line).collect()
}

/// What is there after a release that was not before, and should be: the CRDs, with what the API server makes of them and what people
/// wrote, and the namespace, with what controllers put into every one.
fn outlives(object: &str) -> bool {
    [
        "CustomResourceDefinition <none> rulesets.ringwall.dev",
        "CustomResourceDefinition <none> exemptions.ringwall.dev",
        "APIService <none> v1alpha1.ringwall.dev",
        "Exemption <none> legacy",
        "Namespace <none> ringwall",
        "ServiceAccount ringwall default",
        "ConfigMap ringwall kube-root-ca.crt",
    ]
    .contains(&object)
}
