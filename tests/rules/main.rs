//! What each rule of isolation refuses and what it lets through, on small worlds; and which subjects a change affects.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod affected;
mod blindness;
mod classes;
mod fixes;
mod messages;
mod mismatch;
mod namespaces;
mod nodes;
mod open;
mod policies;
mod priorities;
mod services;
mod tiers;
mod unisolated;
mod wide;
mod world;
