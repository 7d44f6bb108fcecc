//! Text for people: the isolation first, what is not isolated in detail; then by namespace and destination who reaches it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use annotate_snippets::normalize_untrusted_str;

use crate::{
    model::Name,
    network::reach::{Isolation, Precision, WorkloadIsolation},
};

use super::{
    ReachChanges, ReachFrame, counted,
    group::{Group, Mark},
    names,
    phrase::Universe,
    plugin_note,
};

pub(super) fn reach(
    frame: ReachFrame<'_>,
    isolation: &[WorkloadIsolation],
    groups: &[Group],
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    head(frame, out)?;
    writeln!(out, "\n{}", summary(isolation))?;
    for row in not_isolated(frame, isolation) {
        let (ingress, egress) = (row.ingress.word(), row.egress.word());
        writeln!(out, "  {}: ingress {ingress}, egress {egress}: {}", clean(&row.namespaces), clean(&row.workloads))?;
    }
    if groups.is_empty() {
        return writeln!(out, "\nno flow");
    }
    list(groups, out)
}

pub(super) fn changes(frame: ReachFrame<'_>, changes: ReachChanges<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    head(frame, out)?;
    writeln!(out, "\n{changes}")?;
    for turned in changes.turned() {
        let (turn, workload) = (turned.turn.word(), clean(&turned.workload.to_string()));
        writeln!(out, "  {turn}: {workload}, {}: {} -> {}", turned.direction, turned.before, turned.after)?;
    }
    list(&changes.grouped(frame), out)
}

/// How many are how isolated: `12 workloads; ingress: 10 isolated, 2 unisolated; egress: 12 isolated`.
pub(super) fn summary(isolation: &[WorkloadIsolation]) -> String {
    let counts = |of: fn(&WorkloadIsolation) -> Isolation| {
        let mut counts: BTreeMap<Isolation, usize> = BTreeMap::new();
        for workload in isolation {
            *counts.entry(of(workload)).or_default() += 1;
        }
        let counts = counts.into_iter().map(|(isolation, count)| format!("{count} {}", isolation.word()));
        counts.collect::<Vec<_>>().join(", ")
    };
    let all = counted(isolation.len(), "workload");
    if isolation.is_empty() {
        return all;
    }
    format!("{all}; ingress: {}; egress: {}", counts(|it| it.ingress), counts(|it| it.egress))
}

/// Workloads that are not isolated in both directions, in the same way.
pub(super) struct NotIsolated {
    pub(super) namespaces: String,
    pub(super) workloads: String,
    pub(super) ingress: Isolation,
    pub(super) egress: Isolation,
}

/// Who is not isolated in both directions: whole namespaces together, else by namespace.
pub(super) fn not_isolated(frame: ReachFrame<'_>, isolation: &[WorkloadIsolation]) -> Vec<NotIsolated> {
    let mut found: BTreeMap<(Isolation, Isolation), BTreeMap<Name, Vec<String>>> = BTreeMap::new();
    for it in isolation {
        if (it.ingress, it.egress) != (Isolation::Isolated, Isolation::Isolated) {
            let by_namespace = found.entry((it.ingress, it.egress)).or_default();
            by_namespace.entry(it.workload.namespace.clone()).or_default().push(names::short(&it.workload));
        }
    }
    let universe = Universe::new(frame.workloads);
    let mut rows = Vec::new();
    for ((ingress, egress), by_namespace) in found.into_iter().rev() {
        let is_whole = |name: &Name, there: &[String]| there.len() > 1 && there.len() == universe.count(name);
        let (whole, parts): (Vec<_>, Vec<_>) =
            by_namespace.into_iter().partition(|(name, there)| is_whole(name, there));
        let mut row = |namespaces, workloads| rows.push(NotIsolated { namespaces, workloads, ingress, egress });
        if !whole.is_empty() {
            let count = whole.iter().map(|(_, there)| there.len()).sum();
            let namespaces = names::list(whole.iter().map(|(name, _)| name.to_string()));
            row(namespaces, format!("every Pod ({})", counted(count, "workload")));
        }
        for (name, there) in parts {
            row(name.to_string(), names::list(there.into_iter()));
        }
    }
    rows
}

fn head(frame: ReachFrame<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    writeln!(out, "{}", plugin_note(frame.plugin, frame.assumed))?;
    frame.hints.iter().try_for_each(|hint| writeln!(out, "hint: {}", clean(hint)))
}

fn list(groups: &[Group], out: &mut dyn fmt::Write) -> fmt::Result {
    let lines = groups.iter().flat_map(|group| &group.lines);
    let width = lines.clone().map(|line| line.ports().chars().count()).max().unwrap_or(0).min(40);
    let mut last = None;
    for group in groups {
        if last != Some(&group.namespace) {
            match &group.namespace {
                Some(namespace) => writeln!(out, "\nto namespace {}", clean(namespace))?,
                None => writeln!(out, "\nto addresses")?,
            }
            last = Some(&group.namespace);
        }
        writeln!(out, "  {}", clean(&group.heading()))?;
        for line in &group.lines {
            let mark = match line.mark {
                Mark::There => "",
                Mark::Added => "+ ",
                Mark::Removed => "- ",
                Mark::Changed(..) => "~ ",
            };
            writeln!(out, "    {mark}{:width$}  from {}", line.ports(), clean(&line.sources()))?;
        }
    }
    legend(&lines.map(|line| line.precision).collect(), out)
}

fn legend(precisions: &BTreeSet<Precision>, out: &mut dyn fmt::Write) -> fmt::Result {
    let meanings = [
        (Precision::AtMost, "at most: these may be open beside those that are"),
        (Precision::AtLeast, "at least: more may be open"),
        (Precision::Unknown, "perhaps: it cannot be said"),
    ];
    let mut is_first = true;
    for (precision, meaning) in meanings {
        if precisions.contains(&precision) {
            writeln!(out, "{}{meaning}", if is_first { "\n" } else { "" })?;
            is_first = false;
        }
    }
    Ok(())
}

/// Names from objects never move the cursor or hide what is there.
fn clean(text: &str) -> String {
    normalize_untrusted_str(text)
}
