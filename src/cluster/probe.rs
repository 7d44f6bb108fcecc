//! Whether the API server can be read at all. A server that hangs ends no watch, so somebody has to ask.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::Client;
use tokio::sync::watch;

use crate::{model::Kind, telemetry::Metrics};

use super::{Fault, State, listing, watch::CHECK_LIMIT};

/// How often it is asked while it answers.
const EVERY: Duration = Duration::from_secs(4);
/// How often while it does not.
const AGAIN: Duration = Duration::from_secs(1);
/// Failures in a row until it counts as unreachable. With the times above that is within 11 seconds.
const MISSES: u32 = 2;

/// What became of the API server so far.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Contact {
    /// How often it was lost. What the watches saw until then may be old from then on.
    pub(super) losses: u64,
    /// How often it answered again after it had not, once or more often; connections from before may be dead.
    pub(super) revivals: u64,
}

/// Asks for as long as the state lives, says so when the answer changes, tells the watches when the server is lost, and wakes
/// them when it is back.
pub(super) async fn run(client: Client, state: Arc<State>, metrics: Arc<Metrics>, contact: watch::Sender<Contact>) {
    let mut misses = 0;
    let mut first = Timestamp::now();
    loop {
        match listing::version(&client, Kind::Namespace, CHECK_LIMIT).await {
            // A refusal is an answer too; the watch of the kind says what it means.
            Ok(_) | Err(Fault::Forbidden(_) | Fault::NotServed) => {
                if misses >= MISSES {
                    tracing::info!("the API server can be read again");
                    state.set_unreachable(None);
                }
                if misses > 0 {
                    contact.send_modify(|contact| contact.revivals = contact.revivals.wrapping_add(1));
                }
                misses = 0;
            }
            Err(fault) => {
                misses += 1;
                if misses == 1 {
                    first = Timestamp::now();
                }
                if misses >= MISSES {
                    if misses == MISSES {
                        // At once, and not when it is back: what is whole then must have been seen since.
                        contact.send_modify(|contact| contact.losses = contact.losses.wrapping_add(1));
                        tracing::error!(error = %fault, "the API server cannot be read");
                    }
                    state.set_unreachable(Some((first, fault.to_string())));
                }
            }
        }
        let now = Timestamp::now();
        if misses == 0 && state.is_settled() && state.age(now).is_zero() {
            metrics.snapshot_published(seconds(now));
        }
        tokio::time::sleep(if misses == 0 { EVERY } else { AGAIN }).await;
    }
}

/// Seconds since 1970.
pub(super) fn seconds(time: Timestamp) -> f64 {
    Duration::try_from(time.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default().as_secs_f64()
}
