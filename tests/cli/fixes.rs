//! What `ringwall fix` prints, fed back, makes the finding vanish.

use std::collections::BTreeSet;

use ringwall::rules;
use serde_json::{Value, json};

use crate::{findings, with_input};

#[test]
fn the_fix_of_a_finding_makes_it_vanish() {
    let mut mended = BTreeSet::new();
    for info in rules::all().map(rules::Rule::info).filter(|info| !info.breaks.is_empty()) {
        for finding in findings(info.breaks).into_iter().filter(|finding| finding["rule"] == info.id.0) {
            let Some(command) = finding["fix"].as_str().unwrap().strip_prefix("ringwall ") else { continue };
            let (command, rest) = command.split_once(" | ").expect("the command is piped into kubectl");
            assert_eq!(rest, "kubectl apply -f -", "{finding:#}");
            let words = words(command);
            let fix = with_input(&words.iter().map(String::as_str).collect::<Vec<_>>(), "");
            assert_eq!(fix.code, 0, "{finding:#}\n{fix}");
            let after = findings(&applied(info.breaks, &fix.stdout));
            let same = |other: &&Value| ["rule", "subject", "aspect"].iter().all(|key| other[key] == finding[key]);
            assert_eq!(after.iter().find(same), None, "{}\n{}", info.id, fix.stdout);
            mended.insert(info.id.0);
        }
    }
    assert!(mended.contains("unisolated-ingress"), "{mended:?}");
}

#[test]
fn what_is_wrong_with_an_object_at_the_edge_is_mended_in_the_object() {
    for (rule, done) in [
        ("plaintext-ingress", "# removed the annotation nginx.ingress.kubernetes.io/ssl-redirect"),
        ("uncovered-host", "# added pay.example.com to spec.tls, with the Secret web-tls"),
        ("weak-tls-version", "ssl-negotiation-policy: \"ELBSecurityPolicy-TLS13-1-2-Res-2021-06\""),
        ("weak-cipher", "ssl-negotiation-policy: \"ELBSecurityPolicy-TLS13-1-2-Res-2021-06\""),
    ] {
        let breaks = rules::rule(rule).unwrap().info().breaks;
        let fix = with_input(&["fix", rule, "-f", "-"], breaks);
        assert_eq!(fix.code, 0, "{fix}");
        let first = fix.stdout.lines().next().unwrap();
        assert!(first.contains(done), "{fix}");
        let after = findings(&applied(breaks, &fix.stdout));
        assert!(!after.iter().any(|finding| finding["rule"] == rule), "{fix}\n{after:#?}");
    }
}

#[test]
fn an_object_that_nothing_is_wrong_with_is_not_printed() {
    let keeps = rules::rule("plaintext-ingress").unwrap().info().keeps;
    let fix = with_input(&["fix", "plaintext-ingress", "-f", "-"], keeps);
    assert_eq!((fix.code, fix.stdout.as_str()), (0, ""), "{fix}");
    assert_eq!(with_input(&["fix", "plaintext-ingress"], "").code, 2);
}

#[test]
fn what_only_a_person_can_decide_is_told_and_left() {
    let unknown =
        rules::rule("plaintext-ingress").unwrap().info().keeps.replace("k8s.io/ingress-nginx", "example.com/edge");
    let fix = with_input(&["fix", "plaintext-ingress", "-f", "-"], &unknown);
    assert_eq!((fix.code, fix.stdout.as_str()), (2, ""), "{fix}");
    assert!(fix.stderr.contains("environment.ingressControllers"), "{fix}");
}

#[test]
fn a_fix_that_lacks_something_says_what() {
    insta::assert_snapshot!(with_input(&["fix", "unisolated-ingress"], ""));
}

#[test]
fn the_fix_for_an_unisolated_workload_is_a_policy() {
    insta::assert_snapshot!(with_input(&["fix", "unisolated-ingress", "-n", "shop", "-l", "app=web,tier=front"], ""));
}

/// What `kubectl apply` would leave behind: objects of the same identity are replaced.
fn applied(manifests: &str, fix: &str) -> String {
    let read = |text: &str| serde_saphyr::from_multiple::<Value>(text).expect("examples and fixes are YAML");
    let identity = |object: &Value| {
        (object["kind"].clone(), object["metadata"]["namespace"].clone(), object["metadata"]["name"].clone())
    };
    let fixes = read(fix);
    let replaced: Vec<_> = fixes.iter().map(identity).collect();
    let mut items: Vec<Value> = read(manifests).into_iter().filter(|object| !object.is_null()).collect();
    items.retain(|object| !replaced.contains(&identity(object)));
    items.extend(fixes);
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// The words of a command as a shell would see them; single quotes are all that fixes use.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut some) = (String::new(), false, false);
    for sign in command.chars() {
        match sign {
            '\'' => (quoted, some) = (!quoted, true),
            ' ' if !quoted => {
                if some {
                    words.push(std::mem::take(&mut word));
                }
                some = false;
            }
            other => {
                word.push(other);
                some = true;
            }
        }
    }
    if some {
        words.push(word);
    }
    words
}
