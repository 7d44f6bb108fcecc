//! Judgements to a report: those of one subject become one, each is explained once, and all are put in order.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::{
    decision::{self, Judgement, Outcome},
    model::{FieldPath, Name, ObjectKey},
    rules::{Aspect, Context, Place, RuleId, Subject, SubjectReference},
    source::Locate,
    trace::Layers,
};

use super::{Position, Report, ReportError, Reported, Summary};

/// What a report is built from.
pub struct Judged<'a> {
    /// The state that was judged.
    pub context: Context<'a>,
    /// What came of it.
    pub judgements: Vec<Judgement>,
    /// Who knows where fields are in the text, if there is a text.
    pub locate: Option<&'a dyn Locate>,
    /// How many objects were judged or looked at.
    pub objects: usize,
    /// What could not be judged.
    pub errors: Vec<ReportError>,
    /// How many objects there were of each kind that Ringwall does not read.
    pub skipped: Vec<(Name, usize)>,
    /// What the reader should know.
    pub hints: Vec<String>,
    /// The layers around each workload, where they are asked for.
    pub layers: Option<Vec<Layers>>,
}

impl Report {
    /// Builds the report: a Deployment, its ReplicaSet and its Pods are one subject.
    pub fn new(judged: Judged<'_>) -> Self {
        let Judged { context, judgements, locate, objects, mut errors, skipped, hints, layers } = judged;
        let mut findings: Vec<_> = merge(judgements).map(|merged| merged.explain(&context, locate)).collect();
        findings.sort_by(order);
        errors.sort_by_cached_key(|error| {
            let at = error.position.as_ref().map(|position| (position.line, position.column));
            (error.file.clone(), at, error.reason.clone())
        });
        let mut summary = Summary {
            objects,
            skipped: skipped.iter().map(|(_, count)| count).sum(),
            errors: errors.len(),
            ..Summary::default()
        };
        summary.count(&findings);
        Self { findings, errors, skipped, hints, layers, summary }
    }

    /// The report where nothing could be judged.
    pub fn of_errors(errors: Vec<ReportError>) -> Self {
        let summary = Summary { errors: errors.len(), ..Summary::default() };
        Self { errors, summary, ..Self::default() }
    }
}

/// Everything that one line of the report stands for.
struct Merged {
    judgement: Judgement,
    pods: Option<usize>,
}

type MergeKey = (RuleId, Name, Option<Name>, Name, Aspect);

fn merge(judgements: Vec<Judgement>) -> impl Iterator<Item = Merged> {
    let mut merged: BTreeMap<MergeKey, Merged> = BTreeMap::new();
    for judgement in judgements {
        let SubjectReference { kind, namespace, name, pods } = judgement.subject.clone();
        let key = (judgement.breach.rule, kind, namespace, name, judgement.breach.aspect.clone());
        match merged.get_mut(&key) {
            None => {
                merged.insert(key, Merged { judgement, pods });
            }
            Some(known) => {
                known.pods = match (known.pods, pods) {
                    (Some(known), Some(more)) => Some(known + more),
                    (known, more) => known.or(more),
                };
                if rank(&judgement) < rank(&known.judgement) {
                    known.judgement = judgement;
                }
            }
        }
    }
    merged.into_values()
}

/// The judgement that speaks for its subject: the strictest; then the object that the subject is named after.
fn rank(judgement: &Judgement) -> (&Outcome, bool, &Subject) {
    let subject = &judgement.breach.subject;
    let is_named_after = matches!(subject, Subject::Object(key) if SubjectReference::of(key).name == judgement.subject.name
        && judgement.subject.is(key.kind));
    (&judgement.outcome, !is_named_after, subject)
}

impl Merged {
    fn explain(self, context: &Context<'_>, locate: Option<&dyn Locate>) -> Reported {
        let mut finding = decision::explain(context, &self.judgement);
        let Judgement { breach, subject, outcome, .. } = self.judgement;
        // The message names its subject; it stands for all that were merged.
        let merged = SubjectReference { pods: self.pods, ..subject };
        finding.message = finding.message.replacen(&finding.subject.to_string(), &merged.to_string(), 1);
        finding.subject = merged;
        // Where the rule knows no field, its subject is the place.
        let named = || Some(Place { object: object(&breach.subject, context)?, path: FieldPath::new("metadata.name") });
        let mut positions: Vec<Position> = Vec::new();
        let fallback = if finding.places.is_empty() { named() } else { None };
        for place in finding.places.iter().chain(&fallback) {
            positions.extend(position(locate, place).filter(|position| !positions.contains(position)));
        }
        Reported { finding, outcome, positions }
    }
}

/// The object that a subject is, or one of its Pods.
fn object(subject: &Subject, context: &Context<'_>) -> Option<ObjectKey> {
    match subject {
        Subject::Object(key) => Some(key.clone()),
        Subject::Class(_) => subject.workload(context.snapshot).map(|workload| workload.object),
    }
}

fn position(locate: Option<&dyn Locate>, place: &Place) -> Option<Position> {
    let locate = locate?;
    let location = locate.locate(&place.object, &place.path)?;
    let text = locate.text_of(&location.file).unwrap_or("");
    Some(Position::new(location, text))
}

/// By place, as a reader goes through files; what has no place comes last, by subject.
fn order(a: &Reported, b: &Reported) -> Ordering {
    let place = |reported: &Reported| reported.positions.first().map(|at| (at.file.clone(), at.line, at.column));
    let identity = |reported: &Reported| {
        let SubjectReference { kind, namespace, name, .. } = reported.finding.subject.clone();
        (namespace, kind, name, reported.finding.rule, reported.finding.aspect.clone())
    };
    (place(a).is_none(), place(a), identity(a)).cmp(&(place(b).is_none(), place(b), identity(b)))
}
