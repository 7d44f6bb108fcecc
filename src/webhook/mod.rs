//! The HTTPS server that the API server asks.
//!
//! **Invariants.** Only this folder knows `AdmissionReview`. A request never changes the published snapshot. Nothing of a request's
//! body is logged or echoed. Every wait has an end and every queue a bound: no client can hold what others need.

mod admit;
#[cfg(test)]
mod admit_tests;
mod answer;
mod body;
mod client_name;
mod crowd;
mod leaving;
mod limits;
mod lines;
mod listener;
mod pace;
mod probes;
mod record;
mod review;
mod ruleset_file;
mod self_made;
mod served;
mod server;
mod service;
mod stage;
mod tls;

pub use admit::Admission;
pub use limits::{Limits, raise_open_files};
pub use review::BadReview;
pub use ruleset_file::{Load, Put, follow_ruleset};
pub use self_made::self_made;
pub use served::{PROBE, question, served};
pub use server::{Drain, Parts, Server, StartError};
pub use tls::{Certificate, Tls, TlsError, TlsPolicy};
