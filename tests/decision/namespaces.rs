//! Changes of a Namespace's profile labels.

use ringwall::ruleset::{Profile, Ruleset};

use crate::world::*;

const ENFORCE: &str = "ringwall.dev/enforce";

#[test]
fn a_label_that_names_no_profile_is_refused_whatever_the_mode() {
    let world = snapshot(&[]);
    let decision = create(&world, &namespace("shop", &[(ENFORCE, "strict")]), &Ruleset::default());
    assert_eq!(refusals(&decision), ["unknown-profile"]);
}

#[test]
fn a_stored_label_that_names_no_profile_can_be_left_alone_and_mended() {
    let wrong = namespace("shop", &[(ENFORCE, "strict")]);
    let world = snapshot(std::slice::from_ref(&wrong));
    let other = namespace("shop", &[(ENFORCE, "strict"), ("team", "a")]);
    assert!(update(&world, &wrong, &other, &Ruleset::default()).allow);
    assert!(update(&world, &wrong, &namespace("shop", &[(ENFORCE, "baseline")]), &Ruleset::default()).allow);
}

#[test]
fn below_the_floor_is_refused() {
    let mut ruleset = Ruleset { floor: Profile::Baseline, ..Ruleset::default() };
    ruleset.defaults.enforce = Profile::Baseline;
    let before = namespace("shop", &[]);
    let world = snapshot(std::slice::from_ref(&before));
    let decision = update(&world, &before, &namespace("shop", &[(ENFORCE, "privileged")]), &ruleset);
    assert_eq!(refusals(&decision), ["lowered-enforcement"]);
    assert!(lines(&decision).contains("floor"), "{}", lines(&decision));
}

#[test]
fn lowering_warns_with_the_workloads_that_rely_on_it() {
    let before = namespace("shop", &[(ENFORCE, "restricted")]);
    let world = snapshot(&[before.clone(), pod("web", "web"), isolating("web", "web")]);
    let decision = update(&world, &before, &namespace("shop", &[(ENFORCE, "baseline")]), &Ruleset::default());
    assert!(decision.allow);
    assert!(warnings(&decision).contains(&"lowered-enforcement"));
    assert!(lines(&decision).contains("shop/web"), "{}", lines(&decision));
}

#[test]
fn raising_warns_with_the_workloads_that_would_break_it_and_says_what_follows() {
    let before = namespace("shop", &[]);
    let world = snapshot(&[before.clone(), pod("web", "web"), pod("db", "db"), isolating("db", "db")]);
    let decision = update(&world, &before, &namespace("shop", &[(ENFORCE, "baseline")]), &Ruleset::default());
    assert!(decision.allow);
    let text = lines(&decision);
    assert!(text.contains("shop/web") && !text.contains("Pod shop/db"), "{text}");
    assert!(text.contains("replacements"), "{text}");
}

#[test]
fn an_ordinary_label_changes_nothing() {
    let before = namespace("shop", &[(ENFORCE, "baseline")]);
    let world = snapshot(&[before.clone(), pod("web", "web")]);
    let decision =
        update(&world, &before, &namespace("shop", &[(ENFORCE, "baseline"), ("team", "a")]), &Ruleset::default());
    assert!(decision.allow && decision.findings.is_empty(), "{}", lines(&decision));
}

#[test]
fn the_mode_of_a_namespace_is_the_stricter_of_before_and_after() {
    let ruleset = Ruleset::default();
    let stored = snapshot(&[namespace("shop", &[(ENFORCE, "baseline")])]);
    assert!(!create(&stored, &pod("web", "web"), &ruleset).allow);
}
