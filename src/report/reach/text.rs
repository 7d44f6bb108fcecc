//! Text for people: the isolation first, what is not isolated in detail; then by namespace and destination who reaches it.

use std::{collections::BTreeMap, fmt};

use annotate_snippets::normalize_untrusted_str;

use crate::{
    model::Name,
    network::reach::{Isolation, Precision, WorkloadIsolation},
};

use super::{
    ReachChanges, ReachFrame, counted,
    group::{Group, Mark},
    names, plugin_note,
};

pub(super) fn reach(
    frame: ReachFrame<'_>,
    isolation: &[WorkloadIsolation],
    groups: &[Group],
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    head(frame, out)?;
    writeln!(out, "\n{}", summary(isolation))?;
    for ((namespace, ingress, egress), workloads) in not_isolated(isolation) {
        let names = names::list(workloads.iter().map(|it| clean(&names::short(&it.workload))));
        writeln!(out, "  {}: ingress {}, egress {}: {names}", clean(&namespace), ingress.word(), egress.word())?;
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

type Isolations<'a> = BTreeMap<(Name, Isolation, Isolation), Vec<&'a WorkloadIsolation>>;

/// Workloads of a namespace that are not isolated in both directions, by how they are.
pub(super) fn not_isolated(isolation: &[WorkloadIsolation]) -> Isolations<'_> {
    let mut found = Isolations::new();
    for it in isolation {
        if (it.ingress, it.egress) != (Isolation::Isolated, Isolation::Isolated) {
            found.entry((it.workload.namespace.clone(), it.ingress, it.egress)).or_default().push(it);
        }
    }
    found
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
    legend(lines.map(|line| line.precision), out)
}

fn legend(precisions: impl Iterator<Item = Precision> + Clone, out: &mut dyn fmt::Write) -> fmt::Result {
    let meanings = [
        (Precision::AtMost, "at most: these may be open beside those that are"),
        (Precision::AtLeast, "at least: more may be open"),
        (Precision::Unknown, "perhaps: it cannot be said"),
    ];
    let mut is_first = true;
    for (precision, meaning) in meanings {
        if precisions.clone().any(|it| it == precision) {
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
