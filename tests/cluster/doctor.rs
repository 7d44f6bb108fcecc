//! `ringwall doctor` on a cluster: well, and broken in one place after the other.

use std::process::Command;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::harness::{
    Authority, CHART, Client, ControlPlane, PATIENCE, Ringwall, Setup, define_settings, eventually, fail_closed,
};
use crate::install::{grant, kubeconfig_of_the_account};
use crate::manifests::{deployment, text, wait_for_pods};

/// What it says: the exit code, and the checks by their name.
struct Said {
    code: Option<i32>,
    report: Value,
}

impl Said {
    #[track_caller]
    fn check(&self, name: &str) -> &Value {
        let checks = self.report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no {name} in {}", self.report))
    }

    /// The check came out so; everything that it says.
    #[track_caller]
    fn told(&self, name: &str, answer: &str) -> String {
        let check = self.check(name);
        assert_eq!(check["answer"], answer, "{}", self.report);
        check.to_string()
    }

    /// The names of checks that found a problem.
    fn problems(&self) -> Vec<&str> {
        let checks = self.report["checks"].as_array().unwrap().iter();
        checks.filter(|check| check["answer"] == "problem").map(|check| check["check"].as_str().unwrap()).collect()
    }
}

#[track_caller]
fn doctor(cluster: &ControlPlane, arguments: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["doctor", "--format=json", "--kubeconfig", text(&cluster.kubeconfig)])
        .args(arguments)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    });
    Said { code: output.status.code(), report }
}

/// Looks at a Ringwall that runs beside the cluster.
#[track_caller]
fn look(ringwall: &Ringwall) -> Said {
    let probes = format!("http://{}", ringwall.probes());
    doctor(ringwall.cluster(), &["--webhook-configuration", &ringwall.configuration_name(), "--probes", &probes])
}

/// What the chart installs beside the server.
fn prepare(cluster: &ControlPlane) -> Client {
    let kubectl = cluster.kubectl();
    define_settings(&kubectl);
    grant(cluster, &kubectl);
    kubectl
}

#[test]
fn what_is_well_is_said_to_be_well_and_who_would_be_refused_is_counted() {
    let Some(cluster) = ControlPlane::private() else { return };
    prepare(&cluster);
    let kubeconfig = Some(kubeconfig_of_the_account(&cluster));
    let ringwall = Ringwall::start(&cluster, Setup { kubeconfig, ..Setup::default() });
    let before = cluster.kubectl().ok(&["get", "namespaces,exemptions", "--output=name"]);
    let said = look(&ringwall);
    assert_eq!(said.code, Some(0), "{}", said.report);
    for name in ["webhook-configuration", "webhook-entries", "reachable", "ca-bundle", "certificate", "rights"] {
        said.told(name, "ok");
    }
    for name in ["replicas", "watches", "versions", "ruleset-in-force", "definitions", "other-webhooks"] {
        said.told(name, "ok");
    }
    assert!(said.told("reachable", "ok").contains("served with certificate "), "{}", said.report);
    let after = cluster.kubectl().ok(&["get", "namespaces,exemptions", "--output=name"]);
    assert_eq!(before, after, "dry runs leave nothing");

    let namespace = ringwall.namespace("lax", &[]);
    namespace.kubectl().apply(&deployment("web", 1)).ok();
    wait_for_pods(&namespace.kubectl(), "web", 1);
    let told = look(&ringwall).told("profiles", "ok");
    let line = format!(
        "{}: enforced privileged; baseline would refuse 1 workload; restricted would refuse 1 workload",
        namespace.name
    );
    assert!(told.contains(&line), "{told}");

    cluster.kubectl().apply(DEAD).ok();
    let told = eventually(PATIENCE, "another webhook is in the way", || {
        let said = look(&ringwall);
        let reachable = said.check("reachable").to_string();
        if reachable.contains("cannot-say") { Ok(said) } else { Err(reachable) }
    });
    let reachable = told.told("reachable", "cannot-say");
    assert!(reachable.contains("another webhook answered before: "), "{reachable}");
    assert!(reachable.contains("exclude the Namespace ringwall-probe-doctor from dead.example.com"), "{reachable}");
}

