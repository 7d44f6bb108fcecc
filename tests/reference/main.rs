//! The engine against a naive reference evaluator, which is written from the specification of NetworkPolicy alone, and the
//! snapshot against one that is built from scratch.
//!
//! `PROPTEST_CASES` sets the number of worlds per property.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod agreement;
mod calico;
mod cilium;
mod cluster_lines;
mod cluster_policies;
mod cluster_world;
mod effects;
mod end_to_end;
mod evaluator;
mod exposure;
mod laws;
mod laws_mixed;
mod mixed;
mod reach;
mod regions;
mod snapshot;
mod strategies;
mod trace;
mod traced_tiers;
mod world;
