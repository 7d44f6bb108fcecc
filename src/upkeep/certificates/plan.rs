//! What is to be done next, decided without doing anything.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Terms,
    bundles::Bundles,
    cert::Cert,
    clock::{Clock, earlier, later},
    make::{By, Maker},
    memory::Memory,
    stored::{Contents, Stored},
};

/// How much further ahead than its life a certificate may end; beyond, a clock that was ahead has made it.
const LEEWAY: Duration = Duration::from_secs(3600);

/// Everything that decides.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) stored: &'a Stored,
    /// What API servers trust; `None` when there is no configuration.
    pub(super) bundles: Option<&'a Bundles>,
    /// What this replica serves.
    pub(super) in_force: Option<&'a Cert>,
    pub(super) memory: &'a Memory,
    pub(super) probe: Option<&'a Probe>,
    /// Whether fields could not be given up when that was tried last.
    pub(super) keeps_fields: bool,
    pub(super) clock: Clock,
    /// For how long this process has run.
    pub(super) uptime: Duration,
    pub(super) terms: &'a Terms,
    /// The names that the certificate must bear.
    pub(super) names: &'a [String],
}

/// What a request through the API server found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Probe {
    /// What it was for: the fingerprint of the authority that is to sign, or of the certificate that is to be served.
    pub(super) about: String,
    pub(super) outcome: Outcome,
    /// When the first such probe was made, and the last.
    pub(super) first: Duration,
    pub(super) last: Duration,
}

/// How a probe ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// A replica answered, which serves the certificate with that fingerprint.
    Answered(String),
    /// No replica answered; why.
    Silent(String),
    /// It cannot be made; why.
    Impossible(String),
}

/// The next step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Make everything: nobody trusts anything yet.
    Begin,
    /// Write the Secret without what cannot be read, and keep as former authorities those of the bundle that it does not know.
    Mend,
    /// Make the authority that is to sign next.
    MakeAuthority(&'static str),
    /// Put into every entry what is to be trusted, and nothing else.
    PutInBundle,
    /// Give up the fields of the entries, which putting something there has made Ringwall's.
    Disown,
    /// Make a certificate.
    IssueLeaf(By, &'static str),
    /// Ask through the API server; about that fingerprint.
    Probe(String),
    /// Forget the former authorities.
    DropPrevious,
    /// Wait; no longer than that is of use.
    Wait(Duration),
    /// Nothing is to be done before that time.
    Rest(Timestamp),
}

impl Step {
    /// Its name in the metrics.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Mend => "mend",
            Self::MakeAuthority(_) => "make-authority",
            Self::PutInBundle => "put-in-bundle",
            Self::Disown => "disown",
            Self::IssueLeaf(..) => "issue",
            Self::Probe(_) => "probe",
            Self::DropPrevious => "drop-previous",
            Self::Wait(_) => "wait",
            Self::Rest(_) => "rest",
        }
    }
}

/// The next step.
pub(super) fn plan(scene: &Scene<'_>) -> Step {
    match of_certificates(scene) {
        // It failed before, and is tried again when nothing else is to be done: nothing that is served waits for it.
        Step::Wait(_) | Step::Rest(_) if scene.bundles.is_some_and(Bundles::is_owner) => Step::Disown,
        step => step,
    }
}

