//! The one way through: bytes, a review, a change, a decision, the reads that could change it, and the answer.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::{sync::Semaphore, task::JoinError};

use crate::{
    cluster::{Live, ReadError, State},
    decision::{Change, Decision, decide, enforced_in},
    model::{Kind, Name, ObjectKey, Operation},
    ruleset::{Profile, Ruleset},
    snapshot::{Edit, Lookup, Need, Snapshot},
    telemetry::Metrics,
};

use super::{
    Tls,
    answer::{self, Doubt},
    leaving::Leaving,
    record,
    review::{self, Answer, Ask, BadReview, Obscure},
    served,
};

/// How often a decision may ask for reads.
const ROUNDS: usize = 2;
/// Above this many bytes the decision on any object is taken for a long one.
const LARGE: usize = 64 << 10;

/// Decides requests.
pub struct Admission {
    state: Arc<State>,
    live: Option<Arc<dyn Live>>,
    ruleset: Arc<ArcSwap<Ruleset>>,
    metrics: Arc<Metrics>,
    leaving: Leaving,
    patience: Duration,
    tls: Option<Arc<Tls>>,
    /// The threads that long decisions may take: as many as there are cores.
    pub(super) threads: Arc<Semaphore>,
}

impl Admission {
    /// Decides on that state. Without a live reader (a state from files) decisions stand on the snapshot alone.
    pub fn new(
        state: Arc<State>,
        live: Option<Arc<dyn Live>>,
        ruleset: Arc<ArcSwap<Ruleset>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = Arc::new(Semaphore::new(cores));
        let (leaving, patience) = (Leaving::default(), Duration::from_secs(1));
        Self { state, live, ruleset, metrics, leaving, patience, tls: None, threads }
    }

    /// The same, which says on request what certificate is in force.
    #[must_use]
    pub fn serving(self, tls: Arc<Tls>) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Answers a review.
    pub async fn answer(&self, body: &[u8]) -> Result<Vec<u8>, BadReview> {
        let began = Instant::now();
        let review = review::read(body)?;
        let mut answer = match review.ask {
            Ask::Judge { change, dry_run } => {
                self.judge(&review.uid, *change, dry_run, body.len() > LARGE, began).await
            }
            Ask::Obscure(obscure) => self.obscure(&review.uid, &obscure, began).await,
            Ask::Pass => {
                self.metrics.request("other", "other", "passed", false, seconds(began));
                Answer::admit()
            }
            Ask::Broken(message) => {
                self.metrics.bad_request("broken");
                Answer::broken(message)
            }
        };
        if review.is_probe {
            let fingerprint = self.tls.as_ref().and_then(|tls| tls.fingerprint());
            answer.warnings.extend(fingerprint.map(|fingerprint| served::warning(&fingerprint)));
        }
        Ok(answer.write(&review.uid))
    }

    /// Reads and answers a review without deciding: what a benchmark compares with.
    pub fn answer_undecided(body: &[u8]) -> Result<Vec<u8>, BadReview> {
        review::read(body).map(|review| Answer::admit().write(&review.uid))
    }

    async fn judge(&self, uid: &str, mut change: Change, dry_run: bool, large: bool, began: Instant) -> Answer {
        let published = self.state.current();
        self.doubt_leaving_policies(&mut change, &published.snapshot);
        let ruleset = self.ruleset.load_full();
        let now = Timestamp::now();
        let (decision, doubt) = self.decide(&published.snapshot, &mut change, &ruleset, now, large).await;
        if decision.allow && !dry_run && change.governs_others() {
            self.leaving.remember(&change.key, change.before.as_ref(), change.after.as_ref(), Instant::now());
        }
        record::findings(&self.metrics, uid, &change, &decision, doubt.as_ref(), dry_run);
        let verdict = if decision.allow { "admitted" } else { "refused" };
        self.metrics.request(change.key.kind.name(), change.operation.name(), verdict, dry_run, seconds(began));
        answer::of(&decision, doubt.as_ref())
    }

    /// What cannot be decoded is admitted with a warning: a refusal would stop every rollout of objects that a newer API server
    /// knows. Not so a policy where something is enforced: stored, it would leave nothing provable of any Pod beside it.
    async fn obscure(&self, uid: &str, obscure: &Obscure, began: Instant) -> Answer {
        let Obscure { kind, namespace, operation, is_new, error, dry_run } = obscure;
        if !dry_run {
            self.metrics.undecodable(kind.name());
            tracing::warn!(uid, kind = kind.name(), %error, "an object cannot be decoded");
        }
        let counts = self.ruleset.load().environment.plugin.reads(*kind) || kind.is_mesh_policy();
        let blinds = counts && *is_new && *operation != Operation::Delete;
        let enforced = match namespace {
            _ if !blinds => None,
            Some(namespace) => self.enforced_in(namespace).await.map(|profile| (namespace.to_string(), profile)),
            None => self.enforced_anywhere(),
        };
        let mut message = format!("ringwall cannot judge this {kind}: {error}");
        let (answer, verdict) = match enforced {
            Some((namespace, profile)) => {
                let version = kind.info().api_version();
                let _ = write!(
                    message,
                    "; {namespace} enforces {profile}, where no policy may be stored that Ringwall cannot read; \
                     fix: write that field as {version} describes it"
                );
                let message = super::lines::one_line(&message).into_owned();
                (Answer { refusal: Some((403, "Forbidden", message)), ..Answer::default() }, "refused")
            }
            None => (Answer { warnings: super::lines::within_limits(&[message], 0), ..Answer::admit() }, "undecodable"),
        };
        self.metrics.request(kind.name(), operation.name(), verdict, *dry_run, seconds(began));
        answer
    }

