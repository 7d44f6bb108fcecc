//! One small report in every format.

use serde_json::Value;

use super::*;
use crate::{
    decision::Reason,
    model::{FieldPath, Kind, ObjectKey},
    rules::{Fix, Place, RuleId, SubjectReference},
    source::Location,
};

const TEXT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    metadata:\n      labels: {app: web}\n";

fn position(what: &str) -> Position {
    let start = TEXT.find(what).unwrap();
    let before = &TEXT[..start];
    let line = before.matches('\n').count() + 1;
    let column = start - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    Position::new(Location { file: "shop/web.yaml".into(), line, column, span: start..start + what.len() }, TEXT)
}

fn reported(rule: &'static str, outcome: Outcome, positions: Vec<Position>) -> Reported {
    let key = ObjectKey::namespaced(Kind::Deployment, "shop", "web");
    let finding = Finding {
        rule: RuleId(rule),
        subject: SubjectReference { pods: Some(3), ..SubjectReference::of(&key) },
        aspect: "ingress".to_owned(),
        message: "Deployment shop/web (3 Pods) accepts connections from every Pod".to_owned(),
        why: "Whoever gets into one Pod of the cluster gets here.".to_owned(),
        fix: Fix::Command("ringwall fix unisolated-ingress -n shop -l app=web | kubectl apply -f -".to_owned()),
        places: vec![Place { object: key, path: FieldPath::root() }],
    };
    Reported { finding, outcome, positions }
}

fn report() -> Report {
    let findings = vec![
        reported("unisolated-ingress", Outcome::Refuse, vec![position("labels"), position("name")]),
        reported("plaintext-ingress", Outcome::Warn(Reason::Unproved), Vec::new()),
        reported("open-ingress", Outcome::Exempt(crate::ruleset::ExemptionId::of_entry("legacy".into())), Vec::new()),
    ];
    let error = ReportError {
        file: "shop/web.yaml".into(),
        position: Some(position("template")),
        reason: "unknown field".to_owned(),
        suggestion: Some("did you mean tmplate?".to_owned()),
    };
    let mut summary = Summary { objects: 14, errors: 1, skipped: 2, ..Summary::default() };
    summary.count(&findings);
    let hints = vec!["nothing can be refused".to_owned()];
    Report { findings, errors: vec![error], skipped: vec![("ConfigMap".into(), 2)], hints, layers: None, summary }
}

#[test]
fn text_shows_the_lines_the_reason_and_the_fix() {
    insta::assert_snapshot!(report().render(Format::Text { colour: false }));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let plain = report().render(Format::Text { colour: false });
    let coloured = report().render(Format::Text { colour: true });
    assert_ne!(plain, coloured);
    let mut stripped = String::new();
    for (index, part) in coloured.split('\u{1b}').enumerate() {
        stripped.push_str(if index == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(stripped, plain);
}

#[test]
fn json_has_every_finding_with_its_place() {
    let value: Value = serde_json::from_str(&report().render(Format::Json)).unwrap();
    assert_eq!(value["findings"][0]["places"][0], serde_json::json!({"file": "shop/web.yaml", "line": 8, "column": 7}));
    assert_eq!(value["findings"][0]["subject"]["name"], "web");
    assert_eq!(value["findings"][2]["outcome"], "exempt");
    assert_eq!(value["summary"]["refused"], 1);
    assert_eq!(value["errors"][0]["line"], 6);
}

#[test]
fn sarif_fingerprints_stay_when_lines_move_and_exemptions_are_suppressions() {
    let sarif = |report: Report| -> Value { serde_json::from_str(&report.render(Format::Sarif)).unwrap() };
    let mut moved = report();
    moved.findings[0].positions[0].line += 10;
    let (value, moved) = (sarif(report()), sarif(moved));
    let result = |value: &Value| value["runs"][0]["results"][0].clone();
    assert_eq!(result(&value)["partialFingerprints"], result(&moved)["partialFingerprints"]);
    assert_ne!(result(&value)["locations"], result(&moved)["locations"]);
    assert_eq!(result(&value)["locations"][0]["physicalLocation"]["region"]["startLine"], 8);
    assert_eq!(value["runs"][0]["results"][2]["suppressions"][0]["kind"], "external");
    assert_eq!(value["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn github_annotations_are_one_line_each() {
    let text = report().render(Format::Github);
    let commands: Vec<_> =
        text.lines().map(|line| line.split([' ', ':']).find(|word| !word.is_empty()).unwrap()).collect();
    assert_eq!(commands, ["error", "error", "warning", "notice", "notice", "1"]);
    assert!(text.contains("::error file=shop/web.yaml,line=8,col=7,endColumn=13,title=unisolated-ingress::Deployment"));
}

#[test]
fn gitlab_shows_what_counts_with_a_fingerprint_that_stays_when_lines_move() {
    let gitlab = |report: Report| -> Vec<Value> { serde_json::from_str(&report.render(Format::Gitlab)).unwrap() };
    let mut moved = report();
    moved.findings[0].positions[0].line += 10;
    let (violations, moved) = (gitlab(report()), gitlab(moved));
    let severities: Vec<_> = violations.iter().map(|violation| violation["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["blocker", "critical", "minor"], "and nothing of what is exempt");
    assert_eq!(violations[1]["check_name"], "unisolated-ingress");
    assert_eq!(violations[1]["location"], serde_json::json!({"path": "shop/web.yaml", "lines": {"begin": 8}}));
    assert_eq!(violations[1]["fingerprint"], moved[1]["fingerprint"]);
    assert_ne!(violations[1]["location"], moved[1]["location"]);
}

#[test]
fn text_from_files_cannot_steer_a_terminal() {
    let mut report = report();
    report.findings[0].finding.message = "\u{1b}[2Jgone\u{202e}".to_owned();
    report.findings[0].finding.why = "\u{1b}[31m".to_owned();
    report.errors[0].file = "\u{1b}[31m".into();
    report.errors[0].position = None;
    assert!(!report.render(Format::Text { colour: false }).contains(['\u{1b}', '\u{202e}']));
}
