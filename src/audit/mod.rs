//! What is wrong in a running cluster: what slipped through, soon after it did, and everything, now and then.
//!
//! **Invariants.** An audit changes nothing and holds nobody up. It judges by the law of [`decision`](crate::decision), so that
//! what it names is what enforce mode would have refused.

mod doubted;
mod slipped;
mod survey;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::{Batch, Events, Journal, Published, State, apart},
    ruleset::Ruleset,
    telemetry::Metrics,
};

pub use survey::Surveyed;

use doubted::Doubted;
use slipped::Named;

/// What changed is judged when it has had this time to settle: watches of different kinds are not in step, and a policy that is
/// replaced is gone for a moment. With the time that changes are gathered for, a Pod is named within 1.5 seconds.
const SETTLE: Duration = Duration::from_secs(1);
/// When everything is judged again after the ruleset has changed.
const AFTER_CHANGE: Duration = Duration::from_secs(5);
/// How often it is looked whether something has settled.
const LOOK: Duration = Duration::from_millis(100);

/// The auditor of a running cluster.
pub struct Audit {
    /// The state that is judged.
    pub state: Arc<State>,
    /// What changed.
    pub journal: Arc<Journal>,
    /// Where Events go.
    pub events: Events,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
    /// The ruleset in force.
    pub ruleset: Arc<ArcSwap<Ruleset>>,
    /// How often everything is judged.
    pub interval: Duration,
    /// Where it is told what each survey found.
    pub surveyed: watch::Sender<Surveyed>,
}

impl Audit {
    /// Audits until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        let _ = shutdown.run_until_cancelled(self.work()).await;
    }

    async fn work(self) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.state.is_settled() {
            ticks.tick().await;
        }
        // What was there when the cluster was first read has not slipped through; the survey counts it.
        drop(self.journal.take(Duration::ZERO, Timestamp::now()));
        let (mut named, mut doubted) = (Named::default(), Doubted::default());
        let mut next_survey = Instant::now();
        let mut by = self.ruleset.load_full();
        loop {
            ticks.tick().await;
            let state = self.state.current();
            let is_doubted = doubted.is_some();
            let again = doubted.take(&state.snapshot, SETTLE, Instant::now());
            if let Some(batch) = self.journal.take(SETTLE, Timestamp::now()) {
                // The state of now, for it must hold what the batch touched.
                let state = self.state.current();
                doubted.note(&batch, &state.snapshot);
                self.judge(batch, state, &mut named, is_doubted).await;
            }
            if let Some((batch, lost)) = again {
                if lost > 0 {
                    tracing::warn!(
                        lost,
                        "more changed than could be kept while not everything was followed; see the audit"
                    );
                }
                self.judge(batch, state, &mut named, is_doubted).await;
            }
            if !Arc::ptr_eq(&by, &*self.ruleset.load()) {
                by = self.ruleset.load_full();
                // Whoever changes the rules wants to see soon what comes of it.
                next_survey = next_survey.min(Instant::now() + AFTER_CHANGE);
            }
            if Instant::now() >= next_survey {
                next_survey = Instant::now() + self.interval;
                let (state, ruleset) = (self.state.current(), Arc::clone(&by));
                let judge = move || survey::summary(&state.snapshot, &ruleset, Timestamp::now());
                let (summary, surveyed) = apart(judge).await;
                survey::report(&summary, &self.metrics);
                self.surveyed.send_replace(surveyed);
            }
        }
    }

    /// Names what slipped through, and not what was named already: a moment ago, or since something is doubted.
    async fn judge(&self, batch: Batch, state: Arc<Published>, named: &mut Named, is_doubted: bool) {
        let ruleset = self.ruleset.load_full();
        let find = move || slipped::find(&batch, &state.snapshot, &ruleset, Timestamp::now());
        // Judging a whole list would hold up the requests that this thread serves.
        let slips = apart(find).await;
        if !is_doubted {
            named.forget(Instant::now());
        }
        for slip in named.anew(slips, Instant::now()) {
            slipped::report(&slip, &self.events, &self.metrics);
        }
    }
}
