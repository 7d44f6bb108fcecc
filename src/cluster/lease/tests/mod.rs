//! A Lease kept in memory, calls that are slow or lost, clocks that run at rates of their own, and replicas that die.

mod stories;

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Long, so that what rounding to seconds takes away is nothing.
const DURATION: u64 = 1500;

/// The API server.
#[derive(Default)]
struct Server {
    lease: Mutex<(Option<Value>, u64)>,
}

impl Server {
    fn with(lease: Value) -> Arc<Self> {
        let server = Self::default();
        server.put(lease, true);
        Arc::new(server)
    }

    fn lock(&self) -> MutexGuard<'_, (Option<Value>, u64)> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, mut lease: Value, is_new: bool) -> Value {
        let mut stored = self.lock();
        stored.1 += 1;
        let version = stored.1.to_string();
        if is_new {
            lease["metadata"]["uid"] = version.clone().into();
        }
        lease["metadata"]["resourceVersion"] = version.into();
        stored.0 = Some(lease.clone());
        lease
    }

    fn remove(&self) {
        self.lock().0 = None;
    }

    fn holder(&self) -> String {
        self.lock().0.as_ref().map(|lease| Record::of(lease).holder).unwrap_or_default()
    }

    fn create(&self, lease: Value) -> Result<Value, Fault> {
        let exists = self.lock().0.is_some();
        if exists { Err(Fault::Conflict) } else { Ok(self.put(lease, true)) }
    }

    fn replace(&self, lease: Value) -> Result<Value, Fault> {
        let version = |lease: &Value| Record::of(lease).mark;
        let current = self.lock().0.as_ref().map(version);
        match current {
            None => Err(Fault::Absent),
            Some(current) if current != version(&lease) => Err(Fault::Conflict),
            Some(_) => Ok(self.put(lease, false)),
        }
    }
}

/// What becomes of a call: how long it is under way, and how long its answer; `None` is for ever.
#[derive(Clone, Copy)]
struct Fate {
    there: Option<u64>,
    back: Option<u64>,
}

impl std::fmt::Debug for Fate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}..{:?}", self.there, self.back)
    }
}

const PROMPT: Fate = Fate { there: Some(1), back: Some(1) };

/// The way of a replica to the server. Its clock runs at a rate of its own, in percent: seconds are turned into its own.
#[derive(Clone)]
struct Way {
    server: Arc<Server>,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    rate: u64,
    refusal: Option<Fault>,
}

impl Way {
    fn new(server: &Arc<Server>) -> Self {
        Self { server: Arc::clone(server), fates: Arc::default(), rate: 100, refusal: None }
    }

    async fn call(
        &self,
        work: impl FnOnce(&Server) -> Result<Option<Value>, Fault> + Send + 'static,
    ) -> Result<Option<Value>, Fault> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(PROMPT);
        let server = Arc::clone(&self.server);
        // As a task of its own: what is under way arrives, whether or not anybody still waits for the answer.
        let arrived = tokio::spawn(async move {
            pause(fate.there).await;
            work(&server)
        });
        let answer = arrived.await.unwrap();
        pause(fate.back).await;
        let duration = DURATION * 100 / self.rate;
        Ok(answer?.map(|mut lease| {
            if let Some(seconds) = lease.pointer_mut("/spec/leaseDurationSeconds") {
                *seconds = duration.into();
            }
            lease
        }))
    }
}

impl Store for Way {
    async fn get(&self) -> Result<Option<Value>, Fault> {
        self.call(|server| Ok(server.lock().0.clone())).await
    }

    async fn create(&self, lease: &Value) -> Result<Value, Fault> {
        let lease = lease.clone();
        self.call(|server| server.create(lease).map(Some)).await.map(Option::unwrap_or_default)
    }

    async fn replace(&self, lease: &Value) -> Result<Value, Fault> {
        let lease = lease.clone();
        self.call(|server| server.replace(lease).map(Some)).await.map(Option::unwrap_or_default)
    }

    fn name(&self) -> (&str, &str) {
        ("ringwall", "ringwall")
    }
}

