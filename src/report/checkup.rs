//! What `ringwall doctor` found, as text in the manner of findings, and as JSON.

use std::fmt::Write;

use annotate_snippets::{Group, Level, Renderer};
use serde::Serialize;

use super::{json::pretty, text::line};

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is as it should be.
    Ok,
    /// It is not.
    Problem,
    /// It cannot be said from here; the fix says what would settle it.
    CannotSay,
}

/// One check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Check {
    /// What was looked at: a word that stays the same.
    pub check: &'static str,
    /// How it came out.
    pub answer: Answer,
    /// In one line.
    pub message: String,
    /// What follows from it; empty where nothing is to be done.
    pub why: String,
    /// How to mend it, or what would settle it; empty where nothing is to be done.
    pub fix: String,
    /// What was seen in particular, one line each.
    pub details: Vec<String>,
}

/// All of them, in the order in which they are to be read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Checkup {
    /// The checks.
    pub checks: Vec<Check>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    checks: &'a [Check],
    summary: Count,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    ok: usize,
    problems: usize,
    cannot_say: usize,
}

impl Check {
    /// A check that came out well.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Answer::Ok, message.into())
    }

    /// A problem.
    pub fn problem(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Answer::Problem, message.into())
    }

    /// What cannot be said.
    pub fn cannot_say(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Answer::CannotSay, message.into())
    }

    fn new(check: &'static str, answer: Answer, message: String) -> Self {
        Self { check, answer, message, why: String::new(), fix: String::new(), details: Vec::new() }
    }

    /// With what follows from it.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// With how to mend it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// With what was seen in particular.
    #[must_use]
    pub fn details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }
}

impl Checkup {
    /// How many checks came out so.
    pub fn count(&self, answer: Answer) -> usize {
        self.checks.iter().filter(|check| check.answer == answer).count()
    }

    /// For people.
    pub fn text(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut out = String::new();
        for check in &self.checks {
            let shown = renderer.render(&[group(check)]);
            out.push_str(shown.trim_end());
            out.push('\n');
            if check.answer != Answer::Ok {
                out.push('\n');
            }
        }
        let [ok, problems, unsaid] = [Answer::Ok, Answer::Problem, Answer::CannotSay].map(|answer| self.count(answer));
        let problems = format!("{problems} {}", if problems == 1 { "problem" } else { "problems" });
        let _ = writeln!(out, "{ok} ok, {problems}, {unsaid} cannot say");
        out
    }

    /// For programs: `{"checks": [...], "summary": {"ok", "problems", "cannotSay"}}`.
    pub fn json(&self) -> String {
        let summary = Count {
            ok: self.count(Answer::Ok),
            problems: self.count(Answer::Problem),
            cannot_say: self.count(Answer::CannotSay),
        };
        pretty(&Document { checks: &self.checks, summary })
    }
}

fn group(check: &Check) -> Group<'_> {
    let level = match check.answer {
        Answer::Ok => Level::NOTE.with_name("ok"),
        Answer::Problem => Level::ERROR.with_name("problem"),
        Answer::CannotSay => Level::WARNING.with_name("cannot say"),
    };
    let message = annotate_snippets::normalize_untrusted_str(&check.message);
    let mut group = Group::with_title(level.primary_title(message).id(check.check));
    if !check.details.is_empty() {
        group = group.element(line("seen", &check.details.join("\n")));
    }
    for (name, text) in [("why", &check.why), ("fix", &check.fix)] {
        if !text.is_empty() {
            group = group.element(line(name, text));
        }
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkup() -> Checkup {
        let ok = Check::ok("reachable", "the API server reaches Ringwall").details(["two replicas".to_owned()]);
        let problem =
            Check::problem("rights", "may not list\u{1b}[31m pods").why("No replica is ready.").fix("grant it");
        let unsaid = Check::cannot_say("watches", "nobody lets us ask").fix("grant pods/proxy");
        Checkup { checks: vec![ok, problem, unsaid] }
    }

    #[test]
    fn every_check_has_its_answer_in_words() {
        let text = checkup().text(false);
        assert!(text.contains("ok[reachable]: the API server reaches Ringwall"), "{text}");
        assert!(text.contains("= seen: two replicas"), "{text}");
        assert!(text.contains("problem[rights]: may not list"), "{text}");
        assert!(text.contains("= why: No replica is ready.") && text.contains("= fix: grant it"), "{text}");
        assert!(text.contains("cannot say[watches]: nobody lets us ask"), "{text}");
        assert!(text.ends_with("1 ok, 1 problem, 1 cannot say\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn json_has_the_same_checks_and_counts_them() {
        let document: serde_json::Value = serde_json::from_str(&checkup().json()).unwrap();
        assert_eq!(document["checks"][2]["answer"], "cannot-say");
        assert_eq!(document["summary"], serde_json::json!({"ok": 1, "problems": 1, "cannotSay": 1}));
    }
}
