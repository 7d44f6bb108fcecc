//! What is done: reading, taking a certificate into use, and the step that the plan names.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::{Documents, Fault, Leadership, Resource, wipe},
    model::Kind,
    telemetry::Metrics,
    webhook::Tls,
};

use super::{
    Terms,
    ask::ask,
    bundles::Bundles,
    cert::Cert,
    clock::{Clock, ahead},
    course::{Course, Topic},
    plan::{Outcome, Probe, Scene, Step, plan, written},
    stored::{Contents, Leaf, Stored},
};

/// How often the leader looks, and a replica that has nothing to serve yet. A bundle that a hand has emptied fails calls until it is seen.
const SOON: Duration = Duration::from_secs(2);
/// What is between two steps.
const BREATH: Duration = Duration::from_millis(50);
/// So many steps follow one another at once; if there are more, somebody works against them.
const STEPS: usize = 8;

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Place {
    /// Ringwall's own namespace.
    pub namespace: String,
    /// The Secret that keeps the certificate.
    pub secret: String,
    /// The webhook configuration whose bundles are kept.
    pub configuration: String,
    /// The names and addresses that the certificate is for.
    pub names: Vec<String>,
}

/// Keeps the serving certificate.
pub struct Keeper {
    /// How objects are read and written.
    pub documents: Documents,
    /// Who writes.
    pub leadership: Leadership,
    /// Where a certificate is put in force.
    pub tls: Arc<Tls>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Where everything is.
    pub place: Place,
    /// How long things last.
    pub terms: Terms,
    /// How often a replica looks.
    pub poll: Duration,
    /// How far this machine's clock is put ahead, for tests.
    pub clock_ahead: Duration,
}

/// What was read.
struct View {
    stored: Stored,
    /// `Err` when the configuration cannot be read.
    bundles: Result<Option<Bundles>, Fault>,
    clock: Clock,
    uptime: Duration,
}

