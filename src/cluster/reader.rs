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
        let mut entry = Entry { inner: &self, need: &need, is_open: true };
        loop {
            let _permit = self.permits.acquire().await;
            let Some(callers) = self.callers(&need) else {
                entry.is_open = false;
                return;
            };
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

/// The entry of a need among those that are waited for. When the work on it ends otherwise than by itself, nobody would ever
/// read it again.
struct Entry<'a> {
    inner: &'a Inner,
    need: &'a Need,
    is_open: bool,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.inner.waiting().remove(self.need);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[tokio::test]
    async fn work_that_does_not_come_to_its_end_leaves_nobody_waiting() {
        let service = tower::service_fn(|_: hyper::http::Request<kube::client::Body>| {
            std::future::pending::<Result<hyper::http::Response<kube::client::Body>, std::io::Error>>()
        });
        let reader = Reader::new(Client::new(service, "default"), Arc::new(Metrics::new()));
        let need = Need::List(Kind::Pod, None);
        let (sender, answer) = oneshot::channel();
        reader.inner.waiting().insert(need.clone(), vec![sender]);
        let mut work = Box::pin(Arc::clone(&reader.inner).work(need));
        assert!(futures::poll!(work.as_mut()).is_pending());
        // As a panic does.
        drop(work);
        assert!(answer.await.is_err());
        assert!(reader.inner.waiting().is_empty());
    }
}
