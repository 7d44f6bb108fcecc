//! The running cluster, as far as commands look at it once.

use std::path::Path;

use anyhow::Context;

use crate::{cluster, snapshot::Snapshot};

/// Everything that Ringwall reads of the cluster.
pub(super) fn load(kubeconfig: Option<&Path>) -> anyhow::Result<Snapshot> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime cannot be started")?;
    runtime.block_on(cluster::load_once(kubeconfig)).context("the cluster cannot be read")
}
