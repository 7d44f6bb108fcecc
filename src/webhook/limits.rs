//! The bounds that keep one client from holding what others need.
//!
//! **Memory.** A connection takes at most 68 KiB without asking, as measured: 34 KiB of TLS and task while it is idle, 16 KiB for
//! the head of a request, 8 KiB of its body, and what the allocator adds. What bodies take beyond that comes from one budget. So
//! 4,096 connections take 272 MiB and all bodies 96 MiB; with 35 MiB for the process itself that is 403 MiB at the worst, of
//! which one client, which may have half of all connections, can cause 267 MiB. The example's limit of 512 MiB leaves 109 MiB
//! to the snapshot and to what is being decoded; a large cluster needs more.

use std::time::Duration;

/// Every bound of the listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take, from its first byte.
    pub head: Duration,
    /// How long a connection may stay idle. API servers keep idle connections for 90 s.
    pub idle: Duration,
    /// How long a peer may leave an answer unread.
    pub write: Duration,
    /// How long a request may take from its head to its answer, its body included: below the webhook's timeout, so that the
    /// API server hears why.
    pub request: Duration,
    /// How many connections may be open.
    pub connections: usize,
    /// The largest body, in bytes. API servers limit a request to about 3 MiB, and a review may carry an object twice.
    pub body: usize,
    /// How much memory all bodies may take together beyond the first 8 KiB of each, in bytes.
    pub bodies: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            write: Duration::from_secs(10),
            request: Duration::from_millis(4_500),
            connections: 4_096,
            body: 8 << 20,
            bodies: 96 << 20,
        }
    }
}

/// Raises the process's limit of open files to what it may have; the default of 1,024 is less than the connections allowed.
pub fn raise_open_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
}
