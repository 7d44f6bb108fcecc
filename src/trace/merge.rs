//! Ways that differ in nothing a reader would care for are one.

use crate::network::RuleFit;

use super::{End, Hop, Path, Side};

/// Ways, each with the ends that it stands for.
#[derive(Default)]
pub(super) struct Merged {
    ways: Vec<(Path, Vec<(End, End)>)>,
}

impl Merged {
    pub(super) fn take(&mut self, path: Path) {
        let ends = (path.source.clone(), path.destination.clone());
        match self.ways.iter_mut().find(|(known, _)| is_same(known, &path)) {
            Some((_, all)) => all.push(ends),
            None => self.ways.push((path, vec![ends])),
        }
    }

    pub(super) fn paths(self) -> Vec<Path> {
        let counted = self.ways.into_iter().map(|(path, ends)| Path {
            source: together(path.source, ends.iter().map(|(source, _)| source)),
            destination: together(path.destination, ends.iter().map(|(_, destination)| destination)),
            ..path
        });
        counted.collect()
    }
}

/// The first of some ends, with the Pods of all.
fn together<'a>(first: End, ends: impl Iterator<Item = &'a End>) -> End {
    let End::Workload { name, pod, .. } = first else { return first };
    let mut seen: Vec<&End> = Vec::new();
    for end in ends {
        if !seen.contains(&end) {
            seen.push(end);
        }
    }
    let pods = seen.iter().map(|end| if let End::Workload { pods, .. } = end { *pods } else { 0 }).sum();
    End::Workload { name, pod, pods }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let is_same_end = |one: &End, other: &End| match (one, other) {
        (End::Workload { name: one, .. }, End::Workload { name: other, .. }) => one == other,
        (one, other) => one == other,
    };
    is_same_end(&one.source, &other.source)
        && is_same_end(&one.destination, &other.destination)
        && one.port == other.port
        && one.hops.len() == other.hops.len()
        && one.hops.iter().zip(&other.hops).all(|pair| match pair {
            (Hop::Name(one), Hop::Name(other)) => {
                std::mem::discriminant(&one.what) == std::mem::discriminant(&other.what)
            }
            (Hop::Side(one), Hop::Side(other)) => is_same_side(one, other),
            (Hop::Protected(one), Hop::Protected(other)) => one == other,
            _ => false,
        })
}

/// The same rules match, and the same fail; by which of its labels or addresses a Pod fails one does not matter.
fn is_same_side(one: &Side, other: &Side) -> bool {
    let rules = |side: &Side| -> Vec<RuleFit> {
        let policies = side.tiers.iter().flat_map(|tier| &tier.policies);
        policies.flat_map(|policy| policy.rules.iter().map(|rule| rule.fit.clone())).collect()
    };
    let is_same_fit = |(one, other): (&RuleFit, &RuleFit)| match (one, other) {
        (RuleFit::Fails(one), RuleFit::Fails(other)) => one.at == other.at,
        (one, other) => one == other,
    };
    let policies = |side: &Side| -> Vec<_> {
        side.tiers.iter().flat_map(|tier| tier.policies.iter().map(|policy| policy.source.clone())).collect()
    };
    let (left, right) = (rules(one), rules(other));
    one.verdict == other.verdict
        && one.ground == other.ground
        && policies(one) == policies(other)
        && left.len() == right.len()
        && left.iter().zip(&right).all(is_same_fit)
}
