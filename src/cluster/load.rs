//! A cluster read once, for commands that judge it and end.

use std::{path::Path, time::Duration};

use futures::StreamExt as _;
use kube::Client;

use crate::{
    model::{Kind, kinds::Watch},
    snapshot::{Blind, Edit, Scope, Snapshot},
};

use super::{ConnectError, Fault, connect, listing::Listing};

/// A page must have come within this time.
const PAGE_LIMIT: Duration = Duration::from_secs(60);
/// Kinds that are read at the same time.
const AT_ONCE: usize = 4;

/// Why a cluster cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no client.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The API server does not answer, or answers something else.
    #[error("{} cannot be read: {message}", kind.info().plural)]
    Read {
        /// The kind.
        kind: Kind,
        /// What went wrong.
        message: String,
    },
}

/// Reads every kind once, of Secrets those that hold certificates; `ConfigMaps` are not read. Kinds that the cluster does not serve or that RBAC forbids are blind in the snapshot, and say why.
pub async fn load_once(kubeconfig: Option<&Path>) -> Result<Snapshot, LoadError> {
    load(&connect::client(kubeconfig).await?).await
}

pub(super) async fn load(client: &Client) -> Result<Snapshot, LoadError> {
    let read = |kind: &Kind| kind.info().watch != Watch::Never;
    let reads =
        Kind::all().filter(read).map(|kind| async move { (kind, Listing::read(client, kind, None, PAGE_LIMIT).await) });
    let mut reads = futures::stream::iter(reads).buffer_unordered(AT_ONCE);
    let mut snapshot = Snapshot::new();
    while let Some((kind, listing)) = reads.next().await {
        let blind = match listing {
            Ok(listing) => {
                for edit in listing.edits(kind, None) {
                    snapshot.apply(edit);
                }
                continue;
            }
            Err(Fault::Forbidden(_)) => Blind::Forbidden(kind),
            Err(Fault::NotServed) => Blind::NotServed(kind),
            Err(fault) => return Err(LoadError::Read { kind, message: fault.to_string() }),
        };
        tracing::warn!(kind = kind.name(), "{blind}");
        snapshot.apply(Edit::Cover(Scope { kind, namespace: None }, Err(blind)));
    }
    Ok(snapshot)
}
