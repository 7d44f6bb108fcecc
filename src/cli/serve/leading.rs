//! Whether this replica is the one that writes.

use std::{sync::Arc, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::{Handle, Leadership, Lease, elect},
    telemetry::Metrics,
};

use super::options::Leading;

/// How long the end of the program waits for the Lease to be given back.
const LIMIT: Duration = Duration::from_secs(2);

/// This replica's part in the election.
pub(super) struct Candidacy {
    /// Whether it leads.
    pub(super) leadership: Leadership,
    /// Is cancelled when the program is told to end, while it still serves.
    pub(super) leaving: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Leading {
    /// Stands for election in Ringwall's own namespace; without one, nobody leads.
    pub(super) fn stand(
        &self,
        cluster: &Handle,
        namespace: Option<&str>,
        metrics: &Arc<Metrics>,
        shutdown: &CancellationToken,
    ) -> Candidacy {
        let Some(namespace) = namespace else {
            tracing::info!("no replica leads: the Lease needs Ringwall's own namespace (POD_NAMESPACE)");
            return Candidacy::none();
        };
        let lease = Lease { namespace: namespace.to_owned(), name: self.name.clone(), duration: self.duration };
        let stop = shutdown.child_token();
        tokio::spawn(resign(stop.clone()));
        let (leadership, election) = elect(cluster.documents.clone(), lease, Arc::clone(metrics), stop.clone());
        // Requests do not rest on it: a fault there must not take the webhook down.
        let task = tokio::spawn(async move {
            if election.await.is_err() {
                tracing::error!("this replica takes part in no election until its next start; this is a bug");
            }
        });
        Candidacy { leadership, leaving: stop, task: Some(task) }
    }
}

impl Candidacy {
    /// Where nothing is written.
    pub(super) fn none() -> Self {
        Self { leadership: Leadership::none(), leaving: CancellationToken::new(), task: None }
    }

    /// Waits a little until the Lease has been given back.
    pub(super) async fn end(self) {
        if let Some(task) = self.task {
            let _ = tokio::time::timeout(LIMIT, task).await;
        }
    }
}

/// Gives up the Lease as soon as the program is told to end: what is left to do is serving, and the next one should not wait.
async fn resign(stop: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stop.cancelled() => {}
    }
    stop.cancel();
}
