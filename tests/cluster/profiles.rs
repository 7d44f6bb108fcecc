//! The labels that choose a namespace's profiles.

use crate::harness::{self, Ringwall, Setup};
use crate::manifests::{BASELINE, deployment, enforce, policy, wait_for_pods};

#[test]
fn raising_the_profile_names_who_breaks_it_and_what_comes_of_that() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("raise", &[]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&policy("kept")).ok();
    for name in ["bare", "kept"] {
        kubectl.apply(&deployment(name, 2)).ok();
        wait_for_pods(&kubectl, name, 2);
    }

    let outcome = enforce(&namespace);
    let warnings = outcome.warnings();
    let bare = format!("Deployment {}/bare (2 Pods)", namespace.name);
    let line = warnings.iter().find(|line| line.contains("unisolated-ingress") && line.contains(&bare));
    let line = line.unwrap_or_else(|| panic!("nothing about {bare}: {outcome}"));
    assert!(line.ends_with("(its replacements and additional Pods will be refused)"), "{line}");
    assert!(!warnings.iter().any(|line| line.contains("/kept")), "{outcome}");

    // It is as the warning says: nobody is evicted, and nobody comes anew.
    assert_eq!(crate::manifests::pods(&kubectl, "bare").len(), 2);
    kubectl.ok(&["rollout", "restart", "deployment/bare"]);
    crate::manifests::wait_for_event(&kubectl, "FailedCreate", "unisolated-ingress");
}

#[test]
fn a_label_that_names_no_profile_is_refused() {
    let Some(ringwall) = harness::ringwall() else { return };
    let namespace = ringwall.namespace("typo", &[]);
    let kubectl = ringwall.cluster().kubectl();
    for label in ["enforce", "warn", "audit"] {
        let refusal = kubectl.fails(&["label", "namespace", &namespace.name, &format!("ringwall.dev/{label}=strict")]);
        assert!(refusal.contains("unknown-profile"), "{refusal}");
        assert!(refusal.contains("privileged, baseline or restricted"), "{refusal}");
    }
    let manifest = "apiVersion: v1\nkind: Namespace\nmetadata: {name: typo, labels: {ringwall.dev/enforce: basline}}\n";
    let refusal = kubectl.apply(manifest).fails().stderr;
    assert!(refusal.contains("unknown-profile"), "{refusal}");
}

#[test]
fn a_profile_below_the_floor_is_refused_and_lowering_it_above_warns() {
    let Some(cluster) = harness::cluster() else { return };
    let ruleset = "apiVersion: ringwall.dev/v1alpha1
kind: Ruleset
metadata: {name: default}
spec:
  defaults: {enforce: baseline, warn: baseline, audit: baseline}
  floor: baseline
";
    let ringwall = Ringwall::start(cluster, Setup { ruleset: Some(ruleset.to_owned()), ..Setup::default() });
    let namespace = ringwall.namespace("floor", &[("ringwall.dev/enforce", "restricted")]);
    let kubectl = namespace.kubectl();
    kubectl.apply(&deployment("web", 1)).ok();
    let label = |profile: &str| {
        kubectl.run(&["label", "--overwrite", "namespace", &namespace.name, &format!("ringwall.dev/enforce={profile}")])
    };
    let refusal = label("privileged").fails().stderr;
    assert!(refusal.contains("lowered-enforcement"), "{refusal}");
    assert!(refusal.contains("floor"), "{refusal}");
    let outcome = label("baseline").ok();
    let expected = format!("Deployment {}/web", namespace.name);
    let told = |line: &&str| line.contains("lowered-enforcement") && line.contains(&expected);
    assert!(outcome.warnings().iter().any(told), "{outcome}");
}

#[test]
fn a_namespace_without_labels_is_warned_and_never_refused() {
    let Some(ringwall) = harness::ringwall() else { return };
    let kubectl = ringwall.namespace("unlabelled", &[]).kubectl();
    let outcome = kubectl.run(&["run", "web", "--image=web"]).ok();
    assert!(outcome.warnings().iter().any(|line| line.contains("unisolated-ingress")), "{outcome}");
    let silent = ringwall.namespace("privileged", &[("ringwall.dev/warn", "privileged")]).kubectl();
    let outcome = silent.run(&["run", "web", "--image=web"]).ok();
    assert_eq!(outcome.warnings(), Vec::<&str>::new(), "{outcome}");
    let kubectl = ringwall.namespace("refused", &[BASELINE]).kubectl();
    kubectl.fails(&["run", "web", "--image=web"]);
}
