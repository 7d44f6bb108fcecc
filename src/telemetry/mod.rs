//! Logs and metrics.
//!
//! **Invariants.** Uses nothing else of Ringwall. No globals besides the one log subscriber. Every label has a bounded set
//! of values, so that no request can make the number of series grow; no object's name and no user is ever a label.

mod labels;
pub mod logs;
mod metrics;

pub use labels::RulesetSource;
pub use metrics::Metrics;
