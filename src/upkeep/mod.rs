//! What Ringwall does to keep itself in order: its serving certificate, the settings in force, and what it says of them.
//!
//! **Invariants.** Nothing here is waited for by a request. Only the replica that leads writes, and asks anew whether it does before
//! each write; what every replica does by itself (taking a certificate or settings into use) needs no leader.

pub mod certificates;
mod settings;
mod status;

pub use settings::Settings;
pub use status::{FILE_IN_FORCE, IS_IN_FORCE, StatusWriter};
