//! Pods and templates.

use ringwall::ruleset::{Profile, Ruleset};
use serde_json::json;

use crate::world::*;

fn baseline() -> Ruleset {
    enforcing(Profile::Baseline)
}

#[test]
fn a_pod_that_no_policy_selects_is_refused_and_the_message_carries_the_fix() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("db", "db")]);
    let decision = create(&shop, &pod("web", "web"), &baseline());
    assert!(!decision.allow);
    assert_eq!(refusals(&decision), ["unisolated-ingress"]);
    let text = lines(&decision);
    assert!(text.contains("shop/web") && text.contains("ringwall fix unisolated-ingress -n shop -l app=web"), "{text}");
}

#[test]
fn a_pod_that_a_policy_selects_is_admitted_in_silence() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web")]);
    let mut ruleset = baseline();
    ruleset.defaults.warn = Profile::Baseline;
    let decision = create(&shop, &pod("web", "web"), &ruleset);
    assert!(decision.allow && decision.findings.is_empty(), "{}", lines(&decision));
}

#[test]
fn nothing_is_refused_until_somebody_says_so() {
    let shop = snapshot(&[namespace("shop", &[])]);
    let decision = create(&shop, &pod("web", "web"), &Ruleset::default());
    assert!(decision.allow);
    assert_eq!(warnings(&decision), ["unisolated-ingress"]);
}

#[test]
fn a_namespace_label_enforces_what_the_defaults_do_not() {
    let shop = snapshot(&[namespace("shop", &[("ringwall.dev/enforce", "baseline")])]);
    assert!(!create(&shop, &pod("web", "web"), &Ruleset::default()).allow);
    let other = snapshot(&[namespace("shop", &[("ringwall.dev/enforce", "privileged")])]);
    assert!(create(&other, &pod("web", "web"), &baseline()).allow);
}

#[test]
fn a_template_that_breaks_a_rule_warns_even_where_it_is_enforced() {
    let shop = snapshot(&[namespace("shop", &[])]);
    let decision = create(&shop, &deployment("web", "web"), &baseline());
    assert!(decision.allow);
    assert_eq!(warnings(&decision), ["unisolated-ingress"]);
}

#[test]
fn relabelling_a_pod_out_of_its_policy_is_refused() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web"), pod("web", "web")]);
    let decision = update(&shop, &pod("web", "web"), &pod("web", "free"), &baseline());
    assert_eq!(refusals(&decision), ["unisolated-ingress"]);
}

#[test]
fn relabelling_a_pod_that_was_unisolated_already_only_warns() {
    let shop = snapshot(&[namespace("shop", &[]), pod("web", "web")]);
    let decision = update(&shop, &pod("web", "web"), &pod("web", "free"), &baseline());
    assert!(decision.allow, "{}", lines(&decision));
    assert_eq!(warnings(&decision), ["unisolated-ingress"]);
}

#[test]
fn a_pod_update_without_a_change_of_labels_passes() {
    let shop = snapshot(&[namespace("shop", &[]), pod("web", "web")]);
    let mut after = pod("web", "web");
    after["metadata"]["finalizers"] = json!([]);
    let decision = update(&shop, &pod("web", "web"), &after, &baseline());
    assert!(decision.allow && decision.findings.is_empty());
}

#[test]
fn a_pod_that_has_ended_can_be_relabelled() {
    let mut ended = pod("web", "web");
    ended["status"]["phase"] = json!("Succeeded");
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web"), ended.clone()]);
    let mut after = ended.clone();
    after["metadata"]["labels"] = json!({"app": "free"});
    let decision = update(&shop, &ended, &after, &baseline());
    assert!(decision.allow, "{}", lines(&decision));
}

#[test]
fn what_could_not_be_proved_before_licenses_nothing_that_is_certain() {
    let ingress = |class: &str| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"ingressClassName": class, "rules": [{"host": "shop.example.com"}]},
        })
    };
    let nginx = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    });
    let shop = snapshot(&[namespace("shop", &[]), nginx, ingress("nobody")]);
    assert!(create(&shop, &ingress("nobody"), &baseline()).allow, "nobody is known to serve it");
    let decision = update(&shop, &ingress("nobody"), &ingress("nginx"), &baseline());
    assert_eq!(refusals(&decision), ["plaintext-ingress"], "{}", lines(&decision));
}

