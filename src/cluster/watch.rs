//! The watch of one kind: list, follow, and begin again when anything goes wrong. One adapter serves every row of the table of
//! kinds.
//!
//! kube's own watcher is not used because a list must be decoded object by object straight from its page (one that cannot be
//! decoded must stop neither the page nor the watch, and a page must not be held three times), and because a broken watch has
//! to be told from a broken API server.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{Stream, StreamExt as _};
use jiff::Timestamp;
use kube::{Client, api::WatchEvent};
use serde_json::value::RawValue;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{Kind, decode},
    snapshot::{Blind, Edit, Need, Scope},
    telemetry::Metrics,
};

use super::{
    Fault, WatchStatus,
    backoff::Backoff,
    listing::{self, Head, Listing, Seen},
    probe::Contact,
    request::{self, within},
    writer::Message,
};

/// A page must have come within this time.
const PAGE_LIMIT: Duration = Duration::from_secs(30);
/// A watch must have been accepted within this time.
const START_LIMIT: Duration = Duration::from_secs(10);
/// A small read that proves that reads succeed must have come within this time.
pub(super) const CHECK_LIMIT: Duration = Duration::from_secs(3);
/// How often a watch that runs is checked by such a read: RBAC that was withdrawn does not end a watch, nor does a version that
/// went back (a restored backup).
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// A bookmark comes about once a minute; a watch that is silent for longer is begun anew.
const SILENCE: Duration = Duration::from_secs(90);
/// A watch that was broken and has not reached by then what there was when it was begun again sees nothing of its kind change:
/// bookmarks are a minute apart, so the kind is listed anew.
const CATCH_UP: Duration = Duration::from_secs(5);
/// A watch that ended sooner is not begun anew at once.
const SHORT: Duration = Duration::from_secs(1);
/// After so many failures in a row the kind is listed anew, whatever they were.
const REBUILD_AFTER: u32 = 5;

/// The watch of one kind.
pub(super) struct Watch {
    kind: Kind,
    client: Client,
    metrics: Arc<Metrics>,
    writer: mpsc::Sender<Message>,
    /// What was said last.
    status: WatchStatus,
    /// Changes when the API server is lost, and when it is back, so that nothing waits on a dead connection.
    contact: watch::Receiver<Contact>,
    /// The losses that are known.
    losses: u64,
    /// The version from which to go on; `None` when the kind must be listed.
    version: Option<String>,
    /// After a break, the version that must be reached before the kind is whole again.
    goal: Option<String>,
    /// Whether the kind was ever listed.
    listed: bool,
    /// Whether the kind has been seen whole since it was last refused.
    whole: bool,
    failures: u32,
    failed_reads: u32,
    backoff: Backoff,
}

/// Where a fault arose.
enum Failure {
    /// A list, or the small read that stands for one.
    Read(Fault),
    /// The watch itself.
    Watch(Fault),
}

/// How a watch ended that did not fail.
#[derive(PartialEq, Eq)]
enum End {
    /// The server closed it, which it does regularly, or nothing came.
    Itself,
    /// It does not show whether everything has been seen.
    Behind,
    /// The API server was gone; who knows what the connection is worth.
    Revival,
}

impl Watch {
    pub(super) fn new(
        kind: Kind,
        client: Client,
        metrics: Arc<Metrics>,
        writer: mpsc::Sender<Message>,
        contact: watch::Receiver<Contact>,
    ) -> Self {
        metrics.watch(kind.name(), WatchStatus::Syncing(None).name());
        let losses = contact.borrow().losses;
        Self {
            kind,
            client,
            metrics,
            writer,
            status: WatchStatus::Syncing(None),
            losses,
            contact,
            version: None,
            goal: None,
            listed: false,
            whole: false,
            failures: 0,
            failed_reads: 0,
            backoff: Backoff::new(Duration::from_millis(300), Duration::from_secs(5)),
        }
    }

    /// Follows the kind until told to stop.
    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        let work = async {
            loop {
                let Err(failure) = self.follow().await;
                let pause = self.report(failure).await;
                // A server that is back is asked at once.
                let _ = tokio::time::timeout(pause, news(&mut self.contact)).await;
                // The kind is not whole anyway.
                self.losses = self.contact.borrow().losses;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = work => {}
        }
    }

