//! Text for people, in the manner of rustc: the fault, the lines themselves, why it matters and how to mend it.
//!
//! Nothing is said by colour alone: `error`, `warning`, `note` and `exempt` are words.

use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use crate::decision::{Outcome, Reason};

use super::{Position, Report, ReportError, Reported};

/// How many places of one finding are shown.
const PLACES: usize = 3;

pub(super) fn render(report: &Report, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for group in report.errors.iter().map(error).chain(report.findings.iter().map(finding)) {
        out.push_str(renderer.render(&[group]).trim_end());
        out.push_str("\n\n");
    }
    if let Some(layers) = &report.layers {
        out.push_str(&super::layers::table(layers));
        out.push('\n');
    }
    if !report.skipped.is_empty() {
        let kinds: Vec<_> = report.skipped.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let _ = writeln!(out, "not read: {}", normalize_untrusted_str(&kinds.join(", ")));
    }
    for hint in &report.hints {
        let _ = writeln!(out, "hint: {hint}");
    }
    let _ = writeln!(out, "{}", report.summary);
    out
}

fn finding(reported: &Reported) -> Group<'_> {
    let Reported { finding, outcome, positions } = reported;
    let level = match outcome {
        Outcome::Refuse => Level::ERROR,
        Outcome::Warn(_) => Level::WARNING,
        Outcome::Audit(_) => Level::NOTE,
        // Said shortly: somebody has decided about it, and the ruleset says who and why.
        Outcome::Exempt(name) => {
            let text = format!("{}; exemption {name}", finding.message);
            return Group::with_title(Level::NOTE.with_name("exempt").primary_title(text).id(finding.rule.0));
        }
    };
    let mut group = Group::with_title(level.primary_title(&finding.message).id(finding.rule.0));
    group = positions.iter().take(PLACES).fold(group, shown);
    if positions.len() > PLACES {
        group = group.element(line("and", &format!("{} more places", positions.len() - PLACES)));
    }
    if let Some(text) = reason(outcome) {
        group = group.element(line("outcome", text));
    }
    if !finding.why.is_empty() {
        group = group.element(line("why", &finding.why));
    }
    group.element(line("fix", finding.fix.text()))
}

/// Why a finding does no more than it does, where that is not simply its mode.
fn reason(outcome: &Outcome) -> Option<&'static str> {
    match outcome.reason()? {
        // What is not proved says so in its message.
        Reason::Mode | Reason::Unproved => None,
        Reason::Raised => Some("not refused while it runs; its replacements and additional Pods are"),
        Reason::Before => Some("not refused, for it was there before"),
        Reason::Awaited => Some("not refused, for it may still come"),
        Reason::Template => Some("not refused on a template; its Pods are"),
        Reason::Spared => Some("never refused on requests of this kind"),
    }
}

fn error(error: &ReportError) -> Group<'_> {
    let title = match &error.position {
        Some(_) => Level::ERROR.primary_title(&error.reason),
        None => Level::ERROR.primary_title(format!("{}: {}", error.file, error.reason)),
    };
    let mut group = Group::with_title(title);
    if let Some(position) = &error.position {
        group = shown(group, position);
    }
    match &error.suggestion {
        Some(text) => group.element(line("help", text)),
        None => group,
    }
}

/// A place with its line; without it, where the line must not be shown.
fn shown<'a>(group: Group<'a>, position: &'a Position) -> Group<'a> {
    if position.excerpt.is_empty() {
        return group.element(Origin::path(&*position.file).line(position.line).char_column(position.column));
    }
    group.element(
        Snippet::source(position.excerpt.as_str())
            .path(&*position.file)
            .line_start(position.line)
            .annotation(AnnotationKind::Primary.span(position.marked.clone())),
    )
}

pub(super) fn line(name: &'static str, text: &str) -> annotate_snippets::Message<'static> {
    // Line by line: normalization would turn line breaks into symbols, and our own texts may have some.
    let clean: Vec<_> = text.lines().map(normalize_untrusted_str).collect();
    Level::NOTE.with_name(name).message(clean.join("\n"))
}
