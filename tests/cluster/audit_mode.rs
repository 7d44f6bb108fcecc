//! Audit mode: admitted, and told to those who look.

use crate::harness::{self, PATIENCE, Ringwall, Setup, eventually};
use crate::manifests::findings;

#[test]
fn audit_mode_admits_and_tells_by_log_line_metric_and_audit_annotation() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = Ringwall::start(cluster, Setup::default());
    let namespace =
        ringwall.namespace("audit", &[("ringwall.dev/audit", "baseline"), ("ringwall.dev/warn", "privileged")]);
    let kubectl = namespace.kubectl();
    let series = r#"ringwall_findings_total{rule="unisolated-ingress",outcome="audit"}"#;
    assert_eq!(ringwall.metric(series), None);

    let outcome = kubectl.run(&["run", "web", "--image=web", "--labels=app=web"]).ok();
    assert_eq!(outcome.warnings(), Vec::<&str>::new(), "{outcome}");

    let line = eventually(PATIENCE, "the log line", || {
        let mine = findings(&ringwall, &namespace);
        mine.into_iter().find(|line| line["rule"] == "unisolated-ingress").ok_or_else(|| ringwall.logs().join("\n"))
    });
    assert_eq!(line["mode"], "audit", "{line}");
    assert_eq!(line["subject"], format!("Pod {}/web", namespace.name), "{line}");
    assert_eq!(line["user"], "admin", "{line}");
    assert_eq!(line["dry_run"], false, "{line}");
    assert!(line["uid"].as_str().is_some_and(|uid| uid.len() == 36), "{line}");
    assert_eq!(ringwall.metric(series), Some(1.0));

    let request = cluster.audit_log().into_iter().find(|line| {
        let object = &line["objectRef"];
        line["verb"] == "create" && object["resource"] == "pods" && object["namespace"] == *namespace.name
    });
    let request = request.expect("the request in the API server's log");
    let annotation = &request["annotations"]["pods.ringwall.dev/unisolated-ingress"];
    assert!(annotation.as_str().is_some_and(|text| text.contains(&format!("{}/web", namespace.name))), "{request}");
}

#[test]
fn what_is_refused_is_annotated_in_the_audit_log_too() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("annotated", &[crate::manifests::BASELINE]);
    namespace.kubectl().fails(&["run", "web", "--image=web"]);
    let request = ringwall.cluster().audit_log().into_iter().find(|line| {
        line["verb"] == "create"
            && line["objectRef"]["resource"] == "pods"
            && line["objectRef"]["namespace"] == *namespace.name
    });
    let request = request.expect("the request in the API server's log");
    assert_eq!(request["responseStatus"]["code"], 403, "{request}");
    assert!(request["annotations"]["pods.ringwall.dev/unisolated-ingress"].is_string(), "{request}");
}
