//! What Ringwall is never in the way of (design, section 4).

use jiff::Timestamp;

use crate::{
    model::{Name, Object, Operation},
    ruleset::{Profile, Ruleset},
    snapshot::Snapshot,
};

use super::{Change, judge::Judge};

/// The namespace controller's own user, when controllers have one each.
const NAMESPACE_CONTROLLER: &str = "system:serviceaccount:kube-system:namespace-controller";
/// The garbage collector's own user, when controllers have one each.
const GARBAGE_COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";

/// Whether the request passes unjudged.
pub(super) fn passes(judge: &Judge<'_>, change: &Change) -> bool {
    !change.key.kind.info().operations.contains(&change.operation)
        || change
            .key
            .governing_namespace()
            .is_some_and(|name| judge.is_spared(name) || is_terminating(judge, change, name))
        || is_collected(change)
        || is_minor_pod_update(change)
}

/// The profile that is enforced in a namespace; none where nothing is judged.
pub fn enforced_in(snapshot: &Snapshot, ruleset: &Ruleset, namespace: &Name, now: Timestamp) -> Option<Profile> {
    let judge = Judge::new(None, snapshot, ruleset, now);
    let terminating = snapshot.namespace(namespace).found().is_some_and(|namespace| namespace.terminating);
    (!judge.is_spared(namespace) && !terminating).then(|| judge.modes(Some(namespace)).enforce)
}

/// A terminating Namespace must come to its end: nothing in it is judged, and neither is what finishes it.
fn is_terminating(judge: &Judge<'_>, change: &Change, name: &Name) -> bool {
    let own = match &change.before {
        Some(Object::Namespace(namespace)) => namespace.terminating,
        _ => false,
    };
    let stored = judge.before.and_then(|before| before.namespace(name).found());
    own || stored.is_some_and(|namespace| namespace.terminating)
}

/// The namespace controller's deletions, and the garbage collector's except of policies, mesh resources and Secrets: a policy owned by a `ConfigMap` would
/// otherwise be removed by deleting the `ConfigMap`; the collector retries.
fn is_collected(change: &Change) -> bool {
    let Some(actor) = change.actor.as_ref().filter(|_| change.operation == Operation::Delete) else { return false };
    match actor.user.as_str() {
        NAMESPACE_CONTROLLER => true,
        GARBAGE_COLLECTOR => !change.key.kind.is_rested_on(),
        _ => false,
    }
}

/// A Pod's UPDATE that changes no label, and no annotation that a mesh reads, moves it into no other policy: finalizers, images,
/// tolerations.
fn is_minor_pod_update(change: &Change) -> bool {
    match (&change.before, &change.after) {
        (Some(Object::Pod(before)), Some(Object::Pod(after))) => {
            before.facts.labels == after.facts.labels && before.facts.mesh == after.facts.mesh
        }
        _ => false,
    }
}

/// Whether a kubelet reports a Pod that it made from a file on its node: it runs already, so that refusing it changes nothing.
pub(super) fn is_mirror_pod(change: &Change) -> bool {
    let by_node = change.actor.as_ref().is_some_and(|actor| actor.groups.iter().any(|group| *group == "system:nodes"));
    by_node && matches!(&change.after, Some(Object::Pod(pod)) if pod.mirror)
}
