//! Policies that go or change while workloads rest on them.

use crate::harness;
use crate::manifests::{
    BASELINE, deployment, enforce, enforce_over_running, folder, pods, policy, policy_with, text, wait_for_pods,
};

#[test]
fn the_last_policy_of_a_workload_cannot_be_deleted_before_it() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("last", &[BASELINE]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("web")).ok();
    kubectl.apply(&deployment("web", 2)).ok();
    wait_for_pods(&kubectl, "web", 2);

    let refusal = kubectl.fails(&["delete", "networkpolicy", "web"]);
    assert!(refusal.contains("(Forbidden)"), "{refusal}");
    assert!(refusal.contains(&format!("Deployment {}/web (2 Pods)", namespace.name)), "{refusal}");
    assert!(refusal.contains("delete its workload first"), "{refusal}");
    let refusal = kubectl.fails(&["delete", "networkpolicies", "--all"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");

    kubectl.ok(&["delete", "deployment", "web"]);
    kubectl.ok(&["delete", "networkpolicy", "web"]);
}

#[test]
fn one_of_two_policies_can_be_deleted() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("oneoftwo", &[BASELINE]).kubectl();
    kubectl.apply(&policy("web")).ok();
    kubectl.apply(&policy("web").replacen("name: web", "name: second", 1)).ok();
    kubectl.apply(&deployment("web", 1)).ok();
    wait_for_pods(&kubectl, "web", 1);
    kubectl.ok(&["delete", "networkpolicy", "web"]);
    let refusal = kubectl.fails(&["delete", "networkpolicy", "second"]);
    assert!(refusal.contains("unisolated-ingress"), "{refusal}");
}

#[test]
fn deleting_a_folder_finishes_when_it_is_repeated() {
    let Some(ringwall) = harness::ringwall() else { return };
    for (names, runs) in [(["1-policy.yaml", "2-deployment.yaml"], 2), (["2-policy.yaml", "1-deployment.yaml"], 1)] {
        let kubectl = ringwall.namespace("folder", &[BASELINE]).kubectl();
        let folder = folder([(names[0], policy("web")), (names[1], deployment("web", 1))]);
        kubectl.ok(&["apply", "--filename", text(folder.path())]);
        wait_for_pods(&kubectl, "web", 1);
        let delete = || kubectl.run(&["delete", "--ignore-not-found", "--filename", text(folder.path())]);
        if runs == 2 {
            let refusal = delete().fails().stderr;
            assert!(refusal.contains("repeat the command"), "{refusal}");
        }
        delete().ok();
        let left = kubectl.ok(&["get", "deployments,networkpolicies", "--output=name"]);
        assert_eq!(left, "");
    }
}

#[test]
fn a_first_policy_may_open_what_was_unisolated_and_go_again() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("first", &[]);
    enforce_over_running(&namespace, "web", 1);
    let kubectl = namespace.kubectl();
    let open = kubectl.apply(&policy_with("web", "[{}]")).ok();
    assert!(open.warnings().iter().any(|line| line.contains("open-ingress")), "{open}");
    kubectl.ok(&["delete", "networkpolicy", "web"]);

    // What it narrows is kept from then on.
    kubectl.apply(&policy("web")).ok();
    let refusal = kubectl.apply(&policy_with("web", "[{}]")).fails().stderr;
    assert!(refusal.contains("open-ingress"), "{refusal}");
}

#[test]
fn a_private_range_cannot_become_the_internet() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("range", &[BASELINE]).kubectl();
    let from = |range: &str| policy_with("web", &format!("[{{from: [{{ipBlock: {{cidr: {range}}}}}]}}]"));
    kubectl.apply(&from("10.0.0.0/8")).ok();
    kubectl.apply(&deployment("web", 1)).ok();
    wait_for_pods(&kubectl, "web", 1);
    let refusal = kubectl.apply(&from("0.0.0.0/0")).fails().stderr;
    assert!(refusal.contains("open-ingress"), "{refusal}");
    kubectl.apply(&from("10.1.0.0/16")).ok();
}

#[test]
fn what_is_open_in_effect_can_neither_replace_a_narrow_policy_nor_stand_beside_it() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("effect", &[BASELINE]).kubectl();
    kubectl.apply(&policy("web")).ok();
    kubectl.apply(&deployment("web", 1)).ok();
    wait_for_pods(&kubectl, "web", 1);
    for rules in [
        "[{ports: [{port: 1, endPort: 65534}]}]",
        "[{from: [{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: 128.0.0.0/1}}]}]",
        "[{from: [{ipBlock: {cidr: 0.0.0.0/1}}]}, {from: [{ipBlock: {cidr: 128.0.0.0/1}}]}]",
        "[{from: [{namespaceSelector: {}}]}]",
        "[{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [192.0.2.1/32]}}]}]",
    ] {
        let replacement = policy_with("web", rules);
        let second = replacement.replacen("{name: web}", "{name: second}", 1);
        for manifest in [replacement, second] {
            let refusal = kubectl.apply(&manifest).fails().stderr;
            assert!(refusal.contains("open-ingress"), "{manifest}: {refusal}");
        }
    }
}

#[test]
fn what_breaks_a_rule_already_can_be_scaled_annotated_and_freed() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("already", &[]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&deployment("web", 2)).ok();
    wait_for_pods(&kubectl, "web", 2);
    let pod = pods(&kubectl, "web").remove(0);
    kubectl.ok(&["patch", &pod, "--type=merge", "--patch", r#"{"metadata": {"finalizers": ["example.com/held"]}}"#]);
    enforce(&namespace);

    kubectl.ok(&["scale", "deployment", "web", "--replicas=1"]);
    kubectl.ok(&["annotate", "deployment", "web", "example.com/note=kept"]);
    kubectl.ok(&["annotate", &pod, "example.com/note=kept"]);
    kubectl.ok(&["label", &pod, "example.com/note=kept"]);
    kubectl.ok(&["patch", &pod, "--type=merge", "--patch", r#"{"metadata": {"finalizers": null}}"#]);
    kubectl.ok(&["set", "image", "deployment/web", "web=web:2"]);
}
