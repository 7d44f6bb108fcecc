//! A connection that no client can hold for ever.
//!
//! hyper knows one time limit for the next request's head, which also ends idle connections: short enough against slow clients,
//! it would cut the API server's pool of idle connections. Here an idle connection may stay long, a head that has begun must
//! come soon, and a peer that does not read its answer is left.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Phase {
    /// No byte of the next request has come.
    Idle = 0,
    /// The head of a request is coming in.
    Head = 1,
    /// A request is served; its own deadline holds.
    Serving = 2,
    /// TLS is being agreed on.
    Handshake = 3,
}

/// What the service and the stream of one connection know of each other.
pub(super) struct Pace {
    phase: AtomicU8,
    began: Instant,
    /// When the phase began, in microseconds since the connection did.
    since: AtomicU64,
    closing: AtomicBool,
}

impl Pace {
    pub(super) fn new(phase: Phase) -> Self {
        let closing = AtomicBool::new(false);
        Self { phase: AtomicU8::new(phase as u8), began: Instant::now(), since: AtomicU64::new(0), closing }
    }

    /// Says that a request has begun to be served.
    pub(super) fn serve(&self) {
        self.turn(Phase::Serving);
    }

    /// Says that it was answered.
    pub(super) fn rest(&self) {
        self.turn(Phase::Idle);
    }

    /// Says that the head of a request has begun.
    pub(super) fn head(&self) {
        self.turn(Phase::Head);
    }

    /// Ends the connection as soon as it is idle.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// What the connection is doing.
    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Serving,
            _ => Phase::Handshake,
        }
    }

    /// Since when.
    pub(super) fn since(&self) -> Instant {
        self.began + Duration::from_micros(self.since.load(Ordering::Relaxed))
    }

    fn turn(&self, phase: Phase) {
        let since = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.since.store(since, Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
    }
}

/// The time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paces {
    pub(super) idle: Duration,
    pub(super) head: Duration,
    pub(super) write: Duration,
}

/// A stream with time limits.
pub(super) struct Paced<S> {
    stream: S,
    pace: Arc<Pace>,
    paces: Paces,
    reading: Option<(Phase, Pin<Box<Sleep>>)>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, pace: Arc<Pace>, paces: Paces) -> Self {
        Self { stream, pace, paces, reading: None, writing: None }
    }

    /// Nothing came: the end of the stream when it may be ended or has waited too long.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.pace.phase();
        let limit = match phase {
            Phase::Serving | Phase::Handshake => {
                self.reading = None;
                return Poll::Pending;
            }
            Phase::Idle if self.pace.closing.load(Ordering::Relaxed) => return Poll::Ready(Ok(())),
            Phase::Idle => self.paces.idle,
            Phase::Head => self.paces.head,
        };
        // The clock of a phase is set once, when it begins: a byte now and then does not wind it up.
        if self.reading.as_ref().is_none_or(|(timed, _)| *timed != phase) {
            self.reading = Some((phase, Box::pin(tokio::time::sleep_until(Instant::now() + limit))));
        }
        match &mut self.reading {
            Some((_, sleep)) => sleep.as_mut().poll(context).map(Ok),
            None => Poll::Pending,
        }
    }

    fn limit_write<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.writing = None;
            return result;
        }
        let limit = self.paces.write;
        let sleep = self.writing.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.wait(context),
            Poll::Ready(result) => {
                if buffer.filled().len() > before && self.pace.phase() == Phase::Idle {
                    self.pace.head();
                    self.reading = None;
                }
                Poll::Ready(result)
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.limit_write(context, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.limit_write(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(context);
        self.limit_write(context, result)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const PACES: Paces =
        Paces { idle: Duration::from_secs(100), head: Duration::from_secs(10), write: Duration::from_secs(5) };

    fn pair() -> (DuplexStream, Paced<DuplexStream>, Arc<Pace>) {
        let (client, server) = duplex(64);
        let pace = Arc::new(Pace::new(Phase::Idle));
        (client, Paced::new(server, Arc::clone(&pace), PACES), pace)
    }

    /// Reads to the end on a clock that runs only while everybody waits, and says how long that took.
    async fn until_the_end(paced: &mut Paced<DuplexStream>) -> Duration {
        let (began, mut buffer) = (Instant::now(), [0; 16]);
        while paced.read(&mut buffer).await.unwrap() > 0 {}
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_may_stay_long() {
        let (_client, mut paced, _) = pair();
        assert_eq!(until_the_end(&mut paced).await.as_secs(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_a_byte_a_second_is_cut() {
        let (mut client, mut paced, _) = pair();
        tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let took = until_the_end(&mut paced).await;
        assert!((10..=11).contains(&took.as_secs()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_to_close_ends_when_it_is_idle_and_not_before() {
        let (mut client, mut paced, pace) = pair();
        client.write_all(b"last").await.unwrap();
        pace.close();
        let mut buffer = [0; 16];
        assert_eq!(paced.read(&mut buffer).await.unwrap(), 4, "what has come is read");
        pace.rest();
        assert_eq!(until_the_end(&mut paced).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_left() {
        let (_client, mut paced, _) = pair();
        let error = paced.write_all(&[0; 1_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
