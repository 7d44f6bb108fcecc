//! `no-default-deny` and `unknown-profile`.

use ringwall::rules::Fix;

use crate::world::{Court, WEB, breaks, finding, policy, selecting, snapshot};

fn directions(world: &str) -> Vec<String> {
    Court::of(snapshot(world)).of_rule("no-default-deny").iter().map(|breach| breach.aspect.to_string()).collect()
}

#[test]
fn each_direction_needs_a_policy_that_selects_every_pod() {
    assert_eq!(directions(WEB), ["ingress", "egress"]);
    let ingress = selecting("in", "{}", "policyTypes: [Ingress]");
    assert_eq!(directions(&format!("{WEB}{ingress}")), ["egress"]);
    let egress = selecting("out", "{}", "policyTypes: [Egress]");
    assert!(directions(&format!("{WEB}{ingress}{egress}")).is_empty());
    let labelled = policy("web", "policyTypes: [Ingress, Egress]");
    assert_eq!(directions(&format!("{WEB}{labelled}")), ["ingress", "egress"]);
}

#[test]
fn a_namespace_without_workloads_needs_none() {
    assert!(!breaks("no-default-deny", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"));
    assert!(!breaks("no-default-deny", &policy("web", "policyTypes: [Ingress]")));
    let ended = format!("{WEB}status: {{phase: Succeeded}}\n");
    assert!(!breaks("no-default-deny", &ended));
}

#[test]
fn the_profile_that_was_meant_is_proposed_in_words_that_hold_before_the_namespace_is_there() {
    for (written, meant) in [
        ("restrictd", "restricted"),
        ("Restricted", "restricted"),
        ("base-line", "baseline"),
        ("strict", "privileged, baseline or restricted"),
        ("''", "privileged, baseline or restricted"),
    ] {
        let world = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{ringwall.dev/enforce: {written}}}}}\n"
        );
        let fix = finding("unknown-profile", &world).fix;
        assert_eq!(fix, Fix::Words(format!("write ringwall.dev/enforce: {meant}")), "{written}");
    }
}