    /// Lists where needed, and follows. Returns only when something went wrong.
    async fn follow(&mut self) -> Result<std::convert::Infallible, Failure> {
        if self.version.is_some() && self.failures > 0 {
            let version = listing::version(&self.client, self.kind, CHECK_LIMIT).await.map_err(Failure::Read)?;
            self.goal = Some(version);
        }
        self.failed_reads = 0;
        loop {
            if self.version.is_none() {
                self.list().await.map_err(Failure::Read)?;
            }
            let version = self.version.clone().unwrap_or_default();
            let start = request::watch(&self.client, self.kind, &version);
            let started = tokio::select! {
                biased;
                contact = news(&mut self.contact) => Err(contact),
                stream = within(START_LIMIT, start) => Ok(stream),
            };
            let stream = match started {
                Ok(stream) => stream.map_err(Failure::Watch)?,
                Err(contact) => {
                    self.hear(contact).map_err(Failure::Watch)?;
                    continue;
                }
            };
            let began = Instant::now();
            self.heal().await;
            let seen = Arc::new(AtomicU64::new(version.parse().unwrap_or(0)));
            let checks = check(self.client.clone(), self.kind, Arc::clone(&seen));
            tokio::select! {
                ended = self.consume(stream, &seen) => match ended.map_err(Failure::Watch)? {
                    End::Itself if began.elapsed() < SHORT => {
                        let fault = Fault::Failed("the watch ended as soon as it began".to_owned());
                        return Err(Failure::Watch(fault));
                    }
                    End::Behind => self.version = None,
                    End::Itself | End::Revival => {}
                },
                fault = checks => return Err(Failure::Read(fault)),
            }
        }
    }

    async fn list(&mut self) -> Result<(), Fault> {
        self.metrics.relist(self.kind.name());
        let listing = Listing::read(&self.client, self.kind, None, PAGE_LIMIT).await?;
        let count = listing.objects.len();
        if listing.version.is_empty() {
            return Err(Fault::Failed("the list names no resource version".to_owned()));
        }
        self.version = Some(listing.version.clone());
        self.goal = None;
        self.whole = true;
        let baseline = !std::mem::replace(&mut self.listed, true);
        self.tell(listing.edits(self.kind, None), Some(WatchStatus::Synced), baseline).await;
        tracing::info!(kind = self.kind.name(), objects = count, "read whole");
        Ok(())
    }

    /// Passes on what the watch sees until it ends, which it does regularly, or breaks.
    async fn consume(
        &mut self,
        stream: impl Stream<Item = kube::Result<WatchEvent<Box<RawValue>>>>,
        seen: &AtomicU64,
    ) -> Result<End, Fault> {
        let mut stream = std::pin::pin!(stream);
        let behind = tokio::time::sleep(CATCH_UP);
        let mut behind = std::pin::pin!(behind);
        loop {
            let next = tokio::select! {
                biased;
                // Begin anew from the version that was reached.
                contact = news(&mut self.contact) => return self.hear(contact).map(|()| End::Revival),
                () = &mut behind, if self.goal.is_some() => return Ok(End::Behind),
                next = tokio::time::timeout(SILENCE, stream.next()) => next,
            };
            let event = match next {
                Ok(Some(Ok(event))) => event,
                // A connection that broke off is no harm if the next one goes on from there.
                Ok(None | Some(Err(kube::Error::ReadEvents(_)))) | Err(_) => return Ok(End::Itself),
                Ok(Some(Err(error))) => {
                    // What cannot be read may have been a change.
                    self.version = None;
                    return Err(error.into());
                }
            };
            let (version, edit) = match event {
                WatchEvent::Added(raw) | WatchEvent::Modified(raw) => {
                    (version_of(&raw), Seen::read(self.kind, raw.get()).edit(self.kind))
                }
                WatchEvent::Deleted(raw) => {
                    (version_of(&raw), decode::key(self.kind, raw.get().as_bytes()).map(Edit::Remove))
                }
                WatchEvent::Bookmark(bookmark) => (bookmark.metadata.resource_version, None),
                WatchEvent::Error(status) => return Err(Fault::of_status(&status)),
            };
            if let Some(edit) = edit {
                self.tell(vec![edit], None, false).await;
            }
            if !version.is_empty() {
                seen.store(version.parse().unwrap_or(0), Ordering::Relaxed);
                self.version = Some(version);
                self.catch_up().await;
            }
        }
    }

    /// The watch runs: what was broken is whole again once it has reached what there was then.
    async fn heal(&mut self) {
        self.failures = 0;
        self.backoff.reset();
        if let WatchStatus::Broken { since, error, reads_fail: true } = &self.status {
            let status = WatchStatus::Broken { since: *since, error: error.clone(), reads_fail: false };
            self.tell(Vec::new(), Some(status), false).await;
        }
        self.catch_up().await;
    }

    /// Says that the kind is whole when nothing is missing any more.
    async fn catch_up(&mut self) {
        if self.goal.as_deref().is_some_and(|goal| !reaches(self.version.as_deref().unwrap_or_default(), goal)) {
            return;
        }
        self.goal = None;
        if self.status == WatchStatus::Synced {
            return;
        }
        self.whole = true;
        tracing::info!(kind = self.kind.name(), "followed again");
        self.tell(vec![self.cover(None)], Some(WatchStatus::Synced), false).await;
    }

    /// What there is to know of the API server: a fault if it was lost since the watch began.
    fn hear(&mut self, contact: Contact) -> Result<(), Fault> {
        if std::mem::replace(&mut self.losses, contact.losses) == contact.losses {
            return Ok(());
        }
        Err(Fault::Failed("the API server cannot be read".to_owned()))
    }

