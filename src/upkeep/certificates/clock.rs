//! What time it is, where that decides over certificates.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How far two clocks may be apart and count as agreeing.
const APART: Duration = Duration::from_secs(300);

/// The time, and whether it can be relied on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Clock {
    /// The time as the API server says, else as this machine does.
    pub(super) now: Timestamp,
    /// Whether both say the same.
    pub(super) is_sure: bool,
}

impl Clock {
    /// The time, from this machine's clock and what the API server said.
    pub(super) fn of(own: Timestamp, server: Option<Timestamp>) -> Self {
        let is_sure = server.is_some_and(|server| ahead(own, server).unsigned_abs() <= APART);
        Self { now: server.unwrap_or(own), is_sure }
    }
}

/// How far the first is ahead of the second.
pub(super) fn ahead(own: Timestamp, server: Timestamp) -> SignedDuration {
    own.duration_since(server)
}

/// A time that much later.
pub(super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// A time that much earlier.
pub(super) fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
