//! What two states differ in.

use std::collections::BTreeMap;

use super::{End, Filter, Flow, Reach, WorkloadIsolation, WorkloadName};

/// What two states differ in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Difference {
    /// Flows that there were not before.
    pub added: Vec<Flow>,
    /// Flows that there are no more.
    pub removed: Vec<Flow>,
    /// Flows between the same ends, with other ports or another precision: before and after.
    pub changed: Vec<(Flow, Flow)>,
    /// Workloads whose isolation differs, or that are only in one of the states: before and after.
    pub isolation: Vec<(WorkloadName, Option<WorkloadIsolation>, Option<WorkloadIsolation>)>,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty() && self.isolation.is_empty()
    }
}

/// What the flows that are asked for, and the isolation of their ends, differ in.
pub fn difference(before: &Reach, after: &Reach, filter: &Filter) -> Difference {
    let mut found = Difference::default();
    let flows = |reach: &Reach| {
        let mut all: BTreeMap<(End, End), Vec<Flow>> = BTreeMap::new();
        reach.flows(filter, &mut |flow| {
            all.entry((flow.source.clone(), flow.destination.clone())).or_default().push(flow);
        });
        all
    };
    let (mut old, mut new) = (flows(before), flows(after));
    let mut ends: Vec<_> = old.keys().chain(new.keys()).cloned().collect();
    ends.sort();
    ends.dedup();
    for pair in ends {
        let (mut was, mut is) = (old.remove(&pair).unwrap_or_default(), new.remove(&pair).unwrap_or_default());
        let same: Vec<Flow> = was.iter().filter(|flow| is.contains(flow)).cloned().collect();
        was.retain(|flow| !same.contains(flow));
        is.retain(|flow| !same.contains(flow));
        let (mut was, mut is) = (was.into_iter(), is.into_iter());
        loop {
            match (was.next(), is.next()) {
                (None, None) => break,
                (Some(was), Some(is)) => found.changed.push((was, is)),
                (Some(was), None) => found.removed.push(was),
                (None, Some(is)) => found.added.push(is),
            }
        }
    }
    let isolation = |reach: &Reach| -> BTreeMap<WorkloadName, WorkloadIsolation> {
        let all = reach.isolation().into_iter().map(|isolation| (isolation.workload.clone(), isolation));
        all.filter(|(name, _)| filter.concerns(&End::Workload(name.clone()))).collect()
    };
    let (old, mut new) = (isolation(before), isolation(after));
    for (name, was) in old {
        let is = new.remove(&name);
        if is.as_ref() != Some(&was) {
            found.isolation.push((name, Some(was), is));
        }
    }
    found.isolation.extend(new.into_iter().map(|(name, is)| (name, None, Some(is))));
    found.isolation.sort();
    found
}
