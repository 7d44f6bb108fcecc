//! The real server: the binary as users run it, asked over real TLS connections, with files as its state.
//!
//! Every test starts a server of its own on free loopback ports. Whatever a test does to it, the server must still give correct
//! verdicts afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowances for tests do not reach the functions that tests call"
)]
#![allow(clippy::needless_pass_by_value, reason = "reviews are made of the objects that they are about")]

mod bodies;
mod certificates;
mod client;
mod crowds;
mod drain;
mod pki;
mod reviews;
mod rulesets;
mod secrets;
mod server;
mod slow;
#[path = "../../src/model/decode/test_certificates.rs"]
mod test_certificates;
mod traces;
mod verdicts;
