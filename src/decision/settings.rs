//! Ringwall's own settings judged: a `Ruleset` or an `Exemption` with a mistake is refused whatever the modes, and no exemption lets it
//! through. A mistake that stood there before is told and refused no more, as everything else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::{
    model::{Name, Object, ObjectKey, Place},
    rules::{Aspect, Breach, Context, Extent, Family, Finding, Fix, INVALID_SETTINGS, Subject},
    ruleset::{Mistake, mistakes},
    snapshot::Snapshot,
};

use super::{
    Judgement, Outcome, Reason,
    judge::{Judge, Verdict, is_worse},
};

/// Adds the mistakes of a `Ruleset` or an `Exemption`, field by field.
pub(super) fn verdicts(judge: &Judge<'_>, subject: &Subject, out: &mut Vec<Verdict>) {
    let Subject::Object(key) = subject else { return };
    let prior = judge.before.map(|before| breaches(judge, before, key)).unwrap_or_default();
    for breach in breaches(judge, judge.after, key) {
        let same: Vec<Breach> = prior.iter().filter(|prior| prior.aspect == breach.aspect).cloned().collect();
        let worse = is_worse(&breach, &same);
        let outcome = if worse { Outcome::Refuse } else { Outcome::Warn(Reason::Before) };
        let subject = breach.subject.reference(judge.after);
        let judgement = Judgement { breach, subject, outcome, note: String::new() };
        out.push(Verdict { judgement, worse, enforced: true });
    }
}

/// One line for each mistake: the field, what is wrong with it, and what was probably meant.
pub(super) fn explain(context: &Context<'_>, judgement: &Judgement) -> Option<Finding> {
    let breach = &judgement.breach;
    let (Subject::Object(key), Extent::Names(reasons)) = (&breach.subject, &breach.extent) else { return None };
    if breach.rule != INVALID_SETTINGS {
        return None;
    }
    let Some(Object::Settings(settings)) = context.snapshot.object(key).found() else { return None };
    let today = context.now.to_zoned(TimeZone::UTC).date();
    let mut found = mistakes(&settings, Some(today));
    found.retain(|mistake| aspect(mistake) == breach.aspect && reasons.contains(mistake.error.reason.as_str()));
    let first = found.first()?.error.clone();
    let told: Vec<&str> = found.iter().map(|mistake| mistake.error.reason.as_str()).collect();
    let plural = key.kind.info().plural;
    let fix = found.iter().find_map(|mistake| mistake.error.suggestion.clone());
    Some(Finding {
        rule: INVALID_SETTINGS,
        subject: judgement.subject.clone(),
        aspect: breach.aspect.to_string(),
        message: format!("{key}: {}: {}", first.path, told.join("; ")),
        why: "what cannot be read is never put in force".to_owned(),
        fix: Fix::Words(fix.unwrap_or_else(|| format!("correct it; the fields are in: kubectl explain {plural}.spec"))),
        places: vec![Place { object: key.clone(), path: first.path }],
    })
}

fn breaches(judge: &Judge<'_>, snapshot: &Snapshot, key: &ObjectKey) -> Vec<Breach> {
    let Some(Object::Settings(settings)) = snapshot.object(key).found() else { return Vec::new() };
    let today = judge.to_come.then(|| judge.now.to_zoned(TimeZone::UTC).date());
    let mut by_place: BTreeMap<Aspect, BTreeSet<Name>> = BTreeMap::new();
    for mistake in mistakes(&settings, today) {
        by_place.entry(aspect(&mistake)).or_default().insert(mistake.error.reason.into());
    }
    let breach = |(aspect, reasons)| Breach {
        rule: INVALID_SETTINGS,
        family: Family(INVALID_SETTINGS.0),
        subject: Subject::Object(key.clone()),
        aspect,
        extent: Extent::Names(reasons),
        certain: Ok(()),
    };
    by_place.into_iter().map(breach).collect()
}

/// The field; of an exemption whose date is past its name, for its place in a list may change.
fn aspect(mistake: &Mistake) -> Aspect {
    match &mistake.over {
        Some(name) => Aspect::Exemption(name.clone()),
        None => Aspect::Place(mistake.error.path.clone()),
    }
}
