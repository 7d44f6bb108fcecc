//! The state that requests are decided on: the published snapshot, and how far it can be trusted.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::{
    model::{Kind, kinds::KINDS},
    snapshot::{Blind, Snapshot},
};

/// A snapshot and the time it was published.
#[derive(Clone)]
pub struct Published {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// When it was published.
    pub at: Timestamp,
}

/// How the watch of a kind stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchStatus {
    /// Not seen whole yet; what went wrong last, if anything did.
    Syncing(Option<String>),
    /// Seen whole and followed.
    Synced,
    /// The cluster does not serve the kind.
    NotServed,
    /// RBAC forbids it.
    Forbidden,
    /// Nobody follows the kind: single objects are read when an answer rests on them.
    NotWatched,
    /// It was seen whole and is not followed now.
    Broken {
        /// Since when.
        since: Timestamp,
        /// What went wrong last.
        error: String,
        /// Whether reads of the kind fail as well.
        reads_fail: bool,
    },
}

impl WatchStatus {
    /// The name in metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Syncing(_) => "syncing",
            Self::Synced => "synced",
            Self::NotServed => "not-served",
            Self::Forbidden => "forbidden",
            Self::NotWatched => "not-watched",
            Self::Broken { .. } => "broken",
        }
    }
}

/// The state that requests are decided on. Readers take no lock.
pub struct State {
    current: ArcSwap<Published>,
    health: RwLock<Health>,
}

struct Health {
    /// Whether anything is watched; a state from files is always ready.
    fixed: bool,
    watches: Vec<WatchStatus>,
    /// Why the API server cannot be read at all, and since when.
    unreachable: Option<(Timestamp, String)>,
    /// What else must come about first, and why it has not.
    held: BTreeMap<&'static str, String>,
}

impl State {
    /// The state of a cluster that nothing has been seen of yet.
    pub fn unsynced(now: Timestamp) -> Self {
        Self::with(Snapshot::new(), now, false)
    }

    /// A state that does not change by itself: from files. Always ready, never old.
    pub fn fixed(snapshot: Snapshot, now: Timestamp) -> Self {
        Self::with(snapshot, now, true)
    }

    fn with(snapshot: Snapshot, at: Timestamp, fixed: bool) -> Self {
        let watches = vec![WatchStatus::Syncing(None); KINDS.len()];
        Self {
            current: ArcSwap::from_pointee(Published { snapshot, at }),
            health: RwLock::new(Health { fixed, watches, unreachable: None, held: BTreeMap::new() }),
        }
    }

    /// The snapshot in force. A request takes it once and keeps it.
    pub fn current(&self) -> Arc<Published> {
        self.current.load_full()
    }

    /// Puts a snapshot in force, and returns the one before.
    pub fn publish(&self, snapshot: Snapshot, at: Timestamp) -> Arc<Published> {
        self.current.swap(Arc::new(Published { snapshot, at }))
    }

