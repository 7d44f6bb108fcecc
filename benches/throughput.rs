//! Requests per second over TLS 1.3: `cargo bench --bench throughput`.
//!
//! The real program with the world from files; 8 connections that are kept alive; reviews of new Pods of about 5 KB that are
//! admitted. Short phases alternate between `/validate` and a route of the same server that reads and answers the same review
//! without deciding, so that whatever else the machine does meets both. Client and server share the machine's cores.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a benchmark")]

mod server;
mod world;

use std::time::Duration;

use server::{CONNECTIONS, Format, Server, median};

/// Pairs of phases.
const PAIRS: usize = 30;
/// How long a phase lasts.
const PHASE: Duration = Duration::from_millis(500);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    server::write_world(folder.path(), Format::Json);
    let path = folder.path().to_str().unwrap();
    let server = Server::start(&["--dev", "--undecided-route", "--manifests", path]);
    server.ready();
    let (decided, undecided) = (server::requests("/validate"), server::requests("/undecided"));
    let cores = std::thread::available_parallelism().unwrap();
    println!(
        "a review has {} bytes; {CONNECTIONS} connections; client and server share {cores} cores",
        decided[0].len()
    );
    let mut clients = server.clients();
    clients.rate(&decided, PHASE);
    clients.rate(&undecided, PHASE);
    let pairs: Vec<(f64, f64)> =
        (0..PAIRS).map(|_| (clients.rate(&decided, PHASE), clients.rate(&undecided, PHASE))).collect();
    let (with, without): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    println!("/validate  {:>8.0} requests/s (median of {PAIRS} phases)", median(with));
    println!("/undecided {:>8.0} requests/s", median(without));
    let mut ratios: Vec<f64> = pairs.iter().map(|(with, without)| with / without).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let quarter = |part: usize| ratios[(ratios.len() - 1) * part / 4];
    println!(
        "ratio      {:>8.3} (median of {PAIRS} pairs, half of them from {:.3} to {:.3}; target at least 0.85)",
        quarter(2),
        quarter(1),
        quarter(3)
    );
}
