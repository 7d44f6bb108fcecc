//! The decision: [`decide`] judges a change, [`survey`] judges everything. Pure functions.
//!
//! **Invariants.** Nothing here reads a clock, a file or a network; the time is an argument. What [`survey`] finds after a change
//! and not before is what [`decide`] finds worse.

mod change;
mod decide;
mod judge;
mod namespace;
mod outcome;
mod reads;
mod settings;
mod solver;
mod spare;
mod survey;
mod unmarked;

pub use change::{Actor, Change};
pub use decide::{decide, worsened};
pub use outcome::{Decision, Judgement, Outcome, Reason, explain};
pub use spare::enforced_in;
pub use survey::{Templates, survey, unused_exemptions};
