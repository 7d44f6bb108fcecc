//! The live cluster: watches that keep the snapshot, and live reads.
//!
//! **Invariants.** Only this folder names kube and k8s-openapi. State moves only through watches: a request never changes the
//! published snapshot.

mod live;
mod state;

pub use live::{Answer, Live, ReadError};
pub use state::{Published, State, WatchStatus};
