//! Live reads. Equal reads are shared, but only with those who asked before the read began: what a decision rests on is never
//! older than its request. A limit delays reads and never skips them.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use kube::Client;
use tokio::sync::{Semaphore, oneshot};

use crate::{snapshot::Need, telemetry::Metrics};

use super::{
    Answer, Fault, Live, ReadError,
    listing::{Listing, Seen},
    request::{self, within},
};

/// Reads under way at a time.
const AT_ONCE: usize = 32;
/// Callers have given up by then; the next ones shall not wait longer.
const LIMIT: Duration = Duration::from_millis(1500);

/// Reads through a client.
pub(super) struct Reader {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    metrics: Arc<Metrics>,
    permits: Semaphore,
    /// Who waits for a read of this that has not begun. An entry stands for as long as a task works on it.
    waiting: Mutex<HashMap<Need, Vec<oneshot::Sender<Answer>>>>,
}

impl Reader {
    pub(super) fn new(client: Client, metrics: Arc<Metrics>) -> Self {
        let (permits, waiting) = (Semaphore::new(AT_ONCE), Mutex::default());
        Self { inner: Arc::new(Inner { client, metrics, permits, waiting }) }
    }
}

impl Live for Reader {
    fn read(&self, need: Need) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        let (sender, answer) = oneshot::channel();
        let is_first = {
            let mut waiting = self.inner.waiting();
            let is_first = !waiting.contains_key(&need);
            waiting.entry(need.clone()).or_default().push(sender);
            is_first
        };
        if is_first {
            tokio::spawn(Arc::clone(&self.inner).work(need));
        }
        Box::pin(async move { answer.await.unwrap_or(Err(ReadError::Timeout)) })
    }
}

impl Inner {
    /// Reads one after the other until nobody waits. Who comes while a read is under way waits for the next.
    async fn work(self: Arc<Self>, need: Need) {
        loop {
            let _permit = self.permits.acquire().await;
            let Some(callers) = self.callers(&need) else { return };
            let answer = within(LIMIT, self.fetch(&need)).await.map_err(ReadError::from);
            self.metrics.live_read(need.kind().name(), result_name(&answer));
            for caller in callers {
                let _ = caller.send(answer.clone());
            }
        }
    }

    /// Those who wait now. Who has given up does not count; when nobody is left the work is done.
    fn callers(&self, need: &Need) -> Option<Vec<oneshot::Sender<Answer>>> {
        let mut waiting = self.waiting();
        let mut callers = std::mem::take(waiting.get_mut(need)?);
        callers.retain(|caller| !caller.is_closed());
        if callers.is_empty() {
            waiting.remove(need);
            return None;
        }
        Some(callers)
    }

    async fn fetch(&self, need: &Need) -> Result<Vec<crate::model::Object>, Fault> {
        match need {
            Need::Get(key) => match request::get(&self.client, key).await {
                Ok(text) => match Seen::read(key.kind, &String::from_utf8_lossy(&text)) {
                    Seen::Object(object) => Ok(vec![object]),
                    Seen::Obscure(key, _) => Err(undecodable(&key)),
                    Seen::Nameless(_) => Err(undecodable(key)),
                },
                Err(Fault::Absent) => Ok(Vec::new()),
                Err(fault) => Err(fault),
            },
            Need::List(kind, namespace) => {
                let listing = Listing::read(&self.client, *kind, namespace.as_ref(), LIMIT).await?;
                // An answer without it would say that it is not there.
                if listing.obscure.is_empty() {
                    Ok(listing.objects)
                } else {
                    Err(Fault::Failed(format!("the list holds {} that cannot be decoded", listing.obscure.len())))
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Need, Vec<oneshot::Sender<Answer>>>> {
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn undecodable(key: &crate::model::ObjectKey) -> Fault {
    Fault::Failed(format!("{key} cannot be decoded"))
}

fn result_name(answer: &Answer) -> &'static str {
    match answer {
        Ok(_) => "ok",
        Err(ReadError::Forbidden) => "forbidden",
        Err(ReadError::NotServed) => "not-served",
        Err(ReadError::Timeout) => "timeout",
        Err(ReadError::Failed(_)) => "error",
    }
}
