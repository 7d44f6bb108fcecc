//! The body of a request, within bounds.

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit};

/// What every request may hold without asking: most reviews fit.
const FREE: usize = 64 << 10;
/// The unit in which memory is granted.
const UNIT: usize = 64 << 10;
/// How much of a body that is too large is read and thrown away, in multiples of the limit: closing at once would reset the
/// connection, and the client would not see the answer.
const PATIENCE: usize = 4;

/// A body and the right to hold it.
pub(super) struct Held<'a> {
    pub(super) bytes: Vec<u8>,
    permits: Vec<SemaphorePermit<'a>>,
}

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoBody {
    /// It is larger than allowed.
    TooLarge,
    /// The client broke off.
    Broken,
}

/// The memory that large bodies share.
pub(super) struct Memory(Semaphore);

impl Memory {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Semaphore::new(bytes / UNIT))
    }

    /// Reads a body of at most `limit` bytes. Waits for memory when large bodies have taken it all: the request's deadline ends
    /// that.
    pub(super) async fn read(&self, mut body: Incoming, limit: usize) -> Result<Held<'_>, NoBody> {
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            discard(body, announced, limit).await;
            return Err(NoBody::TooLarge);
        }
        let mut held = Held { bytes: Vec::with_capacity(announced.min(FREE)), permits: Vec::new() };
        let mut granted = FREE;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| NoBody::Broken)?.into_data() else { continue };
            let length = held.bytes.len() + data.len();
            if length > limit {
                drop(held);
                discard(body, length, limit).await;
                return Err(NoBody::TooLarge);
            }
            if length > granted {
                let units = (length - granted).div_ceil(UNIT).max(granted / UNIT);
                let units = u32::try_from(units).map_err(|_| NoBody::TooLarge)?;
                let permit = self.0.acquire_many(units).await.map_err(|_| NoBody::Broken)?;
                held.permits.push(permit);
                granted += units as usize * UNIT;
            }
            held.bytes.extend_from_slice(&data);
        }
        Ok(held)
    }
}

/// Reads on without keeping anything.
async fn discard(mut body: Incoming, mut length: usize, limit: usize) {
    if length > limit * PATIENCE {
        return;
    }
    length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, hyper::body::Bytes::len);
        if length > limit * PATIENCE {
            return;
        }
    }
}