#[test]
fn a_terminating_policy_covers_nothing() {
    let mut policy = isolating("web", "web");
    policy["metadata"]["deletionTimestamp"] = json!("2026-11-22T11:59:00Z");
    policy["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let shop = snapshot(&[namespace("shop", &[]), policy]);
    assert_eq!(refusals(&create(&shop, &pod("web", "web"), &baseline())), ["unisolated-ingress"]);
}

#[test]
fn formal_isolation_that_admits_everybody_is_refused() {
    for ingress in [
        json!([{}]),
        json!([{"ports": [{"port": 1, "endPort": 65534}]}]),
        json!([{"from": [{"ipBlock": {"cidr": "0.0.0.0/1"}}, {"ipBlock": {"cidr": "128.0.0.0/1"}}]}]),
        json!([{"from": [{"namespaceSelector": {}}]}]),
    ] {
        let open = policy("open", &json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress}));
        let shop = snapshot(&[namespace("shop", &[]), open]);
        assert_eq!(refusals(&create(&shop, &pod("web", "web"), &baseline())), ["open-ingress"], "{ingress}");
    }
}

#[test]
fn a_pod_on_its_nodes_network_is_refused_for_that_and_nothing_else() {
    let shop = snapshot(&[namespace("shop", &[])]);
    let mut web = pod("web", "web");
    web["spec"]["hostNetwork"] = json!(true);
    assert_eq!(refusals(&create(&shop, &web, &baseline())), ["host-network"]);
}

#[test]
fn thirty_breaches_at_once_are_told_ten_at_a_time() {
    let shop = snapshot(&[namespace("shop", &[]), isolating("web", "web")]);
    let mut web = pod("web", "web");
    let ports: Vec<_> = (0..30).map(|n| json!({"containerPort": 8000 + n, "hostPort": 9000 + n})).collect();
    web["spec"]["containers"][0]["ports"] = ports.into();
    let decision = create(&shop, &web, &baseline());
    let shown = decision.findings.iter().filter(|(_, outcome)| outcome.name() == "refuse").count();
    let more: usize = decision.more.values().sum();
    assert_eq!((shown, more), (10, 20));
}

#[test]
fn what_a_file_says_of_the_state_of_its_objects_hides_nothing() {
    let mut ended = owned("ended", "web", "gone");
    ended["status"]["phase"] = json!("Succeeded");
    ended["metadata"]["deletionTimestamp"] = json!("2026-11-22T11:00:00Z");
    let mut shop = namespace("shop", &[]);
    shop["status"] = json!({"phase": "Terminating"});
    let files = snapshot(&[shop, ended]);
    let found = |templates| ringwall::decision::survey(&files, &baseline(), templates, now()).len();
    assert_eq!(found(ringwall::decision::Templates::AsPods), 1);
    assert_eq!(found(ringwall::decision::Templates::AsTemplates), 0);
}

#[test]
fn what_a_request_would_only_have_been_warned_of_has_not_slipped_through() {
    let both = policy(
        "own",
        &json!({
            "podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}], "egress": [{"to": [{"podSelector": {}}]}],
        }),
    );
    let old = snapshot(&[namespace("shop", &[]), both]);
    let slipped = |app: &str| {
        let (new, touched) = old.with([ringwall::snapshot::Edit::Put(object(&pod("web", app)))]);
        let found = ringwall::decision::worsened(&old, &new, &touched, &enforcing(Profile::Restricted), now());
        found.iter().map(|judgement| judgement.breach.rule.0).collect::<Vec<_>>()
    };
    // The namespace has no default-deny, of which the first Pod's request is told and not refused.
    assert_eq!(slipped("web"), Vec::<&str>::new());
    assert_eq!(slipped("bare"), ["unisolated-ingress", "unisolated-egress"]);
}
