//! Certificates: Secrets and those who use them, in whatever order they come, with Secrets followed and read one by one.

use serde_json::{Value, json};

use crate::harness::{self, Client, ControlPlane, PATIENCE, Ringwall, Setup, eventually, unique};
use crate::manifests::BASELINE;
use crate::test_certificates::{Wanted, wanted};

/// Not the host of other tests: ingress-nginx shares certificates by host, whatever the namespace.
const HOST: &str = "shop.example.org";
const CERT_MANAGER: &str = "system:serviceaccount:cert-manager:cert-manager";

/// One that follows certificates, or the shared one, which reads them one by one.
enum Watching<'a> {
    Certificates(Box<Ringwall<'a>>),
    Nothing(&'a Ringwall<'a>),
}

impl<'a> Watching<'a> {
    fn both(cluster: &'a ControlPlane) -> [Self; 2] {
        let arguments = vec!["--watch-certificates".to_owned()];
        let ringwall = Ringwall::start(cluster, Setup { arguments, ..Setup::default() });
        let series = "ringwall_watch_state{kind=\"Secret\",state=\"synced\"}";
        eventually(PATIENCE, "the watch of Secrets", || match ringwall.metric(series) {
            Some(1.0) => Ok(()),
            _ => Err(ringwall.metrics()),
        });
        let shared = harness::ringwall().expect("the cluster is there");
        assert_eq!(shared.metric("ringwall_watch_state{kind=\"Secret\",state=\"not-watched\"}"), Some(1.0));
        [Self::Certificates(Box::new(ringwall)), Self::Nothing(shared)]
    }

    fn ringwall(&self) -> &Ringwall<'a> {
        match self {
            Self::Certificates(ringwall) => ringwall,
            Self::Nothing(ringwall) => ringwall,
        }
    }
}

/// A Secret with a certificate for a host, valid whatever the clock says.
pub(crate) fn secret(name: &str, host: &str) -> String {
    let long: Wanted = wanted(&[host]).valid((2020, 1, 1), (2999, 1, 1));
    let mut secret = long.self_signed().secret(name);
    secret["metadata"] = json!({"name": name});
    secret.to_string()
}

/// A class of ingress-nginx, for this test; it stays until the end.
fn class(cluster: &ControlPlane) -> String {
    let name = unique("class");
    let class = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": name}, "spec": {"controller": "k8s.io/ingress-nginx"},
    });
    cluster.kubectl().apply(&class.to_string()).ok();
    name
}

fn ingress(class: &str) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {
            "ingressClassName": class,
            "tls": [{"hosts": [HOST], "secretName": "web-tls"}],
            "rules": [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
        },
    })
}

/// Waits until a request, which is not carried out, is refused by a rule: until the watches have seen what it rests on.
fn eventually_refused(kubectl: &Client, arguments: &[&str], input: &str, rule: &str) {
    eventually(PATIENCE, "what it rests on is known", || {
        let outcome = kubectl.run_with_input(&[arguments, &["--dry-run=server"]].concat(), input);
        if !outcome.success && outcome.stderr.contains(rule) { Ok(()) } else { Err(outcome.to_string()) }
    });
}

#[test]
fn an_ingress_comes_before_its_secret_which_is_then_neither_replaced_nor_deleted() {
    let Some(cluster) = harness::cluster() else { return };
    for watching in Watching::both(cluster) {
        let kubectl = watching.ringwall().namespace("tls", &[BASELINE]).kubectl();
        let ingress = ingress(&class(cluster)).to_string();
        let outcome = kubectl.apply(&ingress).ok();
        assert!(outcome.warnings().iter().any(|line| line.contains("missing-certificate")), "{outcome}");

        // One for another host does not come in its place; the right one does, without a word.
        eventually_refused(
            &kubectl,
            &["apply", "--filename=-"],
            &secret("web-tls", "pay.example.org"),
            "uncovered-name",
        );
        let outcome = kubectl.apply(&secret("web-tls", HOST)).ok();
        assert!(outcome.warnings().iter().all(|line| line.contains("long-lived")), "{outcome}");

        let refusal = kubectl.apply(&secret("web-tls", "pay.example.org")).fails().stderr;
        assert!(refusal.contains("uncovered-name") && refusal.contains("/web"), "{refusal}");
        kubectl.apply(&secret("web-tls", "*.example.org")).ok();
        let refusal = kubectl.fails(&["delete", "secret", "web-tls"]);
        assert!(refusal.contains("missing-certificate"), "{refusal}");
        let outcome = kubectl.apply(&ingress.replace(HOST, "other.example.org")).ok();
        assert!(outcome.warnings().iter().all(|line| line.contains("long-lived")), "{outcome}");

        kubectl.ok(&["delete", "ingress", "web"]);
        eventually(PATIENCE, "nobody uses it", || kubectl.run(&["delete", "secret", "web-tls"]).into_result());
    }
}

#[test]
fn an_ingress_is_not_led_to_a_secret_for_another_host() {
    let Some(cluster) = harness::cluster() else { return };
    for watching in Watching::both(cluster) {
        let kubectl = watching.ringwall().namespace("late", &[BASELINE]).kubectl();
        kubectl.apply(&secret("web-tls", "pay.example.org")).ok();
        let ingress = ingress(&class(cluster)).to_string();
        let refusal = kubectl.apply(&ingress).fails().stderr;
        assert!(refusal.contains("uncovered-name") && refusal.contains("pay.example.org"), "{refusal}");
        kubectl.apply(&secret("web-tls", HOST)).ok();
        let outcome = kubectl.apply(&ingress).ok();
        assert!(!outcome.stderr.contains("uncovered-name"), "{outcome}");
    }
}

