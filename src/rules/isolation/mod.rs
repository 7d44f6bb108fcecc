//! What the isolation rules share: whom they speak of, how sure they can be, and how they say it.
//!
//! **How sure.** A policy that was not seen can add isolation, and can add what is admitted; it takes neither away. So a workload
//! that the known policies leave unisolated may be isolated after all, and is reported as "cannot prove" where policies are out
//! of sight. What the known policies admit is admitted for certain. One that they isolate stays isolated, unless what is known may
//! itself be old (a broken watch, a right withdrawn): then nothing that rests on it is proved, and it is said so. Only for a single
//! policy that cannot be decoded nothing is said of workloads that the others isolate and close: that one policy might open them, but
//! to report every workload of the namespace for it would hide the findings that can be proved.

mod fixes;
mod labels;
mod open;
mod peers;
mod unisolated;

pub(super) use fixes::{add_policy, narrow_by_hand, replace_policy, shell};
pub(super) use labels::{shown, stable};
pub(super) use open::{Open, PORTS, is_open};
pub(super) use peers::describe_reach;
pub(super) use unisolated::Unisolated;

use std::sync::Arc;

use crate::{
    model::{FieldPath, Kind, Name, Object, ObjectKey},
    network::{Admission, Exposure, coverage},
    snapshot::{Blind, Coverage, Lookup, Need, Snapshot},
};

use super::{Breach, Context, Family, Place, Subject, SubjectReference, Workload};

/// Unisolated, open and wide of one direction are one scale.
pub(super) const FAMILY: Family = Family("isolation");

/// The subject as a workload that policies govern: on its node's network none does, and `host-network` says so.
pub(super) fn governed(context: &Context<'_>, subject: &Subject) -> Option<Workload> {
    context.workload(subject).filter(|workload| !workload.facts.host_network)
}

/// Whether what the known policies of a namespace say still holds: a policy that cannot be decoded takes nothing from the others.
pub(super) fn known(context: &Context<'_>, namespace: &Name) -> Coverage {
    match coverage(context.snapshot, &context.environment.plugin, namespace) {
        Err(Blind::Undecodable(_)) => Ok(()),
        coverage => coverage,
    }
}

/// What is admitted where the exposure breaks a rule, and whether that is certain: broken in every reading, or only in some. In
/// the first case it is what every reading admits, in the other what any does.
pub(super) fn broken(exposure: &Exposure, breaks: impl Fn(&Exposure) -> bool) -> Option<(Arc<Admission>, Coverage)> {
    let Some(doubt) = &exposure.doubt else {
        return breaks(exposure).then(|| (Arc::clone(&exposure.admission), Ok(())));
    };
    let mut readings = exposure.readings();
    if exposure.readings().all(&breaks) {
        let first = readings.next()?.admission.as_ref().clone();
        return Some((Arc::new(readings.fold(first, |sum, other| sum.intersection(&other.admission))), Ok(())));
    }
    let broken: Vec<&Exposure> = readings.filter(|reading| breaks(reading)).collect();
    let sum = broken.iter().fold(Admission::nothing(), |sum, other| sum.union(&other.admission));
    (!broken.is_empty()).then(|| (Arc::new(sum), Err(doubt.why.clone())))
}

/// Whether the exposure is known exactly.
pub(super) fn settled(exposure: &Exposure) -> Coverage {
    exposure.doubt.as_ref().map_or(Ok(()), |doubt| Err(doubt.why.clone()))
}

/// The reads that confirm a breach of a workload's isolation: the policies, the namespace, for a class whether it still runs, and
/// controllers.
pub(super) fn needs(context: &Context<'_>, breach: &Breach) -> Vec<Need> {
    let snapshot = context.snapshot;
    let Some(namespace) = breach.subject.namespace() else { return Vec::new() };
    let mut needs = vec![Need::Get(ObjectKey::cluster(Kind::Namespace, namespace.clone()))];
    let plugin = &context.environment.plugin;
    // Of what policies depend on, a kind without objects has none that may be gone.
    let counts = |kind: &Kind| plugin.enforces(*kind) || (plugin.reads(*kind) && snapshot.count(*kind) > 0);
    for kind in Kind::all().filter(counts) {
        let scope = kind.info().namespaced.then_some(namespace);
        if !matches!(snapshot.coverage(kind, scope), Err(Blind::NotServed(_))) {
            needs.push(Need::List(kind, scope.cloned()));
        }
    }
    needs.extend(subject_needs(context, breach));
    needs
}

/// The reads that confirm who a breach's subject is: for a class whether it still runs, and controllers.
pub(super) fn subject_needs(context: &Context<'_>, breach: &Breach) -> Vec<Need> {
    let snapshot = context.snapshot;
    let Some(namespace) = breach.subject.namespace() else { return Vec::new() };
    let mut needs = Vec::new();
    let (mut controller, is_class) = match &breach.subject {
        Subject::Class(key) => (key.controller.clone(), true),
        Subject::Object(key) => {
            let object = snapshot.object(key).found();
            (object.and_then(|object| object.meta().controller().cloned()), false)
        }
    };
    if is_class {
        needs.push(Need::List(Kind::Pod, Some(namespace.clone())));
    }
    // Depth ends cycles.
    for _ in 0..8 {
        let Some(reference) = controller else { break };
        let Some(kind) = Kind::of(&reference.api_version, &reference.kind) else { break };
        let owner = ObjectKey::namespaced(kind, namespace.clone(), reference.name.clone());
        let found = snapshot.object(&owner).found();
        // A Pod's own verdict does not rest on its controllers; one that was made a moment ago is read to be named, and for its
        // hook.
        let is_known = found.is_some();
        controller = found.and_then(|object| object.meta().controller().cloned());
        if is_class || !is_known {
            needs.push(Need::Get(owner));
        }
    }
    needs
}

/// A field of the Pod or template.
pub(super) fn place(workload: &Workload, field: &str) -> Place {
    let path = if workload.template.is_empty() { field.to_owned() } else { format!("{}.{field}", workload.template) };
    Place { object: workload.object.clone(), path: FieldPath::new(path) }
}

/// Whether the subject is a Pod of a request that nothing will make again when it is refused.
fn stands_alone(snapshot: &Snapshot, subject: &Subject) -> bool {
    let Subject::Object(key) = subject else { return false };
    matches!(snapshot.object(key), Lookup::Found(Object::Pod(pod)) if pod.meta.controller().is_none())
}

/// What follows the fact in a message, for Pods that are not made again: their policy has to be there before them.
pub(super) fn needs_policy_first(snapshot: &Snapshot, subject: &Subject, workload: &Workload) -> &'static str {
    if workload.hook.is_some() {
        "; a hook needs its policy before it: the namespace's default-deny, or a hook policy of lower helm.sh/hook-weight"
    } else if stands_alone(snapshot, subject) {
        "; a bare Pod needs its policy before it"
    } else {
        ""
    }
}

/// How to be quick once the policy is there: a refused controller retries with doubling delays.
pub(super) fn retry(reference: &SubjectReference) -> String {
    let namespace = reference.namespace.clone().unwrap_or_default();
    match &*reference.kind {
        "Deployment" | "StatefulSet" | "DaemonSet" => format!(
            " A controller whose Pods were refused retries with doubling delays; once the policy is there, `kubectl rollout restart \
             {}/{} -n {namespace}` makes them at once.",
            reference.kind.to_ascii_lowercase(),
            reference.name
        ),
        _ => String::new(),
    }
}
