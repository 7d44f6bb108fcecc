//! Live reads: what a decision asks of the API server before it stands.

use std::{future::Future, pin::Pin};

use crate::{model::Object, snapshot::Need};

/// The answer to a read: all objects that it found, none when there is none.
pub type Answer = Result<Vec<Object>, ReadError>;

/// Something that reads the API server. The caller sets the deadline.
pub trait Live: Send + Sync {
    /// Makes the read. It begins after this call, so that what it finds is not older than the question.
    fn read(&self, need: Need) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>>;
}

/// Why a read found nothing out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// RBAC forbids it.
    #[error("RBAC does not let Ringwall read it: grant get, list and watch")]
    Forbidden,
    /// The cluster does not serve the kind.
    #[error("the cluster does not serve the kind")]
    NotServed,
    /// The API server did not answer in time.
    #[error("the API server did not answer in time")]
    Timeout,
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}
