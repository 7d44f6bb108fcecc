//! Whole releases and namespaces go at once.

use crate::harness;
use crate::manifests::{BASELINE, chart, deployment, job, policy, text, wait_for_pods};

#[test]
fn a_release_that_holds_workload_and_policy_is_uninstalled_at_once() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("release", &[BASELINE]);
    let chart = chart([("deployment.yaml", deployment("web", 2)), ("policy.yaml", policy("web"))]);
    namespace.helm().ok(&["install", "shop", text(chart.path())]);
    let kubectl = namespace.kubectl();
    wait_for_pods(&kubectl, "web", 2);
    namespace.helm().ok(&["uninstall", "shop"]);
    assert_eq!(kubectl.ok(&["get", "deployments,networkpolicies", "--output=name"]), "");
}

#[test]
fn a_namespace_with_workloads_a_job_and_policies_is_deleted_at_once() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("whole", &[BASELINE]);
    let kubectl = namespace.kubectl();
    for name in ["web", "once"] {
        kubectl.apply(&policy(name)).ok();
    }
    kubectl.apply(&deployment("web", 2)).ok();
    kubectl.apply(&job("once")).ok();
    wait_for_pods(&kubectl, "web", 2);
    wait_for_pods(&kubectl, "once", 1);

    // kubectl waits until it is gone.
    ringwall.cluster().kubectl().ok(&["delete", "namespace", &namespace.name, "--timeout=60s"]);
}
