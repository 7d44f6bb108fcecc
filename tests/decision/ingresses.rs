//! Ingresses: many hosts, shared hosts, and what rides on another's certificate.

use ringwall::{
    decision::Decision,
    ruleset::{Profile, Ruleset},
};

use crate::world::*;

fn baseline() -> Ruleset {
    enforcing(Profile::Baseline)
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
