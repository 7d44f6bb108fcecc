//! One subject judged: its breaches after, before, and what each of them does.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    model::{Kind, Labels, Name, Object, ObjectKey},
    rules::{self, Aspect, Breach, Context, EXPIRED_EXEMPTION, Extent, RuleId, Shared, Subject, SubjectReference},
    ruleset::{Exemption, Mode, Modes, Ruleset},
    snapshot::{Blind, Running, Snapshot},
};

use super::{Judgement, Outcome, Reason, settings};

/// The namespaces in which nothing is ever judged, Ringwall's own aside.
pub(super) const SPARED_NAMESPACES: [&str; 2] = ["kube-system", "kube-node-lease"];

/// What is the same for all subjects of a decision.
pub(super) struct Judge<'a> {
    /// The state before; `None` for a survey, in which nothing has a before.
    pub(super) before: Option<&'a Snapshot>,
    /// The state that is judged.
    pub(super) after: &'a Snapshot,
    pub(super) ruleset: &'a Ruleset,
    pub(super) now: Timestamp,
    /// Whether what happens is a change of network policies alone.
    pub(super) by_policies: bool,
    /// Whether what is judged is yet to come: a date that is past is a mistake then, and not what becomes of every exemption.
    pub(super) to_come: bool,
    /// The namespace whose profiles were asked for last: that of the next subject, as a rule.
    latest: RefCell<Option<(Name, Modes)>>,
}

/// How far the findings of a subject may go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// They refuse, where mode and comparison say so; what waits for something that is to come warns.
    Full,
    /// They refuse even then: the change itself takes away or brings what they are about.
    Taken,
    /// They warn at most, for that reason.
    Warn(Reason),
}

/// A judgement, and whether the change made it so.
pub(super) struct Verdict {
    pub(super) judgement: Judgement,
    pub(super) worse: bool,
    /// Whether the rule is enforced here, whatever came of it.
    pub(super) enforced: bool,
}

impl<'a> Judge<'a> {
    pub(super) fn new(before: Option<&'a Snapshot>, after: &'a Snapshot, ruleset: &'a Ruleset, now: Timestamp) -> Self {
        Self { before, after, ruleset, now, by_policies: false, to_come: false, latest: RefCell::default() }
    }

