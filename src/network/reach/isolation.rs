//! The table of isolation alone: class by class, without flows and without names.
//!
//! The policies of a namespace are gathered once. For most directions the answer is known from what they are before any is
//! evaluated: one that selects everything isolates, and nothing is open where no rule that selects a class means just anybody on
//! more than a few ports.

use std::sync::Arc;

use crate::{
    model::{Labels, Name, PodFacts},
    network::{
        Action, Direction, Enforcement, Exposure, Family, Plugin, PodView, Policy, coverage, exposure,
        exposure::exposed_by, namespace_labels, policies_of, select,
    },
    snapshot::{ClassKey, Snapshot},
};

use super::Isolation;

/// More ports than these, open to everybody, are isolation in name only: the default of the rules `open-ingress` and `open-egress`.
const OPEN: u64 = 1_024;

/// What an exposure comes to; unknown where its readings do not agree.
pub fn judge(exposure: &Exposure) -> Isolation {
    let mut readings = exposure.readings().map(|reading| {
        if !reading.is_isolated() {
            Isolation::Unisolated
        } else if reading.admission.open_ports().len() > OPEN {
            Isolation::Open
        } else {
            Isolation::Isolated
        }
    });
    let first = readings.next().unwrap_or(Isolation::Unknown);
    if readings.all(|other| other == first) { first } else { Isolation::Unknown }
}

/// Whether the snapshot holds policies of which nobody has said whether they count.
pub(super) fn is_undeclared(snapshot: &Snapshot, plugin: &Plugin) -> bool {
    let beyond = |kind| snapshot.count(kind) > 0 && Family::of(kind).is_some_and(|it| it != Family::NetworkPolicy);
    !plugin.declared && crate::model::Kind::all().any(beyond)
}

/// The isolation of every class of Pods for ingress and egress, in order of the classes. Classes of which every Pod has ended are
/// among them.
pub fn isolation_of(snapshot: &Snapshot, plugin: &Plugin, visit: &mut dyn FnMut(&ClassKey, [Isolation; 2])) {
    let undeclared = is_undeclared(snapshot, plugin);
    let mut space: Option<Space> = None;
    for (key, _) in snapshot.classes(None) {
        let known = space.take().filter(|space| space.name == key.namespace);
        let space = space.insert(known.unwrap_or_else(|| Space::of(snapshot, plugin, &key.namespace)));
        visit(
            key,
            Direction::BOTH.map(|direction| {
                if !space.seen {
                    Isolation::Unknown
                } else if key.facts.host_network && !plugin.host_network_pods {
                    Isolation::Unisolated
                } else if undeclared {
                    judge(&exposure(snapshot, plugin, &key.namespace, &key.facts, direction))
                } else {
                    space.isolation(snapshot, plugin, &key.facts, direction)
                }
            }),
        );
    }
}

/// The policies of a namespace.
struct Space {
    name: Name,
    labels: Option<Labels>,
    seen: bool,
    directions: [Speaking; 2],
}

/// Those of a direction.
#[derive(Default)]
struct Speaking {
    policies: Vec<Candidate>,
    /// Whether they only accept, and isolate whomever they select: then their order does not matter.
    plain: bool,
    /// Whether one selects every Pod.
    covered: bool,
    /// Whether one may open more than the allowed ports.
    may_open: bool,
}

struct Candidate {
    policy: Arc<Policy>,
    /// At most so many ports are open by it to everybody, by number; and so many port names beside.
    numbers: u64,
    names: u64,
}

impl Space {
    fn of(snapshot: &Snapshot, plugin: &Plugin, name: &Name) -> Self {
        let seen = coverage(snapshot, plugin, name).is_ok();
        let mut directions = Direction::BOTH.map(|_| Speaking { plain: true, ..Speaking::default() });
        if seen {
            policies_of(
                snapshot,
                name,
                |kind| plugin.enforces(kind),
                |policy| {
                    for (speaking, direction) in directions.iter_mut().zip(Direction::BOTH) {
                        speaking.add(plugin, name, policy, direction);
                    }
                },
            );
        }
        Self { name: name.clone(), labels: None, seen, directions }
    }

    fn isolation(&mut self, snapshot: &Snapshot, plugin: &Plugin, facts: &PodFacts, direction: Direction) -> Isolation {
        let [ingress, egress] = &self.directions;
        let speaking = match direction {
            Direction::Ingress => ingress,
            Direction::Egress => egress,
        };
        if speaking.plain && speaking.covered && !speaking.may_open {
            return Isolation::Isolated;
        }
        if speaking.policies.is_empty() && plugin.enforcement != Enforcement::Always {
            return Isolation::Unisolated;
        }
        let name = &self.name;
        let namespace_labels = self.labels.get_or_insert_with(|| namespace_labels(snapshot, name));
        let pod = PodView { namespace: name, namespace_labels, facts };
        let selects = |candidate: &&Candidate| candidate.policy.subject.selects(plugin, pod);
        if speaking.plain && plugin.enforcement != Enforcement::Always {
            let (mut isolated, mut open) = (speaking.covered, 0_u64);
            // What decides: any that selects it where nothing covers it yet, and what may open it.
            for candidate in &speaking.policies {
                let opens = candidate.numbers + candidate.names > 0;
                if (!isolated || opens) && selects(&candidate) {
                    isolated = true;
                    open += candidate.numbers + candidate.names * facts.ports.len() as u64;
                }
            }
            if !isolated {
                return Isolation::Unisolated;
            }
            if open <= OPEN {
                return Isolation::Isolated;
            }
        }
        let mut selecting: Vec<_> =
            speaking.policies.iter().filter(selects).map(|candidate| Arc::clone(&candidate.policy)).collect();
        select::sort(&mut selecting);
        judge(&exposed_by(selecting, plugin, facts, direction))
    }
}

impl Speaking {
    fn add(&mut self, plugin: &Plugin, space: &Name, policy: &Arc<Policy>, direction: Direction) {
        let Some(rules) = policy.rules(direction) else { return };
        let subject = &policy.subject;
        if subject.namespace.as_ref().is_some_and(|own| own != space) {
            return;
        }
        let (mut numbers, mut names) = (0, 0);
        let mut accepts = policy.isolates(direction) && subject.partial.is_none();
        for rule in rules {
            accepts &= rule.action == Action::Accept && rule.partial.is_none();
            if rule.unnamed.pod || !rule.unnamed.addresses.is_empty() {
                numbers += rule.ports.numbers(plugin).len();
                names += rule.ports.names.len() as u64;
            }
        }
        // Those of one tier are a union; another tier may decide before or after them.
        let first = self.policies.first().map_or(&policy.order.tier, |first| &first.policy.order.tier);
        self.plain &= accepts && *first == policy.order.tier;
        self.covered |= subject.pods.is_everything() && subject.namespaces.is_everything();
        self.may_open |= numbers + names > 0;
        self.policies.push(Candidate { policy: Arc::clone(policy), numbers, names });
    }
}
