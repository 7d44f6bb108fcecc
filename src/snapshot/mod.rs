//! The indexed view of all objects, from a live cluster or from files.
//!
//! **Invariants.** Immutable to everyone but its owner; cloning is a few reference counts; an altered copy costs what the
//! alteration touches. Look-ups answer found, absent or unseen, never a guess.

mod class;
mod coverage;
mod edit;
mod memo;
mod owners;
mod refers;
mod store;

pub use class::{Class, ClassKey};
pub use coverage::{Blind, Coverage, Need, Scope};
pub use edit::{Edit, Touched};
pub use memo::Memo;
pub use owners::Running;
pub use store::{Lookup, Snapshot};
