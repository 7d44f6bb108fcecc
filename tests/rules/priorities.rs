//! `ambiguous-priority`.

use ringwall::{
    model::{Kind, ObjectKey},
    network::{Plugin, PluginName},
    rules::{Environment, Subject, affected, everything},
    snapshot::Edit,
};

use crate::world::{Court, WEB, breaks, snapshot};

const RULE: &str = "ambiguous-priority";

fn cluster(name: &str, priority: u16, rest: &str) -> String {
    format!(
        "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: {name}}}\n\
         spec: {{tier: Admin, priority: {priority}, subject: {{namespaces: {{}}}}, {rest}}}\n"
    )
}

fn ingress(action: &str, rest: &str) -> String {
    format!("ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]{rest}}}]")
}

fn egress(action: &str, peer: &str, rest: &str) -> String {
    format!("egress: [{{action: {action}, to: [{peer}]{rest}}}]")
}

/// Whether two policies of one priority are ambiguous.
fn tied(one: &str, other: &str) -> bool {
    breaks(RULE, &format!("{WEB}{}{}", cluster("one", 5, one), cluster("other", 5, other)))
}

#[test]
fn equal_priorities_are_ambiguous_only_where_the_actions_differ() {
    assert!(tied(&ingress("Accept", ""), &ingress("Deny", "")));
    assert!(tied(&ingress("Pass", ""), &ingress("Deny", "")));
    assert!(tied(&ingress("Pass", ""), &ingress("Accept", "")));
    assert!(!tied(&ingress("Deny", ""), &ingress("Deny", "")));
    assert!(!tied(&ingress("Accept", ""), &egress("Deny", "{namespaces: {}}", "")));
}

#[test]
fn other_priorities_and_tiers_are_in_order() {
    let (accept, deny) = (ingress("Accept", ""), ingress("Deny", ""));
    assert!(!breaks(RULE, &format!("{WEB}{}{}", cluster("one", 5, &accept), cluster("other", 6, &deny))));
    let baseline = cluster("other", 5, &deny).replace("tier: Admin", "tier: Baseline");
    assert!(!breaks(RULE, &format!("{WEB}{}{baseline}", cluster("one", 5, &accept))));
}

#[test]
fn an_older_policy_of_the_same_priority_counts_as_well() {
    let old = "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: old}\n\
               spec: {priority: 5, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}\n";
    let world = format!("{WEB}{old}{}", cluster("one", 5, &ingress("Accept", "")));
    assert!(breaks(RULE, &world));
    let plugin = Plugin::of(PluginName::Calico);
    let mut court = Court::of(snapshot(&world));
    court.environment.plugin = plugin;
    assert!(court.all().iter().all(|breach| breach.rule.0 != RULE), "Calico enforces only the newer one");
}

#[test]
fn ports_have_to_overlap_and_names_are_looked_up() {
    let on = |port: &str| format!(", protocols: [{port}]");
    let number = |port: u16| on(&format!("{{tcp: {{destinationPort: {{number: {port}}}}}}}"));
    let name = on("{destinationNamedPort: http}");
    assert!(tied(&ingress("Accept", &number(80)), &ingress("Deny", &number(80))));
    assert!(!tied(&ingress("Accept", &number(80)), &ingress("Deny", &number(81))));
    assert!(tied(&ingress("Accept", &name), &ingress("Deny", &number(8080))));
    assert!(!tied(&ingress("Accept", &name), &ingress("Deny", &number(80))));
    let pods = "{namespaces: {}}";
    assert!(tied(&egress("Accept", pods, &name), &egress("Deny", pods, &number(8080))));
    assert!(!tied(&egress("Accept", pods, &name), &egress("Deny", pods, &number(80))));
}

