//! What the rules about policies that do not match what is there have in common: the policies of a subject in their lowered form,
//! the workloads that a peer or a policy means, and what was probably meant instead.
//!
//! **What files prove.** In a cluster, what is not seen is not there. A folder of files may be one of many: that none of its
//! workloads matches says little, unless one of them nearly does. So in files these rules speak only where something near is found.

mod dns;
mod near;
mod population;
mod sides;

pub(super) use dns::{NODE_LOCAL, dns_servers};
pub(super) use near::{Near, mistyped, nearest, nearest_namespace};
pub(super) use population::{
    Resident, destinations, is_whole_cluster, meant_by, meant_namespaces, named, residents, seen_whole, selected_by,
};
pub(super) use sides::Side;

use std::sync::Arc;

use crate::{
    model::{FieldPath, Kind, Name, Object, PortSet, Protocol, Step},
    network::{Direction, Policy, Rule as PolicyRule, each_policy},
    snapshot::{Coverage, Snapshot},
};

use super::{Aspect, Breach, Extent, Place, RuleInfo, Subject};

/// What a subject that is a policy comes to; nothing for other subjects.
pub(super) fn lowered(snapshot: &Snapshot, subject: &Subject) -> Vec<Arc<Policy>> {
    let mut policies = Vec::new();
    if let Subject::Object(key) = subject
        && key.kind.is_policy()
        && let Some(object) = snapshot.object(key).found()
    {
        each_policy(snapshot, &object, |policy| policies.push(Arc::clone(policy)));
    }
    policies
}

/// The rules of policies, each with its policy and direction.
pub(super) fn rules_of(policies: &[Arc<Policy>]) -> impl Iterator<Item = (&Policy, Direction, &PolicyRule)> {
    policies.iter().flat_map(|policy| {
        Direction::BOTH.into_iter().flat_map(move |direction| {
            let rules = policy.rules(direction).unwrap_or_default();
            rules.iter().map(move |rule| (&**policy, direction, rule))
        })
    })
}

/// A breach that is there or not.
pub(super) fn breach(info: &RuleInfo, subject: &Subject, aspect: Aspect, certain: Coverage) -> Breach {
    Breach { rule: info.id, family: info.family, subject: subject.clone(), aspect, extent: Extent::Count(1), certain }
}

/// A field of the subject, where it is an object.
pub(super) fn places(subject: &Subject, paths: impl IntoIterator<Item = FieldPath>) -> Vec<Place> {
    let Subject::Object(key) = subject else { return Vec::new() };
    paths.into_iter().map(|path| Place { object: key.clone(), path }).collect()
}

/// The field that a breach is about.
pub(super) fn path_of(breach: &Breach) -> FieldPath {
    match &breach.aspect {
        Aspect::Place(path) => path.clone(),
        _ => FieldPath::new("spec"),
    }
}

/// One entry of a rule's ports.
pub(super) enum PortEntry {
    /// Ports by number.
    Numbers(PortSet),
    /// A port by name.
    Named(Protocol, Name),
}

/// The entries of a rule's ports with where each was written. Of a NetworkPolicy they are its own; of others the intervals, all at
/// the rule. A rule for every port of a protocol has no entry that means a port.
pub(super) fn port_entries(snapshot: &Snapshot, policy: &Policy, rule: &PolicyRule) -> Vec<(PortEntry, FieldPath)> {
    written_entries(snapshot, policy, rule).unwrap_or_else(|| {
        let ranges = rule.ports.numbers.ranges().filter(|(_, range)| range.end() - range.start() < u16::MAX - 1);
        let numbers = ranges.map(|range| PortEntry::Numbers([range].into_iter().collect()));
        let names = rule.ports.names.iter().map(|(protocol, name)| PortEntry::Named(*protocol, name.clone()));
        numbers.chain(names).map(|entry| (entry, rule.at.clone())).collect()
    })
}

fn written_entries(snapshot: &Snapshot, policy: &Policy, rule: &PolicyRule) -> Option<Vec<(PortEntry, FieldPath)>> {
    use crate::model::PortMatch;
    if policy.source.kind != Kind::NetworkPolicy {
        return None;
    }
    let Object::NetworkPolicy(written) = snapshot.object(&policy.source).found()? else { return None };
    let steps = rule.at.steps();
    let [_, Step::Field(section), Step::Index(index)] = steps.as_slice() else { return None };
    let rules = if section == Direction::Ingress.name() { &written.ingress } else { &written.egress };
    let ports = rules.get(*index)?.ports.as_deref().unwrap_or_default();
    let entries = ports.iter().enumerate().filter_map(|(index, port)| {
        let at = rule.at.field("ports").index(index).field("port");
        match &port.port {
            PortMatch::Every => None,
            PortMatch::Range(first, last) => {
                let numbers = [(port.protocol, *first..=*last)].into_iter().collect();
                Some((PortEntry::Numbers(numbers), at))
            }
            PortMatch::Named(name) => Some((PortEntry::Named(port.protocol, name.clone()), at)),
        }
    });
    Some(entries.collect())
}
