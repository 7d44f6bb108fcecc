//! A change judged: the subjects that it can affect, after it, and those found broken also before it.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::Timestamp;

use crate::{
    model::{Kind, Object, Operation},
    network::effects,
    rules::{self, Aspect, Finding, PLAINTEXT_INSIDE, RuleId, Subject, SubjectReference},
    ruleset::{Profile, Ruleset},
    snapshot::{Edit, Snapshot, Touched},
};

use super::{
    Change, Decision, Judgement, Outcome, Reason, explain,
    judge::{Judge, Reach, Verdict, drop_repeated_doubts, drop_shadowed_templates, drop_what_secrets_say},
    namespace, reads, solver, spare, unmarked,
};

/// How many refusals are explained.
const REFUSALS_SHOWN: usize = 10;
/// How many other findings are explained.
const OTHERS_SHOWN: usize = 40;

/// Judges the subjects that a change can affect.
pub fn decide(snapshot: &Snapshot, change: &Change, ruleset: &Ruleset, now: Timestamp) -> Decision {
    let is_forged = solver::is_forged(change, &ruleset.environment);
    let change = &*solver::unmasked(change, &ruleset.environment);
    let edit = |object: &Option<Object>| match object {
        Some(object) => Edit::Put(object.clone()),
        None => Edit::Remove(change.key.clone()),
    };
    // Two policies that cover for each other must not go one right after the other, before the watch has shown the first to be
    // gone: what is on its way out covers nobody.
    let leaving = change.doubted.iter().filter(|(key, _)| change.governs_others() && **key != change.key);
    let gone = reads::other_forms_of(snapshot, change, leaving.clone().map(|(key, _)| key));
    let leaving = leaving.map(|(key, after)| match after {
        Some(object) => Edit::Put(object.clone()),
        None => Edit::Remove(key.clone()),
    });
    let gone = gone.into_iter().map(Edit::Remove);
    let (before, _) = snapshot.with(leaving.chain(gone).chain([edit(&change.before)]));
    let (after, touched) = before.with([edit(&change.after)]);
    let mut judge = Judge::new(Some(&before), &after, ruleset, now);
    judge.by_policies = change.key.kind.decides_isolation();
    judge.to_come = true;
    if spare::passes(&judge, change) {
        return Decision { allow: true, ..Decision::default() };
    }
    let mut verdicts = Vec::new();
    let mut owners = std::collections::BTreeSet::new();
    let own = change.after.as_ref().map(|object| Subject::Object(object.key()));
    // One more workload mends what rules say of policies, as a rule: that they mean nobody. What else they say of it then is
    // for the policies' own requests and for surveys, not for every Pod of a rollout.
    let spares_policies = change.operation == Operation::Create && !change.key.kind.decides_isolation();
    let affected = if spares_policies { rules::affected_but_policies } else { rules::affected };
    let mut subjects = affected(&before, &after, &touched, &ruleset.environment);
    subjects.extend(own.clone());
    let raises = namespace::raises(&judge, change);
    for subject in &subjects {
        let is_own = own.as_ref() == Some(subject);
        // A policy of the whole cluster may speak of a Namespace that is being deleted.
        if judge.is_terminating(subject) {
            continue;
        }
        let has_ended = change.operation == Operation::Update && has_ended(&after, subject, &judge);
        if has_ended || !judge.counts(subject) {
            if let Subject::Class(class) = subject {
                owners.extend(reads::absent_owners(&judge, change, class));
            }
            continue;
        }
        let from = verdicts.len();
        judge.subject(subject, reach(change, subject, is_own), &mut verdicts);
        let kept: Vec<Verdict> = verdicts
            .drain(from..)
            .filter(|verdict| {
                verdict.worse || shows_prior(change, subject, is_own, verdict) || (raises && verdict.enforced)
            })
            .collect();
        verdicts.extend(kept);
        let makes_pods = matches!(subject, Subject::Class(_)) || subject.kind().is_workload();
        for verdict in verdicts.iter_mut().skip(from).filter(|verdict| raises && makes_pods && verdict.enforced) {
            if verdict.judgement.outcome == Outcome::Warn(Reason::Before) {
                verdict.judgement.outcome = Outcome::Warn(Reason::Raised);
            }
        }
    }
    if let Some(judgement) = namespace::lowered(&judge, change) {
        verdicts.push(Verdict { judgement, worse: true, enforced: true });
    }
    verdicts.extend(unmarked::unmarked(&judge, change));
    drop_shadowed_templates(&mut verdicts);
    drop_what_secrets_say(&mut verdicts);
    let mut needs = reads::needs(&judge, change, &verdicts);
    needs.extend(owners);
    drop_repeated_doubts(&mut verdicts);
    let notes = Notes { change, is_forged };
    let mut decision = present(&judge, verdicts, &notes);
    decision.needs = reads::together(needs);
    if alters_reach(change) {
        decision.effects = effects(&before, &after, &ruleset.environment.plugin, &touched, now);
        let modes = judge.modes(change.key.governing_namespace());
        decision.tells_effects = modes.warn.max(modes.enforce) > Profile::Privileged;
    }
    decision
}

