//! What slipped through: races across requests and replicas cannot be prevented by any webhook, but they can be named.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    cluster::{Batch, Events, Note},
    decision,
    model::{Kind, Name, Object, ObjectKey},
    rules::{Context, Finding, RuleId, Subject},
    ruleset::Ruleset,
    snapshot::{Running, Snapshot},
    telemetry::Metrics,
};

/// Names on one line of the log.
const NAMES: usize = 50;
/// Events on one finding.
const EVENTS: usize = 50;
/// Changes that follow each other closely may find the same twice; what was named is not named again for so long.
const REMEMBER: Duration = Duration::from_secs(3);

/// Names that are remembered longer while something is doubted.
const MOST: usize = 10 * super::doubted::MOST;

/// A finding that enforce mode would have refused, and the objects it is on: each Pod of a class.
pub(super) struct Slip {
    pub(super) finding: Finding,
    pub(super) objects: Vec<(ObjectKey, Name)>,
}

/// What got worse by a batch of changes and would have been refused.
pub(super) fn find(batch: &Batch, after: &Snapshot, ruleset: &Ruleset, now: Timestamp) -> Vec<Slip> {
    let context = Context {
        snapshot: after,
        environment: &ruleset.environment,
        parameters: &ruleset.parameters,
        now,
        shared: None,
    };
    let judgements = decision::worsened(&batch.before, after, &batch.touched, ruleset, now);
    let slip = |judgement: &decision::Judgement| Slip {
        finding: decision::explain(&context, judgement),
        objects: objects(after, &judgement.breach.subject, now),
    };
    judgements.iter().map(slip).collect()
}

/// The objects that a subject stands for, with their incarnations.
fn objects(snapshot: &Snapshot, subject: &Subject, now: Timestamp) -> Vec<(ObjectKey, Name)> {
    let known = |key: ObjectKey| match snapshot.object(&key).found() {
        Some(Object::Pod(pod)) if snapshot.running(&pod, now) == Running::No => None,
        found => Some((key, found.map(|object| object.meta().uid.clone()).unwrap_or_default())),
    };
    match subject {
        Subject::Object(key) => known(key.clone()).into_iter().collect(),
        Subject::Class(class) => {
            let pods = snapshot.class(class).map(|class| &class.pods);
            let key = |name: &Name| ObjectKey::namespaced(Kind::Pod, class.namespace.clone(), name.clone());
            pods.into_iter().flat_map(|pods| pods.iter().filter_map(|name| known(key(name)))).collect()
        }
    }
}

/// What has been named.
#[derive(Default)]
pub(super) struct Named(HashMap<(ObjectKey, Name, RuleId), Instant>);

impl Named {
    /// Forgets what was named longer ago.
    pub(super) fn forget(&mut self, now: Instant) {
        self.0.retain(|_, at| now.duration_since(*at) < REMEMBER);
    }

    /// Leaves out what has been named already.
    pub(super) fn anew(&mut self, slips: Vec<Slip>, now: Instant) -> Vec<Slip> {
        if self.0.len() > MOST {
            self.forget(now);
        }
        let mut anew = Vec::new();
        for mut slip in slips {
            let rule = slip.finding.rule;
            slip.objects.retain(|(key, uid)| self.0.insert((key.clone(), uid.clone(), rule), now).is_none());
            if !slip.objects.is_empty() {
                anew.push(slip);
            }
        }
        anew
    }
}

/// Names every object in the log, counts the finding, and puts Events on the first objects.
pub(super) fn report(slip: &Slip, events: &Events, metrics: &Metrics) {
    let finding = &slip.finding;
    metrics.slipped(finding.rule.0);
    for objects in slip.objects.chunks(NAMES) {
        let names: Vec<&str> = objects.iter().map(|(key, _)| key.name.as_str()).collect();
        tracing::warn!(
            target: "ringwall::slipped",
            rule = finding.rule.0,
            subject = %finding.subject,
            namespace = finding.subject.namespace.as_deref().unwrap_or_default(),
            aspect = finding.aspect,
            objects = names.join(", "),
            of = slip.objects.len(),
            message = finding.message,
            fix = finding.fix.text(),
        );
    }
    for (object, uid) in slip.objects.iter().take(EVENTS) {
        let (object, uid) = (object.clone(), uid.clone());
        events.post(Note { object, uid, reason: "SlippedThrough", text: finding.line() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Fix, SubjectReference};

    fn slip(pods: &[(&str, &str)]) -> Slip {
        let key = |name: &str| ObjectKey::namespaced(Kind::Pod, "shop", name);
        Slip {
            finding: Finding {
                rule: RuleId("unisolated-ingress"),
                subject: SubjectReference::of(&ObjectKey::namespaced(Kind::Deployment, "shop", "web")),
                aspect: String::new(),
                message: "no policy".to_owned(),
                why: String::new(),
                fix: Fix::Words("add one".to_owned()),
                places: Vec::new(),
            },
            objects: pods.iter().map(|(name, uid)| (key(name), (*uid).into())).collect(),
        }
    }

    fn names(slips: &[Slip]) -> Vec<&str> {
        slips.iter().flat_map(|slip| slip.objects.iter().map(|(key, _)| key.name.as_str())).collect()
    }

    #[test]
    fn what_was_named_a_moment_ago_is_not_named_again_but_a_new_incarnation_is() {
        let mut named = Named::default();
        let start = Instant::now();
        assert_eq!(names(&named.anew(vec![slip(&[("a", "1"), ("b", "2")])], start)), ["a", "b"]);
        assert_eq!(names(&named.anew(vec![slip(&[("a", "1"), ("b", "9"), ("c", "3")])], start)), ["b", "c"]);
        assert!(named.anew(vec![slip(&[("a", "1")])], start).is_empty());
        named.forget(start + REMEMBER);
        assert_eq!(names(&named.anew(vec![slip(&[("a", "1")])], start + REMEMBER)), ["a"]);
    }

    #[test]
    fn an_event_goes_on_every_pod_up_to_a_limit() {
        let many: Vec<(String, String)> = (0..60).map(|n| (format!("pod-{n:02}"), n.to_string())).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, uid)| (name.as_str(), uid.as_str())).collect();
        let (events, mut notes) = Events::channel();
        report(&slip(&many), &events, &Metrics::new());
        let mut posted = Vec::new();
        while let Ok(note) = notes.try_recv() {
            posted.push(note);
        }
        assert_eq!(posted.len(), EVENTS);
        assert_eq!(posted[0].object.name, *"pod-00");
        assert_eq!(posted[0].text, "unisolated-ingress: no policy; fix: add one");
    }
}
