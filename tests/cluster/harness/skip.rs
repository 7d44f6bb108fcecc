//! Tests that cannot run here say so instead of failing: `cargo test` passes on a machine with Rust and a C compiler
//! alone. Where that would hide a fault, `RINGWALL_REQUIRE_CLUSTER=1` makes them fail.

use std::io::Write as _;
use std::sync::Once;

/// What is missing on this machine, and how to have it.
#[derive(Clone, Debug)]
pub(crate) struct Missing(pub(crate) String);

/// Yields what is there; otherwise says once why the tests are skipped, or fails.
#[track_caller]
pub(crate) fn or_skip<T>(found: Result<T, Missing>) -> Option<T> {
    static SAID: Once = Once::new();
    match found {
        Ok(value) => Some(value),
        Err(Missing(what)) if std::env::var("RINGWALL_REQUIRE_CLUSTER").is_ok_and(|value| value == "1") => {
            panic!("the tests on a cluster are required here (RINGWALL_REQUIRE_CLUSTER=1), but {what}")
        }
        Err(Missing(what)) => {
            SAID.call_once(|| say(&format!("the tests on a cluster are SKIPPED: {what}")));
            println!("skipped: {what}");
            None
        }
    }
}

/// Writes a line that is seen even when the test passes: the test runner captures only what the print macros write.
pub(crate) fn say(line: &str) {
    // Nothing can be done about a standard error that is closed.
    let _ = writeln!(std::io::stderr(), "tests/cluster: {line}");
}
