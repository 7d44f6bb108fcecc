//! The one task that owns the snapshot: it applies what the watches see, and publishes.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    model::Kind,
    snapshot::{Edit, Snapshot, Touched},
    telemetry::Metrics,
};

use super::{Journal, State, WatchStatus, apart, probe};

/// Edits within this time are published together.
const COALESCE: Duration = Duration::from_millis(10);

/// Messages that are published together at most.
const TOGETHER: usize = 1024;

/// Objects from which an edit is applied beside the tasks that serve requests.
const LARGE: usize = 2000;

/// What a watch has to say.
pub(super) struct Message {
    /// Whose watch.
    pub(super) kind: Kind,
    /// What it saw.
    pub(super) edits: Vec<Edit>,
    /// How it stands from then on, when that differs. It holds once the edits are published.
    pub(super) status: Option<WatchStatus>,
    /// Whether this was all there before anybody looked, and so cannot have slipped through.
    pub(super) baseline: bool,
}

/// Applies and publishes until every watch is gone.
pub(super) struct Writer {
    pub(super) state: Arc<State>,
    pub(super) journal: Arc<Journal>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) messages: mpsc::Receiver<Message>,
    /// How an edit is applied. A panic in it ends the writer before anything of it is published.
    pub(super) apply: fn(&mut Snapshot, Edit) -> Touched,
}

impl Writer {
    pub(super) async fn run(mut self) {
        let mut snapshot = self.state.current().snapshot.clone();
        let mut batch = Vec::new();
        while self.next(&mut batch).await {
            let before = self.state.current();
            let mut touched = Touched::new();
            let mut statuses = Vec::new();
            for message in batch.drain(..) {
                let changed = self.apply(&mut snapshot, message.edits).await;
                if !message.baseline {
                    touched.extend(changed);
                }
                statuses.extend(message.status.map(|status| (message.kind, status)));
            }
            let now = Timestamp::now();
            self.state.publish(snapshot.clone(), now);
            self.journal.note(&before.snapshot, touched, now);
            for (kind, status) in statuses {
                self.metrics.watch(kind.name(), status.name());
                self.state.set_watch(kind, status);
            }
            if self.state.is_settled() && self.state.age(now).is_zero() {
                self.metrics.snapshot_published(probe::seconds(now));
            }
            for kind in Kind::all() {
                self.metrics.objects(kind.name(), snapshot.count(kind));
            }
        }
    }

    /// Waits for a message, and for those that come at about the same time. `false` when there will be none.
    async fn next(&mut self, batch: &mut Vec<Message>) -> bool {
        let Some(first) = self.messages.recv().await else { return false };
        batch.push(first);
        let deadline = Instant::now() + COALESCE;
        while batch.len() < TOGETHER {
            match tokio::time::timeout_at(deadline, self.messages.recv()).await {
                Ok(Some(message)) => batch.push(message),
                Ok(None) | Err(_) => break,
            }
        }
        true
    }

    /// Applies edits. A whole list of a large cluster takes too long for a thread that serves requests.
    async fn apply(&self, snapshot: &mut Snapshot, edits: Vec<Edit>) -> Touched {
        let apply = self.apply;
        let is_large = edits.iter().any(|edit| matches!(edit, Edit::Replace { objects, .. } if objects.len() >= LARGE));
        if !is_large {
            return edits.into_iter().flat_map(|edit| apply(snapshot, edit)).collect();
        }
        let mut copy = std::mem::take(snapshot);
        let work = move || {
            let touched: Touched = edits.into_iter().flat_map(|edit| apply(&mut copy, edit)).collect();
            (copy, touched)
        };
        let (applied, touched) = apart(work).await;
        *snapshot = applied;
        touched
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{
        cluster::Vital,
        model::{Object, ObjectKey, decode},
        snapshot::Need,
    };

    fn pods(count: usize) -> Vec<Object> {
        let pod = |number| {
            let json =
                format!(r#"{{"metadata":{{"name":"p{number}","namespace":"shop"}},"spec":{{"containers":[]}}}}"#);
            decode::object(Kind::Pod, json.as_bytes()).unwrap()
        };
        (0..count).map(pod).collect()
    }

    /// Has a bug in what takes objects away.
    fn apply(snapshot: &mut Snapshot, edit: Edit) -> Touched {
        assert!(!matches!(edit, Edit::Remove(_)), "a bug");
        snapshot.apply(edit)
    }

    #[tokio::test]
    async fn what_a_panic_left_is_never_published_and_the_writer_ends() {
        for count in [1, LARGE] {
            let state = Arc::new(State::unsynced(Timestamp::now()));
            let (before, _) = Snapshot::new().with(pods(1).into_iter().map(Edit::Put));
            state.publish(before, Timestamp::now());
            let (sender, messages) = mpsc::channel(1);
            let (journal, metrics) = (Arc::default(), Arc::new(Metrics::new()));
            let vital = Vital::new(CancellationToken::new());
            vital.spawn("the writer", Writer { state: Arc::clone(&state), journal, metrics, messages, apply }.run());
            let scope = Need::List(Kind::Pod, None);
            let bug = Edit::Remove(ObjectKey::namespaced(Kind::Pod, "shop", "x"));
            let edits = vec![Edit::Replace { scope, objects: pods(count) }, bug];
            sender.send(Message { kind: Kind::Pod, edits, status: None, baseline: false }).await.unwrap();
            assert_eq!(vital.ended().await, "the writer");
            assert_eq!(state.current().snapshot.count(Kind::Pod), 1);
            assert!(state.current().snapshot.coverage(Kind::Pod, None).is_err());
        }
    }
}