/// The next step, for the sake of what is served and trusted.
fn of_certificates(scene: &Scene<'_>) -> Step {
    if begins(scene) {
        return Step::Begin;
    }
    let Scene { stored, bundles, clock, terms, names, .. } = *scene;
    let contents = &stored.contents;
    if !stored.faults.is_empty() || adopted(scene).previous.len() > contents.previous.len() {
        return Step::Mend;
    }
    if !contents.trusted().is_empty() && bundles.is_some_and(|bundles| !bundles.are(&contents.trusted())) {
        return Step::PutInBundle;
    }
    if !scene.keeps_fields && bundles.is_some_and(Bundles::is_owner) {
        return Step::Disown;
    }
    let leaf = contents.leaf.as_ref().map(|leaf| &leaf.certificate);
    let signer = contents.authority.as_ref().filter(|authority| authority.key.is_some());
    let next = contents.next.as_ref().filter(|next| authority_due(&next.certificate, clock, terms).is_none());
    let Some(next) = next else {
        let why = signer.map_or(Some("no authority can sign"), |it| authority_due(&it.certificate, clock, terms));
        return match (why, signer) {
            (None, Some(signer)) => serve(scene, &signer.certificate, leaf),
            (why, _) => Step::MakeAuthority(why.unwrap_or_default()),
        };
    };
    // A replica that starts during a rotation must find something to serve.
    let lacks = leaf.is_none_or(|leaf| leaf.not_after <= clock.now || !leaf.bears(names));
    if lacks && signer.is_some_and(|signer| signer.certificate.not_after > later(clock.now, terms.wait * 2)) {
        return Step::IssueLeaf(By::Current, "there is none that works");
    }
    let stood = scene.memory.stood(&next.certificate, scene.uptime);
    let remains = if bundles.is_none() { Duration::ZERO } else { terms.wait.saturating_sub(stood.unwrap_or_default()) };
    if remains > Duration::ZERO {
        return Step::Wait(remains);
    }
    match heard(scene, &next.certificate.fingerprint) {
        Heard::Yes(_) | Heard::Never => Step::IssueLeaf(By::Next, "its authority is trusted everywhere by now"),
        Heard::Ask => Step::Probe(next.certificate.fingerprint.clone()),
        Heard::Wait(time) => Step::Wait(time),
    }
}

/// What the Secret is to hold after a step; `None` for a step that does not write it.
pub(super) fn written(step: &Step, scene: &Scene<'_>) -> Result<Option<Contents>, rcgen::Error> {
    let maker = Maker { terms: scene.terms, names: scene.names };
    let (contents, now) = (&scene.stored.contents, scene.clock.now);
    Ok(Some(match step {
        Step::Begin => maker.begin(now)?,
        Step::Mend => adopted(scene),
        Step::MakeAuthority(_) => maker.with_next(contents, now)?,
        Step::IssueLeaf(by, _) => maker.with_leaf(contents, *by, now)?,
        Step::DropPrevious => contents.without_previous(),
        Step::PutInBundle | Step::Disown | Step::Probe(_) | Step::Wait(_) | Step::Rest(_) => return Ok(None),
    }))
}

/// The contents with the authorities of the bundle that must be kept though nobody remembers them: what is served may rest on them
/// where the Secret was lost, garbled or put back from long ago. Where all is in order, what the bundle has too much is a stranger's.
fn adopted(scene: &Scene<'_>) -> Contents {
    let Stored { contents, faults, .. } = scene.stored;
    let Some(bundles) = scene.bundles else { return contents.clone() };
    let rests_on_known = |leaf: &Cert| contents.trusted().into_iter().any(|authority| leaf.is_signed_by(authority));
    let is_in_order = faults.is_empty()
        && match (scene.in_force, &contents.authority) {
            (Some(in_force), _) => rests_on_known(in_force),
            (None, Some(authority)) => bundles.all_hold(&authority.certificate),
            (None, None) => false,
        };
    if is_in_order { contents.clone() } else { contents.with_previous(bundles.held().into_iter().cloned()) }
}

/// Why a certificate must be renewed, if it must.
fn due(certificate: &Cert, life: Duration, clock: Clock) -> Option<&'static str> {
    if clock.now >= earlier(certificate.not_after, life / 3) {
        Some("two thirds of its life are over")
    } else if clock.is_sure && certificate.not_after > later(clock.now, life + LEEWAY) {
        Some("it was made by a clock that was ahead")
    } else {
        None
    }
}

/// The same for an authority, which must outlive what it signs.
fn authority_due(authority: &Cert, clock: Clock, terms: &Terms) -> Option<&'static str> {
    let is_short = clock.now >= earlier(authority.not_after, terms.leaf);
    due(authority, terms.authority, clock).or(is_short.then_some("it would end before what it signs"))
}

