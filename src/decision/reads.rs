//! The reads that could change an answer.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{Kind, Name, Object, ObjectKey, Operation},
    network::{PodView, each_policy, namespace_labels, other_forms},
    rules::{self, RuleId, Subject},
    ruleset::Mode,
    snapshot::{Lookup, Need, Running, Snapshot},
};

use super::{
    Change, Outcome, Reason,
    judge::{Judge, Verdict, is_readable},
};

/// How many objects of one kind are read one by one; of more a list is read. And how many owners are read before a policy's change is
/// admitted because the Pods it leaves bare seem to be on their way out.
const OWNERS_READ: usize = 16;

/// The reads that could change the answer and have not been made for this request.
pub(super) fn needs(judge: &Judge<'_>, change: &Change, verdicts: &[Verdict]) -> BTreeSet<Need> {
    let mut needs = BTreeSet::new();
    unknown_namespace(judge, change, &mut needs);
    let context = judge.context();
    let mut asked = BTreeSet::new();
    for verdict in verdicts {
        let breach = &verdict.judgement.breach;
        let refused = verdict.judgement.outcome == Outcome::Refuse;
        let unsettled = verdict.enforced && breach.certain.as_ref().is_err_and(is_readable);
        // What may still come may have come a moment ago.
        let awaited = verdict.judgement.outcome == Outcome::Warn(Reason::Awaited);
        if let Some(rule) = rules::rule(breach.rule.0).filter(|_| refused || unsettled || awaited) {
            // What a rule rests on for a subject is the same for each of its breaches.
            if !asked.insert((breach.rule, &breach.subject)) {
                continue;
            }
            needs.extend(rule.rests_on(&context, breach));
        }
    }
    unseen_certificates(judge, change, &mut needs);
    broken_watches(judge, change, &mut needs);
    doubted_policies(judge, change, &mut needs);
    needs.retain(|need| !is_confirmed(change, need));
    needs
}

/// Secrets are nobody's to watch, so that nothing would ever be said of the certificates of an object at the edge.
fn unseen_certificates(judge: &Judge<'_>, change: &Change, needs: &mut BTreeSet<Need>) {
    let subject = Subject::Object(change.key.clone());
    if change.after.is_none() || !change.key.kind.opens_edge() {
        return;
    }
    let modes = judge.modes(subject.namespace());
    let mode = |id: RuleId| rules::rule(id.0).and_then(|rule| judge.ruleset.mode(rule.info(), modes));
    if !rules::CERTIFICATE_RULES.into_iter().any(|id| mode(id) == Some(Mode::Enforce)) {
        return;
    }
    let unseen = rules::unseen_certificates(&judge.context(), &subject).into_iter();
    let readable = unseen.filter(|key| match judge.after.object(key) {
        Lookup::Unseen(blind) => is_readable(&blind),
        _ => false,
    });
    needs.extend(readable.map(Need::Get));
}

/// Whether the read, or one that finds at least as much, has been made for this request. What its own object was and will be, it
/// says itself.
fn is_confirmed(change: &Change, need: &Need) -> bool {
    let listed = |key: &ObjectKey| change.confirmed.contains(&Need::List(key.kind, key.namespace.clone()));
    change.confirmed.contains(need) || matches!(need, Need::Get(key) if listed(key) || *key == change.key)
}

/// One list in the place of many single reads: a policy may select thousands of workloads, each with owners of its own. Secrets are
/// never listed, for a list holds those that are nobody's business: the first of them are read, and what rests on others stays
/// in doubt.
pub(super) fn together(needs: BTreeSet<Need>) -> BTreeSet<Need> {
    let (secrets, mut needs): (BTreeSet<Need>, BTreeSet<Need>) =
        needs.into_iter().partition(|need| need.kind() == Kind::Secret);
    let single = |need: &Need| matches!(need, Need::Get(_));
    needs.extend(secrets.into_iter().filter(single).take(OWNERS_READ));
    let mut singles: BTreeMap<(Kind, Option<Name>), usize> = BTreeMap::new();
    for need in &needs {
        if let Need::Get(key) = need {
            *singles.entry((key.kind, key.namespace.clone())).or_default() += 1;
        }
    }
    singles.retain(|(kind, _), count| *count > OWNERS_READ && *kind != Kind::Secret);
    if singles.is_empty() {
        return needs;
    }
    let read = |need| match need {
        Need::Get(ObjectKey { kind, namespace, .. }) if singles.contains_key(&(kind, namespace.clone())) => {
            Need::List(kind, namespace)
        }
        other => other,
    };
    needs.into_iter().map(read).collect()
}

/// Before any verdict, an admission included, the Namespace and so the mode must be known.
fn unknown_namespace(judge: &Judge<'_>, change: &Change, needs: &mut BTreeSet<Need>) {
    let broken = judge.after.coverage(Kind::Namespace, None).is_err_and(|blind| is_readable(&blind));
    if let Some(name) = &change.key.namespace
        && (broken || !matches!(judge.after.namespace(name), Lookup::Found(_)))
    {
        needs.insert(Need::Get(ObjectKey::cluster(Kind::Namespace, name.clone())));
    }
}

