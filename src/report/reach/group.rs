//! Flows for people: by destination, with equal sources merged, and equal destinations of a namespace under one heading.

use std::collections::{BTreeMap, HashMap};

use crate::{
    model::{Name, PortSet},
    network::reach::{End, Flow, Precision, WorkloadName},
};

use super::{
    names,
    phrase::{Phrase, Universe},
};

/// What a flow is in a difference.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Mark {
    /// There is no difference to speak of.
    There,
    Added,
    Removed,
    /// It was so before.
    Changed(PortSet, Precision),
}

/// What is open for some sources.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Line {
    pub(super) mark: Mark,
    pub(super) ports: PortSet,
    pub(super) precision: Precision,
    pub(super) from: Vec<Phrase>,
}

/// Destinations that are reached in the same way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Group {
    /// Where they are; nowhere for addresses.
    pub(super) namespace: Option<Name>,
    /// Whether they are all workloads of the namespace, and more than one.
    pub(super) is_whole: bool,
    pub(super) members: Vec<End>,
    pub(super) lines: Vec<Line>,
}

/// What is open, and the sources that it is open for.
type Open = BTreeMap<(Mark, PortSet, Precision), Vec<usize>>;

/// Collects flows. Ends are kept once each.
pub(super) struct Grouping {
    universe: Universe,
    ends: Vec<End>,
    numbers: HashMap<End, usize>,
    /// By destination and what is open, the sources.
    sources: HashMap<usize, Open>,
}

impl Grouping {
    pub(super) fn new(workloads: &[WorkloadName]) -> Self {
        let universe = Universe::new(workloads);
        Self { universe, ends: Vec::new(), numbers: HashMap::new(), sources: HashMap::new() }
    }

    pub(super) fn add(&mut self, mark: Mark, flow: Flow) {
        let (source, destination) = (self.number(flow.source), self.number(flow.destination));
        let open = self.sources.entry(destination).or_default();
        open.entry((mark, flow.ports, flow.precision)).or_default().push(source);
    }

    fn number(&mut self, end: End) -> usize {
        if let Some(number) = self.numbers.get(&end) {
            return *number;
        }
        let number = self.ends.len();
        self.ends.push(end.clone());
        self.numbers.insert(end, number);
        number
    }

    /// The groups, by namespace and first member; addresses last.
    pub(super) fn finish(self) -> Vec<Group> {
        let Self { universe, ends, sources, .. } = self;
        let mut found: BTreeMap<(bool, Option<Name>, Vec<Line>), Vec<End>> = BTreeMap::new();
        for (destination, open) in sources {
            let Some(destination) = ends.get(destination) else { continue };
            let line = |((mark, ports, precision), sources): ((Mark, PortSet, Precision), Vec<usize>)| {
                let sources: Vec<&End> = sources.into_iter().filter_map(|source| ends.get(source)).collect();
                Line { mark, ports, precision, from: universe.phrases(&sources, destination) }
            };
            let lines = open.into_iter().map(line).collect();
            let namespace = match destination {
                End::Workload(workload) => Some(workload.namespace.clone()),
                End::Addresses(..) | End::Entity(_) => None,
            };
            found.entry((namespace.is_none(), namespace, lines)).or_default().push(destination.clone());
        }
        let group = |((_, namespace, lines), mut members): ((bool, Option<Name>, Vec<Line>), Vec<End>)| {
            members.sort();
            let all = namespace.as_ref().map_or(0, |namespace| universe.count(namespace));
            Group { is_whole: all > 1 && members.len() == all, namespace, members, lines }
        };
        let mut groups: Vec<Group> = found.into_iter().map(group).collect();
        groups.sort_by(|a, b| {
            let key =
                |group: &Group| (group.namespace.is_none(), group.namespace.clone(), group.members.first().cloned());
            key(a).cmp(&key(b))
        });
        groups
    }
}

impl Group {
    /// The destinations in words; their namespace is said elsewhere.
    pub(super) fn heading(&self) -> String {
        if self.is_whole {
            return format!("every Pod ({})", super::counted(self.members.len(), "workload"));
        }
        let ranges: Vec<_> = self
            .members
            .iter()
            .filter_map(|member| match member {
                End::Addresses(first, last) => Some((*first, *last)),
                End::Workload(_) | End::Entity(_) => None,
            })
            .collect();
        if !ranges.is_empty() {
            return names::addresses(&ranges);
        }
        names::list(self.members.iter().map(|member| match member {
            End::Workload(workload) => names::short(workload),
            End::Addresses(..) => String::new(),
            End::Entity(_) => "the ingress controller".to_owned(),
        }))
    }
}

impl Line {
    /// The ports and how well they are known, in words.
    pub(super) fn ports(&self) -> String {
        let said = |ports: &PortSet, precision| format!("{ports}{}", names::precision(precision));
        let now = said(&self.ports, self.precision);
        match &self.mark {
            Mark::Changed(ports, precision) => format!("{} -> {now}", said(ports, *precision)),
            Mark::There | Mark::Added | Mark::Removed => now,
        }
    }

    /// The sources in words.
    pub(super) fn sources(&self) -> String {
        self.from.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl Mark {
    /// The word for it in differences.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::There => "",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed(..) => "changed",
        }
    }
}
