//! The live cluster: watches that keep the snapshot, and live reads.
//!
//! **Invariants.** Only this folder names kube and k8s-openapi. State moves only through watches: a request never changes the
//! published snapshot. What the API server sends is never logged.
//!
//! One task per kind lists and follows ([`watch`]) and tells one writer ([`writer`]), which owns the snapshot and publishes it
//! in [`State`]. What each publish touched stands in the [`Journal`] until the audit has judged it. One probe ([`probe`]) knows
//! whether the API server can be read at all; what was seen until it is lost is stale until more has been seen. None of these
//! tasks may end unasked ([`vital`]). Live reads ([`reader`]) go beside all this, and so does the election of the replica that writes
//! ([`lease`]).

mod backoff;
mod connect;
mod definitions;
mod documents;
mod events;
mod fault;
mod inspect;
mod journal;
mod leadership;
mod lease;
mod listing;
mod live;
mod load;
mod probe;
mod reader;
mod request;
mod state;
#[cfg(test)]
mod tests;
mod vital;
mod watch;
mod writer;

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;
use kube::Client;
use tokio::sync::mpsc;

use crate::{
    model::{Kind, kinds},
    snapshot::Snapshot,
    telemetry::Metrics,
};

pub use connect::ConnectError;
pub use definitions::{Parts, definitions};
pub use documents::{Answered, Documents, FIELD_MANAGER, Resource, wipe};
pub use events::{Events, Note};
pub use fault::Fault;
pub use inspect::{Inspector, Reply};
pub use journal::{Batch, Journal};
pub use leadership::Leadership;
pub use lease::{Lease, elect};
pub use live::{Answer, Live, ReadError};
pub use load::{LoadError, load_once};
pub use state::{Published, State, WatchStatus};
pub use vital::{Vital, apart};

/// Messages of the watches that may wait for the writer.
const QUEUE: usize = 1024;

/// How to reach the cluster.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A kubeconfig; without one it is looked for, and then the service account of the Pod is used.
    pub kubeconfig: Option<PathBuf>,
    /// Whether certificates are followed: the Secrets of type `kubernetes.io/tls`, and no others. Without it they are read one by
    /// one, when an answer rests on them.
    pub watch_certificates: bool,
}

/// A cluster that is being followed.
#[derive(Clone)]
pub struct Handle {
    /// What is known of it.
    pub state: Arc<State>,
    /// Reads of it.
    pub live: Arc<dyn Live>,
    /// What changed and has not been judged yet.
    pub journal: Arc<Journal>,
    /// Events on its objects.
    pub events: Events,
    /// Single objects of Ringwall's own.
    pub documents: Documents,
}

/// Follows a cluster until the tasks are told to stop. Returns at once; [`State::readiness`] says when enough has been seen.
pub async fn start(options: &Options, metrics: Arc<Metrics>, vital: &Vital) -> Result<Handle, ConnectError> {
    let client = connect::client(options.kubeconfig.as_deref()).await?;
    Ok(follow(client, options.watch_certificates, metrics, vital))
}

/// Whether the objects of a kind are followed.
fn is_watched(kind: Kind, watch_certificates: bool) -> bool {
    match kind.info().watch {
        kinds::Watch::Always => true,
        kinds::Watch::OnRequest(_) => watch_certificates,
        kinds::Watch::Never => false,
    }
}

fn follow(client: Client, watch_certificates: bool, metrics: Arc<Metrics>, vital: &Vital) -> Handle {
    let state = Arc::new(State::unsynced(Timestamp::now()));
    let journal = Arc::new(Journal::default());
    let shutdown = vital.shutdown();
    let (messages, received) = mpsc::channel(QUEUE);
    let (contact, _) = tokio::sync::watch::channel(probe::Contact::default());
    for kind in Kind::all() {
        if !is_watched(kind, watch_certificates) {
            metrics.watch(kind.name(), WatchStatus::NotWatched.name());
            state.set_watch(kind, WatchStatus::NotWatched);
            continue;
        }
        let metrics = Arc::clone(&metrics);
        let watch = watch::Watch::new(kind, client.clone(), metrics, messages.clone(), contact.subscribe());
        vital.spawn("a watch", watch.run(shutdown.clone()));
    }
    let writer = writer::Writer {
        state: Arc::clone(&state),
        journal: Arc::clone(&journal),
        metrics: Arc::clone(&metrics),
        messages: received,
        apply: Snapshot::apply,
    };
    vital.spawn("the writer of the snapshot", writer.run());
    let probe = probe::run(client.clone(), Arc::clone(&state), Arc::clone(&metrics), contact);
    let probe = shutdown.clone().run_until_cancelled_owned(probe);
    vital.spawn("the probe of the API server", async { probe.await.unwrap_or_default() });
    let (events, notes) = Events::channel();
    tokio::spawn(shutdown.clone().run_until_cancelled_owned(events::write(client.clone(), notes)));
    let documents = Documents::new(client.clone());
    Handle { state, live: Arc::new(reader::Reader::new(client, metrics)), journal, events, documents }
}
