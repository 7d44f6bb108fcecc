//! Markdown for pull requests: a summary, then tables; what is long is folded.

use std::fmt;

use crate::network::reach::WorkloadIsolation;

use super::{
    ReachChanges, ReachFrame,
    group::{Group, Line},
    plugin_note,
    text::{not_isolated, summary},
};

/// How many rows of a table are shown unfolded.
const ROWS: usize = 20;
/// How many more make folding worth a click.
const FOLDED: usize = 5;

pub(super) fn reach(
    frame: ReachFrame<'_>,
    isolation: &[WorkloadIsolation],
    groups: &[Group],
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    writeln!(out, "**Reachability**: {}", escaped(&summary(isolation)))?;
    head(frame, out)?;
    let rows = not_isolated(frame, isolation).into_iter();
    let rows = rows.map(|it| [it.namespaces, it.workloads, it.ingress.word().to_owned(), it.egress.word().to_owned()]);
    table(["namespace", "not isolated", "ingress", "egress"], &rows.collect::<Vec<_>>(), out)?;
    let rows = rows_of(groups, |group, line| [destination(group), line.ports(), line.sources()]);
    table(["to", "ports", "from"], &rows, out)
}

pub(super) fn changes(frame: ReachFrame<'_>, changes: ReachChanges<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    writeln!(out, "**Reachability**: {}", escaped(&changes.to_string()))?;
    head(frame, out)?;
    let rows = changes.turned().into_iter().map(|it| {
        let change = format!("{} -> {}", it.before, it.after);
        [it.turn.word().to_owned(), it.workload.to_string(), it.direction.to_owned(), change]
    });
    table(["isolation", "workload", "direction", "change"], &rows.collect::<Vec<_>>(), out)?;
    let row =
        |group: &Group, line: &Line| [line.mark.word().to_owned(), destination(group), line.ports(), line.sources()];
    table(["flow", "to", "ports", "from"], &rows_of(&changes.grouped(frame), row), out)
}

fn head(frame: ReachFrame<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    writeln!(out, "\n{}", escaped(&plugin_note(frame.plugin, frame.assumed)))?;
    frame.hints.iter().try_for_each(|hint| writeln!(out, "\n{}", escaped(hint)))
}

fn rows_of<const N: usize>(groups: &[Group], row: impl Fn(&Group, &Line) -> [String; N]) -> Vec<[String; N]> {
    groups.iter().flat_map(|group| group.lines.iter().map(|line| row(group, line)).collect::<Vec<_>>()).collect()
}

fn destination(group: &Group) -> String {
    match &group.namespace {
        Some(namespace) => format!("{namespace}: {}", group.heading()),
        None => group.heading(),
    }
}

fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], out: &mut dyn fmt::Write) -> fmt::Result {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let titles = format!("\n{}\n|{}", line(&head.map(str::to_owned)), " --- |".repeat(N));
    let is_long = rows.len() >= ROWS + FOLDED;
    for (index, row) in rows.iter().enumerate() {
        if index == 0 {
            writeln!(out, "{titles}")?;
        }
        if index == ROWS && is_long {
            writeln!(out, "\n<details><summary>{} more</summary>\n{titles}", rows.len() - ROWS)?;
        }
        writeln!(out, "{}", line(&row.clone().map(|cell| escaped(&cell))))?;
    }
    if is_long { writeln!(out, "\n</details>") } else { Ok(()) }
}

/// Names from objects are no markup, and a cell is one line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '|' | '[' | ']' | '~' => out.extend(['\\', character]),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
