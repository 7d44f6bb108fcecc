//! Election by a Lease, as `k8s.io/client-go/tools/leaderelection` does it, with one promise more: two replicas never lead at the
//! same time, however slow the API server is and whatever the clocks say.
//!
//! Every write is guarded by the version that was read. A holder leads for two thirds of the Lease's duration, counted by its own
//! steady clock from *before* it asked; then it stops by itself, answered or not. Others wait for the whole duration, counted by
//! theirs from *after* they saw the last change. So clocks may run at rates that differ by a third, and the time of day plays no
//! part. The third between is as long as a call that began while the holder led may take ([`super::Documents`]).
//!
//! A Lease that is deleted or replaced by hand counts as held for one duration more: its holder may not know yet. Only a process
//! that starts within those seconds cannot know of it; what leaders write is guarded by versions as well.

mod record;
#[cfg(test)]
mod tests;

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::telemetry::Metrics;

use super::{Documents, Fault, Leadership, Resource, request::within};
use record::Record;

/// The Lease that decides who leads.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Its namespace: Ringwall's own.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How long it is held after it was renewed; whole seconds.
    pub duration: Duration,
}

/// Takes part in the election until told to stop, and then gives the Lease back, so that the next one need not wait. Whoever ends the
/// program waits for the task, for a little.
pub fn elect(
    documents: Documents,
    lease: Lease,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
) -> (Leadership, JoinHandle<()>) {
    let (term, follow) = watch::channel(None);
    let times = Times::of(lease.duration);
    let candidate = Candidate::new(Stored { documents, lease }, identity(), times, term, metrics);
    (Leadership::of(follow), tokio::spawn(candidate.run(stop)))
}

/// The times of an election, all of them parts of the Lease's duration.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// How long the Lease is held: 15 s where nothing else is said, as everywhere in Kubernetes.
    duration: Duration,
    /// How long its holder leads after it asked: 10 s.
    term: Duration,
    /// When it asks again, counted from when it asked: after 3 s. So a renewal that is lost is made up for within the term, and one that
    /// is slow delays none.
    renew: Duration,
    /// How often the others look: every 2 s.
    look: Duration,
    /// When whoever was not answered asks again: after 1 s.
    again: Duration,
    /// How long an answer may take: 3 s, and no longer than until it is asked again.
    limit: Duration,
}

impl Times {
    fn of(duration: Duration) -> Self {
        // The API server takes whole seconds, one at least.
        let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
        let duration = Duration::from_secs(seconds.clamp(1, i32::MAX.unsigned_abs().into()));
        Self {
            duration,
            term: duration * 2 / 3,
            renew: duration / 5,
            look: duration * 2 / 15,
            again: duration / 15,
            limit: duration / 5,
        }
    }
}

/// Where the Lease is kept.
trait Store: Send + Sync + 'static {
    /// The Lease, or `None` when it is not there.
    fn get(&self) -> impl Future<Output = Result<Option<Value>, Fault>> + Send;
    /// Makes it.
    fn create(&self, lease: &Value) -> impl Future<Output = Result<Value, Fault>> + Send;
    /// Replaces it if it is still of the version that it bears.
    fn replace(&self, lease: &Value) -> impl Future<Output = Result<Value, Fault>> + Send;
    /// What it is called.
    fn name(&self) -> (&str, &str);
}

struct Stored {
    documents: Documents,
    lease: Lease,
}

impl Store for Stored {
    async fn get(&self) -> Result<Option<Value>, Fault> {
        self.documents.get(Resource::LEASE, Some(&self.lease.namespace), &self.lease.name).await
    }

    async fn create(&self, lease: &Value) -> Result<Value, Fault> {
        self.documents.create(Resource::LEASE, Some(&self.lease.namespace), lease).await
    }

    async fn replace(&self, lease: &Value) -> Result<Value, Fault> {
        self.documents.replace(Resource::LEASE, Some(&self.lease.namespace), lease).await
    }

    fn name(&self) -> (&str, &str) {
        (&self.lease.namespace, &self.lease.name)
    }
}

/// What was seen of the Lease last.
#[derive(Clone, PartialEq, Eq)]
enum Seen {
    /// Nobody has looked yet.
    Nothing,
    /// It was not there.
    Absence,
    /// The incarnation and the version.
    Version(String, String),
}