    pub(super) fn context(&self) -> Context<'a> {
        self.context_of(self.after)
    }

    fn context_of(&self, snapshot: &'a Snapshot) -> Context<'a> {
        Context {
            snapshot,
            environment: &self.ruleset.environment,
            parameters: &self.ruleset.parameters,
            now: self.now,
            shared: None,
        }
    }

    /// The profiles of a namespace: the stricter of before and after.
    pub(super) fn modes(&self, namespace: Option<&Name>) -> Modes {
        let Some(name) = namespace else { return self.ruleset.defaults };
        if let Some((_, modes)) = self.latest.borrow().as_ref().filter(|(latest, _)| latest == name) {
            return *modes;
        }
        let of = |snapshot: &Snapshot| {
            let labels = snapshot.namespace(name).found().map(|namespace| namespace.meta.labels.clone());
            self.ruleset.modes_of(&labels.unwrap_or_default())
        };
        let modes = match self.before {
            Some(before) => of(before).stricter(of(self.after)),
            None => of(self.after),
        };
        self.latest.replace(Some((name.clone(), modes)));
        modes
    }

    /// Whether nothing is judged in the namespace.
    pub(super) fn is_spared(&self, namespace: &Name) -> bool {
        SPARED_NAMESPACES.contains(&namespace.as_str())
            || self.ruleset.environment.own_namespace.as_ref() == Some(namespace)
    }

    /// Whether the subject is in a Namespace that is being deleted.
    pub(super) fn is_terminating(&self, subject: &Subject) -> bool {
        let namespace = subject.namespace().and_then(|name| self.after.namespace(name).found());
        namespace.is_some_and(|namespace| namespace.terminating)
    }

    /// Whether a class has a Pod that counts as running; other subjects always count.
    pub(super) fn counts(&self, subject: &Subject) -> bool {
        let Subject::Class(key) = subject else { return true };
        let Some(class) = self.after.class(key) else { return false };
        class.pods.iter().any(|name| {
            let pod = ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), name.clone());
            match self.after.object(&pod).found() {
                Some(Object::Pod(pod)) => self.after.running(&pod, self.now) == Running::Yes,
                _ => false,
            }
        })
    }

    /// The verdicts of a subject: what it breaks after, each compared with what it broke before.
    pub(super) fn subject(&self, subject: &Subject, reach: Reach, out: &mut Vec<Verdict>) {
        if subject.namespace().is_some_and(|namespace| self.is_spared(namespace)) {
            return;
        }
        if subject.kind().is_settings() {
            settings::verdicts(self, subject, out);
            return;
        }
        let modes = self.modes(subject.namespace());
        let mut before: BTreeMap<&'static str, BTreeMap<Aspect, Vec<Breach>>> = BTreeMap::new();
        let mut after = Vec::new();
        let shared = Shared::new(subject);
        let context = Context { shared: Some(&shared), ..self.context() };
        for rule in rules::all().filter(|rule| !self.by_policies || rule.minds_policies()) {
            if self.ruleset.mode(rule.info(), modes).is_none() {
                continue;
            }
            rule.judge(&context, subject, &mut after);
            for breach in std::mem::take(&mut after) {
                let Some(level) = rule.level(&context, &breach) else { continue };
                let Some(mode) = self.ruleset.mode_at(rule.info().id, level, modes) else { continue };
                let prior = before.entry(breach.family.0).or_insert_with(|| self.prior(breach.family.0, subject));
                let worse = is_worse(&breach, prior.get(&breach.aspect.scale()).map_or(&[], Vec::as_slice));
                let awaits = reach == Reach::Full && mode == Mode::Enforce && rule.awaits(&context, &breach);
                let reach = if awaits { Reach::Warn(Reason::Awaited) } else { reach };
                self.verdicts(breach, mode, worse, reach, out);
            }
        }
    }

    /// The breaches of a family that the subject had before, by their scale.
    fn prior(&self, family: &str, subject: &Subject) -> BTreeMap<Aspect, Vec<Breach>> {
        let mut breaches = Vec::new();
        if let Some(before) = self.before {
            let shared = Shared::new(subject);
            let context = Context { shared: Some(&shared), ..self.context_of(before) };
            for rule in rules::all().filter(|rule| rule.info().family.0 == family) {
                rule.judge(&context, subject, &mut breaches);
            }
        }
        let mut by_scale: BTreeMap<Aspect, Vec<Breach>> = BTreeMap::new();
        for breach in breaches {
            by_scale.entry(breach.aspect.scale()).or_default().push(breach);
        }
        by_scale
    }

    fn verdicts(&self, breach: Breach, mode: Mode, worse: bool, reach: Reach, out: &mut Vec<Verdict>) {
        let subject = breach.subject.reference(self.after);
        let enforced = mode == Mode::Enforce;
        let (exempt, expired) = self.exemption(&breach);
        let plain = match mode {
            Mode::Audit => Outcome::Audit(Reason::Mode),
            Mode::Warn => Outcome::Warn(Reason::Mode),
            Mode::Enforce if !worse => Outcome::Warn(Reason::Before),
            Mode::Enforce if breach.certain.is_err() => Outcome::Warn(Reason::Unproved),
            Mode::Enforce => match reach {
                Reach::Full | Reach::Taken => Outcome::Refuse,
                Reach::Warn(reason) => Outcome::Warn(reason),
            },
        };
        if let Some(expired) = expired {
            let ended = Breach {
                rule: EXPIRED_EXEMPTION,
                family: rules::Family(EXPIRED_EXEMPTION.0),
                subject: breach.subject.clone(),
                aspect: Aspect::Exemption(expired.name.clone()),
                extent: Extent::Count(1),
                certain: Ok(()),
            };
            let note = expired.expires.map(|date| format!("on {date}; owner {}", expired.owner)).unwrap_or_default();
            let judgement = Judgement { breach: ended, subject: subject.clone(), outcome: plain.clone(), note };
            out.push(Verdict { judgement, worse, enforced });
        }
        let (outcome, note) = match exempt {
            Some(exemption) => (Outcome::Exempt(exemption.id()), format!("exempted: {}", exemption.reason)),
            None => (plain, String::new()),
        };
        out.push(Verdict { judgement: Judgement { breach, subject, outcome, note }, worse, enforced });
    }

    /// The exemption that covers a breach, or else one that would if it had not ended.
    fn exemption(&self, breach: &Breach) -> (Option<&'a Exemption>, Option<&'a Exemption>) {
        if self.ruleset.exemptions.is_empty() {
            return (None, None);
        }
        let today = self.now.to_zoned(TimeZone::UTC).date();
        let labels = self.labels(&breach.subject);
        let identities = self.identities(&breach.subject);
        let is: Vec<_> = identities.iter().map(|(kind, name)| (*kind, name.as_ref())).collect();
        let covers = |exemption: &&'a Exemption| {
            exemption.rules.contains(&breach.rule)
                && exemption.matches.matches(&is, breach.subject.namespace(), &labels)
        };
        let is_over = |exemption: &&'a Exemption| exemption.expires.is_some_and(|last| last < today);
        let live = self.ruleset.exemptions.iter().filter(covers).find(|exemption| !is_over(exemption));
        let over = self.ruleset.exemptions.iter().filter(covers).find(is_over);
        if live.is_some() { (live, None) } else { (None, over) }
    }

    /// What an exemption may know the subject by: itself, and the top controller that was found above it. What a reference
    /// claims and nothing bears out is no identity, though messages show it: whoever writes a Pod writes its references.
    fn identities(&self, subject: &Subject) -> Vec<(Kind, Option<Name>)> {
        let (itself, object) = match subject {
            Subject::Object(key) => ((key.kind, Some(key.name.clone())), key.clone()),
            Subject::Class(key) => {
                let pods = self.after.class(key).map(|class| class.pods.clone()).unwrap_or_default();
                let first = pods.first().cloned().unwrap_or_default();
                let only = (pods.size() == 1).then(|| first.clone());
                ((Kind::Pod, only), ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), first))
            }
        };
        let top = self.after.object(&object).found().and_then(|object| self.after.top_controller(object.meta()));
        [itself].into_iter().chain(top.map(|top| (top.kind, Some(top.name)))).collect()
    }

    fn labels(&self, subject: &Subject) -> Labels {
        match subject.workload(self.after) {
            Some(workload) => workload.facts.labels.clone(),
            None => match subject {
                Subject::Object(key) => {
                    self.after.object(key).found().map(|object| object.meta().labels.clone()).unwrap_or_default()
                }
                Subject::Class(_) => Labels::default(),
            },
        }
    }
}

