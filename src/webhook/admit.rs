//! The one way through: bytes, a review, a change, a decision, the reads that could change it, and the answer.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::{
    cluster::{Live, ReadError, State},
    decision::{Change, Decision, decide},
    model::{Kind, Operation},
    ruleset::Ruleset,
    snapshot::{Edit, Need, Snapshot},
    telemetry::Metrics,
};

use super::{
    answer::{self, Doubt},
    leaving::Leaving,
    record,
    review::{self, Answer, Ask, BadReview},
};

/// How often a decision may ask for reads.
const ROUNDS: usize = 2;

/// Decides requests.
pub struct Admission {
    state: Arc<State>,
    live: Option<Arc<dyn Live>>,
    ruleset: Arc<ArcSwap<Ruleset>>,
    metrics: Arc<Metrics>,
    leaving: Leaving,
    patience: Duration,
}

impl Admission {
    /// Decides on that state. Without a live reader (a state from files) decisions stand on the snapshot alone.
    pub fn new(
        state: Arc<State>,
        live: Option<Arc<dyn Live>>,
        ruleset: Arc<ArcSwap<Ruleset>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { state, live, ruleset, metrics, leaving: Leaving::default(), patience: Duration::from_secs(1) }
    }

    /// Answers a review.
    pub async fn answer(&self, body: &[u8]) -> Result<Vec<u8>, BadReview> {
        let began = Instant::now();
        let review = review::read(body)?;
        let answer = match review.ask {
            Ask::Judge { change, dry_run } => self.judge(&review.uid, *change, dry_run, began).await,
            Ask::Obscure { kind, operation, error, dry_run } => {
                self.metrics.request(kind.name(), operation.name(), "undecodable", dry_run, seconds(began));
                if !dry_run {
                    self.metrics.undecodable(kind.name());
                    tracing::warn!(uid = review.uid, kind = kind.name(), %error, "an object cannot be decoded");
                }
                // A refusal would stop every rollout of objects that a newer API server knows; the warning is seen.
                let warnings = super::lines::within_limits(&[format!("ringwall cannot judge this {kind}: {error}")], 0);
                Answer { warnings, ..Answer::admit() }
            }
            Ask::Pass => {
                self.metrics.request("other", "other", "passed", false, seconds(began));
                Answer::admit()
            }
            Ask::Broken(message) => {
                self.metrics.bad_request("broken");
                Answer::broken(message)
            }
        };
        Ok(answer.write(&review.uid))
    }

    /// Reads and answers a review without deciding: what a benchmark compares with.
    pub fn answer_undecided(body: &[u8]) -> Result<Vec<u8>, BadReview> {
        review::read(body).map(|review| Answer::admit().write(&review.uid))
    }

    async fn judge(&self, uid: &str, mut change: Change, dry_run: bool, began: Instant) -> Answer {
        let published = self.state.current();
        self.doubt_leaving_policies(&mut change, &published.snapshot);
        let ruleset = self.ruleset.load_full();
        let now = Timestamp::now();
        let (decision, doubt) = self.decide(&published.snapshot, &mut change, &ruleset, now).await;
        if decision.allow
            && !dry_run
            && change.operation == Operation::Delete
            && change.key.kind == Kind::NetworkPolicy
            && let Some(before) = &change.before
        {
            self.leaving.remember(&change.key, &before.meta().uid, Instant::now());
        }
        record::findings(&self.metrics, uid, &change, &decision, doubt.as_ref(), dry_run);
        let verdict = if decision.allow { "admitted" } else { "refused" };
        self.metrics.request(change.key.kind.name(), change.operation.name(), verdict, dry_run, seconds(began));
        answer::of(&decision, doubt.as_ref())
    }

    fn doubt_leaving_policies(&self, change: &mut Change, snapshot: &Snapshot) {
        if change.key.kind == Kind::Pod
            && let Some(namespace) = &change.key.namespace
        {
            change.doubted = self.leaving.of(namespace, snapshot, Instant::now());
        }
    }

    /// Decides, makes the reads that could change the decision, and decides again on what they found.
    async fn decide(
        &self,
        snapshot: &Snapshot,
        change: &mut Change,
        ruleset: &Ruleset,
        now: Timestamp,
    ) -> (Decision, Option<Doubt>) {
        let mut decision = decide(snapshot, change, ruleset, now);
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
            decision = decide(&snapshot, change, ruleset, now);
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
