//! The body of a request, within bounds.

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes};
use tokio::sync::{Semaphore, SemaphorePermit};

/// What every request may hold without asking, so that small reviews are judged however many large ones there are. The
/// arithmetic is in `limits.rs`.
const FREE: usize = 8 << 10;
/// The unit in which memory is granted.
const UNIT: usize = 16 << 10;
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
    pub(super) async fn read<B>(&self, mut body: B, limit: usize) -> Result<Held<'_>, NoBody>
    where
        B: Body<Data = Bytes> + Unpin,
    {
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
                // Twice as much each time, as far as it can be of use.
                let useful = (limit - granted).div_ceil(UNIT);
                let units = (length - granted).div_ceil(UNIT).max((granted / UNIT).min(useful));
                let units = u32::try_from(units).map_err(|_| NoBody::TooLarge)?;
                let permit = self.0.acquire_many(units).await.map_err(|_| NoBody::Broken)?;
                held.permits.push(permit);
                granted += units as usize * UNIT;
            }
            // A vector that grows by itself would take more than was granted.
            if length > held.bytes.capacity() {
                held.bytes.reserve_exact(granted - held.bytes.len());
            }
            held.bytes.extend_from_slice(&data);
        }
        Ok(held)
    }
}

/// Reads on without keeping anything.
async fn discard<B: Body<Data = Bytes> + Unpin>(mut body: B, mut length: usize, limit: usize) {
    if length > limit * PATIENCE {
        return;
    }
    length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, Bytes::len);
        if length > limit * PATIENCE {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn a_body_holds_what_it_was_granted_and_no_more() {
        for length in [0, 1_000, FREE, FREE + 1, 100_000, 900_000, 1 << 20] {
            let memory = Memory::new(8 << 20);
            let chunks = vec![7; length].chunks(1_000).map(Bytes::copy_from_slice).collect::<Vec<_>>();
            let frames = chunks.into_iter().map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
            let held = memory.read(StreamBody::new(futures::stream::iter(frames)), 1 << 20).await.unwrap();
            assert_eq!(held.bytes.len(), length);
            let granted = ((8 << 20) / UNIT - memory.0.available_permits()) * UNIT;
            assert!(held.bytes.capacity() <= FREE + granted, "{length}: {} of {granted}", held.bytes.capacity());
            assert!(granted <= 1 << 20, "{length}: {granted}");
            drop(held);
            assert_eq!(memory.0.available_permits(), (8 << 20) / UNIT);
        }
    }
}
