//! The settings of the cluster put in force: its `Ruleset`, its `Exemptions`, and beneath them the file, or what is built in.
//!
//! Looked at several times a second, for a look costs no more than comparing a few pointers. What does not parse never replaces what
//! works. An object that is gone stays in force for a moment, until a read has shown that its kind is still there without it: who removes
//! a definition removes its objects first, and that must not switch anything off.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use tokio::time::Instant;

use crate::{
    cluster::{Documents, Resource, State, WatchStatus},
    model::{self, Kind, Name, ObjectKey},
    ruleset::{Exemption, IN_FORCE, Ruleset, RulesetError, of_kind},
    snapshot::Snapshot,
    telemetry::{Metrics, RulesetSource},
};

/// How often the snapshot is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long something may be gone before a read decides whether it is.
const GRACE: Duration = Duration::from_secs(3);
/// How many digits of the fingerprint are shown.
const FINGERPRINT: usize = 16;
/// Under which name readiness waits for the settings.
const AWAITED: &str = "settings";

/// The ruleset in force, and what it is made of.
pub struct Settings {
    in_force: Arc<ArcSwap<Ruleset>>,
    metrics: Arc<Metrics>,
    own_namespace: Option<Name>,
    parts: Mutex<Parts>,
}

#[derive(Default)]
struct Parts {
    /// From a file, which goes before the cluster's.
    file: Option<Ruleset>,
    /// The `Ruleset` of the cluster that counts.
    cluster: Option<Taken>,
    /// The object that was read last.
    seen: Option<Arc<model::Settings>>,
    exemptions: BTreeMap<Name, (Arc<model::Settings>, Option<Exemption>)>,
    /// What is not there any more and has not been confirmed to be gone.
    missing: BTreeMap<ObjectKey, Instant>,
}

/// A `Ruleset` as it was read.
struct Taken {
    ruleset: Ruleset,
    generation: i64,
    /// Whether it had mistakes: then another one takes its place, be it with mistakes, so that all replicas come to decide by the same.
    is_partial: bool,
}

impl Settings {
    /// What is built in, until something else is said. Ringwall's own namespace is part of what is in force, whoever writes it.
    pub fn new(own_namespace: Option<Name>, metrics: Arc<Metrics>) -> Self {
        let settings = Self { in_force: Arc::default(), metrics, own_namespace, parts: Mutex::new(Parts::default()) };
        settings.put_in_force(&settings.lock());
        settings
    }

    /// The ruleset in force, which follows what is said from now on.
    pub fn in_force(&self) -> Arc<ArcSwap<Ruleset>> {
        Arc::clone(&self.in_force)
    }

    /// Whether a file goes before the cluster's `Ruleset`.
    pub fn is_from_file(&self) -> bool {
        self.lock().file.is_some()
    }

    /// Puts a file's ruleset in force; the cluster's exemptions count with it.
    pub fn set_file(&self, ruleset: Ruleset) {
        let mut parts = self.lock();
        parts.file = Some(ruleset);
        self.put_in_force(&parts);
    }

    /// Takes in what a snapshot holds. What is gone from it is returned once it has been gone for a moment: it stays in force until
    /// [`Self::forget`] is told that it is.
    pub fn look(&self, snapshot: &Snapshot, now: Instant) -> Vec<ObjectKey> {
        let mut parts = self.lock();
        let mut there = BTreeSet::new();
        let mut changed = false;
        for kind in [Kind::Ruleset, Kind::Exemption] {
            for object in of_kind(snapshot, kind) {
                there.insert(object.key());
                changed |= match kind {
                    Kind::Ruleset if object.meta.name == IN_FORCE => self.take_ruleset(&mut parts, object),
                    Kind::Ruleset => false,
                    _ => self.take_exemption(&mut parts, object),
                };
            }
        }
        if changed {
            self.put_in_force(&parts);
        }
        parts.find_missing(&there, |kind| snapshot.coverage(kind, None).is_ok(), now)
    }

    /// Takes something out of force that is gone.
    pub fn forget(&self, key: &ObjectKey) {
        let mut parts = self.lock();
        // It may have come back meanwhile.
        if parts.missing.remove(key).is_none() {
            return;
        }
        match key.kind {
            Kind::Ruleset => (parts.cluster, parts.seen) = (None, None),
            _ => drop(parts.exemptions.remove(&key.name)),
        }
        tracing::info!(object = %key, "is gone");
        self.put_in_force(&parts);
    }