#[test]
fn peers_have_to_have_somebody_in_common() {
    let team = |team: &str| format!("{{namespaces: {{matchLabels: {{team: {team}}}}}}}");
    let shop = "{namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}";
    assert!(tied(&egress("Accept", "{namespaces: {}}", ""), &egress("Deny", shop, "")));
    assert!(!tied(&egress("Accept", "{namespaces: {}}", ""), &egress("Deny", &team("z"), "")), "nobody is there");
    assert!(tied(&egress("Accept", &team("z"), ""), &egress("Deny", &team("z"), "")), "they are the same words");
    let network = |network: &str| format!("{{networks: [{network}]}}");
    assert!(tied(&egress("Accept", &network("10.0.0.0/8"), ""), &egress("Deny", &network("10.1.0.0/16"), "")));
    assert!(!tied(&egress("Accept", &network("10.0.0.0/8"), ""), &egress("Deny", &network("192.168.0.0/16"), "")));
    assert!(tied(&egress("Accept", "{namespaces: {}}", ""), &egress("Deny", &network("0.0.0.0/0"), "")), "Pods too");
    let names = "{domainNames: [a.example.com]}";
    assert!(tied(&egress("Accept", names, ""), &egress("Deny", &network("192.0.2.0/24"), "")));
}

#[test]
fn subjects_have_to_share_a_workload() {
    let one = cluster("one", 5, &ingress("Accept", ""));
    let other = cluster("other", 5, &ingress("Deny", ""));
    assert!(!breaks(RULE, &format!("{one}{other}")), "there is none");
    let elsewhere = other.replace("subject: {namespaces: {}}", "subject: {namespaces: {matchLabels: {team: z}}}");
    assert!(!breaks(RULE, &format!("{WEB}{one}{elsewhere}")));
    let on_node = WEB.replace("spec:\n", "spec:\n  hostNetwork: true\n");
    assert!(!breaks(RULE, &format!("{on_node}{one}{other}")), "it is nobody's subject");
}

#[test]
fn the_message_names_both_rules_and_a_workload() {
    let one = "ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: z}}}]}, {action: Accept, from: [{namespaces: {}}]}]";
    let world = format!("{WEB}{}{}", cluster("one", 5, one), cluster("other", 5, &ingress("Deny", "")));
    let found = Court::of(snapshot(&world)).explained(RULE);
    assert_eq!(found.len(), 2, "each of the two");
    let found = &found[0];
    assert_eq!(
        found.message,
        "ClusterNetworkPolicy one and ClusterNetworkPolicy other have one tier and priority, and of the same ingress traffic of \
         Pod shop/web one says Accept and the other Deny"
    );
    let places: Vec<_> = found.places.iter().map(|place| format!("{} {}", place.object, place.path)).collect();
    assert_eq!(places, ["ClusterNetworkPolicy one spec.ingress[1]", "ClusterNetworkPolicy other spec.ingress[0]"]);
}

#[test]
fn a_new_policy_affects_those_of_its_priority_and_whom_it_selects() {
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    let before = snapshot(&format!("{WEB}{namespace}{}", cluster("one", 5, &ingress("Accept", ""))));
    let other = snapshot(&cluster("other", 5, &ingress("Deny", "")));
    let key = |name: &str| ObjectKey::cluster(Kind::ClusterNetworkPolicy, name);
    let new = other.object(&key("other")).found().unwrap();
    let (after, touched) = before.with([Edit::Put(new)]);
    let subjects = affected(&before, &after, &touched, &Environment::default());
    assert!(subjects.contains(&Subject::Object(key("one"))) && subjects.contains(&Subject::Object(key("other"))));
    assert!(subjects.iter().any(|subject| matches!(subject, Subject::Class(_))), "it may close or open them");
    assert!(everything(&after).contains(&Subject::Object(key("one"))));
}

#[test]
fn a_workload_that_comes_may_be_the_first_on_which_policies_disagree() {
    let policies =
        format!("{}{}", cluster("one", 5, &ingress("Accept", "")), cluster("other", 5, &ingress("Deny", "")));
    let before = snapshot(&policies);
    let pod = snapshot(WEB).object(&ObjectKey::namespaced(Kind::Pod, "shop", "web")).found().unwrap();
    let (after, touched) = before.with([Edit::Put(pod)]);
    let subjects = affected(&before, &after, &touched, &Environment::default());
    let breaching: Vec<_> = Court::of(after).all().into_iter().filter(|breach| breach.rule.0 == RULE).collect();
    assert_eq!(breaching.len(), 2);
    assert!(breaching.iter().all(|breach| subjects.contains(&breach.subject)));
}