/// What an admission rests on when a watch is broken: live reads carry the verdicts then.
fn broken_watches(judge: &Judge<'_>, change: &Change, needs: &mut BTreeSet<Need>) {
    // What is said for the whole mesh is said for every namespace.
    let everywhere = change.key.kind.is_mesh_policy()
        && change.key.namespace.as_ref() == Some(&judge.ruleset.environment.mesh.istio_root);
    let namespace = change.key.governing_namespace().filter(|_| !everywhere);
    let plugin = &judge.ruleset.environment.plugin;
    let counts = |kind: &Kind| plugin.reads(*kind);
    let kinds: Vec<Kind> = match change.key.kind {
        Kind::Pod => Kind::all().filter(counts).collect(),
        kind if kind.is_mesh_policy() => {
            let counts = |kind: &Kind| *kind == Kind::Pod || kind.is_workload() || kind.is_mesh_policy();
            Kind::all().filter(counts).collect()
        }
        _ if change.governs_others() => {
            Kind::all().filter(|kind| *kind == Kind::Pod || counts(kind) || kind.is_workload()).collect()
        }
        Kind::Ingress => vec![Kind::IngressClass, Kind::Ingress],
        _ => Vec::new(),
    };
    for kind in kinds {
        let namespace = if kind.info().namespaced { namespace } else { None };
        if judge.after.coverage(kind, namespace).is_err_and(|blind| is_readable(&blind)) {
            needs.insert(Need::List(kind, namespace.cloned()));
        }
    }
}

/// The other forms of the objects that are judged as changed: what becomes of one form becomes of the other as well.
pub(super) fn other_forms_of<'a>(
    snapshot: &Snapshot,
    change: &Change,
    leaving: impl Iterator<Item = &'a ObjectKey>,
) -> BTreeSet<ObjectKey> {
    let leaving = leaving.filter_map(|key| snapshot.object(key).found());
    let own = [&change.before, &change.after].into_iter().flatten().cloned();
    own.chain(leaving).flat_map(|object| other_forms(snapshot, &object)).filter(|key| *key != change.key).collect()
}

/// A Pod that rests on a policy whose DELETE or UPDATE was admitted a moment ago is confirmed. A policy's own change is judged as if that
/// one were gone, see [`super::decide`].
fn doubted_policies(judge: &Judge<'_>, change: &Change, needs: &mut BTreeSet<Need>) {
    let (Some(Object::Pod(pod)), Some(namespace)) = (&change.after, &change.key.namespace) else { return };
    if change.doubted.is_empty() {
        return;
    }
    let labels = namespace_labels(judge.after, namespace);
    let view = PodView { namespace, namespace_labels: &labels, facts: &pod.facts };
    for key in change.doubted.keys() {
        let Some(object) = judge.after.object(key).found() else { continue };
        if key.kind == Kind::Namespace {
            needs.extend((key.name == *namespace).then(|| Need::Get(key.clone())));
            continue;
        }
        let mesh = &judge.ruleset.environment.mesh;
        let holds_here = key.namespace.as_ref().is_some_and(|of| of == namespace || *of == mesh.istio_root);
        let mut rests = key.kind.is_policy_context() || (key.kind.is_mesh_policy() && holds_here);
        // Of two forms one speaks for both.
        let others = other_forms(judge.after, &object);
        let forms = others.iter().filter_map(|other| judge.after.object(other).found()).chain([object]);
        for form in forms {
            each_policy(judge.after, &form, |policy| rests |= policy.subject.names(view));
        }
        if rests {
            needs.extend([key].into_iter().chain(&others).map(|key| Need::List(key.kind, key.namespace.clone())));
        }
    }
}

/// The owners whose absence lets a Pod count as gone, for classes that a policy's change would leave bare: an owner that is only
/// not seen yet must not open a hole.
pub(super) fn absent_owners(judge: &Judge<'_>, change: &Change, class: &crate::snapshot::ClassKey) -> BTreeSet<Need> {
    let mut needs = BTreeSet::new();
    if !change.governs_others() || change.operation == Operation::Create {
        return needs;
    }
    let Some(members) = judge.after.class(class) else { return needs };
    for name in members.pods.iter().take(OWNERS_READ) {
        let key = ObjectKey::namespaced(Kind::Pod, class.namespace.clone(), name.clone());
        let Some(Object::Pod(pod)) = judge.after.object(&key).found() else { continue };
        if !pod.is_active(judge.now) || judge.after.running(&pod, judge.now) == Running::Yes {
            continue;
        }
        for reference in &pod.meta.owners {
            let absent = judge.after.owner(&pod.meta, reference) == Lookup::Absent;
            if let Some(kind) = Kind::of(&reference.api_version, &reference.kind).filter(|_| absent) {
                let key = ObjectKey::namespaced(kind, class.namespace.clone(), reference.name.clone());
                needs.insert(Need::Get(key));
            }
        }
    }
    needs.retain(|need| !is_confirmed(change, need));
    needs
}