#[test]
fn the_garbage_collector_does_not_take_a_secret_that_is_in_use() {
    let Some(cluster) = harness::cluster() else { return };
    for watching in Watching::both(cluster) {
        let ringwall = watching.ringwall();
        let kubectl = ringwall.namespace("collected", &[BASELINE]).kubectl();
        kubectl.ok(&["create", "configmap", "owner"]);
        let owner = kubectl.json(&["get", "configmap", "owner"]);
        let mut secret: Value = serde_json::from_str(&secret("web-tls", HOST)).unwrap();
        secret["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}]);
        kubectl.apply(&secret.to_string()).ok();
        kubectl.apply(&ingress(&class(cluster)).to_string()).ok();
        eventually_refused(&kubectl, &["delete", "secret", "web-tls"], "", "missing-certificate");

        let namespace =
            kubectl.json(&["get", "configmap", "owner"])["metadata"]["namespace"].as_str().unwrap().to_owned();
        kubectl.ok(&["delete", "configmap", "owner"]);
        let object = format!("Secret {namespace}/web-tls");
        eventually(PATIENCE, "the collector is refused", || {
            let refused = ringwall.logged("refused").into_iter().any(|fields| {
                fields["object"] == *object && fields["user"].as_str().is_some_and(|user| user.starts_with("system:"))
            });
            if refused { Ok(()) } else { Err(ringwall.logs().join("\n")) }
        });
        kubectl.ok(&["get", "secret", "web-tls"]);
        // Once nobody uses it any more, it goes.
        kubectl.ok(&["delete", "ingress", "web"]);
        eventually(PATIENCE, "the Secret is gone", || {
            let outcome = kubectl.run(&["get", "secret", "web-tls"]);
            if outcome.success { Err(outcome.to_string()) } else { Ok(()) }
        });
    }
}

#[test]
fn what_cert_manager_is_asked_for_is_not_missing_and_its_solvers_pass() {
    let Some(ringwall) = harness::ringwall() else { return };
    let cluster = ringwall.cluster();
    let class = class(cluster);
    let kubectl = ringwall.namespace("issued", &[BASELINE]).kubectl();
    let mut asking = ingress(&class);
    asking["metadata"]["annotations"] = json!({"cert-manager.io/cluster-issuer": "example"});
    let outcome = kubectl.apply(&asking.to_string()).ok();
    assert_eq!(outcome.warnings(), Vec::<&str>::new());

    kubectl.ok(&["create", "rolebinding", "cert-manager", "--clusterrole=admin", &format!("--user={CERT_MANAGER}")]);
    let manager = kubectl.with(&[&format!("--as={CERT_MANAGER}")]);
    let backend = json!({"service": {"name": "cm-acme-http-solver-x", "port": {"number": 8089}}});
    let path = json!({"path": "/.well-known/acme-challenge/token", "pathType": "Exact", "backend": backend});
    let solver = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {
            "generateName": "cm-acme-http-solver-",
            "labels": {
                "acme.cert-manager.io/http01-solver": "true",
                "acme.cert-manager.io/http-domain": "1", "acme.cert-manager.io/http-token": "2",
            },
            "ownerReferences": [{
                "apiVersion": "acme.cert-manager.io/v1", "kind": "Challenge", "name": "c", "uid": "00000000-0000-0000-0000-000000000000",
                "controller": true,
            }],
        },
        "spec": {"ingressClassName": class, "rules": [{"host": "plain.example.org", "http": {"paths": [path]}}]},
    });
    // The owner is not there: the collector would remove what was stored.
    let create = ["create", "--dry-run=server", "--filename=-"];
    let ask = |client: &Client| client.run_with_input(&create, &solver.to_string());
    eventually(PATIENCE, "the solver of cert-manager", || ask(&manager).into_result());
    let refusal = ask(&kubectl).fails().stderr;
    assert!(
        refusal.contains("plaintext-ingress") && refusal.contains("bears the marks of an ACME solver"),
        "{refusal}"
    );
}

#[test]
fn secrets_that_hold_no_certificate_are_never_reviewed() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall =
        Ringwall::start(cluster, Setup { arguments: vec!["--watch-certificates".to_owned()], ..Setup::default() });
    let kubectl = ringwall.namespace("helm", &[BASELINE]).kubectl();
    let reviewed = || {
        let metrics = ringwall.metrics();
        let of_secrets =
            metrics.lines().filter(|line| line.starts_with("ringwall_requests_total") && line.contains("\"Secret\""));
        of_secrets.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
    };
    let release = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {"name": "sh.helm.release.v1.web.v1", "labels": {"owner": "helm"}}, "data": {"release": "SDRzSUFBQUE="},
    });
    kubectl.apply(&release.to_string()).ok();
    kubectl.ok(&["label", "secret", "sh.helm.release.v1.web.v1", "status=superseded"]);
    kubectl.ok(&["delete", "secret", "sh.helm.release.v1.web.v1"]);
    kubectl.ok(&["create", "secret", "generic", "password", "--from-literal=password=x"]);
    kubectl.ok(&["delete", "secret", "--all"]);
    assert!(reviewed() < 0.5, "{}", ringwall.metrics());
    kubectl.apply(&secret("web-tls", HOST)).ok();
    kubectl.ok(&["delete", "secret", "web-tls"]);
    assert!((reviewed() - 2.0).abs() < 0.5, "{}", ringwall.metrics());
}