impl Seen {
    fn of(record: &Record) -> Self {
        let (incarnation, version) = record.mark.clone();
        Self::Version(incarnation, version)
    }

    /// Whether the object is not the one that was seen before.
    fn is_another_than(&self, before: &Self) -> bool {
        match (self, before) {
            (_, Self::Nothing) => false,
            (Self::Version(now, _), Self::Version(before, _)) => now != before,
            (now, before) => now != before,
        }
    }
}

/// A replica in the election.
struct Candidate<S> {
    store: S,
    identity: String,
    times: Times,
    term: watch::Sender<Option<Instant>>,
    metrics: Arc<Metrics>,
    /// The Lease as this replica wrote it last, for as long as nobody is known to have changed it.
    own: Option<Value>,
    /// When it asked for that.
    asked: Instant,
    /// What was seen of it last.
    seen: Seen,
    /// Until when somebody else may lead.
    taken_until: Option<Instant>,
    /// What went wrong last, and was said.
    complaint: Option<&'static str>,
}

impl<S: Store> Candidate<S> {
    fn new(
        store: S,
        identity: String,
        times: Times,
        term: watch::Sender<Option<Instant>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (own, seen, taken_until, complaint) = (None, Seen::Nothing, None, None);
        Self { store, identity, times, term, metrics, own, asked: Instant::now(), seen, taken_until, complaint }
    }

    async fn run(mut self, stop: CancellationToken) {
        let herald = Herald::new(self.term.clone(), Arc::clone(&self.metrics));
        tokio::select! {
            () = stop.cancelled() => {}
            () = herald.run() => {}
            () = self.compete() => {}
        }
        // First it stops leading, then the next one may begin.
        self.end_term();
        if let Err(fault) = within(self.times.limit, self.release()).await {
            tracing::info!(error = %fault, "the Lease cannot be given back; the next leader waits until it runs out");
        }
    }

    async fn compete(&mut self) {
        loop {
            let outcome = self.turn().await;
            let now = Instant::now();
            let next = match outcome {
                Ok(()) => {
                    if self.complaint.take().is_some() {
                        tracing::info!("the Lease can be kept again");
                    }
                    if self.own.is_some() { self.asked + self.times.renew } else { now + self.times.look }
                }
                // Somebody else was faster.
                Err(Fault::Conflict) => now + self.times.again,
                Err(fault) => now + self.complain(&fault),
            };
            tokio::time::sleep_until(next).await;
        }
    }

    /// Renews the Lease, or takes it if nobody has it.
    async fn turn(&mut self) -> Result<(), Fault> {
        if let Some(own) = self.own.clone() {
            match self.write(&own).await {
                // Somebody changed it, or it is our own write, of which nobody told us.
                Err(Fault::Conflict | Fault::Absent) => self.own = None,
                outcome => return outcome,
            }
        }
        let found = within(self.times.limit, self.store.get()).await?;
        let is_first = self.seen == Seen::Nothing;
        let holder = self.observe(found.as_ref(), Instant::now());
        if holder != self.identity {
            self.end_term();
        }
        let lease = match found {
            Some(lease) => lease,
            None if is_first => self.new_lease(),
            // Absence has no version: whether it lasted cannot be seen. So it is ended first, and then waited for.
            None => {
                let made = within(self.times.limit, self.store.create(&self.new_lease())).await?;
                self.observe(Some(&made), Instant::now());
                return Ok(());
            }
        };
        if holder != self.identity && self.taken_until.is_some_and(|end| Instant::now() < end) {
            return Ok(());
        }
        self.write(&lease).await
    }

    fn new_lease(&self) -> Value {
        let (namespace, name) = self.store.name();
        record::new(namespace, name)
    }

    /// Takes notice of the Lease, and returns who holds it.
    fn observe(&mut self, found: Option<&Value>, now: Instant) -> String {
        let record = found.map(Record::of);
        let seen = record.as_ref().map_or(Seen::Absence, Seen::of);
        let Record { holder, duration, .. } = record.unwrap_or_default();
        let before = std::mem::replace(&mut self.seen, seen);
        if before == self.seen {
            return holder;
        }
        let is_another = self.seen.is_another_than(&before);
        self.taken_until = if !holder.is_empty() && holder != self.identity {
            Some(now + duration.unwrap_or(self.times.duration))
        } else if is_another {
            Some(now + self.times.duration)
        } else {
            None
        };
        holder
    }

