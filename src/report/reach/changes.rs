//! A difference in reachability, as it is reported.

use std::fmt;

use crate::network::reach::{Flow, Isolation, WorkloadIsolation, WorkloadName};

use super::{
    ReachFrame, counted,
    group::{Group, Grouping, Mark},
};

/// What changed.
#[derive(Clone, Copy, Debug)]
pub struct ReachChanges<'a> {
    /// Flows that were not there.
    pub added: &'a [Flow],
    /// Flows that are no more.
    pub removed: &'a [Flow],
    /// Flows between the same ends with other ports or another precision: before and after.
    pub changed: &'a [(Flow, Flow)],
    /// Workloads whose isolation changed.
    pub isolation: &'a [IsolationChange],
}

/// A workload, its isolation before, and after; nothing where it was not there.
pub type IsolationChange = (WorkloadName, Option<WorkloadIsolation>, Option<WorkloadIsolation>);

/// What became of one direction of a workload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Turn {
    Lost,
    Gained,
    Changed,
    New,
    Gone,
}

/// One direction of a workload whose isolation is another.
#[derive(Clone, Debug)]
pub(super) struct Turned<'a> {
    pub(super) turn: Turn,
    pub(super) workload: &'a WorkloadName,
    pub(super) direction: &'static str,
    pub(super) before: &'static str,
    pub(super) after: &'static str,
}

impl Turn {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Gained => "gained",
            Self::Changed => "changed",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

impl<'a> ReachChanges<'a> {
    /// Whether nothing changed.
    pub(super) fn is_empty(&self) -> bool {
        let Self { added, removed, changed, isolation } = self;
        added.is_empty() && removed.is_empty() && changed.is_empty() && isolation.is_empty()
    }

    /// The changed isolation, by direction where the directions differ; what was lost first.
    pub(super) fn turned(&self) -> Vec<Turned<'a>> {
        let mut turned = Vec::new();
        for (workload, before, after) in self.isolation {
            let mut here = Vec::new();
            for direction in ["ingress", "egress"] {
                let of = |isolation: &Option<WorkloadIsolation>| {
                    isolation.as_ref().map(|it| if direction == "ingress" { it.ingress } else { it.egress })
                };
                let (before, after) = (of(before), of(after));
                let Some(turn) = turn(before, after) else { continue };
                let word = |isolation: Option<Isolation>| isolation.map_or("not there", Isolation::word);
                here.push(Turned { turn, workload, direction, before: word(before), after: word(after) });
            }
            if let [first, second] = here.as_mut_slice()
                && (first.turn, first.before, first.after) == (second.turn, second.before, second.after)
            {
                first.direction = "ingress and egress";
                here.truncate(1);
            }
            turned.append(&mut here);
        }
        turned.sort_by_key(|it| (it.turn, it.workload, it.direction));
        turned
    }

    /// The changed flows, grouped.
    pub(super) fn grouped(&self, frame: ReachFrame<'_>) -> Vec<Group> {
        let mut grouping = Grouping::new(frame.workloads);
        for flow in self.added {
            grouping.add(Mark::Added, flow.clone());
        }
        for flow in self.removed {
            grouping.add(Mark::Removed, flow.clone());
        }
        for (before, after) in self.changed {
            grouping.add(Mark::Changed(before.ports.clone(), before.precision), after.clone());
        }
        grouping.finish()
    }
}

fn turn(before: Option<Isolation>, after: Option<Isolation>) -> Option<Turn> {
    let is_isolated = |it| it == Some(Isolation::Isolated);
    match (before, after) {
        (before, after) if before == after => None,
        (None, _) => Some(Turn::New),
        (_, None) => Some(Turn::Gone),
        (before, _) if is_isolated(before) => Some(Turn::Lost),
        (_, after) if is_isolated(after) => Some(Turn::Gained),
        _ => Some(Turn::Changed),
    }
}

/// `3 flows added, 1 removed; isolation lost by 1 workload, gained by 2`.
impl fmt::Display for ReachChanges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no flow and no isolation changed");
        }
        let flows = [(self.added.len(), "added"), (self.removed.len(), "removed"), (self.changed.len(), "changed")];
        let mut parts: Vec<String> = Vec::new();
        for (count, word) in flows.into_iter().filter(|(count, _)| *count > 0) {
            parts.push(if parts.is_empty() {
                format!("{} {word}", counted(count, "flow"))
            } else {
                format!("{count} {word}")
            });
        }
        let flows = if parts.is_empty() { "no flow changed".to_owned() } else { parts.join(", ") };
        let turned = self.turned();
        let workloads = |turn: Turn| {
            let mut names: Vec<_> = turned.iter().filter(|it| it.turn == turn).map(|it| it.workload).collect();
            names.dedup();
            names.len()
        };
        let mut told = Vec::new();
        for turn in [Turn::Lost, Turn::Gained, Turn::Changed] {
            let count = workloads(turn);
            if count > 0 {
                let verb = if turn == Turn::Changed { "changed of" } else { turn.word() };
                let by = if turn == Turn::Changed { "" } else { "by " };
                told.push(format!("isolation {verb} {by}{}", counted(count, "workload")));
            }
        }
        let count_of = |turn: Turn, word: &str| {
            let count = workloads(turn);
            (count > 0).then(|| format!("{} {word}", counted(count, "workload")))
        };
        told.extend(count_of(Turn::New, "new"));
        told.extend(count_of(Turn::Gone, "gone"));
        told.insert(0, flows);
        f.write_str(&told.join("; "))
    }
}
