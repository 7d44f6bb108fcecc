//! What `ringwall fix` prints is a valid policy, and the finding is gone once it is applied.

use ringwall::{
    network::Direction,
    rules::{FixTarget, fix},
};

use crate::world::{WEB, broken, policy};

fn target(name: Option<&str>) -> FixTarget {
    FixTarget {
        namespace: Some("shop".into()),
        labels: [("app", "web")].into_iter().collect(),
        name: name.map(Into::into),
        ..FixTarget::default()
    }
}

#[test]
fn an_added_policy_isolates() {
    for rule in ["unisolated-ingress", "unisolated-egress"] {
        let mended = format!("{WEB}---\n{}", fix(rule, &target(None)).unwrap());
        let rules = broken(&mended);
        assert!(broken(WEB).contains(rule) && !rules.contains(rule), "{rule}: {rules:?}");
        assert!(!rules.contains("policy-selects-nothing"), "{rules:?}");
        assert!(!rules.iter().any(|rule| rule.starts_with("open-") || *rule == "wide-peer"), "{rules:?}");
    }
}

#[test]
fn a_replaced_policy_is_narrow() {
    let cases = [
        ("open-ingress", "policyTypes: [Ingress], ingress: [{}]", None),
        ("open-egress", "policyTypes: [Egress], egress: [{}]", None),
        ("wide-peer", "policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]", Some(Direction::Ingress)),
        ("wide-peer", "policyTypes: [Egress], egress: [{ports: [{port: 443}]}]", Some(Direction::Egress)),
    ];
    for (rule, spec, direction) in cases {
        assert!(broken(&format!("{WEB}{}", policy("web", spec))).contains(rule), "{rule} {spec}");
        let yaml = fix(rule, &FixTarget { direction, ..target(Some("web")) }).unwrap();
        let rules = broken(&format!("{WEB}---\n{yaml}"));
        assert!(!rules.contains(rule), "{rule}: {rules:?}\n{yaml}");
    }
}

#[test]
fn a_strict_policy_is_printed_for_a_workload_of_istio() {
    let mesh = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n";
    let mended = format!("{WEB}{mesh}---\n{}", fix("permissive-mtls", &target(None)).unwrap());
    assert!(broken(&format!("{WEB}{mesh}")).contains("permissive-mtls"));
    assert!(!broken(&mended).contains("permissive-mtls"), "{mended}");
}

#[test]
fn a_default_deny_comes_with_dns() {
    let yaml = fix("no-default-deny", &target(None)).unwrap();
    let rules = broken(&format!("{WEB}---\n{yaml}"));
    assert!(rules.is_empty(), "{rules:?}");
    assert!(yaml.contains("name: allow-dns") && yaml.contains("port: 53"));
}
