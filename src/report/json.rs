//! JSON, as `docs/findings.schema.json` describes it.

use serde::Serialize;

use super::{Position, Report, ReportError, Reported, Summary};

#[derive(Serialize)]
struct Document<'a> {
    findings: Vec<Entry<'a>>,
    errors: Vec<Failure<'a>>,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<Vec<super::layers::Entry<'a>>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    rule: &'a str,
    subject: Subject<'a>,
    aspect: &'a str,
    outcome: &'a str,
    message: &'a str,
    fix: &'a str,
    places: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Subject<'a> {
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Failure<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    reason: &'a str,
    suggestion: Option<&'a str>,
}

pub(super) fn render(report: &Report) -> String {
    let document = Document {
        findings: report.findings.iter().map(entry).collect(),
        errors: report.errors.iter().map(failure).collect(),
        summary: report.summary,
        layers: report.layers.as_ref().map(|all| all.iter().map(super::layers::entry).collect()),
    };
    pretty(&document)
}

/// Two spaces of indentation and a line break at the end.
pub(super) fn pretty(document: &impl Serialize) -> String {
    // Maps with string keys, numbers and strings only: there is nothing that could fail.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

fn entry(reported: &Reported) -> Entry<'_> {
    let finding = &reported.finding;
    Entry {
        rule: finding.rule.0,
        subject: Subject {
            kind: &finding.subject.kind,
            namespace: finding.subject.namespace.as_deref(),
            name: &finding.subject.name,
        },
        aspect: &finding.aspect,
        outcome: reported.outcome.name(),
        message: &finding.message,
        fix: finding.fix.text(),
        places: reported.positions.iter().map(place).collect(),
    }
}

fn place(position: &Position) -> Place<'_> {
    Place { file: &position.file, line: position.line, column: position.column }
}

fn failure(error: &ReportError) -> Failure<'_> {
    Failure {
        file: &error.file,
        line: error.position.as_ref().map(|position| position.line),
        column: error.position.as_ref().map(|position| position.column),
        reason: &error.reason,
        suggestion: error.suggestion.as_deref(),
    }
}
