//! `unisolated-ingress` and `unisolated-egress`.

use crate::world::{WEB, breaks, policy, selecting};

const TEMPLATE: &str =
    "{metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'example.com/web:1'}]}}";
const JOB_TEMPLATE: &str = "{metadata: {labels: {app: web}}, spec: {restartPolicy: Never, containers: [{name: web, image: 'example.com/web:1'}]}}";

/// A workload of every kind that makes Pods labelled `app=web`.
fn workloads() -> [String; 8] {
    let selector = "selector: {matchLabels: {app: web}}";
    let workload = |version: &str, kind: &str, spec: String| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n")
    };
    [
        WEB.to_owned(),
        workload("apps/v1", "Deployment", format!("{{{selector}, template: {TEMPLATE}}}")),
        workload("apps/v1", "StatefulSet", format!("{{{selector}, serviceName: web, template: {TEMPLATE}}}")),
        workload("apps/v1", "DaemonSet", format!("{{{selector}, template: {TEMPLATE}}}")),
        workload("apps/v1", "ReplicaSet", format!("{{{selector}, template: {TEMPLATE}}}")),
        workload("v1", "ReplicationController", format!("{{selector: {{app: web}}, template: {TEMPLATE}}}")),
        workload("batch/v1", "Job", format!("{{template: {JOB_TEMPLATE}}}")),
        workload(
            "batch/v1",
            "CronJob",
            format!("{{schedule: '0 0 * * *', jobTemplate: {{spec: {{template: {JOB_TEMPLATE}}}}}}}"),
        ),
    ]
}

#[test]
fn every_kind_of_workload_needs_a_policy_for_each_direction() {
    for workload in workloads() {
        for rule in ["unisolated-ingress", "unisolated-egress"] {
            assert!(breaks(rule, &workload), "{rule} {workload}");
            let both = policy("web", "policyTypes: [Ingress, Egress]");
            assert!(!breaks(rule, &format!("{workload}{both}")), "{rule} {workload}");
        }
    }
}

#[test]
fn a_policy_isolates_for_the_directions_that_it_speaks_of() {
    let ingress = format!("{WEB}{}", policy("web", "policyTypes: [Ingress]"));
    assert!(!breaks("unisolated-ingress", &ingress) && breaks("unisolated-egress", &ingress));
    let egress = format!("{WEB}{}", policy("web", "policyTypes: [Egress]"));
    assert!(breaks("unisolated-ingress", &egress) && !breaks("unisolated-egress", &egress));
    // Without policyTypes a policy speaks of ingress, and of egress when it has rules for it.
    let defaulted = format!("{WEB}{}", policy("web", "egress: [{to: [{podSelector: {}}]}]"));
    assert!(!breaks("unisolated-ingress", &defaulted) && !breaks("unisolated-egress", &defaulted));
    let empty = format!("{WEB}{}", policy("web", "egress: []"));
    assert!(!breaks("unisolated-ingress", &empty) && breaks("unisolated-egress", &empty));
}

#[test]
fn a_policy_isolates_only_what_it_selects_in_its_own_namespace() {
    let isolates = |selector: &str| {
        !breaks("unisolated-ingress", &format!("{WEB}{}", selecting("p", selector, "policyTypes: [Ingress]")))
    };
    assert!(isolates("{}") && isolates("{matchLabels: {app: web}}"));
    assert!(isolates("{matchExpressions: [{key: team, operator: NotIn, values: [b]}]}"));
    assert!(!isolates("{matchLabels: {app: wbe}}"));
    assert!(!isolates("{matchExpressions: [{key: app, operator: DoesNotExist}]}"));
    let elsewhere = selecting("p", "{}", "policyTypes: [Ingress]").replace("namespace: shop", "namespace: another");
    assert!(breaks("unisolated-ingress", &format!("{WEB}{elsewhere}")));
}

#[test]
fn a_policy_that_is_going_isolates_nothing() {
    let going = policy("web", "policyTypes: [Ingress]").replace(
        "namespace: shop}",
        "namespace: shop, deletionTimestamp: '2026-11-22T11:00:00Z', finalizers: [example.com/hold]}",
    );
    assert!(breaks("unisolated-ingress", &format!("{WEB}{going}")));
}