/// Whether the breach is more than what was there before on its scale, which is given. What could not be proved before licenses nothing that
/// is certain now: doubt would be a way in.
pub(super) fn is_worse(breach: &Breach, before: &[Breach]) -> bool {
    let counts = |prior: &&Breach| prior.certain.is_ok() || breach.certain.is_err();
    let mut comparable = before.iter().filter(counts).peekable();
    comparable.peek().is_none() || breach.extent.exceeds(comparable.map(|prior| &prior.extent))
}

/// A template whose Pods are judged beside it says nothing that they do not say.
pub(super) fn drop_shadowed_templates(verdicts: &mut Vec<Verdict>) {
    let name = |Verdict { judgement, .. }: &Verdict| {
        let subject = SubjectReference { pods: None, ..judgement.subject.clone() };
        (judgement.breach.rule, judgement.breach.aspect.clone(), subject)
    };
    let is_class = |verdict: &&Verdict| matches!(verdict.judgement.breach.subject, Subject::Class(_));
    let told: BTreeSet<_> = verdicts.iter().filter(is_class).map(name).collect();
    if !told.is_empty() {
        let is_template = |verdict: &Verdict| verdict.judgement.breach.subject.kind().is_workload();
        verdicts.retain(|verdict| !is_template(verdict) || !told.contains(&name(verdict)));
    }
}

/// What a Secret says of itself, those who use it do not repeat, unless it goes further with them.
pub(super) fn drop_what_secrets_say(verdicts: &mut Vec<Verdict>) {
    let own = |Verdict { judgement, .. }: &Verdict| match &judgement.breach.subject {
        Subject::Object(key) if key.kind == Kind::Secret => {
            Some(((judgement.breach.rule, key.clone()), judgement.outcome.clone()))
        }
        _ => None,
    };
    let told: BTreeMap<_, _> = verdicts.iter().filter_map(own).collect();
    if !told.is_empty() {
        verdicts.retain(|Verdict { judgement, .. }| {
            let Aspect::Secret(secret) = &judgement.breach.aspect else { return true };
            let said = told.get(&(judgement.breach.rule, secret.clone()));
            said.is_none_or(|outcome| judgement.outcome < *outcome)
        });
    }
}

/// What cannot be said of the versions of TLS for a reason for which nothing can be said of its cipher suites either is told once, unless
/// it goes further of the suites. It is dropped after the reads are named: those that a rule in force needs, no other rule names for it.
pub(super) fn drop_repeated_doubts(verdicts: &mut Vec<Verdict>) {
    let [of_versions, of_suites] = rules::TLS_SETTINGS_RULES;
    let in_doubt = |Verdict { judgement: Judgement { breach, outcome, .. }, .. }: &Verdict, rule: RuleId| {
        let blind = breach.certain.as_ref().err().filter(|_| breach.rule == rule)?.clone();
        Some(((breach.subject.clone(), breach.aspect.clone()), (blind, outcome.clone())))
    };
    let told: BTreeMap<_, _> = verdicts.iter().filter_map(|verdict| in_doubt(verdict, of_versions)).collect();
    if !told.is_empty() {
        verdicts.retain(|verdict| {
            let Some((at, (blind, outcome))) = in_doubt(verdict, of_suites) else { return true };
            told.get(&at).is_none_or(|(known, said)| *known != blind || outcome < *said)
        });
    }
}

/// Whether a read could settle what is not known.
pub(super) fn is_readable(blind: &Blind) -> bool {
    matches!(blind, Blind::Stale(_) | Blind::NotWatched(_) | Blind::Undecodable(_))
}