/// Whether the change can alter who may talk to whom among those that are there. What is new alters nothing for others.
fn alters_reach(change: &Change) -> bool {
    match change.key.kind {
        Kind::Namespace | Kind::Pod => change.operation == Operation::Update,
        kind => kind.decides_isolation(),
    }
}

/// What enforce mode would have refused of what happened between two states of a cluster: races across requests and replicas,
/// and whatever came while no webhook was asked.
pub fn worsened(
    before: &Snapshot,
    after: &Snapshot,
    touched: &Touched,
    ruleset: &Ruleset,
    now: Timestamp,
) -> Vec<Judgement> {
    let judge = Judge::new(Some(before), after, ruleset, now);
    let by_policy = touched.iter().any(|key| key.kind.is_rested_on());
    let by_secret = touched.iter().any(|key| key.kind == Kind::Secret);
    let mut verdicts = Vec::new();
    for subject in rules::affected(before, after, touched, &ruleset.environment) {
        let is_over = judge.is_terminating(&subject) || !judge.counts(&subject) || has_ended(after, &subject, &judge);
        if is_over || subject.kind().is_workload() {
            continue;
        }
        // As a request would have been judged: what a change only touches is refused for policies' sake alone, and Ingresses for
        // each other's.
        let is_own = matches!(&subject, Subject::Object(key) if touched.contains(key));
        let is_full = is_own || by_policy || subject.kind().opens_edge();
        let reach = match is_full {
            true if !is_own && by_secret && subject.kind().opens_edge() => Reach::Taken,
            true => Reach::Full,
            false => Reach::Warn(Reason::Spared),
        };
        judge.subject(&subject, reach, &mut verdicts);
    }
    drop_what_secrets_say(&mut verdicts);
    let refused = verdicts.into_iter().map(|verdict| verdict.judgement);
    refused.filter(|judgement| judgement.outcome == Outcome::Refuse).collect()
}

/// Whether the subject is a single Pod that does not count as running.
fn has_ended(after: &Snapshot, subject: &Subject, judge: &Judge<'_>) -> bool {
    let Subject::Object(key) = subject else { return false };
    match after.object(key).found() {
        Some(Object::Pod(pod)) => after.running(&pod, judge.now) == crate::snapshot::Running::No,
        _ => false,
    }
}

/// How far the findings of a subject may go: only Pods are refused for isolation, by their own creation or by a change of a policy
/// or of the labels by which policies select their Namespace; templates and what else a change touches warn. An Ingress that rides on the certificate of another one is refused for by
/// that one's change, but not by its removal, and not across namespaces.
fn reach(change: &Change, subject: &Subject, is_own: bool) -> Reach {
    if subject.kind().is_workload() {
        return Reach::Warn(Reason::Template);
    }
    if spare::is_mirror_pod(change) {
        return Reach::Warn(Reason::Spared);
    }
    // Whoever uses a Secret is not to lose it, nor to get one in its place that is worse.
    if change.key.kind == Kind::Secret {
        return if is_own || subject.kind().opens_edge() { Reach::Taken } else { Reach::Warn(Reason::Spared) };
    }
    let moves = change.relabels_namespace() && matches!(subject, Subject::Class(_));
    let unseals = change.key.kind.is_mesh_policy() && matches!(subject, Subject::Class(_));
    let alters = (change.key.kind.alters_edge() || change.key.kind.makes_secrets()) && subject.kind().opens_edge();
    if is_own || change.key.kind.decides_isolation() || moves || unseals || alters || takes_certificate(change, subject)
    {
        Reach::Full
    } else {
        Reach::Warn(Reason::Spared)
    }
}

/// Whether an Ingress loses what another one of its namespace brings for its hosts, by a change of that one. Its removal does not
/// count: whoever removes a release removes both, in an order that nobody chooses.
fn takes_certificate(change: &Change, subject: &Subject) -> bool {
    change.key.kind == Kind::Ingress
        && change.operation != Operation::Delete
        && subject.kind() == Kind::Ingress
        && subject.namespace() == change.key.namespace.as_ref()
}

/// Whether what is not worse is told of a subject: of the request's own, and of workloads when a policy changes. A Namespace hears
/// of its labels only, for an ordinary label has nothing to do with the workloads and policies in it.
fn shows_prior(change: &Change, subject: &Subject, is_own: bool, verdict: &Verdict) -> bool {
    match change.key.kind {
        Kind::Namespace => is_own && matches!(verdict.judgement.breach.aspect, Aspect::Label(_)),
        kind if kind.decides_isolation() => is_own || matches!(subject, Subject::Class(_)),
        // Of the workloads that it covers, a policy of a mesh hears what they accept.
        kind if kind.is_mesh_policy() => {
            is_own || (matches!(subject, Subject::Class(_)) && verdict.judgement.breach.family == PLAINTEXT_INSIDE)
        }
        _ => is_own,
    }
}

