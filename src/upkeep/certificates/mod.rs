//! The serving certificate that Ringwall makes for itself, and its rotation without a failed call.
//!
//! An authority and a certificate by it are kept in one Secret; the authority's certificate stands as `caBundle` in every entry of the
//! webhook configuration. All that is decided is decided by pure functions (`plan`, `memory`): they are given what was
//! read and the time, and a test runs years of them. [`Keeper`] reads, asks them, and does the one step that they name.
//!
//! **Invariants.**
//! - An authority stands in the bundle, for a time that outlasts the lag of every API server, before anything is served that it signed; it
//!   leaves the bundle long after the last replica served anything of it. Every replica looks after the first half for itself as well: it
//!   does not give up a certificate that is trusted for one that may not be trusted yet.
//! - How long something has stood is measured by the process that saw it, without the clock on the wall. A new leader measures anew:
//!   that costs a minute, and no clock that is wrong or was set can shorten a wait.
//! - What time it is, is what the API server says: it is the one that finds certificates expired.
//! - Keys are wiped where they are held, and never printed; no type here that holds one implements `Debug`.

mod ask;
mod bundles;
mod cert;
mod clock;
mod course;
mod keep;
mod make;
mod memory;
mod plan;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod simulation;
mod stored;

pub use keep::{Keeper, Place};
pub use make::Terms;
