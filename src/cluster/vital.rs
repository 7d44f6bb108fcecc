//! Tasks without which the process is worth nothing. One that ends unasked, or panics, would leave a server that answers from a
//! state that nobody keeps; the process shall end instead, and be started anew.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use tokio_util::sync::CancellationToken;

/// Starts such tasks, and tells when one of them is no more.
#[derive(Clone)]
pub struct Vital {
    shutdown: CancellationToken,
    ended: CancellationToken,
    first: Arc<OnceLock<&'static str>>,
}

impl Vital {
    /// Tasks that may end once the token is cancelled, and not before.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { shutdown, ended: CancellationToken::new(), first: Arc::default() }
    }

    /// When the tasks are to end.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Starts a task.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let this = self.clone();
        tokio::spawn(async move {
            // As a task of its own, so that its panic is seen here.
            let ended = tokio::spawn(work).await;
            if this.shutdown.is_cancelled() {
                return;
            }
            let how = if ended.is_ok() { "ended" } else { "panicked" };
            tracing::error!("{name} {how}; the process ends, for it cannot do its work without");
            let _ = this.first.set(name);
            this.ended.cancel();
        });
    }

    /// Waits until a task is no more, and returns its name.
    pub async fn ended(&self) -> &'static str {
        self.ended.cancelled().await;
        self.first.get().copied().unwrap_or_default()
    }
}

/// Works beside the tasks that serve requests. A panic there is one here.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down; nobody waits.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_or_ends_unasked_is_named() {
        for work in [false, true] {
            let vital = Vital::new(CancellationToken::new());
            vital.spawn("the lasting one", std::future::pending());
            vital.spawn("the other one", async move { assert!(work, "a panic") });
            assert_eq!(vital.ended().await, "the other one");
        }
    }

    #[tokio::test]
    #[should_panic(expected = "far away")]
    async fn a_panic_beside_is_a_panic_here() {
        apart(|| panic!("far away")).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_when_it_is_told_to_is_fine() {
        let shutdown = CancellationToken::new();
        let vital = Vital::new(shutdown.clone());
        vital.spawn("the one", shutdown.clone().cancelled_owned());
        shutdown.cancel();
        let told = tokio::time::timeout(std::time::Duration::from_secs(60), vital.ended()).await;
        assert!(told.is_err());
    }
}