    /// Writes the Lease as held by this replica, whose term is counted from before that.
    async fn write(&mut self, lease: &Value) -> Result<(), Fault> {
        let lease = record::held(lease, &self.identity, self.times.duration, Timestamp::now());
        let exists = lease.pointer("/metadata/uid").is_some();
        let asked = Instant::now();
        let stored = within(self.times.limit, async {
            if exists { self.store.replace(&lease).await } else { self.store.create(&lease).await }
        });
        let stored = stored.await?;
        self.seen = Seen::of(&Record::of(&stored));
        self.taken_until = None;
        self.own = Some(stored);
        self.asked = asked;
        self.term.send_replace(Some(asked + self.times.term));
        Ok(())
    }

    /// Gives the Lease back, whatever became of the last write.
    async fn release(&mut self) -> Result<(), Fault> {
        loop {
            let lease = match self.own.take() {
                Some(own) => own,
                None => match self.store.get().await? {
                    Some(found) if Record::of(&found).holder == self.identity => found,
                    _ => return Ok(()),
                },
            };
            match self.store.replace(&record::released(&lease, Timestamp::now())).await {
                Err(Fault::Conflict) => {}
                outcome => return outcome.map(drop),
            }
        }
    }

    fn end_term(&self) {
        self.term.send_if_modified(|term| term.take().is_some());
    }

    /// Counts a failure, says it once, and returns how long to wait.
    fn complain(&mut self, fault: &Fault) -> Duration {
        let reason = match fault {
            Fault::Forbidden(_) => "forbidden",
            Fault::NotServed | Fault::Absent => "not-served",
            Fault::Timeout => "timeout",
            _ => "failed",
        };
        self.metrics.lease_failure(reason);
        let is_new = self.complaint.replace(reason) != Some(reason);
        let (namespace, name) = self.store.name();
        match fault {
            Fault::Forbidden(_) if is_new => tracing::error!(
                error = %fault,
                "RBAC does not let Ringwall keep the Lease {namespace}/{name}: grant get and update on it, and create if nobody made \
                 it; until then this replica does not lead, and requests are decided as ever"
            ),
            _ if is_new => tracing::warn!(error = %fault, "the Lease {namespace}/{name} cannot be kept; trying again"),
            _ => {}
        }
        if matches!(fault, Fault::Forbidden(_)) { self.times.duration } else { self.times.again }
    }
}

/// Says when this replica begins to lead and when it ends, be it by the clock alone.
struct Herald {
    term: watch::Sender<Option<Instant>>,
    metrics: Arc<Metrics>,
}

impl Herald {
    fn new(term: watch::Sender<Option<Instant>>, metrics: Arc<Metrics>) -> Self {
        metrics.leader(false);
        Self { term, metrics }
    }

    async fn run(self) {
        let mut term = self.term.subscribe();
        let mut led = false;
        loop {
            let end = *term.borrow_and_update();
            let leads = end.is_some_and(|end| Instant::now() < end);
            if leads != led {
                self.metrics.leader(leads);
                let message = if leads { "this replica leads" } else { "this replica leads no more" };
                tracing::info!("{message}");
                led = leads;
            }
            tokio::select! {
                changed = term.changed() => if changed.is_err() { return },
                () = at(end) => {
                    // For those who wait for a change.
                    self.term.send_if_modified(|term| *term == end && term.take().is_some());
                }
            }
        }
    }
}

impl Drop for Herald {
    fn drop(&mut self) {
        self.metrics.leader(false);
    }
}

async fn at(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// A name that no other process has, not even this one's successor of the same name.
fn identity() -> String {
    let name =
        ["POD_NAME", "HOSTNAME"].into_iter().filter_map(|name| std::env::var(name).ok()).find(|it| !it.is_empty());
    // Every `RandomState` has keys of its own.
    let chance = RandomState::new().hash_one(std::process::id());
    format!("{}_{chance:016x}", name.as_deref().unwrap_or("ringwall"))
}
