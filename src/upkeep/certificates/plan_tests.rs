use std::time::Duration;

use jiff::Timestamp;

use super::{
    Terms,
    bundles::Bundles,
    cert::Cert,
    clock::Clock,
    make::{By, Maker},
    memory::Memory,
    plan::{Outcome, Probe, Scene, Step, plan},
    stored::{Contents, Stored},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A rotation under way: the new authority stands in the bundle since the start of the process.
struct Rotation {
    stored: Stored,
    bundles: Bundles,
    memory: Memory,
    terms: Terms,
    names: Vec<String>,
    now: Timestamp,
    serves: bool,
    keeps_fields: bool,
}

impl Rotation {
    fn new() -> Self {
        let (terms, names) = (Terms::default(), vec!["ringwall.ringwall.svc".to_owned()]);
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let contents = Maker { terms: &terms, names: &names };
        let contents = contents.with_next(&contents.begin(now).unwrap(), now).unwrap();
        Self::holding(contents, terms, names, now)
    }

    /// The same after the new authority has signed.
    fn signed() -> Self {
        let Self { stored, terms, names, now, .. } = Self::new();
        let contents = Maker { terms: &terms, names: &names }.with_leaf(&stored.contents, By::Next, now).unwrap();
        Self::holding(contents, terms, names, now)
    }

    fn holding(contents: Contents, terms: Terms, names: Vec<String>, now: Timestamp) -> Self {
        let bundles = Bundles::of(&[contents.bundle()]);
        let mut memory = Memory::default();
        memory.observe(Some(&bundles), contents.signing(), Duration::ZERO);
        Self {
            stored: Stored::holding(contents),
            bundles,
            memory,
            terms,
            names,
            now,
            serves: true,
            keeps_fields: false,
        }
    }

    fn plan(&self, uptime: Duration, outcome: Option<Outcome>) -> Step {
        self.plan_at(Clock::of(self.now, Some(self.now)), uptime, outcome)
    }

    fn plan_at(&self, clock: Clock, uptime: Duration, outcome: Option<Outcome>) -> Step {
        let probe = outcome.map(|outcome| Probe { about: self.about(), outcome, first: MINUTE, last: MINUTE });
        plan(&Scene {
            stored: &self.stored,
            bundles: Some(&self.bundles),
            in_force: Some(self.leaf()).filter(|_| self.serves),
            memory: &self.memory,
            probe: probe.as_ref(),
            keeps_fields: self.keeps_fields,
            clock,
            uptime,
            terms: &self.terms,
            names: &self.names,
        })
    }

    fn leaf(&self) -> &Cert {
        &self.stored.contents.leaf.as_ref().unwrap().certificate
    }

    /// What the next probe is about.
    fn about(&self) -> String {
        let next = self.stored.contents.next.as_ref();
        next.map_or(self.leaf(), |next| &next.certificate).fingerprint.clone()
    }
}

fn silent() -> Outcome {
    Outcome::Silent("x509: certificate signed by unknown authority".to_owned())
}

#[test]
fn a_wait_is_that_of_the_process_whatever_the_clock_says() {
    let rotation = Rotation::new();
    let days = Duration::from_secs(10 * 86_400);
    for now in [rotation.now, rotation.now + days, rotation.now - days] {
        let clock = Clock::of(now, None);
        assert_eq!(rotation.plan_at(clock, 20 * SECOND, None), Step::Wait(40 * SECOND), "{now}");
    }
    assert_eq!(rotation.plan(MINUTE, None), Step::Probe(rotation.about()));
}

#[test]
fn fields_are_given_up_at_once_and_where_that_fails_when_nothing_else_is_to_be_done() {
    let mut rotation = Rotation::new();
    rotation.bundles = rotation.bundles.owned();
    for uptime in [20 * SECOND, MINUTE] {
        assert_eq!(rotation.plan(uptime, None), Step::Disown);
    }
    rotation.keeps_fields = true;
    assert_eq!(rotation.plan(20 * SECOND, None), Step::Disown);
    assert_eq!(rotation.plan(MINUTE, None), Step::Probe(rotation.about()), "the rotation goes on");
}

#[test]
fn the_new_authority_signs_once_a_probe_is_answered_or_cannot_be_made() {
    let mut rotation = Rotation::new();
    let by_next = |step| matches!(step, Step::IssueLeaf(By::Next, _));
    assert!(by_next(rotation.plan(MINUTE, Some(Outcome::Answered(rotation.leaf().fingerprint.clone())))));
    assert!(by_next(rotation.plan(MINUTE, Some(Outcome::Impossible("not served".to_owned())))));
    assert_eq!(rotation.plan(MINUTE, Some(silent())), Step::Wait(10 * SECOND));
    assert_eq!(rotation.plan(MINUTE + 10 * SECOND, Some(silent())), Step::Probe(rotation.about()));
    assert!(by_next(rotation.plan(11 * MINUTE, Some(silent()))), "whom nobody reaches has nothing to lose");
    rotation.serves = false;
    assert!(by_next(rotation.plan(MINUTE, Some(silent()))), "nor has who serves nothing");
}

#[test]
fn the_former_authority_goes_only_after_an_answer_by_the_new_certificate() {
    let rotation = Rotation::signed();
    let hour = 60 * MINUTE;
    assert_eq!(rotation.plan(59 * MINUTE + 59 * SECOND, None), Step::Wait(SECOND));
    assert_eq!(rotation.plan(hour, None), Step::Probe(rotation.about()));
    assert_eq!(rotation.plan(hour, Some(Outcome::Answered(rotation.about()))), Step::DropPrevious);
    for other in [Some(silent()), Some(Outcome::Answered("that of another replica".to_owned()))] {
        assert_eq!(rotation.plan(24 * hour, other), Step::Probe(rotation.about()));
    }
}

#[test]
fn a_certificate_that_lacks_a_name_is_made_anew_by_the_same_authority() {
    let mut rotation = Rotation::signed();
    rotation.names.push("127.0.0.1".to_owned());
    assert_eq!(rotation.plan(SECOND, None), Step::IssueLeaf(By::Current, "it is not for all names"));
}
