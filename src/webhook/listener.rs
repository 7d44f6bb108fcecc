//! The HTTPS listener: accept, handshake, HTTP/1.1, each connection in a task of its own.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::task::TaskTracker;

use super::{
    Tls,
    crowd::{Crowd, Seat, Ties},
    pace::{Paced, Paces},
    service::Service,
    stage::Stage,
};

/// The first byte of every TLS handshake.
const HANDSHAKE: u8 = 0x16;
/// How many bytes of requests a connection buffers beside the body: the longest head.
const BUFFER: usize = 16 << 10;

/// The listener and what its connections share.
pub(super) struct Listener {
    pub(super) tls: Arc<Tls>,
    pub(super) service: Arc<Service>,
    pub(super) stage: watch::Receiver<Stage>,
    crowd: Arc<Crowd>,
    told: AtomicI64,
}

impl Listener {
    pub(super) fn new(tls: Arc<Tls>, service: Arc<Service>, stage: watch::Receiver<Stage>) -> Self {
        let crowd = Crowd::new(service.limits.connections);
        Self { tls, service, stage, crowd, told: AtomicI64::new(0) }
    }

    /// Accepts connections until the server closes, and then waits for those that are open.
    pub(super) async fn run(self: Arc<Self>, listener: TcpListener) {
        let connections = TaskTracker::new();
        let mut stage = self.stage.clone();
        tokio::select! {
            () = self.accept(&listener, &connections) => {}
            _ = stage.wait_for(|stage| *stage == Stage::Closing) => {}
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }

    async fn accept(self: &Arc<Self>, listener: &TcpListener, connections: &TaskTracker) {
        let mut pause = Duration::from_millis(5);
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    pause = Duration::from_millis(5);
                    let Some(seat) = self.crowd.enter(peer.ip()).await else {
                        self.service.metrics.handshake_failure("crowded");
                        continue;
                    };
                    connections.spawn(Arc::clone(self).connection(stream, seat));
                }
                // A connection that was gone before it was accepted says nothing about the next.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    // Out of files, most likely: the error would come again at once, and in a circle.
                    tracing::warn!(%error, "connections cannot be accepted");
                    self.crowd.make_room();
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, seat: Seat) {
        let _counted = self.service.metrics.connection();
        // Answers are small and must not wait to be filled up.
        let _ = stream.set_nodelay(true);
        let served = async {
            match timeout(self.service.limits.handshake, self.handshake(stream)).await {
                Ok(Some(stream)) => self.serve(stream, &seat.ties).await,
                Ok(None) => {}
                Err(_) => self.service.metrics.handshake_failure("timeout"),
            }
        };
        tokio::select! {
            () = served => {}
            () = seat.ties.cut.cancelled() => {}
        }
    }

    async fn handshake(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let mut first = [0];
        match stream.peek(&mut first).await {
            Ok(1) if first == [HANDSHAKE] => {}
            Ok(1) if first.iter().all(u8::is_ascii_uppercase) => {
                self.service.metrics.handshake_failure("plaintext");
                refuse_plaintext(stream).await;
                return None;
            }
            // A port scan, or a load balancer's probe.
            Ok(0) | Err(_) => return None,
            Ok(_) => {
                self.service.metrics.handshake_failure("not-tls");
                return None;
            }
        }
        // Unready until then; closing at once tells the client more than silence.
        let Some(config) = self.tls.current() else {
            self.service.metrics.handshake_failure("no-certificate");
            return None;
        };
        match TlsAcceptor::from(config).accept(stream).await {
            Ok(stream) => Some(stream),
            Err(error) => {
                self.service.metrics.handshake_failure("tls");
                self.tell(&error);
                None
            }
        }
    }

    /// Logs a failed handshake, at most one in ten seconds: an API server that does not trust the certificate must be seen, and
    /// nobody must be able to flood the log.
    fn tell(&self, error: &io::Error) {
        let now = jiff::Timestamp::now().as_second();
        let last = self.told.load(Ordering::Relaxed);
        let is_first =
            now - last >= 10 && self.told.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_first {
            tracing::warn!(%error, "a TLS handshake failed");
        }
    }

    async fn serve(&self, stream: TlsStream<TcpStream>, ties: &Ties) {
        let pace = Arc::clone(&ties.pace);
        pace.rest();
        let limits = self.service.limits;
        let paces = Paces { idle: limits.idle, head: limits.head, write: limits.write };
        let stream = TokioIo::new(Paced::new(stream, Arc::clone(&pace), paces));
        let service = service_fn(|request| {
            let (pace, service) = (Arc::clone(&pace), Arc::clone(&self.service));
            pace.serve();
            async move {
                let response = service.call(request).await;
                pace.rest();
                response
            }
        });
        let mut builder = http1::Builder::new();
        // The stream has time limits of its own, which tell an idle connection from a slow head.
        builder.header_read_timeout(None).max_buf_size(BUFFER);
        let connection = builder.serve_connection(stream, service);
        let mut connection = std::pin::pin!(connection);
        let mut stage = self.stage.clone();
        tokio::select! {
            _ = connection.as_mut() => return,
            () = ties.leave.cancelled() => {}
            _ = stage.wait_for(|stage| *stage == Stage::Closing) => {}
        }
        pace.close();
        connection.as_mut().graceful_shutdown();
        // How a connection ends is its client's business; what mattered was answered.
        let _ = connection.await;
    }
}

/// Says what is wrong to a client that speaks HTTP without TLS.
async fn refuse_plaintext(mut stream: TcpStream) {
    const TEXT: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 33\r\n\
        Connection: close\r\n\r\nThis port speaks TLS: use https.\n";
    // What the client has sent is read first: closing before would reset the connection under the answer.
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer).await;
    if stream.write_all(TEXT).await.is_ok() && stream.shutdown().await.is_ok() {
        while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    }
}
