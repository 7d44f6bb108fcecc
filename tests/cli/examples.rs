//! The examples of the catalogue, run as the documentation promises them.

use ringwall::rules;

use crate::findings;

#[test]
fn the_example_that_breaks_a_rule_breaks_it() {
    for info in rules::all().map(rules::Rule::info).filter(|info| !info.breaks.is_empty()) {
        let found = findings(info.breaks);
        assert!(found.iter().any(|finding| finding["rule"] == info.id.0), "{}: {found:#?}", info.id);
    }
}

#[test]
fn the_example_that_keeps_a_rule_keeps_it() {
    for info in rules::all().map(rules::Rule::info).filter(|info| !info.keeps.is_empty()) {
        let found = findings(info.keeps);
        assert!(!found.iter().any(|finding| finding["rule"] == info.id.0), "{}: {found:#?}", info.id);
    }
}

#[test]
fn every_finding_of_an_example_has_a_place_and_a_fix() {
    for info in rules::all().map(rules::Rule::info).filter(|info| !info.breaks.is_empty()) {
        for finding in findings(info.breaks) {
            assert_ne!(finding["fix"], "", "{finding:#?}");
            assert!(!finding["places"].as_array().unwrap().is_empty(), "{finding:#?}");
        }
    }
}
