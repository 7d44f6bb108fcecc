//! The HTTPS server that the API server asks.
//!
//! **Invariants.** Only this folder knows AdmissionReview. A request never changes the published snapshot. Nothing of a request's
//! body is logged or echoed. Every wait has an end and every queue a bound: no client can hold what others need.

mod admit;
mod answer;
mod leaving;
mod lines;
mod record;
mod review;

pub use admit::Admission;
pub use review::BadReview;
