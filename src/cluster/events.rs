//! Kubernetes Events on objects. Writing them never holds anybody up: what does not fit is dropped and counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::Client;
use serde_json::json;
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::model::{Name, ObjectKey};

use super::request::{self, within};

/// Events that may wait.
const QUEUE: usize = 1000;
/// Events that are written at the same time.
const AT_ONCE: usize = 8;
/// Events that may be written at once, and how many more each second.
const BURST: u32 = 400;
const EACH_SECOND: u32 = 40;
/// What the API server takes.
const LONGEST_NOTE: usize = 1000;
const LIMIT: Duration = Duration::from_secs(5);

/// An Event on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The object.
    pub object: ObjectKey,
    /// Its incarnation.
    pub uid: Name,
    /// One word: why.
    pub reason: &'static str,
    /// What there is to say.
    pub text: String,
}

/// Takes Events without waiting.
#[derive(Clone)]
pub struct Events {
    queue: mpsc::Sender<Note>,
    dropped: Arc<AtomicU64>,
}

impl Events {
    /// Somewhere to put Events, and who takes them out.
    pub fn channel() -> (Self, mpsc::Receiver<Note>) {
        let (queue, notes) = mpsc::channel(QUEUE);
        (Self { queue, dropped: Arc::default() }, notes)
    }

    /// Writes an Event some time soon; drops it when too many wait.
    pub fn post(&self, note: Note) {
        if let Err(error) = self.queue.try_send(note)
            && self.dropped.fetch_add(1, Ordering::Relaxed).is_multiple_of(100)
        {
            tracing::warn!("{}", why_dropped(&error));
        }
    }
}

fn why_dropped(error: &TrySendError<Note>) -> &'static str {
    match error {
        TrySendError::Full(_) => "too many Events wait to be written; some are dropped, the log names them all",
        TrySendError::Closed(_) => {
            "no Event is written any more, for what writes them has ended; the log names them all"
        }
    }
}

/// Writes Events until nobody can post any more.
pub(super) async fn write(client: Client, notes: mpsc::Receiver<Note>) {
    let instance = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME")).unwrap_or_default();
    let instance = if instance.is_empty() { "ringwall".to_owned() } else { instance };
    let paced = futures::stream::unfold((notes, Pace::new()), |(mut notes, mut pace)| async move {
        let note = notes.recv().await?;
        pace.wait().await;
        Some((note, (notes, pace)))
    });
    let failed = AtomicU64::new(0);
    paced
        .for_each_concurrent(AT_ONCE, |note| {
            let (client, instance, failed) = (&client, &instance, &failed);
            async move {
                let (path, body) = event(&note, instance, Timestamp::now());
                if let Err(fault) = within(LIMIT, request::create(client, path, body)).await
                    && failed.fetch_add(1, Ordering::Relaxed).is_multiple_of(100)
                {
                    tracing::warn!(object = %note.object, error = %fault, "an Event cannot be written");
                }
            }
        })
        .await;
}

/// The path and the body of an Event.
fn event(note: &Note, instance: &str, now: Timestamp) -> (String, Vec<u8>) {
    let info = note.object.kind.info();
    // Events on cluster-scoped objects live in `default`.
    let namespace = note.object.namespace.as_deref().unwrap_or("default");
    let mut text = note.text.clone();
    if text.len() > LONGEST_NOTE {
        while text.len() > LONGEST_NOTE {
            text.pop();
        }
        text.push_str("...");
    }
    let body = json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"generateName": "ringwall-", "namespace": namespace},
        "eventTime": format!("{now:.6}"),
        "reportingController": "ringwall.dev/ringwall",
        "reportingInstance": instance,
        "action": "Audit",
        "type": "Warning",
        "reason": note.reason,
        "note": text,
        "regarding": {
            "apiVersion": info.api_version(),
            "kind": info.name,
            "namespace": note.object.namespace.as_deref(),
            "name": note.object.name.as_str(),
            "uid": note.uid.as_str(),
        },
    });
    (format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events"), body.to_string().into_bytes())
}

/// A burst, and then so many each second.
struct Pace {
    left: u32,
    filled: tokio::time::Instant,
}

impl Pace {
    fn new() -> Self {
        Self { left: BURST, filled: tokio::time::Instant::now() }
    }

    async fn wait(&mut self) {
        let passed = u32::try_from(self.filled.elapsed().as_secs()).unwrap_or(BURST);
        if passed > 0 {
            self.left = self.left.saturating_add(passed.saturating_mul(EACH_SECOND)).min(BURST);
            self.filled = tokio::time::Instant::now();
        }
        if self.left == 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.left = EACH_SECOND;
            self.filled = tokio::time::Instant::now();
        }
        self.left -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn what_is_dropped_is_told_with_its_reason() {
        let object = ObjectKey::namespaced(Kind::Pod, "shop", "web");
        let note = || Note { object: object.clone(), uid: "1".into(), reason: "SlippedThrough", text: String::new() };
        let (queue, notes) = mpsc::channel(1);
        queue.try_send(note()).unwrap();
        assert!(why_dropped(&queue.try_send(note()).unwrap_err()).contains("too many"));
        drop(notes);
        assert!(why_dropped(&queue.try_send(note()).unwrap_err()).contains("has ended"));
    }
}