    /// Whether requests may be decided here, or every reason why not.
    pub fn readiness(&self) -> Result<(), Vec<String>> {
        let health = self.read();
        if health.fixed {
            return Ok(());
        }
        let mut reasons = Vec::new();
        if let Some((since, error)) = &health.unreachable {
            reasons.push(format!("the API server cannot be read since {since:.0}: {error}"));
        }
        let required = KINDS.iter().zip(&health.watches).filter(|(info, _)| info.required);
        reasons.extend(required.filter_map(|(info, status)| why_not(info.kind, status)));
        reasons.extend(health.held.values().cloned());
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    /// Keeps the replica unready for a reason of the caller's own, until there is none.
    pub fn hold(&self, what: &'static str, why: Option<String>) {
        let held = &mut self.write().held;
        match why {
            Some(why) => held.insert(what, why),
            None => held.remove(what),
        };
    }

    /// How the watch of a kind stands.
    pub fn watch(&self, kind: Kind) -> WatchStatus {
        self.read().watches.get(kind as usize).cloned().unwrap_or(WatchStatus::Syncing(None))
    }

    /// Sets how the watch of a kind stands, and returns how it stood.
    pub fn set_watch(&self, kind: Kind, status: WatchStatus) -> WatchStatus {
        let mut health = self.write();
        match health.watches.get_mut(kind as usize) {
            Some(slot) => std::mem::replace(slot, status),
            None => status,
        }
    }

    /// Says whether the API server can be read; the time is that of the first failure in a row.
    pub fn set_unreachable(&self, unreachable: Option<(Timestamp, String)>) {
        self.write().unreachable = unreachable;
    }

    /// Whether the first reading is over: every required kind has been seen whole or it is known why it cannot be, and every
    /// other kind has been tried.
    pub fn is_settled(&self) -> bool {
        let health = self.read();
        let is_open = |status: &WatchStatus, required| match status {
            WatchStatus::Syncing(error) => required || error.is_none(),
            _ => false,
        };
        health.fixed || !KINDS.iter().zip(&health.watches).any(|(info, status)| is_open(status, info.required))
    }

    /// How old the snapshot may be: nothing while every watch is followed, else the time since the first of them broke.
    pub fn age(&self, now: Timestamp) -> Duration {
        let health = self.read();
        let broken = health.watches.iter().filter_map(|status| match status {
            WatchStatus::Broken { since, .. } => Some(*since),
            _ => None,
        });
        let oldest = broken.chain(health.unreachable.iter().map(|(since, _)| *since)).min();
        oldest.map_or(Duration::ZERO, |since| now.duration_since(since).unsigned_abs())
    }

    fn read(&self) -> RwLockReadGuard<'_, Health> {
        self.health.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Health> {
        self.health.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Why a required kind keeps a replica unready. A broken watch alone does not: live reads carry the verdicts until they fail
/// as well.
fn why_not(kind: Kind, status: &WatchStatus) -> Option<String> {
    let plural = kind.info().plural;
    match status {
        WatchStatus::Synced | WatchStatus::Broken { reads_fail: false, .. } => None,
        WatchStatus::Syncing(None) => Some(format!("{plural} have not been read yet")),
        WatchStatus::Syncing(Some(error)) => Some(format!("{plural} have not been read yet: {error}")),
        WatchStatus::NotServed => Some(Blind::NotServed(kind).to_string()),
        WatchStatus::Forbidden => Some(Blind::Forbidden(kind).to_string()),
        WatchStatus::NotWatched => Some(Blind::NotWatched(kind).to_string()),
        WatchStatus::Broken { since, error, reads_fail: true } => {
            Some(format!("{} since {since:.0}, and reads fail: {error}", Blind::Stale(kind)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn synced() -> State {
        let state = State::unsynced(at(0));
        for kind in Kind::all() {
            state.set_watch(kind, WatchStatus::Synced);
        }
        state
    }

    fn broken(reads_fail: bool) -> WatchStatus {
        WatchStatus::Broken { since: at(5), error: "connection refused".to_owned(), reads_fail }
    }

    #[test]
    fn a_state_from_files_is_ready_and_never_old() {
        let state = State::fixed(Snapshot::new(), at(0));
        assert_eq!(state.readiness(), Ok(()));
        assert!(state.is_settled());
        assert_eq!(state.age(at(1000)), Duration::ZERO);
    }

    #[test]
    fn every_required_kind_that_was_not_read_is_named() {
        let reasons = State::unsynced(at(0)).readiness().unwrap_err();
        assert_eq!(reasons.len(), KINDS.iter().filter(|info| info.required).count());
        assert_eq!(reasons[0], "namespaces have not been read yet");
    }

    #[test]
    fn metrics_know_every_state_of_a_watch_by_its_name() {
        let [syncing, forbidden] = [WatchStatus::Syncing(None), WatchStatus::Forbidden];
        let quiet = [WatchStatus::NotServed, WatchStatus::NotWatched];
        for status in [syncing, forbidden, WatchStatus::Synced, broken(false)].into_iter().chain(quiet) {
            let metrics = crate::telemetry::Metrics::new();
            metrics.watch("Pod", status.name());
            let series = format!("ringwall_watch_state{{kind=\"Pod\",state=\"{}\"}} 1", status.name());
            assert!(metrics.encode().contains(&series), "{series}");
        }
    }

    #[test]
    fn kinds_that_are_not_required_never_make_a_replica_unready() {
        for status in [WatchStatus::Forbidden, WatchStatus::NotServed, broken(true), WatchStatus::Syncing(None)] {
            let state = synced();
            state.set_watch(Kind::Ingress, status);
            assert_eq!(state.readiness(), Ok(()));
        }
    }

    #[test]
    fn nobody_waits_for_a_kind_that_nobody_watches() {
        let state = synced();
        state.set_watch(Kind::Secret, WatchStatus::Syncing(None));
        assert!(!state.is_settled());
        state.set_watch(Kind::Secret, WatchStatus::NotWatched);
        assert!(state.is_settled());
        assert_eq!((state.readiness(), state.age(at(60))), (Ok(()), Duration::ZERO));
    }

    #[test]
    fn a_required_kind_that_is_forbidden_is_unready_and_says_what_to_grant() {
        let state = synced();
        state.set_watch(Kind::NetworkPolicy, WatchStatus::Forbidden);
        let reasons = state.readiness().unwrap_err();
        assert_eq!(reasons, ["RBAC does not let Ringwall read networkpolicies: grant get, list and watch"]);
    }

    #[test]
    fn a_broken_watch_is_unready_only_when_reads_fail_as_well() {
        let state = synced();
        state.set_watch(Kind::Pod, broken(false));
        assert_eq!(state.readiness(), Ok(()));
        state.set_watch(Kind::Pod, broken(true));
        assert!(state.readiness().unwrap_err()[0].contains("connection refused"));
    }

    #[test]
    fn a_replica_that_is_held_is_unready_until_it_is_let_go() {
        let state = synced();
        state.hold("settings", Some("rulesets have not been read yet".to_owned()));
        assert_eq!(state.readiness().unwrap_err(), ["rulesets have not been read yet"]);
        state.hold("settings", None);
        assert_eq!(state.readiness(), Ok(()));
    }

    #[test]
    fn the_snapshot_is_as_old_as_the_first_break() {
        let state = synced();
        assert_eq!(state.age(at(60)), Duration::ZERO);
        state.set_watch(Kind::Ingress, broken(false));
        state.set_unreachable(Some((at(8), String::new())));
        assert_eq!(state.age(at(65)), Duration::from_secs(60));
    }
}