    /// The first profile above privileged that is enforced where an object of the whole cluster counts: by the ruleset, or by a
    /// namespace of its own choice. What cannot be read may speak of every one.
    fn enforced_anywhere(&self) -> Option<(String, Profile)> {
        let ruleset = self.ruleset.load();
        if ruleset.defaults.enforce != Profile::Privileged {
            return Some(("the ruleset".to_owned(), ruleset.defaults.enforce));
        }
        let published = self.state.current();
        let now = Timestamp::now();
        published.snapshot.list(Kind::Namespace, None).find_map(|namespace| {
            let name = &namespace.meta().name;
            let profile = enforced_in(&published.snapshot, &ruleset, name, now)?;
            (profile != Profile::Privileged).then(|| (name.to_string(), profile))
        })
    }

    /// The profile above privileged that is enforced in a namespace. One that the watch has not shown yet is read.
    async fn enforced_in(&self, name: &Name) -> Option<Profile> {
        let mut snapshot = self.state.current().snapshot.clone();
        let need = Need::Get(ObjectKey::cluster(Kind::Namespace, name.clone()));
        if let Some(live) = self.live.as_ref().filter(|_| !matches!(snapshot.namespace(name), Lookup::Found(_))) {
            let answer = tokio::time::timeout(self.patience, live.read(need.clone())).await;
            let answer = answer.unwrap_or(Err(ReadError::Timeout));
            if let Ok(objects) = answer {
                snapshot = snapshot.with([Edit::Replace { scope: need, objects }]).0;
            }
        }
        let profile = enforced_in(&snapshot, &self.ruleset.load(), name, Timestamp::now());
        profile.filter(|profile| *profile != Profile::Privileged)
    }

    /// Decides, on a thread of its own where that can take longer than handing it over: what changes a Pod touches nothing else,
    /// what changes a policy, an Ingress or a Namespace may touch thousands of subjects, and handshakes wait behind it.
    async fn reckon(
        &self,
        snapshot: &Snapshot,
        change: &Change,
        ruleset: &Arc<Ruleset>,
        now: Timestamp,
        large: bool,
    ) -> Decision {
        if change.key.kind == Kind::Pod && !large {
            return decide(snapshot, change, ruleset, now);
        }
        // Nobody closes it.
        let Ok(thread) = Arc::clone(&self.threads).acquire_owned().await else {
            return decide(snapshot, change, ruleset, now);
        };
        let (own, owned, rules) = (snapshot.clone(), change.clone(), Arc::clone(ruleset));
        // Whoever asked may have left before it ends: the permit stays with the work.
        let decision = tokio::task::spawn_blocking(move || {
            let _thread = thread;
            decide(&own, &owned, &rules, now)
        });
        match decision.await.map_err(JoinError::try_into_panic) {
            Ok(decision) => decision,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime is ending.
            Err(Err(_)) => decide(snapshot, change, ruleset, now),
        }
    }

    fn doubt_leaving_policies(&self, change: &mut Change, snapshot: &Snapshot) {
        if change.key.kind == Kind::Pod || change.governs_others() {
            change.doubted = self.leaving.of(change.key.governing_namespace(), snapshot, Instant::now());
        }
    }

    /// Decides, makes the reads that could change the decision, and decides again on what they found.
    async fn decide(
        &self,
        snapshot: &Snapshot,
        change: &mut Change,
        ruleset: &Arc<Ruleset>,
        now: Timestamp,
        large: bool,
    ) -> (Decision, Option<Doubt>) {
        let mut decision = self.reckon(snapshot, change, ruleset, now, large).await;
        let Some(live) = &self.live else { return (decision, None) };
        let at_first = decision.allow;
        let deadline = tokio::time::Instant::now() + self.patience;
        let mut snapshot = snapshot.clone();
        let mut asked = BTreeSet::new();
        let mut failure = None;
        for _ in 0..ROUNDS {
            let needs: Vec<Need> = decision.needs.difference(&asked).cloned().collect();
            if needs.is_empty() {
                break;
            }
            asked.extend(needs.iter().cloned());
            let reads = needs.into_iter().map(|need| async move {
                let answer = tokio::time::timeout_at(deadline, live.read(need.clone())).await;
                (need, answer.unwrap_or(Err(ReadError::Timeout)))
            });
            let mut found = Vec::new();
            for (need, answer) in futures::future::join_all(reads).await {
                match answer {
                    Ok(objects) => {
                        change.confirmed.insert(need.clone());
                        found.push(Edit::Replace { scope: need, objects });
                    }
                    Err(error) => {
                        tracing::debug!(%need, %error, "a live read failed");
                        failure = Some(format!("{need}: {error}"));
                    }
                }
            }
            if found.is_empty() {
                break;
            }
            snapshot = snapshot.with(found).0;
            decision = self.reckon(&snapshot, change, ruleset, now, large).await;
        }
        if decision.allow != at_first {
            self.metrics.live_change(if decision.allow { "admitted" } else { "refused" });
        }
        let doubt = failure.map(|reason| Doubt { reason, age: self.state.age(now) });
        (decision, doubt)
    }
}

fn seconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64()
}