/// Sorts, merges classes of one workload, explains what is shown and counts the rest.
fn present(judge: &Judge<'_>, verdicts: Vec<Verdict>, notes: &Notes<'_>) -> Decision {
    let mut merged: BTreeMap<(Outcome, RuleId, SubjectReference, Aspect), Judgement> = BTreeMap::new();
    for Verdict { judgement, .. } in verdicts {
        let subject = SubjectReference { pods: None, ..judgement.subject.clone() };
        let key = (judgement.outcome.clone(), judgement.breach.rule, subject, judgement.breach.aspect.clone());
        match merged.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(judgement);
            }
            // Classes of one workload are one subject; its Pods add up.
            Entry::Occupied(mut entry) => {
                let known = &mut entry.get_mut().subject.pods;
                *known = known.zip(judgement.subject.pods).map(|(one, other)| one + other).or(*known);
            }
        }
    }
    let mut decision = Decision { allow: true, ..Decision::default() };
    let context = judge.context();
    let (mut refusals, mut others) = (0, 0);
    for mut judgement in merged.into_values() {
        let shown = if judgement.outcome == Outcome::Refuse {
            decision.allow = false;
            refusals += 1;
            refusals <= REFUSALS_SHOWN
        } else {
            others += 1;
            others <= OTHERS_SHOWN
        };
        if shown {
            notes.add(judge, &mut judgement);
            let finding: Finding = explain(&context, &judgement);
            decision.findings.push((finding, judgement.outcome));
        } else {
            *decision.more.entry((judgement.breach.rule, judgement.outcome.name())).or_default() += 1;
        }
    }
    decision
}

/// What the change tells beyond the rule: the cases that cannot be free of order say what to do (design, section 4).
struct Notes<'a> {
    change: &'a Change,
    /// Whether it bears the marks of an ACME solver and is none.
    is_forged: bool,
}

impl Notes<'_> {
    fn is_own(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Object(key) if *key == self.change.key)
    }

    fn add(&self, judge: &Judge<'_>, judgement: &mut Judgement) {
        if !judgement.note.is_empty() {
            return;
        }
        if self.is_forged && self.is_own(&judgement.breach.subject) {
            let user = judge.ruleset.environment.cert_manager();
            judgement.note = format!("it bears the marks of an ACME solver, and it is not {user} who asks for it");
            return;
        }
        if self.change.key.kind == Kind::Ingress && !self.is_own(&judgement.breach.subject) {
            let note = match (self.change.operation, judgement.outcome == Outcome::Refuse) {
                (Operation::Delete, _) => "it relied on the Ingress that is deleted: mend it, or delete it as well",
                (_, true) => {
                    "it relies on the Ingress that is changed: mend or delete it first, and repeat the command"
                }
                (_, false) => "it relies on the Ingress that is changed: mend it",
            };
            note.clone_into(&mut judgement.note);
        }
        if judgement.outcome != Outcome::Refuse {
            return;
        }
        if self.change.key.kind == Kind::Secret && !self.is_own(&judgement.breach.subject) {
            let note = match self.change.operation {
                Operation::Delete => "it uses the Secret that is deleted: delete it first, or let it use another one",
                _ => "it uses the Secret that is changed",
            };
            note.clone_into(&mut judgement.note);
            return;
        }
        match (&self.change.operation, &self.change.before, &self.change.after) {
            (Operation::Delete, Some(_), _)
                if self.change.key.kind.is_policy() || self.change.key.kind.is_mesh_policy() =>
            {
                "delete its workload first, or repeat the command when that is gone".clone_into(&mut judgement.note);
            }
            (Operation::Update, Some(Object::NetworkPolicy(before)), Some(Object::NetworkPolicy(after)))
                if before.pod_selector != after.pod_selector =>
            {
                "if its labels move with this selector, keep a second policy with the old one until the rollout ends"
                    .clone_into(&mut judgement.note);
            }
            (Operation::Create, _, Some(Object::Pod(pod))) => {
                let top = judge.after.top_controller(&pod.meta);
                let restarts = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet];
                if let Some(top) = top.filter(|top| restarts.contains(&top.kind)) {
                    let kind = top.kind.name().to_lowercase();
                    let namespace = top.namespace.unwrap_or_default();
                    judgement.note = format!(
                        "its controller retries; once that is mended, kubectl rollout restart -n {namespace} {kind}/{} makes it retry at once",
                        top.name
                    );
                }
            }
            _ => {}
        }
    }
}
