//! Waiting before the next attempt: longer each time, up to a limit, and not all at once.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// How long to wait now: between half and all of a time that doubles.
    pub(super) fn next(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(self.most);
        // Every `RandomState` has keys of its own, which is chance enough to spread attempts.
        let chance = u32::try_from(RandomState::new().hash_one(0_u8) % 1000).unwrap_or(0);
        now / 2 + (now / 2) * chance / 1000
    }

    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_begin_small_again() {
        let mut backoff = Backoff::new(Duration::from_millis(300), Duration::from_secs(5));
        let waits: Vec<Duration> = (0..20).map(|_| backoff.next()).collect();
        assert!(waits[0] <= Duration::from_millis(300));
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(5)));
        assert!(waits[19] >= Duration::from_millis(2500));
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(300));
    }
}
