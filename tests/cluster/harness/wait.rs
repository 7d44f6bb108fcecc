//! Waiting for a condition.

use std::time::{Duration, Instant};

/// Long enough for anything that is going to happen at all, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Tries until the attempt succeeds, and returns what it yields; past the deadline, fails with the last error.
#[track_caller]
pub(crate) fn eventually<T>(deadline: Duration, what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(error) if start.elapsed() > deadline => {
                panic!("{what}: not within {deadline:?}; the last time: {error}")
            }
            Err(_) => std::thread::sleep(Duration::from_millis(25)),
        }
    }
}

/// Checks again and again until what would come late has come; the check asserts.
#[track_caller]
pub(crate) fn throughout(time: Duration, mut check: impl FnMut()) {
    let start = Instant::now();
    eventually(time + PATIENCE, "it has held for long enough", || {
        check();
        let so_far = start.elapsed();
        if so_far >= time { Ok(()) } else { Err(format!("{so_far:?}")) }
    });
}