    /// Says what went wrong, once, and how long to wait before the next attempt.
    async fn report(&mut self, failure: Failure) -> Duration {
        self.failures += 1;
        let (fault, is_read) = match failure {
            Failure::Read(fault) => (fault, true),
            Failure::Watch(fault) => (fault, false),
        };
        self.failed_reads = if is_read { self.failed_reads + 1 } else { 0 };
        if fault == Fault::Gone || self.failures.is_multiple_of(REBUILD_AFTER) {
            self.version = None;
        }
        let (status, edits) = self.judge(&fault, is_read);
        if status.name() != self.status.name() || self.failures == 1 {
            tell_people(self.kind, &status, &fault);
        }
        self.tell(edits, Some(status), false).await;
        if fault == Fault::Gone && self.failures == 1 { Duration::ZERO } else { self.backoff.next() }
    }

    /// How the watch stands after a fault, and what that means for the snapshot.
    fn judge(&mut self, fault: &Fault, is_read: bool) -> (WatchStatus, Vec<Edit>) {
        let kind = self.kind;
        match fault {
            Fault::Forbidden(_) => {
                // Where only the watch is forbidden, a list would succeed each time and change nothing.
                if is_read {
                    self.version = None;
                }
                self.whole = false;
                (WatchStatus::Forbidden, vec![self.cover(Some(Blind::Forbidden(kind)))])
            }
            Fault::NotServed => {
                self.version = None;
                self.whole = false;
                let nothing = Edit::Replace { scope: Need::List(kind, None), objects: Vec::new() };
                (WatchStatus::NotServed, vec![nothing, self.cover(Some(Blind::NotServed(kind)))])
            }
            fault if self.whole => {
                let since = match self.status {
                    WatchStatus::Broken { since, .. } => since,
                    _ => Timestamp::now(),
                };
                let status =
                    WatchStatus::Broken { since, error: fault.to_string(), reads_fail: self.failed_reads >= 2 };
                (status, vec![self.cover(Some(Blind::Stale(kind)))])
            }
            fault => (WatchStatus::Syncing(Some(fault.to_string())), vec![self.cover(Some(Blind::NotWatched(kind)))]),
        }
    }

    fn cover(&self, blind: Option<Blind>) -> Edit {
        Edit::Cover(Scope { kind: self.kind, namespace: None }, blind.map_or(Ok(()), Err))
    }

    async fn tell(&mut self, edits: Vec<Edit>, status: Option<WatchStatus>, baseline: bool) {
        if let Some(status) = &status {
            self.status = status.clone();
        }
        // The writer outlives the watches; if it is gone, so is the program.
        let _ = self.writer.send(Message { kind: self.kind, edits, status, baseline }).await;
    }
}

/// Reads a little now and then while the watch runs, and returns what is wrong once something is.
async fn check(client: Client, kind: Kind, seen: Arc<AtomicU64>) -> Fault {
    let mut misses = 0;
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let reached = seen.load(Ordering::Relaxed);
        match listing::version(&client, kind, CHECK_LIMIT).await {
            // Versions of one cluster are numbers that grow. A list that is older than the watch comes from another history.
            Ok(version) if version.parse::<u64>().is_ok_and(|version| version < reached) => return Fault::Gone,
            Ok(_) => misses = 0,
            Err(fault @ (Fault::Forbidden(_) | Fault::NotServed)) => return fault,
            Err(fault) => {
                misses += 1;
                if misses > 1 {
                    return fault;
                }
            }
        }
    }
}

/// Waits for news of the API server.
async fn news(contact: &mut watch::Receiver<Contact>) -> Contact {
    if contact.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    *contact.borrow_and_update()
}

/// Whether everything up to the goal has been seen. Versions of one cluster are numbers that grow.
fn reaches(version: &str, goal: &str) -> bool {
    let number = |text: &str| text.parse::<u64>().ok();
    version == goal || number(version).zip(number(goal)).is_some_and(|(version, goal)| version >= goal)
}

fn version_of(raw: &RawValue) -> String {
    serde_json::from_str::<Head>(raw.get()).unwrap_or_default().metadata.resource_version
}

fn tell_people(kind: Kind, status: &WatchStatus, fault: &Fault) {
    let plural = kind.info().plural;
    match status {
        WatchStatus::Forbidden => {
            tracing::error!(kind = kind.name(), error = %fault, "{}", Blind::Forbidden(kind));
        }
        WatchStatus::NotServed if kind.info().required => tracing::error!("{}", Blind::NotServed(kind)),
        WatchStatus::NotServed => {
            tracing::debug!(kind = kind.name(), "{}: there are none until it does", Blind::NotServed(kind));
        }
        // A list whose version is too old is everyday life.
        WatchStatus::Broken { .. } if *fault == Fault::Gone => {
            tracing::info!(kind = kind.name(), "{plural} are listed anew: {fault}");
        }
        _ => tracing::warn!(kind = kind.name(), error = %fault, "{plural} cannot be followed; trying again"),
    }
}