/// What could not be done, and its name in the metrics.
struct Failure(&'static str, String);

impl Keeper {
    /// Keeps it until it is told to stop, which ends a write under way, too.
    pub async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(self.keep()).await;
    }

    async fn keep(&mut self) {
        let mut course = Course::new();
        let mut steps = 0;
        loop {
            let pause = match self.look(&mut course).await {
                Ok(pause) => {
                    course.forget(Topic::Failure);
                    pause
                }
                Err(Failure(what, error)) => {
                    self.metrics.certificate_error(what);
                    if course.is_new(Topic::Failure, &format!("{what} {error}")) {
                        tracing::warn!(what, error, "the managed certificate cannot be looked after; trying again");
                    }
                    SOON
                }
            };
            let is_close = course.in_force.is_none() || self.leadership.leads();
            let pause = pause.min(if is_close { SOON.min(self.poll) } else { self.poll }).max(BREATH);
            steps = if pause == BREATH { steps + 1 } else { 0 };
            let pause = if steps > STEPS { SOON } else { pause };
            let leads = self.leadership.leads();
            let began = Instant::now();
            // A term that is only prolonged is nothing new.
            while began.elapsed() < pause && self.leadership.leads() == leads {
                let rest = pause.saturating_sub(began.elapsed());
                let _ = tokio::time::timeout(rest, self.leadership.changed()).await;
            }
        }
    }

    /// Looks once, and does what is to be done; returns when it may be time to look again.
    async fn look(&self, course: &mut Course) -> Result<Duration, Failure> {
        let view = self.read(course).await?;
        let bundles = view.bundles.as_ref().ok().and_then(Option::as_ref);
        let leaf = view.stored.contents.leaf.as_ref();
        course.memory.observe(bundles, view.stored.contents.signing(), view.uptime);
        if let Some(authority) = &view.stored.contents.authority {
            self.metrics.authority_expiry(authority.certificate.not_after.as_second());
        }
        if let Some(leaf) = leaf {
            self.take(course, &view, leaf)?;
        }
        if let Err(fault) = &view.bundles {
            return Err(Failure("bundle", format!("the webhook configuration {}: {fault}", self.place.configuration)));
        }
        let leads = self.leadership.leads();
        let scene = self.scene(course, &view, bundles);
        let step = plan(&scene);
        // At the first start nobody leads yet, and whoever is first makes all: the others find it.
        let may = leads || (step == Step::Begin && course.in_force.is_none());
        self.metrics.certificate_step(if may { step.name() } else { "following" });
        if !may {
            return Ok(self.poll);
        }
        match step {
            Step::Wait(time) => Ok(time),
            Step::Rest(until) => {
                let rest = until.duration_since(view.clock.now);
                Ok(Duration::try_from(rest).unwrap_or_default().max(SOON))
            }
            Step::PutInBundle => {
                if let Some(bundles) = bundles {
                    self.put_in_bundle(bundles, &view.stored.contents).await?;
                }
                Ok(Duration::ZERO)
            }
            Step::Disown => {
                if let Some(disowned) = bundles.and_then(Bundles::disown) {
                    let disowned = self.disown(&disowned).await;
                    course.keeps_fields = disowned.is_err();
                    disowned?;
                }
                Ok(Duration::ZERO)
            }
            Step::Probe(about) => {
                self.probe(course, about).await;
                Ok(Duration::ZERO)
            }
            step => {
                let new = written(&step, &scene).map_err(|error| Failure("make", error.to_string()))?;
                if let Some(new) = new
                    && self.write(course, &view, &new, step == Step::Begin).await?
                {
                    tell(&step, &new);
                }
                Ok(Duration::ZERO)
            }
        }
    }

    async fn read(&self, course: &mut Course) -> Result<View, Failure> {
        let Place { namespace, secret, configuration, .. } = &self.place;
        let found = self.documents.get(Resource::of(Kind::Secret), Some(namespace), secret).await;
        let stored = found.map_err(|fault| Failure("read", format!("the Secret {namespace}/{secret}: {fault}")))?;
        let stored = Stored::read(stored);
        let bundles = self.documents.get(Resource::of(Kind::ValidatingWebhookConfiguration), None, configuration).await;
        let bundles = bundles.map(|found| found.as_ref().and_then(Bundles::read));
        let own = Timestamp::now().saturating_add(self.clock_ahead).unwrap_or(Timestamp::MAX);
        let server = self.documents.server_time();
        let clock = Clock::of(own, server);
        if let Some(server) = server.filter(|_| !clock.is_sure) {
            if course.is_new(Topic::Clock, "apart") {
                let ahead = ahead(own, server).as_secs();
                tracing::warn!(
                    ahead,
                    "this machine's clock is that many seconds ahead of the API server's, by which certificates go"
                );
            }
        } else {
            course.forget(Topic::Clock);
        }
        let mut state = stored.faults.join(", ");
        if !stored.exists() {
            "it is not there".clone_into(&mut state);
        }
        if !state.is_empty() && course.is_new(Topic::Secret, &state) {
            let in_force = course.in_force.as_ref().map_or("nothing", |_| "what was taken from it before");
            tracing::warn!(state, in_force, "the Secret {namespace}/{secret} is not as it was written");
        } else if state.is_empty() {
            course.forget(Topic::Secret);
        }
        if let Some(metadata) = stored.metadata() {
            course.metadata = Some(metadata.clone());
        }
        Ok(View { stored, bundles, clock, uptime: course.began.elapsed() })
    }

    /// Takes the certificate of the Secret into use, unless that would put one in force that is not trusted yet.
    fn take(&self, course: &mut Course, view: &View, leaf: &Leaf) -> Result<(), Failure> {
        let new = &leaf.certificate;
        if course.in_force.as_ref() == Some(new) {
            return Ok(());
        }
        // Without the right to read it, the leader's care must do.
        let bundles = match &view.bundles {
            Ok(bundles) => bundles.as_ref(),
            Err(Fault::Forbidden(_)) => None,
            Err(_) if course.in_force.is_some() => return Ok(()),
            Err(_) => None,
        };
        let may = course.memory.may_take(new, course.in_force.as_ref(), bundles, &self.terms, view.clock, view.uptime);
        if !may {
            if course.is_new(Topic::Held, &new.fingerprint) {
                tracing::info!(
                    certificate = new.short(),
                    "a new certificate is held back until its authority is trusted"
                );
            }
            return Ok(());
        }
        let pem = new.pem();
        self.tls.put(pem.as_bytes(), leaf.key.pem.as_bytes()).map_err(|error| Failure("take", error.to_string()))?;
        if course.in_force.replace(new.clone()).is_some() {
            self.metrics.certificate_rotation(view.clock.now.as_second());
        }
        tracing::info!(certificate = new.short(), expires = %new.not_after, "the certificate of the Secret is served");
        Ok(())
    }

    fn scene<'a>(&'a self, course: &'a Course, view: &'a View, bundles: Option<&'a Bundles>) -> Scene<'a> {
        Scene {
            stored: &view.stored,
            bundles,
            in_force: course.in_force.as_ref(),
            memory: &course.memory,
            probe: course.probe.as_ref(),
            keeps_fields: course.keeps_fields,
            clock: view.clock,
            uptime: view.uptime,
            terms: &self.terms,
            names: &self.place.names,
        }
    }

    /// Writes the Secret; `false` when somebody else did.
    async fn write(&self, course: &Course, view: &View, contents: &Contents, first: bool) -> Result<bool, Failure> {
        let Place { namespace, secret, .. } = &self.place;
        let mut object = contents.object(&view.stored, namespace, secret, course.metadata.as_ref());
        if !first && !self.leadership.leads() {
            wipe(&mut object);
            return Ok(false);
        }
        let written = if view.stored.exists() {
            self.documents.replace(Resource::of(Kind::Secret), Some(namespace), &object).await
        } else {
            self.documents.create(Resource::of(Kind::Secret), Some(namespace), &object).await
        };
        wipe(&mut object);
        match written {
            Ok(mut answer) => {
                wipe(&mut answer);
                Ok(true)
            }
            Err(Fault::Conflict) => Ok(false),
            Err(fault) => Err(Failure("write", format!("the Secret {namespace}/{secret}: {fault}"))),
        }
    }

    async fn put_in_bundle(&self, bundles: &Bundles, contents: &Contents) -> Result<(), Failure> {
        if !self.leadership.leads() {
            return Ok(());
        }
        let applied = bundles.with(&self.place.configuration, &contents.bundle());
        let applied = self.documents.apply(Resource::of(Kind::ValidatingWebhookConfiguration), None, &applied).await;
        if self.is_written(applied)? {
            let authorities: Vec<&str> = contents.trusted().into_iter().map(Cert::short).collect();
            tracing::info!(?authorities, "the API servers are told to trust these authorities");
        }
        Ok(())
    }

    async fn disown(&self, disowned: &Value) -> Result<(), Failure> {
        if !self.leadership.leads() {
            return Ok(());
        }
        let resource = Resource::of(Kind::ValidatingWebhookConfiguration);
        let merged = self.documents.merge(resource, None, &self.place.configuration, disowned).await;
        self.is_written(merged).map(drop)
    }

    /// Whether the webhook configuration was written; where somebody else did, it is looked at again at once.
    fn is_written(&self, written: Result<Value, Fault>) -> Result<bool, Failure> {
        match written {
            Ok(_) => Ok(true),
            Err(Fault::Conflict) => Ok(false),
            Err(fault) => {
                Err(Failure("bundle", format!("the webhook configuration {}: {fault}", self.place.configuration)))
            }
        }
    }

    async fn probe(&self, course: &mut Course, about: String) {
        let outcome = ask(&self.documents).await;
        let now = course.began.elapsed();
        match &outcome {
            Outcome::Answered(served) => {
                let served = served.get(..12);
                tracing::info!(served, "the API server reaches Ringwall and trusts the certificate that it serves");
            }
            Outcome::Impossible(why) => {
                tracing::warn!(
                    why,
                    "whether the API server reaches Ringwall cannot be asked; going on after the wait alone"
                );
            }
            Outcome::Silent(why) => {
                self.metrics.certificate_error("probe");
                tracing::warn!(why, "asked through the API server, Ringwall did not hear itself");
            }
        }
        let first = course.probe.as_ref().filter(|probe| probe.about == about).map_or(now, |probe| probe.first);
        course.probe = Some(Probe { about, outcome, first, last: now });
    }
}

/// One line for each step that was done.
fn tell(step: &Step, new: &Contents) {
    let short = |certificate: Option<&Cert>| certificate.map(|certificate| certificate.short().to_owned());
    let authority = short(new.next.as_ref().or(new.authority.as_ref()).map(|authority| &authority.certificate));
    let certificate = short(new.leaf.as_ref().map(|leaf| &leaf.certificate));
    let kept = new.previous.len();
    match step {
        Step::Begin => {
            tracing::info!(
                authority,
                certificate,
                "made an authority and a certificate: there was nothing to go on with"
            );
        }
        Step::Mend => tracing::info!(kept, "wrote the Secret anew, and kept the authorities that are trusted now"),
        Step::MakeAuthority(why) => tracing::info!(why, authority, "made a new authority, which will sign next"),
        Step::IssueLeaf(_, why) => tracing::info!(why, authority, certificate, kept, "made a new serving certificate"),
        Step::DropPrevious => {
            tracing::info!("forgot the former authorities: nothing that they signed is served any more");
        }
        Step::PutInBundle | Step::Disown | Step::Probe(_) | Step::Wait(_) | Step::Rest(_) => {}
    }
}
