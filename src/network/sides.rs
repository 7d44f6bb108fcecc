//! One side of a flow: what the policies of a workload say of one peer.

use std::{borrow::Cow, sync::Arc};

use crate::model::PortSet;

use super::{Action, Direction, Policy, Ports, Rule};

/// What is known of a set: it holds at least this, and at most that. Equal where it is exact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounds<T> {
    /// What it holds for certain.
    pub least: T,
    /// What it can hold.
    pub most: T,
}

impl<T: Clone> Bounds<T> {
    /// What is known exactly.
    pub fn exactly(value: T) -> Self {
        Self { least: value.clone(), most: value }
    }
}

/// How a peer or a rule fits a party.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fit {
    /// It does not match.
    No,
    /// It may match, or matches a part.
    Partly,
    /// It matches.
    Yes,
}

/// How what is not known exactly is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// As little as may be lets through.
    Least,
    /// As much as may be.
    Most,
}

impl Reading {
    /// What comes of a rule that may match: its action in full, or nothing.
    pub(super) fn takes(self, action: Action) -> bool {
        match action {
            Action::Accept | Action::Pass => self == Self::Most,
            Action::Deny => self == Self::Least,
        }
    }
}

/// The ports on which policies that select a workload, in order, let a peer through. `fit` says how a rule's peers fit it, and
/// `ports` which ports of the destination a rule means.
pub fn side<'a>(
    policies: &'a [Arc<Policy>],
    direction: Direction,
    fit: impl Fn(&Rule) -> Fit,
    ports: impl Fn(&'a Ports) -> Cow<'a, PortSet>,
) -> Bounds<PortSet> {
    let mut exact = true;
    let most = read(policies, direction, &fit, &ports, Reading::Most, &mut exact);
    let least = if exact { most.clone() } else { read(policies, direction, &fit, &ports, Reading::Least, &mut exact) };
    Bounds { least, most }
}

fn read<'a>(
    policies: &'a [Arc<Policy>],
    direction: Direction,
    fit: &impl Fn(&Rule) -> Fit,
    ports: &impl Fn(&'a Ports) -> Cow<'a, PortSet>,
    reading: Reading,
    exact: &mut bool,
) -> PortSet {
    let mut undecided = PortSet::every();
    let mut accepted = PortSet::none();
    for tier in policies.chunk_by(|a, b| a.order.tier == b.order.tier) {
        let mut passed = PortSet::none();
        let mut isolated = false;
        for policy in tier {
            let whole = policy.subject.partial.is_none();
            *exact &= whole;
            isolated |= policy.isolates(direction) && (whole || reading == Reading::Least);
            for rule in policy.rules(direction).unwrap_or_default() {
                let fit = fit(rule);
                if fit == Fit::No {
                    continue;
                }
                let full = fit == Fit::Yes && rule.partial.is_none() && whole;
                *exact &= full;
                let hit = undecided.intersection(&ports(&rule.ports));
                match rule.action {
                    Action::Accept if full || reading.takes(rule.action) => {
                        undecided = undecided.difference(&hit);
                        accepted = accepted.union(&hit);
                    }
                    Action::Deny if full || reading.takes(rule.action) => undecided = undecided.difference(&hit),
                    Action::Pass if full => {
                        undecided = undecided.difference(&hit);
                        passed = passed.union(&hit);
                    }
                    // It may go on to the next tier, and it may not.
                    Action::Pass if reading == Reading::Most => passed = passed.union(&hit),
                    Action::Pass => undecided = undecided.difference(&hit),
                    Action::Accept | Action::Deny => {}
                }
            }
        }
        undecided = if isolated { passed } else { undecided.union(&passed) };
    }
    accepted.union(&undecided)
}
