//! `ignored-rules` and `policy-selects-nothing`.

use ringwall::{
    model::Kind,
    snapshot::{Blind, Edit, Scope},
};

use crate::world::{Court, WEB, breaks, finding, policy, selecting, snapshot};

#[test]
fn rules_of_a_direction_that_is_left_out_are_ignored() {
    let ignored = |spec: &str| breaks("ignored-rules", &format!("{WEB}{}", policy("web", spec)));
    assert!(ignored("policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]"));
    assert!(ignored("policyTypes: [Ingress], egress: [{to: [{podSelector: {}}]}]"));
    assert!(ignored("egress: []"), "taken for isolation");
    for spec in [
        "policyTypes: [Ingress]",
        // Who writes the types is not misled, and the API server drops the list.
        "policyTypes: [Ingress], egress: []",
        "policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]",
        "ingress: [{}]",
        "egress: [{}]",
        "policyTypes: [Egress], egress: []",
    ] {
        assert!(!ignored(spec), "{spec}");
    }
}

#[test]
fn the_message_names_the_direction_and_the_field() {
    let world = format!("{WEB}{}", policy("web", "policyTypes: [Ingress], egress: [{}]"));
    let found = finding("ignored-rules", &world);
    assert_eq!(
        found.message,
        "NetworkPolicy shop/web has egress rules that nobody applies, for its policyTypes leave egress out"
    );
    assert_eq!(found.places[0].path.as_str(), "spec.egress");
}

#[test]
fn a_typing_error_is_told_with_the_label_that_was_meant() {
    let near = |selector: &str| {
        let world = format!("{WEB}{}", selecting("p", selector, "policyTypes: [Ingress]"));
        finding("policy-selects-nothing", &world).fix.text().to_owned()
    };
    assert!(near("{matchLabels: {app: wbe}}").contains("app=web"));
    assert!(near("{matchLabels: {app.kubernetes.io/name: web}}").contains("app=web"));
    assert!(!near("{matchLabels: {app: database}}").contains("app=web"));
}

#[test]
fn a_policy_in_the_wrong_namespace_is_told_where_its_workloads_are() {
    let elsewhere = WEB.replace("namespace: shop", "namespace: front");
    let world = format!("{elsewhere}{}", policy("p", "policyTypes: [Ingress]"));
    assert!(finding("policy-selects-nothing", &world).fix.text().contains("the namespace front"));
}

#[test]
fn a_policy_for_everybody_or_for_templates_selects_something() {
    assert!(!breaks("policy-selects-nothing", &selecting("p", "{}", "policyTypes: [Ingress]")));
    let job = "
apiVersion: batch/v1
kind: CronJob
metadata: {name: web, namespace: shop}
spec:
  schedule: '0 0 * * *'
  jobTemplate: {spec: {template: {metadata: {labels: {app: web}}, spec: {restartPolicy: Never, containers: [{name: web, image: 'example.com/web:1'}]}}}}
";
    assert!(!breaks("policy-selects-nothing", &format!("{job}{}", policy("p", "policyTypes: [Ingress]"))));
}

#[test]
fn that_nothing_is_selected_is_unknown_where_workloads_are_out_of_sight() {
    let blind = Edit::Cover(Scope { kind: Kind::Job, namespace: None }, Err(Blind::Stale(Kind::Job)));
    let court = Court::of(snapshot(&policy("p", "policyTypes: [Ingress]")).with([blind]).0);
    assert_eq!(court.of_rule("policy-selects-nothing")[0].certain, Err(Blind::Stale(Kind::Job)));
}
