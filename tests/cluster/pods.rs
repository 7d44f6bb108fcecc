//! Pods that somebody creates and changes by hand.

use crate::harness::{self, Ringwall, Setup};
use crate::manifests::{BASELINE, findings, policy, run_fix};

#[test]
fn an_unisolated_pod_is_refused_until_the_fix_of_the_message_is_applied() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("pods", &[BASELINE]);
    let kubectl = namespace.kubectl();
    let run = ["run", "web", "--image=web", "--labels=app=web"];

    let refusal = kubectl.fails(&run);
    assert!(refusal.contains("Error from server (Forbidden)"), "{refusal}");
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
    assert!(refusal.contains(&format!("{}/web", namespace.name)), "{refusal}");
    run_fix(&kubectl, &refusal);
    // At once: what was applied a moment ago may not have reached Ringwall by its watch.
    kubectl.ok(&run);
}

#[test]
fn a_dry_run_gets_the_same_verdict_and_leaves_no_trace() {
    let Some(cluster) = harness::cluster() else { return };
    let ringwall = Ringwall::start(cluster, Setup::default());
    let namespace = ringwall.namespace("dryrun", &[BASELINE]);
    let kubectl = namespace.kubectl();
    let run = ["run", "web", "--image=web", "--labels=app=web"];
    let dry = [&run[..], &["--dry-run=server"]].concat();
    let traces = || {
        let metrics = ringwall.metrics();
        let lines = metrics.lines().filter(|line| line.starts_with("ringwall_findings"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let logged = || findings(&ringwall, &namespace).len();
    let refused = |dry_run: bool| {
        let labels = format!(r#"kind="Pod",operation="CREATE",decision="refused",dry_run="{dry_run}""#);
        ringwall.metric(&format!("ringwall_requests_total{{{labels}}}"))
    };

    let before = (traces(), logged());
    let rehearsal = kubectl.fails(&dry);
    assert_eq!((traces(), logged()), before);
    assert_eq!(refused(true), Some(1.0));
    assert_eq!(refused(false), None);

    let refusal = kubectl.fails(&run);
    assert_eq!(rehearsal, refusal);
    assert_eq!(refused(false), Some(1.0));
    assert_ne!(traces(), before.0, "a refusal that is meant is counted");

    kubectl.apply(&policy("web")).ok();
    let admitted = kubectl.run(&dry).ok();
    assert_eq!(admitted.warnings(), Vec::<&str>::new(), "{admitted}");
    kubectl.fails(&["get", "pod", "web"]);
}

#[test]
fn thirty_findings_at_once_are_told_within_the_limits_and_the_first_ten_arrive() {
    let Some(ringwall) = harness::ringwall() else { return };
    let warned = [("ringwall.dev/warn", "baseline"), ("ringwall.dev/audit", "privileged")];
    for (labels, refuses) in [(&[BASELINE][..], true), (&warned[..], false)] {
        let namespace = ringwall.namespace("thirty", labels);
        let kubectl = namespace.kubectl();
        kubectl.apply(&policy("web")).ok();
        let outcome = kubectl.apply(&with_host_ports(30));
        assert_eq!(outcome.success, !refuses, "{outcome}");

        let lines: Vec<&str> = if refuses { outcome.stderr.lines().collect() } else { outcome.warnings() };
        let findings: Vec<&str> = lines.iter().copied().filter(|line| line.contains("host-port: ")).collect();
        let numbers = |line: &&str| (0..30).map(|index| 20_000 + index).find(|port| line.contains(&port.to_string()));
        let ports: Vec<_> = findings.iter().filter_map(numbers).collect();
        assert!(ports.len() >= 10, "{outcome}");
        assert_eq!(ports[..10], std::array::from_fn::<_, 10, _>(|index| 20_000 + index), "the first ten, in order");
        let more = 30 - ports.len();
        let last = lines.iter().rfind(|line| !line.is_empty()).unwrap();
        assert!(last.contains(&format!("{more} more")), "{last:?} should count the other {more}: {outcome}");
        if refuses {
            assert_eq!(findings.len(), 10, "{outcome}");
        } else {
            assert!(lines.iter().all(|line| line.chars().count() <= 256), "{outcome}");
            assert!(lines.iter().map(|line| line.chars().count()).sum::<usize>() <= 4_000, "{outcome}");
        }
    }
}

#[test]
fn a_pod_cannot_be_labelled_out_of_its_policy() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("relabel", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("web")).ok();
    kubectl.ok(&["run", "web", "--image=web", "--labels=app=web"]);
    for change in ["app-", "app=other"] {
        let refusal = kubectl.fails(&["label", "--overwrite", "pod", "web", change]);
        assert!(refusal.contains("unisolated-ingress"), "{change}: {refusal}");
    }
    let free = r#"{"metadata": {"labels": {"app": "free"}}}"#;
    let refusal = kubectl.fails(&["patch", "pod", "web", "--subresource=status", "--type=merge", "--patch", free]);
    assert!(refusal.contains("unisolated-ingress"), "by its status: {refusal}");
    kubectl.ok(&["label", "pod", "web", "tier=back"]);
}

fn with_host_ports(count: u16) -> String {
    let port = |index: u16| format!("{{containerPort: {}, hostPort: {}}}", 8_000 + index, 20_000 + index);
    let ports: Vec<_> = (0..count).map(port).collect();
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec:
  containers: [{{name: web, image: web, ports: [{}]}}]
",
        ports.join(", ")
    )
}
