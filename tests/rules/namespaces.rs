//! `no-default-deny`.

use crate::world::{Court, WEB, breaks, policy, selecting, snapshot};

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
