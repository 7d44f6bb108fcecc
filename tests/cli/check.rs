//! `ringwall check` on folders, files and standard input.

use insta::assert_snapshot;

use crate::{cases, ringwall, with_input};

#[test]
fn a_good_shop_has_nothing_to_complain_of() {
    assert_snapshot!(ringwall("check good"));
}

#[test]
fn a_bad_shop_is_refused_with_lines_reasons_and_fixes() {
    assert_snapshot!(ringwall("check bad"));
}

#[test]
fn a_json_list_gives_the_verdict_of_its_documents() {
    assert_snapshot!(ringwall("check inputs/list.json"));
}

#[test]
fn a_yaml_list_gives_the_verdict_of_its_documents() {
    assert_snapshot!(ringwall("check inputs/list.yaml"));
}

#[test]
fn the_output_of_helm_template_is_read_and_other_kinds_are_counted() {
    assert_snapshot!(ringwall("check inputs/helm.yaml --profile baseline -n shop"));
}

#[test]
fn broken_yaml_is_told_and_the_other_documents_are_judged() {
    assert_snapshot!(ringwall("check inputs/broken.yaml good/shop.yaml"));
}

#[test]
fn an_unknown_field_is_told_with_what_was_meant() {
    assert_snapshot!(ringwall("check inputs/typo.yaml"));
}

#[test]
fn an_object_that_is_there_twice_is_told_with_both_places() {
    assert_snapshot!(ringwall("check duplicate"));
}

#[test]
fn a_template_of_a_chart_is_told_what_to_do() {
    assert_snapshot!(ringwall("check inputs/chart.yaml"));
}

#[test]
fn files_without_an_object_are_an_error() {
    assert_snapshot!(ringwall("check inputs/nothing.yaml"));
}

#[test]
fn only_kinds_that_are_not_read_are_no_error() {
    assert_snapshot!(ringwall("check inputs/unread.yaml"));
}

#[test]
fn an_empty_folder_and_a_missing_file_are_errors() {
    assert_snapshot!(ringwall("check empty missing.yaml"));
}

#[test]
fn standard_input_is_judged_like_a_file() {
    let text = std::fs::read_to_string(cases().join("bad/shop.yaml")).unwrap();
    let piped = with_input(&["check", "-"], &text);
    let read = ringwall("check bad/shop.yaml");
    assert_eq!(piped.code, 1);
    assert_eq!(piped.stdout.replace("<stdin>", "bad/shop.yaml"), read.stdout);
}

#[test]
fn the_profile_decides_where_no_label_does() {
    assert_eq!(ringwall("check inputs/unlabelled.yaml").code, 0);
    assert!(ringwall("check inputs/unlabelled.yaml").stdout.contains("hint: nothing can be refused"));
    let strict = ringwall("check inputs/unlabelled.yaml --profile baseline");
    assert_eq!(strict.code, 1);
    assert!(!strict.stdout.contains("hint:"), "{strict}");
}

#[test]
fn warnings_fail_only_when_asked_to() {
    assert_eq!(ringwall("check inputs/unlabelled.yaml --fail-on refuse").code, 0);
    assert_eq!(ringwall("check inputs/unlabelled.yaml --fail-on warn").code, 1);
}

#[test]
fn files_and_folders_in_any_order_give_one_report() {
    let one = ringwall("check bad good");
    let other = ringwall("check good/web-policy.yml bad/shop.yaml good/shop.yaml bad/edge.yaml good");
    assert_eq!(one.stdout, other.stdout);
}

#[test]
fn a_deployment_its_replica_set_and_its_pods_are_one_subject() {
    assert_snapshot!(ringwall("check inputs/dump.yaml"));
}

#[test]
fn colour_comes_when_asked_for_only() {
    assert!(!ringwall("check bad").stdout.contains('\u{1b}'));
    assert!(ringwall("check bad --color always").stdout.contains('\u{1b}'));
    assert!(!ringwall("check bad --color never").stdout.contains('\u{1b}'));
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(["rules", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
}
