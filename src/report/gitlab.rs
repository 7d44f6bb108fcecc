//! GitLab's code quality report, shown beside the lines of a merge request (docs.gitlab.com, "Code Quality report format").

use serde::Serialize;

use crate::decision::Outcome;

use super::{Report, ReportError, Reported, json};

#[derive(Serialize)]
struct Violation {
    description: String,
    check_name: String,
    /// What a violation is about, and not where: GitLab compares by it what a merge request adds and mends.
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

pub(super) fn render(report: &Report) -> String {
    let violations: Vec<_> =
        report.errors.iter().map(unjudged).chain(report.findings.iter().filter_map(violation)).collect();
    json::pretty(&violations)
}

/// What could not be judged weighs most, as in the exit code.
fn unjudged(error: &ReportError) -> Violation {
    let suggestion = error.suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default();
    Violation {
        description: format!("cannot be judged: {}{suggestion}", error.reason),
        check_name: "cannot-be-judged".to_owned(),
        fingerprint: format!("cannot-be-judged|{}|{}", error.file, error.reason),
        severity: "blocker",
        location: location(&error.file, error.position.as_ref().map(|position| position.line)),
    }
}

/// Nothing for what an exemption lets through: GitLab has no word for it, and would count it as a violation.
fn violation(reported: &Reported) -> Option<Violation> {
    let Reported { finding, outcome, positions } = reported;
    let severity = match outcome {
        Outcome::Refuse => "critical",
        Outcome::Warn(_) => "minor",
        Outcome::Audit(_) => "info",
        Outcome::Exempt(_) => return None,
    };
    let subject = &finding.subject;
    let namespace = subject.namespace.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
    let name = format!("{} {namespace}{}", subject.kind, subject.name);
    let first = positions.first();
    Some(Violation {
        description: format!("{}; fix: {}", finding.message, finding.fix.text()),
        check_name: finding.rule.0.to_owned(),
        fingerprint: format!("{}|{name}|{}", finding.rule, finding.aspect),
        severity,
        location: location(first.map_or(&*name, |at| &*at.file), first.map(|at| at.line)),
    })
}

/// GitLab wants paths without `./`, and a line for everything.
fn location(path: &str, line: Option<usize>) -> Location {
    let path = path.strip_prefix("./").unwrap_or(path).to_owned();
    Location { path, lines: Lines { begin: line.unwrap_or(1) } }
}
