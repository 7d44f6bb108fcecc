//! Annotations on a pull request: workflow commands of GitHub Actions, one line each.

use std::fmt::Write;

use crate::decision::Outcome;

use super::{Position, Report};

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for error in &report.errors {
        let suggestion = error.suggestion.as_ref().map(|text| format!("\n{text}")).unwrap_or_default();
        let file = error.position.is_none().then_some(&*error.file);
        command(
            &mut out,
            "error",
            error.position.as_ref(),
            file,
            "cannot be judged",
            &format!("{}{suggestion}", error.reason),
        );
    }
    for reported in &report.findings {
        let finding = &reported.finding;
        let (name, message) = match &reported.outcome {
            Outcome::Refuse => ("error", finding.message.clone()),
            Outcome::Warn(_) => ("warning", finding.message.clone()),
            Outcome::Audit(_) => ("notice", finding.message.clone()),
            Outcome::Exempt(exemption) => ("notice", format!("{}; exemption {exemption}", finding.message)),
        };
        let message = format!("{message}\nfix: {}", finding.fix.text());
        command(&mut out, name, reported.positions.first(), None, finding.rule.0, &message);
    }
    for hint in &report.hints {
        command(&mut out, "notice", None, None, "ringwall", hint);
    }
    let _ = writeln!(out, "{}", report.summary);
    out
}

fn command(out: &mut String, name: &str, at: Option<&Position>, file: Option<&str>, title: &str, message: &str) {
    let mut properties = Vec::new();
    if let Some(at) = at {
        properties.push(format!("file={}", property(&at.file)));
        properties.push(format!("line={}", at.line));
        properties.push(format!("col={}", at.column));
        properties.push(format!("endColumn={}", at.end_column()));
    } else if let Some(file) = file {
        properties.push(format!("file={}", property(file)));
    }
    properties.push(format!("title={}", property(title)));
    let _ = writeln!(out, "::{name} {}::{}", properties.join(","), data(message));
}

/// A message: the runner undoes exactly these three.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, where two more signs mean something.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_the_runner_is_escaped() {
        let at = Position { file: "a,b:c%.yaml".into(), line: 3, column: 5, excerpt: "x".into(), marked: 0..1 };
        let mut out = String::new();
        command(&mut out, "error", Some(&at), None, "open-ingress", "100%: a,b\r\n::warning::no");
        let expected = "::error file=a%2Cb%3Ac%25.yaml,line=3,col=5,endColumn=6,title=open-ingress\
                        ::100%25: a,b%0D%0A::warning::no\n";
        assert_eq!(out, expected);
    }
}