/// A webhook of somebody else, which is asked before Ringwall and never answers.
const DEAD: &str = "\
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: dead}
webhooks:
  - name: dead.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Fail
    clientConfig: {url: 'https://127.0.0.1:1/'}
    rules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [namespaces]}]
";

#[test]
fn a_bundle_of_another_authority_is_found_by_the_call_and_by_the_certificate() {
    let Some(cluster) = ControlPlane::private() else { return };
    prepare(&cluster);
    let ringwall = Ringwall::start(&cluster, Setup::default());
    ringwall.configure(|configuration| {
        fail_closed(configuration);
        for webhook in configuration["webhooks"].as_array_mut().unwrap() {
            let stranger = Authority::new("a stranger");
            webhook["clientConfig"]["caBundle"] = BASE64.encode(stranger.pem().as_bytes()).into();
        }
    });
    let said = look(&ringwall);
    assert_eq!((said.code, said.problems()), (Some(1), vec!["reachable", "ca-bundle"]), "{}", said.report);
    assert!(said.told("reachable", "problem").contains("x509: certificate signed by unknown authority"));
    assert!(said.told("ca-bundle", "problem").contains("pods.ringwall.dev: nobody in its caBundle signed"));
}

#[test]
fn nobody_who_answers_is_found_with_either_failure_policy() {
    let Some(cluster) = ControlPlane::private() else { return };
    prepare(&cluster);
    let ringwall = Ringwall::start(&cluster, Setup::default());
    ringwall.stop();
    let said = look(&ringwall);
    assert_eq!(said.code, Some(1), "{}", said.report);
    assert!(said.told("reachable", "problem").contains("nobody answered"));
    ringwall.configure(fail_closed);
    let told = look(&ringwall).told("reachable", "problem");
    assert!(told.contains("connection refused") && told.contains("docs/break-glass.md"), "{told}");
}

#[test]
fn what_rbac_forbids_is_named_with_what_follows_from_it() {
    let Some(cluster) = ControlPlane::private() else { return };
    let admin = prepare(&cluster);
    let ringwall = Ringwall::start(&cluster, Setup::default());
    let whole = admin.json(&["get", "clusterrole", "ringwall"]);
    let mut role = whole.clone();
    role["metadata"]["resourceVersion"].take();
    for rule in role["rules"].as_array_mut().unwrap() {
        if let Some(resources) = rule["resources"].as_array_mut() {
            resources.retain(|it| it != "networkpolicies" && it != "events");
        }
    }
    role["rules"].as_array_mut().unwrap().retain(|rule| rule["resources"] != json!([]));
    admin.run_with_input(&["replace", "--filename=-"], &role.to_string()).ok();
    eventually(PATIENCE, "the API server knows the role", || {
        let told = look(&ringwall).check("rights").to_string();
        let line = "may not get, list, watch networkpolicies.networking.k8s.io: no replica becomes ready without it";
        let complete = told.contains(line) && told.contains("may not create events.events.k8s.io");
        if complete { Ok(()) } else { Err(told) }
    });
    let said = look(&ringwall);
    assert_eq!((said.code, said.problems()), (Some(1), vec!["rights"]), "{}", said.report);
    let fix = said.told("rights", "problem");
    assert!(fix.contains("rbac.create=true") && fix.contains("kubectl auth can-i"), "{fix}");

    // The command that is named shows when it is done, of a subresource as well.
    let mut role = whole;
    role["metadata"]["resourceVersion"].take();
    for rule in role["rules"].as_array_mut().unwrap() {
        if let Some(resources) = rule["resources"].as_array_mut() {
            resources.retain(|it| it != "rulesets/status");
        }
    }
    admin.run_with_input(&["replace", "--filename=-"], &role.to_string()).ok();
    let line = "may not patch rulesets.ringwall.dev/status: ";
    let said = eventually(PATIENCE, "the API server knows the role", || {
        let said = look(&ringwall);
        let told = said.check("rights").to_string();
        if told.contains(line) && !told.contains("networkpolicies") { Ok(said) } else { Err(told) }
    });
    let fix = said.check("rights")["fix"].as_str().unwrap();
    let (_, command) = fix.split_once("kubectl ").unwrap();
    let (command, _) = command.split_once(" shows when").unwrap();
    assert!(command.contains(" rulesets.ringwall.dev --subresource=status "), "{command}");
    let words: Vec<&str> = command.split(' ').collect();
    let outcome = admin.run(&words);
    assert_eq!(outcome.stdout.trim(), "no", "{outcome}");
}

