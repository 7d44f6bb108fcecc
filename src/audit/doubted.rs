//! What came in while something that its verdict rests on was not followed: it can only be called unproved then, and nothing
//! touches it again when the watch is back. It is kept, and judged once everything has been seen.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    cluster::Batch,
    model::Kind,
    snapshot::{Blind, Snapshot},
};

/// Objects that are kept.
pub(super) const MOST: usize = 10_000;

/// What is to be judged again.
#[derive(Default)]
pub(super) struct Doubted {
    kept: Option<Batch>,
    /// How many objects were too many.
    lost: usize,
    whole_since: Option<Instant>,
}

impl Doubted {
    /// Keeps the objects of a batch if what they were judged on was not whole, with the state before the first of them.
    pub(super) fn note(&mut self, batch: &Batch, after: &Snapshot) {
        if is_whole(after) {
            return;
        }
        self.whole_since = None;
        let kept = self.kept.get_or_insert_with(|| Batch {
            before: batch.before.clone(),
            touched: std::collections::BTreeSet::new(),
            since: batch.since,
        });
        for key in &batch.touched {
            if kept.touched.len() < MOST {
                kept.touched.insert(key.clone());
            } else if !kept.touched.contains(key) {
                self.lost += 1;
            }
        }
    }

    /// Whether anything is kept.
    pub(super) fn is_some(&self) -> bool {
        self.kept.is_some()
    }

    /// What was kept, once everything has been whole for so long, and how many objects were too many.
    pub(super) fn take(&mut self, after: &Snapshot, settle: Duration, now: Instant) -> Option<(Batch, usize)> {
        self.kept.as_ref()?;
        if !is_whole(after) {
            self.whole_since = None;
            return None;
        }
        let since = *self.whole_since.get_or_insert(now);
        if now.duration_since(since) < settle {
            return None;
        }
        self.whole_since = None;
        Some((self.kept.take()?, std::mem::take(&mut self.lost)))
    }
}

/// Whether everything is followed that decides which Pods are isolated and what is enforced on them. What cannot be decoded, and
/// what the cluster does not serve, may stay so for ever, and is not waited for.
fn is_whole(snapshot: &Snapshot) -> bool {
    Kind::all()
        .filter(|kind| kind.is_workload() || matches!(kind, Kind::Namespace | Kind::Pod | Kind::NetworkPolicy))
        .all(|kind| {
            let coverage = snapshot.coverage(kind, None);
            !matches!(coverage, Err(Blind::Stale(_) | Blind::NotWatched(_) | Blind::Forbidden(_)))
        })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        audit::slipped,
        model::{Object, ObjectKey, decode},
        ruleset::Ruleset,
        snapshot::{Edit, Scope, Touched},
    };

    const SETTLE: Duration = Duration::from_secs(1);

    fn object(kind: Kind, json: &str) -> Object {
        decode::object(kind, json.as_bytes()).unwrap()
    }

    fn cover(kind: Kind, blind: Option<Blind>) -> Edit {
        Edit::Cover(Scope { kind, namespace: None }, blind.map_or(Ok(()), Err))
    }

    /// A namespace with a profile, and policies that are not followed.
    fn stale() -> Snapshot {
        let namespace = r#"{"metadata": {"name": "shop", "labels": {"ringwall.dev/enforce": "baseline"}}}"#;
        let (whole, _) = Snapshot::new().with(Kind::all().map(|kind| cover(kind, None)));
        let edits = [Edit::Put(object(Kind::Namespace, namespace)), lose_policies()];
        whole.with(edits).0
    }

    fn lose_policies() -> Edit {
        cover(Kind::NetworkPolicy, Some(Blind::Stale(Kind::NetworkPolicy)))
    }

    fn names(slips: &[slipped::Slip]) -> Vec<&str> {
        slips.iter().flat_map(|slip| slip.objects.iter().map(|(key, _)| key.name.as_str())).collect()
    }

    #[test]
    fn a_pod_that_came_while_policies_were_not_followed_is_judged_when_they_are() {
        let pod = r#"{"metadata": {"name": "web", "namespace": "shop"}, "spec": {"nodeName": "a", "containers": []},
            "status": {"phase": "Running"}}"#;
        let (ruleset, now, start) = (Ruleset::default(), Timestamp::UNIX_EPOCH, Instant::now());
        let before = stale();
        let (after, touched) = before.with([Edit::Put(object(Kind::Pod, pod))]);
        let batch = Batch { before, touched, since: now };
        assert!(slipped::find(&batch, &after, &ruleset, now).is_empty(), "nothing can be proved");
        let mut doubted = Doubted::default();
        doubted.note(&batch, &after);
        assert!(doubted.take(&after, SETTLE, start + SETTLE).is_none());
        let (healed, nothing) = after.with([cover(Kind::NetworkPolicy, None)]);
        assert!(nothing.is_empty());
        assert!(doubted.take(&healed, SETTLE, start + SETTLE).is_none(), "it has just been healed");
        let (kept, lost) = doubted.take(&healed, SETTLE, start + SETTLE * 2).unwrap();
        assert!(names(&slipped::find(&kept, &healed, &ruleset, now)).contains(&"web"));
        assert_eq!(lost, 0);
        assert!(!doubted.is_some());
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_rest_is_counted() {
        let after = stale();
        let keys = |from: usize, to: usize| -> Touched {
            (from..to).map(|number| ObjectKey::namespaced(Kind::Pod, "shop", format!("{number:05}"))).collect()
        };
        let mut doubted = Doubted::default();
        for touched in [keys(0, 10), keys(5, MOST + 7)] {
            doubted.note(&Batch { before: after.clone(), touched, since: Timestamp::UNIX_EPOCH }, &after);
        }
        let (healed, _) = after.with([cover(Kind::NetworkPolicy, None)]);
        let (kept, lost) = doubted.take(&healed, Duration::ZERO, Instant::now()).unwrap();
        assert_eq!((kept.touched.len(), lost), (MOST, 7));
    }

    #[test]
    fn what_came_while_all_was_followed_is_not_judged_twice() {
        let (whole, _) = stale().with([cover(Kind::NetworkPolicy, None)]);
        let touched = Touched::from([ObjectKey::namespaced(Kind::Pod, "shop", "web")]);
        let mut doubted = Doubted::default();
        doubted.note(&Batch { before: whole.clone(), touched, since: Timestamp::UNIX_EPOCH }, &whole);
        assert!(!doubted.is_some());
    }
}