/// Whether there is nothing to protect, so that all can be made at once.
fn begins(scene: &Scene<'_>) -> bool {
    let contents = &scene.stored.contents;
    let works = match (&contents.leaf, &contents.authority) {
        (Some(leaf), Some(authority)) => {
            leaf.certificate.not_after > scene.clock.now && leaf.certificate.is_signed_by(&authority.certificate)
        }
        _ => false,
    };
    !works && scene.bundles.is_none_or(|bundles| bundles.held().is_empty())
}

/// With an authority that can sign: a certificate by it, and later the former ones out.
fn serve(scene: &Scene<'_>, authority: &Cert, leaf: Option<&Cert>) -> Step {
    let Scene { memory, clock, uptime, terms, .. } = *scene;
    let fault = match leaf {
        None => Some("there is none"),
        Some(leaf) if !leaf.is_signed_by(authority) => Some("another authority signed it"),
        Some(leaf) if !leaf.bears(scene.names) => Some("it is not for all names"),
        Some(leaf) => due(leaf, terms.leaf, clock),
    };
    let Some(leaf) = leaf.filter(|_| fault.is_none()) else {
        // Something else is served and trusted: the authority must have stood as long as a new one.
        let protects = scene.in_force.is_some_and(|in_force| !in_force.is_signed_by(authority));
        let stood = memory.stood(authority, uptime).unwrap_or_default();
        let remains = terms.wait.saturating_sub(stood);
        return if protects && scene.bundles.is_some() && remains > Duration::ZERO {
            Step::Wait(remains)
        } else {
            Step::IssueLeaf(By::Current, fault.unwrap_or_default())
        };
    };
    if !scene.stored.contents.previous.is_empty() {
        let remains = terms.keep.saturating_sub(memory.signed(uptime));
        if remains > Duration::ZERO {
            return Step::Wait(remains);
        }
        return match heard(scene, &leaf.fingerprint) {
            Heard::Yes(served) if served == leaf.fingerprint => Step::DropPrevious,
            Heard::Never => Step::DropPrevious,
            Heard::Ask => Step::Probe(leaf.fingerprint.clone()),
            // Somebody serves another one still, or nobody answers: the former authority does no harm.
            Heard::Yes(_) => again(scene, &leaf.fingerprint),
            Heard::Wait(time) => Step::Wait(time),
        };
    }
    let renewal = earlier(leaf.not_after, terms.leaf / 3);
    Step::Rest(renewal.min(earlier(authority.not_after, (terms.authority / 3).max(terms.leaf))))
}

/// What the probes about something say.
enum Heard<'a> {
    /// A replica that serves this answered.
    Yes(&'a str),
    /// None can be made, or none was answered for so long that the rotation goes on without.
    Never,
    Ask,
    Wait(Duration),
}

fn heard<'a>(scene: &Scene<'a>, about: &str) -> Heard<'a> {
    let Some(probe) = scene.probe.filter(|probe| probe.about == about) else { return Heard::Ask };
    let is_for_leaf = scene.stored.contents.leaf.as_ref().is_some_and(|leaf| leaf.certificate.fingerprint == about);
    match &probe.outcome {
        Outcome::Answered(served) => Heard::Yes(served),
        Outcome::Impossible(_) => Heard::Never,
        // Who cannot be reached, or has nothing to serve, has nothing to lose by a new certificate; a former authority is kept for
        // whoever may need it.
        Outcome::Silent(_)
            if !is_for_leaf
                && (scene.in_force.is_none() || scene.uptime.saturating_sub(probe.first) >= scene.terms.patience) =>
        {
            Heard::Never
        }
        Outcome::Silent(_) => match again(scene, about) {
            Step::Wait(time) => Heard::Wait(time),
            _ => Heard::Ask,
        },
    }
}

/// Asks again, not at once.
fn again(scene: &Scene<'_>, about: &str) -> Step {
    let since = scene.probe.map_or(Duration::MAX, |probe| scene.uptime.saturating_sub(probe.last));
    let remains = (scene.terms.wait / 6).saturating_sub(since);
    if remains > Duration::ZERO { Step::Wait(remains) } else { Step::Probe(about.to_owned()) }
}