    /// Follows what a cluster says, for ever; the replica is not ready before it has been read.
    pub async fn follow(self: Arc<Self>, state: Arc<State>, documents: Documents) {
        let mut is_read = false;
        loop {
            // The status first: what it says of holds for the snapshot that is read then.
            let waits = [Kind::Ruleset, Kind::Exemption].map(|kind| awaited(kind, &state.watch(kind)));
            for key in self.look(&state.current().snapshot, Instant::now()) {
                match documents.get(Resource::of(key.kind), None, &key.name).await {
                    Ok(None) => self.forget(&key),
                    // It is there again, or its kind is not, or nobody knows: it stays in force.
                    Ok(Some(_)) | Err(_) => self.wait_again(&key, Instant::now()),
                }
            }
            if !is_read {
                let why = waits.into_iter().flatten().reduce(|one, other| format!("{one}; {other}"));
                is_read = why.is_none();
                state.hold(AWAITED, why);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Has a replica wait until the cluster's settings have been read: it must not decide by what is built in before.
    pub fn await_cluster(state: &State) {
        state.hold(AWAITED, awaited(Kind::Ruleset, &WatchStatus::Syncing(None)));
    }

    fn wait_again(&self, key: &ObjectKey, now: Instant) {
        if let Some(since) = self.lock().missing.get_mut(key) {
            *since = now;
        }
    }

    /// Whether something may have changed.
    fn take_ruleset(&self, parts: &mut Parts, object: &Arc<model::Settings>) -> bool {
        if parts.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, object) || is_same(seen, object)) {
            return false;
        }
        parts.seen = Some(Arc::clone(object));
        let (ruleset, errors) = Ruleset::of_object(object);
        self.metrics.ruleset_reload(if errors.is_empty() { "ok" } else { "error" });
        let is_partial = !errors.is_empty();
        let has_whole = parts.cluster.as_ref().is_some_and(|taken| !taken.is_partial);
        if is_partial {
            let consequence = of_mistakes(parts.file.is_some(), has_whole);
            tracing::error!(object = %object.key(), errors = RulesetError::all(&errors), "{consequence}");
        }
        if is_partial && has_whole {
            return false;
        }
        // With mistakes, where there is nothing better: what is built in would let through what most of it would not.
        parts.cluster = Some(Taken { ruleset, generation: object.generation, is_partial });
        true
    }

    fn take_exemption(&self, parts: &mut Parts, object: &Arc<model::Settings>) -> bool {
        let known = parts.exemptions.get(&object.meta.name);
        if known.is_some_and(|(seen, _)| Arc::ptr_eq(seen, object) || is_same(seen, object)) {
            return false;
        }
        let exemption = Exemption::of_object(object);
        if let Err(errors) = &exemption {
            self.metrics.ruleset_reload("error");
            tracing::error!(object = %object.key(), errors = RulesetError::all(errors), "the exemption is left out");
        }
        parts.exemptions.insert(object.meta.name.clone(), (Arc::clone(object), exemption.ok()));
        true
    }

    fn put_in_force(&self, parts: &Parts) {
        let (mut ruleset, source, generation) = match (&parts.file, &parts.cluster) {
            (Some(file), _) => (file.clone(), RulesetSource::File, 0),
            (None, Some(taken)) => (taken.ruleset.clone(), RulesetSource::Cluster, taken.generation),
            (None, None) => (Ruleset::default(), RulesetSource::BuiltIn, 0),
        };
        ruleset.exemptions.extend(parts.exemptions.values().filter_map(|(_, exemption)| exemption.clone()));
        ruleset.environment.own_namespace.clone_from(&self.own_namespace);
        let print = fingerprint(&ruleset);
        self.metrics.ruleset_in_force(source, &print, generation, ruleset.exemptions.len());
        if **self.in_force.load() == ruleset {
            return;
        }
        let exemptions = ruleset.exemptions.len();
        self.in_force.store(Arc::new(ruleset));
        tracing::info!(
            source = source.name(),
            generation,
            exemptions,
            fingerprint = print,
            "the settings in force are new"
        );
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Parts {
    /// What is in force and has not been there for a moment, of kinds that are seen whole.
    fn find_missing(
        &mut self,
        there: &BTreeSet<ObjectKey>,
        is_whole: impl Fn(Kind) -> bool,
        now: Instant,
    ) -> Vec<ObjectKey> {
        let ruleset = self.seen.as_ref().map(|seen| seen.key());
        let exemptions = self.exemptions.values().map(|(object, _)| object.key());
        let gone: BTreeSet<ObjectKey> =
            ruleset.into_iter().chain(exemptions).filter(|key| !there.contains(key) && is_whole(key.kind)).collect();
        self.missing.retain(|key, _| gone.contains(key));
        for key in &gone {
            self.missing.entry(key.clone()).or_insert(now);
        }
        let is_over = |(_, since): &(&ObjectKey, &Instant)| now.saturating_duration_since(**since) >= GRACE;
        self.missing.iter().filter(is_over).map(|(key, _)| key.clone()).collect()
    }
}

/// Whether nothing differs that is read.
fn is_same(one: &model::Settings, other: &model::Settings) -> bool {
    one.spec == other.spec && one.generation == other.generation
}

/// What becomes of a ruleset with mistakes.
fn of_mistakes(has_file: bool, has_whole: bool) -> &'static str {
    if has_file {
        "the ruleset of the cluster has mistakes; it is not used, for the file goes before it"
    } else if has_whole {
        "the new ruleset is not used; the old one stays"
    } else {
        "the ruleset has mistakes; what can be read of it is in force"
    }
}

/// Why the settings of a kind have not been read.
fn awaited(kind: Kind, status: &WatchStatus) -> Option<String> {
    let plural = kind.info().plural;
    match status {
        WatchStatus::Syncing(None) => Some(format!("{plural} have not been read yet")),
        WatchStatus::Syncing(Some(error)) => Some(format!("{plural} have not been read yet: {error}")),
        _ => None,
    }
}

/// What two replicas compare to know whether they decide by the same: the beginning of the SHA-256 of everything that is in force.
fn fingerprint(ruleset: &Ruleset) -> String {
    let mut digits = HEXLOWER.encode(digest(&SHA256, format!("{ruleset:?}").as_bytes()).as_ref());
    digits.truncate(FINGERPRINT);
    digits
}
