//! `wide-peer` and `metadata-endpoint` under tiers: what counts is what is admitted once every tier has spoken.

use ringwall::{
    network::{Plugin, PluginName},
    rules::Breach,
};

use crate::world::{Court, WEB, policy, snapshot};

/// A ClusterNetworkPolicy of the tier Admin for every Pod, with these rules.
fn admin(rules: &str) -> String {
    format!(
        "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: admin}}\n\
         spec: {{tier: Admin, priority: 10, subject: {{namespaces: {{}}}}, {rules}}}\n"
    )
}

fn found(rule: &str, plugin: Option<PluginName>, world: &str) -> Vec<Breach> {
    let mut court = Court::of(snapshot(&format!("{WEB}{world}")));
    court.environment.plugin = plugin.map_or_else(Plugin::default, Plugin::of);
    court.of_rule(rule)
}

/// Whether each breach is certain.
fn certainty(rule: &str, plugin: Option<PluginName>, world: &str) -> Vec<bool> {
    found(rule, plugin, world).iter().map(|breach| breach.certain.is_ok()).collect()
}

const REFERENCE: Option<PluginName> = Some(PluginName::Reference);

/// A NetworkPolicy that lets out everywhere on port 80.
fn internet() -> String {
    policy("internet", "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 80}]}]")
}

fn metadata(action: &str) -> String {
    admin(&format!("egress: [{{action: {action}, to: [{{networks: [169.254.169.254/32]}}]}}]"))
}

#[test]
fn what_an_admin_tier_denies_is_not_reached() {
    assert_eq!(certainty("metadata-endpoint", REFERENCE, &internet()), [true]);
    assert_eq!(certainty("metadata-endpoint", REFERENCE, &format!("{}{}", internet(), metadata("Deny"))), [false; 0]);
    assert_eq!(certainty("metadata-endpoint", REFERENCE, &format!("{}{}", internet(), metadata("Pass"))), [true]);
    let closed = policy("closed", "policyTypes: [Egress]");
    assert_eq!(certainty("metadata-endpoint", REFERENCE, &format!("{closed}{}", metadata("Accept"))), [true]);
}

#[test]
fn an_entry_is_wide_by_what_earlier_tiers_leave_of_it() {
    let wide =
        policy("wide", "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 8080}]}]");
    let deny = |from: &str, port: u16| {
        let ports = format!("protocols: [{{tcp: {{destinationPort: {{number: {port}}}}}}}]");
        admin(&format!("ingress: [{{action: Deny, from: [{from}], {ports}}}]"))
    };
    assert_eq!(certainty("wide-peer", REFERENCE, &wide), [true]);
    assert_eq!(certainty("wide-peer", REFERENCE, &format!("{wide}{}", deny("{namespaces: {}}", 8080))), [false; 0]);
    assert_eq!(certainty("wide-peer", REFERENCE, &format!("{wide}{}", deny("{namespaces: {}}", 9090))), [true]);
    let accept = admin(
        "ingress: [{action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 8080}}}]}]",
    );
    let closed = policy("closed", "policyTypes: [Ingress]");
    let of_admin = found("wide-peer", REFERENCE, &format!("{closed}{accept}"));
    assert_eq!(of_admin.len(), 1);
    assert!(of_admin[0].aspect.to_string().contains("ClusterNetworkPolicy admin"), "{}", of_admin[0].aspect);
}

#[test]
fn only_what_depends_on_the_doubt_cannot_be_proved() {
    // Whether anybody enforces the policy of the tier Admin is not known.
    assert_eq!(certainty("metadata-endpoint", None, &format!("{}{}", internet(), metadata("Deny"))), [false]);
    assert_eq!(certainty("metadata-endpoint", None, &format!("{}{}", internet(), metadata("Pass"))), [true]);
    let other = admin("egress: [{action: Deny, to: [{networks: [192.0.2.0/24]}]}]");
    assert_eq!(certainty("metadata-endpoint", None, &format!("{}{other}", internet())), [true]);
    assert_eq!(certainty("wide-peer", None, &format!("{}{}", internet(), metadata("Deny"))), [true]);
    let half =
        policy("half", "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]");
    let deny = admin("egress: [{action: Deny, to: [{networks: [10.0.0.0/8]}]}]");
    assert_eq!(certainty("wide-peer", None, &format!("{half}{deny}")), [false]);
    assert_eq!(certainty("wide-peer", REFERENCE, &format!("{half}{deny}")), [false; 0]);
}

#[test]
fn policies_for_many_namespaces_are_asked_whom_they_select() {
    let subject =
        |subject: &str| admin("ingress: []").replace("subject: {namespaces: {}}", &format!("subject: {subject}"));
    let of = |world: &str| found("policy-selects-nothing", REFERENCE, world).len();
    let pods = |app: &str| {
        subject(&format!("{{pods: {{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: {app}}}}}}}}}"))
    };
    assert_eq!(of(&pods("web")), 0);
    assert_eq!(of(&pods("wbe")), 1, "a slip");
    assert_eq!(of(&pods("elsewhere")), 0, "its Pods may be in other files");
    let whole = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system, uid: k}\n";
    assert_eq!(of(&format!("{whole}{}", pods("elsewhere"))), 1);
}
