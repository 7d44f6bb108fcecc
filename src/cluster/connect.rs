//! The client: from a kubeconfig, or from where the program runs.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use super::fault::chain;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The file that was given cannot be used.
    #[error("the kubeconfig {path} cannot be used: {message}", path = path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Nothing was given, and nothing can be found.
    #[error("no cluster can be found: {0}; name a kubeconfig with --kubeconfig, or run inside a cluster")]
    Nowhere(String),
    /// The client cannot be made from it.
    #[error("the client cannot be made: {0}")]
    Client(String),
}

/// A client that does not try again by itself: every caller has a deadline and a rule of its own.
pub(super) async fn client(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    let mut config = match kubeconfig {
        Some(path) => from_file(path).await?,
        None => Config::infer().await.map_err(|error| ConnectError::Nowhere(chain(&error)))?,
    };
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    Client::try_from(config).map_err(|error| ConnectError::Client(chain(&error)))
}

async fn from_file(path: &Path) -> Result<Config, ConnectError> {
    let fault = |message| ConnectError::Kubeconfig { path: path.to_owned(), message };
    let kubeconfig = Kubeconfig::read_from(path).map_err(|error| fault(chain(&error)))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    config.map_err(|error| fault(chain(&error)))
}
