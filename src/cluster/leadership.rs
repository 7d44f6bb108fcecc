//! Which replica writes: the one that holds the Lease. Nothing that requests rest on waits for it.

use tokio::{sync::watch, time::Instant};

/// Whether this replica leads. Every write asks anew: a term ends by the clock, whether or not the API server can be reached.
#[derive(Clone)]
pub struct Leadership {
    term: watch::Receiver<Option<Instant>>,
}

impl Leadership {
    /// What follows a term that somebody else keeps: the time at which it ends, or `None` for none.
    pub fn of(term: watch::Receiver<Option<Instant>>) -> Self {
        Self { term }
    }

    /// Whether this replica leads now.
    pub fn leads(&self) -> bool {
        self.term.borrow().is_some_and(|end| Instant::now() < end)
    }

    /// Waits until the term begins, is prolonged or ends.
    pub async fn changed(&mut self) {
        if self.term.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
