//! What requests leave behind: metrics, log lines, audit annotations; and what a dry run does not.

use serde_json::json;

use crate::{
    reviews::{self, UID, create, pod, with},
    server::Server,
};

/// A namespace in which nothing is refused and everything is audited.
fn audited() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "quiet", "labels": {
            "ringwall.dev/enforce": "privileged", "ringwall.dev/warn": "privileged", "ringwall.dev/audit": "baseline"
        }}
    });
    std::fs::write(folder.path().join("namespace.json"), namespace.to_string()).unwrap();
    let server = Server::start_on(folder.path(), &[]);
    (folder, server)
}

#[test]
fn in_audit_mode_a_finding_is_admitted_logged_counted_and_annotated() {
    let (_folder, server) = audited();
    let response = server.review(&create(pod("quiet", "web", &[("app", "web")])));
    assert_eq!(response["allowed"], true);
    assert_eq!(response.get("warnings"), None, "{response}");
    let annotation = response["auditAnnotations"]["unisolated-ingress"].as_str().unwrap();
    assert!(annotation.starts_with("audit: Pod quiet/web "), "{annotation}");
    assert_eq!(server.metric("ringwall_findings_total{rule=\"unisolated-ingress\",outcome=\"audit\"}"), 1);
    let line = server.log_line(|line| line["target"] == "ringwall::finding" && line["rule"] == "unisolated-ingress");
    assert_eq!(
        [&line["mode"], &line["subject"], &line["user"], &line["uid"], &line["dry_run"]],
        [&json!("audit"), &json!("Pod quiet/web"), &json!("jane"), &json!(UID), &json!(false)]
    );
    assert!(line["message"].as_str().unwrap().starts_with("Pod quiet/web accepts connections"), "{line}");
}

#[test]
fn a_dry_run_gets_the_same_verdict_and_leaves_a_metric_only() {
    let server = Server::start(&[]);
    let review = create(pod("shop", "web", &[("app", "nobody-selects-this")]));
    let dry = server.review(&with(review.clone(), "dryRun", true.into()));
    let series = |dry_run| {
        format!(
            "ringwall_requests_total{{kind=\"Pod\",operation=\"CREATE\",decision=\"refused\",dry_run=\"{dry_run}\"}}"
        )
    };
    assert_eq!((server.metric(&series("true")), server.metric(&series("false"))), (1, 0));
    assert_eq!(server.metric("ringwall_findings_total{rule=\"unisolated-ingress\",outcome=\"refuse\"}"), 0);
    assert_eq!(dry, server.review(&review));
    // Lines are written in order: when the second request's are there, the first one's would be, too.
    server.log_line(|line| line["target"] == "ringwall::refusal");
    let findings = server.log_lines().iter().filter(|line| line["target"] == "ringwall::finding").count();
    let wet = server.metric("ringwall_findings_total{rule=\"unisolated-ingress\",outcome=\"refuse\"}");
    assert_eq!((findings, wet), (1, 1));
}

#[test]
fn nothing_of_a_body_is_logged() {
    let server = Server::start(&["--log", "trace"]);
    let mut object = pod("shop", "web", &[("app", "nobody-selects-this")]);
    object["spec"]["containers"][0]["env"] = json!([{"name": "PASSWORD", "value": "s3cret-in-a-body"}]);
    server.review(&create(object.clone()));
    object["spec"]["containers"] = "s3cret-in-a-body".into();
    server.review(&create(object));
    let mut broken = create(pod("shop", "web", &[]));
    broken["request"]["operation"] = json!({"s3cret-in-a-body": 1});
    server.review(&broken);
    server.connect().post(b"{\"kind\": \"s3cret-in-a-body").unwrap();
    server.review(&reviews::create(pod("shop", "last", &[("app", "nobody-selects-this")])));
    server.log_line(|line| line["target"] == "ringwall::refusal" && line["object"] == "Pod shop/last");
    let lines = server.log_lines();
    assert!(!lines.iter().any(|line| line.to_string().contains("s3cret-in-a-body")));
}

#[test]
fn probes_and_metrics_are_on_their_own_port() {
    let server = Server::start(&[]);
    assert_eq!(server.probe("/livez"), (200, "ok\n".to_owned()));
    assert_eq!(server.probe("/readyz"), (200, "ok\n".to_owned()));
    assert_eq!(server.probe("/validate").0, 404);
    let (status, metrics) = server.probe("/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("ringwall_snapshot_objects{kind=\"NetworkPolicy\"} 2"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"));
}
