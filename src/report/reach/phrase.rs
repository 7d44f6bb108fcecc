//! Many sources in few words: whole namespaces, everybody, ranges of addresses.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use crate::{
    model::Name,
    network::reach::{End, Entity, WorkloadName},
};

use super::{counted, names};

/// How many may be missing from everybody, to be named behind a "but".
const MISSING: usize = 3;

/// Some of the sources of a destination.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Phrase {
    /// Every Pod and every address.
    Everywhere,
    /// Every Pod of the cluster but the destination itself and these.
    EveryPod { count: usize, but: Vec<WorkloadName> },
    /// Every Pod of a namespace but the destination itself, where it is in it, and these.
    Namespace { name: Name, is_own: bool, count: usize, but: Vec<WorkloadName> },
    /// Workloads of one namespace.
    Workloads(Vec<WorkloadName>),
    /// Addresses.
    Addresses(Vec<(IpAddr, IpAddr)>),
    /// The ingress controller.
    IngressController,
}

/// All workloads, by namespace.
#[derive(Debug)]
pub(super) struct Universe(BTreeMap<Name, BTreeSet<WorkloadName>>);

impl Universe {
    pub(super) fn new(workloads: &[WorkloadName]) -> Self {
        let mut all: BTreeMap<Name, BTreeSet<WorkloadName>> = BTreeMap::new();
        for workload in workloads {
            all.entry(workload.namespace.clone()).or_default().insert(workload.clone());
        }
        Self(all)
    }

    /// How many workloads a namespace has.
    pub(super) fn count(&self, namespace: &Name) -> usize {
        self.0.get(namespace).map_or(0, BTreeSet::len)
    }

    /// The sources of a destination in as few words as there are.
    pub(super) fn phrases(&self, sources: &[&End], destination: &End) -> Vec<Phrase> {
        let mut workloads: BTreeMap<&Name, BTreeSet<&WorkloadName>> = BTreeMap::new();
        let (mut addresses, mut entities) = (BTreeSet::new(), BTreeSet::new());
        for source in sources {
            match source {
                End::Workload(workload) => {
                    workloads.entry(&workload.namespace).or_default().insert(workload);
                }
                End::Addresses(first, last) => {
                    addresses.insert((*first, *last));
                }
                End::Entity(entity) => {
                    entities.insert(*entity);
                }
            }
        }
        let addresses: Vec<_> = addresses.into_iter().collect();
        let are_all = |all: &BTreeSet<WorkloadName>| {
            let is_there = |one: &WorkloadName| {
                workloads.get(&one.namespace).is_some_and(|there| there.contains(one)) || is_itself(one, destination)
            };
            all.iter().all(is_there)
        };
        if names::is_any_address(&addresses) && self.0.values().all(are_all) {
            return vec![Phrase::Everywhere];
        }
        let mut phrases = self.of_workloads(&workloads, destination);
        if !addresses.is_empty() {
            phrases.push(Phrase::Addresses(addresses));
        }
        phrases.extend(entities.into_iter().map(|Entity::IngressController| Phrase::IngressController));
        phrases
    }

    fn of_workloads(&self, sources: &BTreeMap<&Name, BTreeSet<&WorkloadName>>, destination: &End) -> Vec<Phrase> {
        let missing = |namespace: &Name| -> Vec<WorkloadName> {
            let there = sources.get(namespace);
            let all = self.0.get(namespace).into_iter().flatten();
            let is_missing =
                |one: &&WorkloadName| !is_itself(one, destination) && !there.is_some_and(|there| there.contains(*one));
            all.filter(is_missing).cloned().collect()
        };
        let count: usize = sources.values().map(BTreeSet::len).sum();
        let but: Vec<_> = self.0.keys().flat_map(&missing).collect();
        if self.0.len() > 1 && is_nearly_all(count, but.len()) {
            return vec![Phrase::EveryPod { count, but }];
        }
        let mut phrases = Vec::new();
        for (namespace, there) in sources {
            let but = missing(namespace);
            phrases.push(if is_nearly_all(there.len(), but.len()) {
                let is_own = matches!(destination, End::Workload(itself) if itself.namespace == **namespace);
                Phrase::Namespace { name: (*namespace).clone(), is_own, count: there.len(), but }
            } else {
                Phrase::Workloads(there.iter().map(|workload| (*workload).clone()).collect())
            });
        }
        phrases
    }
}

fn is_itself(workload: &WorkloadName, destination: &End) -> bool {
    matches!(destination, End::Workload(itself) if itself == workload)
}

/// One alone is better named; of many, a few may be missing.
const fn is_nearly_all(there: usize, missing: usize) -> bool {
    there > 1 && (missing == 0 || missing <= MISSING && there >= 4 * missing)
}

/// Behind "from".
impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let except = |but: &[WorkloadName]| {
            let names = but.iter().map(ToString::to_string);
            if but.is_empty() { String::new() } else { format!(" but {}", names::list(names)) }
        };
        match self {
            Self::Everywhere => f.write_str("everywhere"),
            Self::EveryPod { count, but } => write!(f, "every Pod{} ({})", except(but), counted(*count, "workload")),
            Self::Namespace { name, is_own, count, but } => {
                let other = if *is_own { " other" } else { "" };
                write!(f, "every{other} Pod of namespace {name}{} ({})", except(but), counted(*count, "workload"))
            }
            Self::Workloads(workloads) => f.write_str(&names::list(workloads.iter().map(ToString::to_string))),
            Self::Addresses(ranges) => f.write_str(&names::addresses(ranges)),
            Self::IngressController => f.write_str("the ingress controller"),
        }
    }
}
