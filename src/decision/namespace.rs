//! What a change of a Namespace's profile labels comes to.

use crate::{
    model::{Kind, Object},
    rules::{self, Aspect, Breach, Extent, Family, LOWERED_ENFORCEMENT, Subject},
    ruleset::{Mode, Profile},
};

use super::{Change, Judgement, Outcome, Reason, judge::Judge};

/// Whether the change raises what is enforced in the Namespace.
pub(super) fn raises(judge: &Judge<'_>, change: &Change) -> bool {
    matches!(enforced(judge, change), Some((before, after)) if after > before)
}

/// The finding of a Namespace whose enforced profile goes below the floor (refused) or is lowered while workloads rely on it.
pub(super) fn lowered(judge: &Judge<'_>, change: &Change) -> Option<Judgement> {
    let (before, after) = enforced(judge, change)?;
    let subject = Subject::Object(change.key.clone());
    let judgement = |outcome, note| Judgement {
        breach: Breach {
            rule: LOWERED_ENFORCEMENT,
            family: Family(LOWERED_ENFORCEMENT.0),
            subject: subject.clone(),
            aspect: Aspect::Label(Mode::Enforce.label().into()),
            extent: Extent::Count(1),
            certain: Ok(()),
        },
        subject: subject.reference(judge.after),
        outcome,
        note,
    };
    if let Some(chosen) = label(change.after.as_ref()).filter(|chosen| *chosen < judge.ruleset.floor) {
        let outcome =
            if label(change.before.as_ref()) == Some(chosen) { Outcome::Warn(Reason::Before) } else { Outcome::Refuse };
        let note =
            format!("{chosen} is below the ruleset's floor, {}: choose that or a stricter one", judge.ruleset.floor);
        return Some(judgement(outcome, note));
    }
    if after >= before || change.before.is_none() {
        return None;
    }
    let in_namespace = |subject: &Subject| {
        subject.namespace() == Some(&change.key.name) && (subject.kind() == Kind::Pod || subject.kind().is_workload())
    };
    let mut workloads: Vec<_> = rules::everything(judge.after)
        .into_iter()
        .filter(in_namespace)
        .map(|subject| rules::SubjectReference { pods: None, ..subject.reference(judge.after) }.to_string())
        .collect();
    workloads.sort();
    workloads.dedup();
    let named = workloads.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let more = if workloads.len() > 3 { format!(" and {} more", workloads.len() - 3) } else { String::new() };
    let note = format!("from {before} to {after}: {named}{more} will no longer be held to it");
    (!workloads.is_empty()).then(|| judgement(Outcome::Warn(Reason::Mode), note))
}

/// What is enforced before and after, for a change of a Namespace.
fn enforced(judge: &Judge<'_>, change: &Change) -> Option<(Profile, Profile)> {
    let Some(Object::Namespace(after)) = &change.after else { return None };
    let before = match &change.before {
        Some(Object::Namespace(before)) => judge.ruleset.modes_of(&before.meta.labels),
        _ => judge.ruleset.defaults,
    };
    Some((before.enforce, judge.ruleset.modes_of(&after.meta.labels).enforce))
}

/// The profile that the enforce label names.
fn label(object: Option<&Object>) -> Option<Profile> {
    let labels = &object?.meta().labels;
    Profile::of(labels.value(Mode::Enforce.label())?)
}
