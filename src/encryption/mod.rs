//! Judging protection: versions and cipher suites of TLS, certificates against hosts, and what meshes make of a workload.
//!
//! **Invariants.** Reads objects only, no clock: the time is an argument. What is good enough is the ruleset's word; here is
//! worked out what is the case, in three answers: it is, it is not, it cannot be said.

pub mod certificates;
pub mod ciphers;
pub mod issuance;
pub mod mesh;
pub mod policies;
pub mod versions;
