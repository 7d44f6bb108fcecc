//! Probes and metrics, on a port of their own without TLS: kubelets and Prometheus reach it without certificates.
//!
//! They have a thread of their own: a kubelet that gets no answer restarts the process, and being busy is no reason for that. For the
//! same reason nobody waits for a place: the newcomer gets that of the oldest connection.

use std::{collections::VecDeque, convert::Infallible, io, sync::Arc, thread, time::Duration};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::{cluster::State, telemetry::Metrics};

use super::{Tls, service::respond, stage::Stage};

const TEXT: &str = "text/plain; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(2);
/// How long a connection may live, from its first byte to its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many connections may be open.
const CONNECTIONS: usize = 128;

/// What probes ask.
pub(super) struct Probes {
    pub(super) state: Arc<State>,
    pub(super) tls: Arc<Tls>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stage: watch::Receiver<Stage>,
    /// What runs everything else, whose tasks are counted.
    pub(super) runtime: tokio::runtime::Handle,
}

impl Probes {
    /// Answers probes on a thread of its own, until the server that holds the other end of `stage` is gone.
    pub(super) fn start(self, listener: std::net::TcpListener) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = move || {
            runtime.block_on(async {
                let mut stage = self.stage.clone();
                tokio::select! {
                    result = Arc::new(self).run(listener) => {
                        let _ = result.inspect_err(|error| tracing::error!(%error, "probes cannot be answered"));
                    }
                    () = async { while stage.changed().await.is_ok() {} } => {}
                }
            });
        };
        thread::Builder::new().name("probes".to_owned()).spawn(answer).map(drop)
    }

    async fn run(self: Arc<Self>, listener: std::net::TcpListener) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let mut open: VecDeque<JoinHandle<()>> = VecDeque::new();
        loop {
            let accepted = listener.accept().await;
            if open.len() >= CONNECTIONS {
                open.retain(|connection| !connection.is_finished());
            }
            // Without a file for the next one, the oldest gives up its own.
            if open.len() >= CONNECTIONS || accepted.is_err() {
                open.pop_front().inspect(JoinHandle::abort);
            }
            match accepted {
                Ok((stream, _)) => open.push_back(tokio::spawn(Arc::clone(&self).serve(stream))),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
            // Those that are open get their turn however fast others come.
            tokio::task::yield_now().await;
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(|request| std::future::ready(self.answer(&request)));
        let mut builder = http1::Builder::new();
        builder.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(16 << 10);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let _ = tokio::time::timeout(PATIENCE, connection).await;
    }

    #[allow(clippy::unnecessary_wraps)] // The shape of a service.
    fn answer(&self, request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return Ok(respond(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n"));
        }
        Ok(match request.uri().path() {
            // The process alone: what it waits for must not get it restarted.
            "/livez" => respond(StatusCode::OK, TEXT, "ok\n"),
            "/readyz" => match self.readiness() {
                Ok(()) => respond(StatusCode::OK, TEXT, "ok\n"),
                Err(reasons) => respond(StatusCode::SERVICE_UNAVAILABLE, TEXT, reasons.join("\n") + "\n"),
            },
            "/metrics" => {
                self.metrics.tasks(self.runtime.metrics().num_alive_tasks());
                respond(StatusCode::OK, OPEN_METRICS, self.metrics.encode())
            }
            _ => respond(StatusCode::NOT_FOUND, TEXT, "there are /livez, /readyz and /metrics\n"),
        })
    }

    fn readiness(&self) -> Result<(), Vec<String>> {
        if *self.stage.borrow() != Stage::Serving {
            return Err(vec!["the server is stopping".to_owned()]);
        }
        let readiness = self.state.readiness();
        if self.tls.current().is_some() {
            return readiness;
        }
        let mut reasons = readiness.err().unwrap_or_default();
        reasons.push("there is no serving certificate yet; the log says what it waits for".to_owned());
        Err(reasons)
    }
}
