//! The catalogue of rules for people and for programs: a table, one rule whole, the page `docs/rules.md`, JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::rules::{self, Level, Parameter, ParameterKind, RuleInfo};

use super::json;

/// The command that makes `docs/rules.md`.
pub const COMMAND: &str = "cargo run -- rules --format markdown > docs/rules.md";

/// Every rule, one line each.
pub fn table() -> String {
    let width = infos().map(|info| info.id.0.len()).max().unwrap_or(0);
    let mut out = String::new();
    for info in infos() {
        let _ = writeln!(out, "{:width$}  {:10}  {}", info.id, profile(info.level), info.what);
    }
    out
}

/// One rule, whole.
pub fn text(info: &RuleInfo) -> String {
    let mut out = format!("{} ({})\n\n{}\n{}\n", info.id, profile_in_words(info.level), info.what, info.why);
    let mut part = |head: &str, body: &str| {
        if !body.is_empty() {
            let _ = writeln!(out, "\n{head}\n{}", indent(body));
        }
    };
    part("How to mend it", info.mend);
    part("What tells its findings of one subject apart", info.aspect);
    part("What is measured", info.extent);
    part("Parameters", &lines(info.parameters.iter().map(parameter)));
    part("Breaks it", info.breaks);
    part("Keeps it", info.keeps);
    part("Sources", &lines(info.sources.iter().map(|source| (*source).to_owned())));
    out
}

/// The page `docs/rules.md`.
pub fn markdown() -> String {
    let mut out = format!(
        "# Rules\n\nMade from the code by `{COMMAND}`; not to be edited by hand.\n\n\
         A rule's name states the fault. `baseline` stops known exposure; `restricted` is the hardened best practice and holds\n\
         every rule of `baseline`; a hint warns in both and never refuses unless a ruleset raises it.\n\n\
         | rule | profile | holds against |\n| --- | --- | --- |\n"
    );
    for info in infos() {
        let what = info.what.replace('|', "\\|");
        let _ = writeln!(out, "| [`{0}`](#{0}) | {1} | {what} |", info.id, profile(info.level));
    }
    for info in infos() {
        out.push_str(&section(info));
    }
    out
}

/// One rule as a part of the page.
pub fn section(info: &RuleInfo) -> String {
    let mut out = format!("\n## {}\n\n*{}*\n\n{}\n\n{}\n", info.id, profile_in_words(info.level), info.what, info.why);
    let mut say = |head: &str, body: &str| {
        if !body.is_empty() {
            let _ = writeln!(out, "\n**{head}:** {body}");
        }
    };
    say("To mend it", info.mend);
    say("Aspect", info.aspect);
    say("Extent", info.extent);
    let mut list = |head: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            let _ = writeln!(out, "\n**{head}:**\n");
            for entry in entries {
                let _ = writeln!(out, "- {entry}");
            }
        }
    };
    list("Parameters", info.parameters.iter().map(parameter).collect());
    list("Sources", info.sources.iter().map(|source| (*source).to_owned()).collect());
    for (head, example) in [("Breaks it", info.breaks), ("Keeps it", info.keeps)] {
        if !example.is_empty() {
            let _ = writeln!(out, "\n{head}:\n\n```yaml\n{}\n```", example.trim_matches('\n'));
        }
    }
    out
}

/// All rules, as JSON.
pub fn json() -> String {
    json::pretty(&infos().map(entry).collect::<Vec<_>>())
}

/// One rule, as JSON.
pub fn json_of(info: &RuleInfo) -> String {
    json::pretty(&entry(info))
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    profile: &'static str,
    what: &'a str,
    why: &'a str,
    mend: &'a str,
    aspect: &'a str,
    extent: &'a str,
    parameters: Vec<ParameterEntry<'a>>,
    sources: &'a [&'a str],
    breaks: &'a str,
    keeps: &'a str,
}

#[derive(Serialize)]
struct ParameterEntry<'a> {
    name: &'a str,
    what: &'a str,
    #[serde(flatten)]
    values: Values,
}

/// What values a parameter takes.
#[derive(Serialize)]
#[serde(untagged)]
enum Values {
    Integer { least: u64, most: u64, default: u64 },
    Word { choices: &'static [&'static str], default: &'static str },
    Names { names: &'static str },
}

fn entry(info: &RuleInfo) -> Entry<'_> {
    let parameters = info.parameters.iter().map(|parameter| {
        let values = match parameter.kind {
            ParameterKind::Integer { least, most, default } => Values::Integer { least, most, default },
            ParameterKind::OneOf { choices, default } => Values::Word { choices, default },
            ParameterKind::Names { of, .. } => Values::Names { names: of },
        };
        ParameterEntry { name: parameter.name, what: parameter.what, values }
    });
    Entry {
        name: info.id.0,
        profile: profile(info.level),
        what: info.what,
        why: info.why,
        mend: info.mend,
        aspect: info.aspect,
        extent: info.extent,
        parameters: parameters.collect(),
        sources: info.sources,
        breaks: info.breaks,
        keeps: info.keeps,
    }
}

fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    rules::all().map(rules::Rule::info)
}

fn profile(level: Level) -> &'static str {
    match level {
        Level::Baseline => "baseline",
        Level::Restricted => "restricted",
        Level::Hint => "hint",
        Level::Always => "always",
    }
}

fn profile_in_words(level: Level) -> &'static str {
    match level {
        Level::Baseline => "in baseline and restricted",
        Level::Restricted => "in restricted",
        Level::Always => "in every profile, and refused whatever the mode",
        Level::Hint => "a hint: it warns in baseline and restricted, and does not refuse",
    }
}

fn parameter(parameter: &Parameter) -> String {
    let values = match parameter.kind {
        ParameterKind::Integer { least, most, default } => format!("{least} to {most}, {default} if not set"),
        ParameterKind::OneOf { choices, default } => {
            let quoted: Vec<String> = choices.iter().map(|choice| format!("{choice:?}")).collect();
            format!("{}; {default:?} if not set", quoted.join(", "))
        }
        ParameterKind::Names { of, .. } => format!("a list, each the name of a {of}; none if not set"),
    };
    format!("{}: {} ({values})", parameter.name, parameter.what)
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

fn indent(text: &str) -> String {
    let indented = |line: &str| if line.is_empty() { String::new() } else { format!("    {line}") };
    lines(text.trim_matches('\n').lines().map(indented))
}
