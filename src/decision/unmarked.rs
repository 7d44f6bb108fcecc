//! What a change that takes the mark of sensitive workloads off comes to.

use crate::{
    model::{Labels, Object},
    rules::{self, Aspect, Breach, Extent, Family, Subject, UNMARKED_WORKLOAD},
    ruleset::Mode,
};

use super::{
    Change, Judgement, Outcome, Reason,
    judge::{Judge, Verdict},
};

/// The finding of a Pod, a template or a Namespace that loses the mark, and with which nothing else is left that marks it.
pub(super) fn unmarked(judge: &Judge<'_>, change: &Change) -> Option<Verdict> {
    let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
    let sensitive = &judge.ruleset.environment.sensitive;
    let (key, _) = sensitive.mark(labels(before)?)?;
    if sensitive.mark(labels(after)?).is_some() {
        return None;
    }
    let governing = change.key.governing_namespace()?;
    if change.key.namespace.is_some() {
        let home = judge.after.namespace(governing).found();
        if home.is_some_and(|home| sensitive.mark(&home.meta.labels).is_some()) {
            return None;
        }
    } else {
        // Who bears the mark himself stays what he is.
        let mut classes = judge.after.classes(Some(governing)).map(|(_, class)| &class.facts);
        let mut templates = judge.after.templates(Some(governing)).filter_map(Object::pod_facts);
        let loses = |labels: &Labels| sensitive.mark(labels).is_none();
        if !classes.any(|facts| loses(&facts.labels)) && !templates.any(|facts| loses(&facts.labels)) {
            return None;
        }
    }
    let info = rules::rule(UNMARKED_WORKLOAD.0)?.info();
    let mode = judge.ruleset.mode(info, judge.modes(Some(governing)))?;
    let outcome = match mode {
        Mode::Enforce => Outcome::Refuse,
        Mode::Warn => Outcome::Warn(Reason::Mode),
        Mode::Audit => Outcome::Audit(Reason::Mode),
    };
    let subject = Subject::Object(change.key.clone());
    let judgement = Judgement {
        subject: subject.reference(judge.after),
        breach: Breach {
            rule: UNMARKED_WORKLOAD,
            family: Family(UNMARKED_WORKLOAD.0),
            subject,
            aspect: Aspect::Label(key.clone()),
            extent: Extent::Count(1),
            certain: Ok(()),
        },
        outcome,
        note: String::new(),
    };
    Some(Verdict { judgement, worse: true, enforced: mode == Mode::Enforce })
}

/// The labels that mark: of a Pod, of what a template makes, of a Namespace.
fn labels(object: &Object) -> Option<&Labels> {
    match object {
        Object::Namespace(namespace) => Some(&namespace.meta.labels),
        _ => object.pod_facts().map(|facts| &facts.labels),
    }
}