#[test]
fn what_an_uninstallation_left_is_told_and_the_command_frees_the_cluster() {
    let Some(cluster) = ControlPlane::private() else { return };
    let kubectl = cluster.kubectl();
    let rendered = cluster.helm().ok(&[
        "template",
        "ringwall",
        CHART,
        "--namespace=ringwall",
        "--set=webhook.failurePolicy=Fail",
        "--show-only=templates/webhook-configuration.yaml",
    ]);
    kubectl.apply(&rendered).ok();
    let namespace = eventually(PATIENCE, "nothing is admitted any more", || {
        let name = "left";
        let outcome = kubectl.run(&["create", "namespace", name, "--dry-run=server"]);
        if outcome.success { Err("admitted".to_owned()) } else { Ok(name) }
    });
    let said = doctor(&cluster, &[]);
    assert_eq!(said.code, Some(1), "{}", said.report);
    let check = said.check("webhook-configuration");
    assert!(check["message"].as_str().unwrap().contains("ringwall is left over"), "{check}");
    assert!(check["why"].as_str().unwrap().contains("refuses every request"), "{check}");

    let command = check["fix"].as_str().unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[0], "kubectl", "{command}");
    kubectl.ok(&words[1..]);
    eventually(PATIENCE, "the cluster is free", || kubectl.run(&["create", "namespace", namespace]).into_result());
    let said = doctor(&cluster, &[]);
    assert!(said.told("webhook-configuration", "problem").contains("there is no ValidatingWebhookConfiguration"));
}

#[test]
fn what_the_chart_installs_is_as_this_version_wants_it_but_for_a_server() {
    let Some(cluster) = ControlPlane::private() else { return };
    cluster.helm().ok(&["install", "ringwall", CHART, "--namespace=ringwall", "--create-namespace"]);
    let own = cluster.kubectl().with(&["--namespace=ringwall"]);
    eventually(PATIENCE, "both Pods", || {
        let pods = own.ok(&["get", "pods", "--output=name"]);
        if pods.lines().count() == 2 { Ok(()) } else { Err(own.ok(&["get", "events"])) }
    });
    let said = doctor(&cluster, &[]);
    assert_eq!(said.code, Some(1), "{}", said.report);
    for name in ["webhook-configuration", "webhook-entries", "failure-policy", "rights", "definitions", "ruleset"] {
        said.told(name, "ok");
    }
    // There is no kubelet: nobody runs, nobody fills the bundle, nobody leads.
    for name in ["endpoints", "reachable", "ca-bundle", "replicas", "leader"] {
        said.told(name, "problem");
    }
    assert!(said.told("replicas", "problem").contains("2 of 2 replicas are not ready"), "{}", said.report);

    let said = doctor(&cluster, &["--namespace=ringwal"]);
    let told = said.told("webhook-configuration", "problem");
    assert!(told.contains("the namespace ringwal, given with -n, is not there") && !told.contains("delete"), "{told}");
}
