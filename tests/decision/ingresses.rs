//! Ingresses: many hosts, shared hosts, and what rides on another's certificate.

use ringwall::{
    decision::Decision,
    ruleset::{Profile, Ruleset},
};

use crate::world::*;

fn baseline() -> Ruleset {
    enforcing(Profile::Baseline)
}

/// An Ingress whose certificates cert-manager is asked for: what is in Secrets is judged elsewhere.
fn ingress(namespace: &str, name: &str, tls: &[&str], hosts: &[&str]) -> serde_json::Value {
    let mut ingress = crate::world::ingress(namespace, name, tls, hosts);
    ingress["metadata"]["annotations"] = serde_json::json!({"cert-manager.io/issuer": "example"});
    ingress
}

/// How many findings of an outcome there are, shown or only counted.
fn count(decision: &Decision, outcome: &str) -> usize {
    let shown = decision.findings.iter().filter(|(_, it)| it.name() == outcome).count();
    let more: usize = decision.more.iter().filter(|((_, it), _)| *it == outcome).map(|(_, count)| count).sum();
    shown + more
}

/// With work that grows with the square of the hosts (let alone their cube) this does not come to its end in a reasonable time.
#[test]
fn an_ingress_of_ten_thousand_hosts_is_judged_host_by_host() {
    let names: Vec<String> = (0..10_000).map(|index| format!("h{index}.example.com")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = snapshot(&[namespace("shop", &[]), nginx()]);
    let plain = create(&world, &ingress("shop", "web", &[], &hosts), &baseline());
    assert_eq!(count(&plain, "refuse"), 10_000);
    assert_eq!(plain.findings.len(), 10);
    let needs: Vec<String> = plain.needs.iter().map(ToString::to_string).collect();
    assert_eq!(needs, ["get IngressClass nginx", "list ingresses in shop"]);
    let covered = create(&world, &ingress("shop", "web", &hosts, &hosts), &baseline());
    assert!(covered.allow && covered.findings.is_empty(), "{}", lines(&covered));
}

#[test]
fn thousands_of_ingresses_that_share_hosts_are_judged_one_by_one() {
    let names: Vec<String> = (0..2_000).map(|index| format!("web-{index}")).collect();
    let mut values = vec![namespace("shop", &[]), nginx()];
    values.extend(names.iter().map(|name| ingress("shop", name, &["other.example.com"], &["shop.example.com"])));
    values.extend(names.iter().map(|name| ingress("elsewhere", name, &[], &[&format!("{name}.example.net")])));
    let world = snapshot(&values);
    let plain = create(&world, &ingress("shop", "web", &[], &["shop.example.com"]), &baseline());
    assert!(plain.allow, "{}", lines(&plain));
    let wild: Vec<String> = (0..1_000).map(|index| format!("*.h{index}.example.net")).collect();
    let wild: Vec<&str> = wild.iter().map(String::as_str).collect();
    let plain = create(&world, &ingress("shop", "web", &wild, &wild), &baseline());
    assert!(plain.allow, "{}", lines(&plain));
}

/// An Ingress of `x.example.com` with TLS, and others of the host without: in its namespace and elsewhere.
fn riding() -> [serde_json::Value; 6] {
    [
        namespace("shop", &[]),
        namespace("elsewhere", &[]),
        nginx(),
        ingress("shop", "a", &["x.example.com"], &["x.example.com"]),
        ingress("shop", "b", &[], &["x.example.com"]),
        ingress("elsewhere", "c", &[], &["x.example.com"]),
    ]
}

/// Who is told of, and how.
fn told(decision: &Decision) -> Vec<String> {
    let told = |(finding, outcome): &(ringwall::rules::Finding, ringwall::decision::Outcome)| {
        format!("{} {} {}", outcome.name(), finding.rule, finding.subject)
    };
    decision.findings.iter().map(told).collect()
}

#[test]
fn an_ingress_cannot_leave_the_host_for_which_another_one_needs_its_certificate() {
    let values = riding();
    let world = snapshot(&values);
    assert!(create(&world, &ingress("shop", "d", &[], &["x.example.com"]), &baseline()).findings.is_empty());
    for moved in [
        ingress("shop", "a", &["y.example.com"], &["y.example.com"]),
        ingress("shop", "a", &["y.example.com"], &["y.example.com", "z.example.com"]),
    ] {
        let decision = update(&world, &values[3], &moved, &baseline());
        assert!(!decision.allow);
        let refused = "refuse plaintext-ingress Ingress shop/b";
        assert_eq!(told(&decision)[0], refused);
        assert!(
            told(&decision).contains(&"warn plaintext-ingress Ingress elsewhere/c".to_owned()),
            "{}",
            lines(&decision)
        );
        let note = "(it relies on the Ingress that is changed: mend or delete it first, and repeat the command)";
        assert!(lines(&decision).contains(note), "{}", lines(&decision));
        assert!(decision.needs.iter().any(|need| need.to_string() == "list ingresses in shop"));
    }
    let alone: Vec<_> = values.iter().filter(|value| **value != values[4]).cloned().collect();
    let moved = ingress("shop", "a", &["y.example.com"], &["y.example.com"]);
    let decision = update(&snapshot(&alone), &values[3], &moved, &baseline());
    assert!(decision.allow, "{}", lines(&decision));
    assert_eq!(told(&decision), ["warn plaintext-ingress Ingress elsewhere/c"]);
}

#[test]
fn removing_an_ingress_tells_of_those_that_needed_its_certificate_and_comes_to_its_end() {
    let values = riding();
    let decision = delete(&snapshot(&values), &values[3], &baseline());
    assert!(decision.allow, "{}", lines(&decision));
    assert_eq!(
        told(&decision),
        ["warn plaintext-ingress Ingress elsewhere/c", "warn plaintext-ingress Ingress shop/b"]
    );
    assert!(lines(&decision).contains("(it relied on the Ingress that is deleted: mend it, or delete it as well)"));
    let decision = delete(&snapshot(&values), &values[4], &baseline());
    assert!(decision.allow && decision.findings.is_empty(), "{}", lines(&decision));
}

#[test]
fn what_was_in_plaintext_before_does_not_hold_another_ingress_back() {
    let mut values = riding();
    values[3]["spec"]["tls"] = serde_json::json!([]);
    let moved = ingress("shop", "a", &["y.example.com"], &["y.example.com"]);
    let decision = update(&snapshot(&values), &values[3], &moved, &baseline());
    assert!(decision.allow && decision.findings.is_empty(), "{}", lines(&decision));
}