async fn pause(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

/// A replica that takes part.
struct Replica {
    leadership: Leadership,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// When who led.
#[derive(Clone, Default)]
struct Terms(Arc<Mutex<Vec<(Instant, Instant, String)>>>);

impl Replica {
    fn start(way: &Way, identity: &str, terms: &Terms) -> Self {
        let Times { duration, term, renew, look, again, limit } = Times::of(Duration::from_secs(DURATION));
        let own = |time: Duration| time * 100 / u32::try_from(way.rate).unwrap();
        let [duration, term, renew, look, again, limit] = [duration, term, renew, look, again, limit].map(own);
        let times = Times { duration, term, renew, look, again, limit };
        let (sender, follow) = watch::channel(None);
        tokio::spawn(terms.clone().follow(follow.clone(), identity.to_owned()));
        let (metrics, stop) = (Arc::new(Metrics::new()), CancellationToken::new());
        let candidate = Candidate::new(way.clone(), identity.to_owned(), times, sender, Arc::clone(&metrics));
        let task = tokio::spawn(candidate.run(stop.clone()));
        Self { leadership: Leadership::of(follow), metrics, stop, task }
    }

    fn shows(&self, series: &str) -> bool {
        self.metrics.encode().lines().any(|line| line == series)
    }
}

impl Terms {
    async fn follow(self, mut term: watch::Receiver<Option<Instant>>, who: String) {
        loop {
            let begin = Instant::now();
            let end = *term.borrow_and_update();
            let changed = term.changed().await;
            if let Some(end) = end {
                self.0.lock().unwrap().push((begin, end.min(Instant::now()), who.clone()));
            }
            if changed.is_err() {
                return;
            }
        }
    }

    /// Two that led at the same time.
    fn overlap(&self) -> Option<String> {
        let mut terms = self.0.lock().unwrap().clone();
        terms.retain(|(begin, end, _)| begin < end);
        terms.sort();
        terms.iter().enumerate().find_map(|(index, one)| {
            let mut later = terms.iter().skip(index + 1);
            later.find(|other| other.2 != one.2 && other.0 < one.1).map(|other| format!("{one:?} and {other:?}"))
        })
    }
}

fn empty() -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "ringwall", "namespace": "ringwall"}})
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

/// What happens to replicas, or to the Lease.
#[derive(Clone, Copy, Debug)]
enum Event {
    Kill(usize),
    Stop(usize),
    Delete,
    Recreate,
}

#[derive(Clone, Debug)]
struct Story {
    exists: bool,
    rates: Vec<u64>,
    fates: Vec<Vec<Fate>>,
    events: Vec<(u64, Event)>,
}

fn fate() -> impl Strategy<Value = Fate> {
    let way = || prop_oneof![6 => (0..400_u64).prop_map(Some), 2 => (0..4000_u64).prop_map(Some), 1 => Just(None)];
    prop_oneof![2 => Just(PROMPT), 3 => (way(), way()).prop_map(|(there, back)| Fate { there, back })]
}

fn story(event: impl Strategy<Value = Event> + 'static) -> impl Strategy<Value = Story> {
    let fates = || prop::collection::vec(prop::collection::vec(fate(), 0..40), 3);
    let events = prop::collection::vec((0..4000_u64, event), 0..6);
    (any::<bool>(), prop::collection::vec(85..116_u64, 3), fates(), events)
        .prop_map(|(exists, rates, fates, events)| Story { exists, rates, fates, events })
}

/// Lets a story happen, and then waits until nothing is slow any more. Nobody ever leads beside another, and one leads in the end.
fn happens(story: Story, first: u64) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let server = if story.exists { Server::with(empty()) } else { Arc::default() };
        let terms = Terms::default();
        let ways: Vec<Way> = story.rates.iter().map(|rate| Way { rate: *rate, ..Way::new(&server) }).collect();
        let mut names = 0..;
        let mut start = |way: &Way| Replica::start(way, &format!("{}", names.next().unwrap_or(0)), &terms);
        let mut replicas: Vec<Replica> = ways.iter().map(&mut start).collect();
        seconds(first).await;
        for (way, fates) in ways.iter().zip(story.fates) {
            *way.fates.lock().unwrap() = fates.into();
        }
        for (pause, event) in story.events {
            seconds(pause).await;
            match event {
                Event::Kill(index) => {
                    replicas[index].task.abort();
                    replicas[index] = start(&ways[index]);
                }
                Event::Stop(index) => {
                    replicas[index].stop.cancel();
                    replicas[index] = start(&ways[index]);
                }
                Event::Delete => server.remove(),
                Event::Recreate => drop(server.put(empty(), true)),
            }
        }
        while ways.iter().any(|way| !way.fates.lock().unwrap().is_empty()) {
            seconds(DURATION).await;
        }
        seconds(6 * DURATION).await;
        let leaders = replicas.iter().filter(|replica| replica.leadership.leads()).count();
        for replica in &replicas {
            replica.stop.cancel();
        }
        seconds(DURATION).await;
        let overlap = terms.overlap();
        prop_assert!(overlap.is_none(), "{}", overlap.unwrap_or_default());
        prop_assert_eq!(leaders, 1);
        Ok(())
    })
}

proptest! {
    #[test]
    fn two_never_lead_at_once_whatever_is_slow_or_lost_or_dies(
        story in story(prop_oneof![(0..3_usize).prop_map(Event::Kill), (0..3_usize).prop_map(Event::Stop)])
    ) {
        happens(story, 0)?;
    }

    #[test]
    fn two_never_lead_at_once_when_the_lease_is_deleted_or_replaced_by_hand(
        story in story(prop_oneof![Just(Event::Delete), Just(Event::Recreate)])
    ) {
        // Everybody has seen it once.
        happens(story, DURATION)?;
    }
}
