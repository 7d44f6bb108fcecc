//! What publishes touched, kept until the audit has judged it.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use jiff::Timestamp;

use crate::snapshot::{Snapshot, Touched};

/// Publishes within this time are judged together.
const TOGETHER: Duration = Duration::from_millis(200);

/// Batches that may wait; what comes then joins the last one.
const WAITING: usize = 64;

/// Objects that changed at about the same time.
pub struct Batch {
    /// The state before any of them did.
    pub before: Snapshot,
    /// The objects.
    pub touched: Touched,
    /// When the first of them did.
    pub since: Timestamp,
}

/// The batches that nobody has judged yet, oldest first.
#[derive(Default)]
pub struct Journal {
    batches: Mutex<VecDeque<Batch>>,
}

impl Journal {
    /// Notes what a publish touched, and the state before it.
    pub(super) fn note(&self, before: &Snapshot, touched: Touched, now: Timestamp) {
        if touched.is_empty() {
            return;
        }
        let mut batches = self.lock();
        let is_full = batches.len() >= WAITING;
        match batches.back_mut() {
            Some(last) if is_full || now.duration_since(last.since).unsigned_abs() < TOGETHER => {
                last.touched.extend(touched);
            }
            _ => batches.push_back(Batch { before: before.clone(), touched, since: now }),
        }
    }

    /// Takes what has had that much time to settle, as one batch.
    pub fn take(&self, settle: Duration, now: Timestamp) -> Option<Batch> {
        let mut batches = self.lock();
        let settled = |batch: &Batch| now.duration_since(batch.since).unsigned_abs() >= settle && now >= batch.since;
        let count = batches.iter().take_while(|batch| settled(batch)).count();
        batches.drain(..count).reduce(|mut first, next| {
            first.touched.extend(next.touched);
            first
        })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Batch>> {
        self.batches.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, ObjectKey};

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + milliseconds).unwrap()
    }

    fn touched(name: &str) -> Touched {
        Touched::from([ObjectKey::namespaced(Kind::Pod, "shop", name)])
    }

    #[test]
    fn what_has_not_settled_stays_for_the_next_batch() {
        let journal = Journal::default();
        journal.note(&Snapshot::new(), touched("a"), at(0));
        journal.note(&Snapshot::new(), touched("b"), at(100));
        journal.note(&Snapshot::new(), touched("c"), at(900));
        assert!(journal.take(Duration::from_secs(1), at(999)).is_none());
        let batch = journal.take(Duration::from_secs(1), at(1000)).unwrap();
        assert_eq!(batch.touched.len(), 2);
        assert_eq!(batch.since, at(0));
        assert_eq!(journal.take(Duration::from_secs(1), at(1900)).unwrap().touched, touched("c"));
        assert!(journal.take(Duration::from_secs(1), at(9000)).is_none());
    }

    #[test]
    fn a_publish_that_touches_nothing_leaves_no_batch() {
        let journal = Journal::default();
        journal.note(&Snapshot::new(), Touched::new(), at(0));
        assert!(journal.take(Duration::ZERO, at(0)).is_none());
    }
}
