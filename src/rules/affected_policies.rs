//! Which policies a change of a workload can affect: those that mean it.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    model::{Name, ObjectKey, PodFacts},
    network::{Direction, Peer, PodView, namespace_labels, policies_of},
    snapshot::Snapshot,
};

use super::Subject;

/// Adds the policies that can select Pods of a namespace and mean one with these facts, as one whom they select or as a peer.
/// Policies of other namespaces may mean it as a peer as well: to ask all of them would make every change as dear as the cluster is
/// large, and only hints rest on it.
pub(super) fn meaning(state: &Snapshot, namespace: &Name, facts: &PodFacts, subjects: &mut BTreeSet<Subject>) {
    let labels = namespace_labels(state, namespace);
    let pod = PodView { namespace, namespace_labels: &labels, facts };
    let means = |peer: &Peer| match peer {
        Peer::Pods { namespace, namespaces, pods } => {
            namespace.as_ref().is_none_or(|own| own == pod.namespace)
                && (pods.is_everything() || pod.satisfies(pods))
                && (namespaces.is_everything() || namespaces.matches(pod.namespace_labels))
        }
        _ => false,
    };
    policies_of(
        state,
        namespace,
        |_| true,
        |policy| {
            let mut rules = Direction::BOTH.into_iter().filter_map(|side| policy.rules(side)).flatten();
            if policy.subject.names(pod) || rules.any(|rule| rule.peers.iter().any(|(peer, _)| means(peer))) {
                subjects.insert(Subject::Object(policy.source.clone()));
            }
        },
    );
}

/// Adds what other policies of a namespace allow those whom a changed one selects: it may be one-sided with it or without it. A few
/// of the subjects that are affected already stand for all.
pub(super) fn neighbours(state: &Snapshot, policy: &ObjectKey, subjects: &mut BTreeSet<Subject>) {
    const ASKED: usize = 2;
    let found = subjects.iter().filter_map(|subject| match subject {
        Subject::Class(class) => Some((class.namespace.clone(), Arc::clone(&class.facts))),
        Subject::Object(key) if key.kind.is_workload() => {
            Some((key.namespace.clone()?, state.object(key).found()?.pod_facts().cloned()?))
        }
        Subject::Object(_) => None,
    });
    let is_near = |(namespace, _): &(Name, _)| policy.namespace.as_ref().is_none_or(|own| own == namespace);
    let found: Vec<(Name, Arc<PodFacts>)> = found.filter(is_near).take(ASKED).collect();
    for (namespace, facts) in found {
        meaning(state, &namespace, &facts, subjects);
    }
}
