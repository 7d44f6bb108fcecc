//! Probes and metrics, on a port of their own without TLS: kubelets and Prometheus reach it without certificates.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

use crate::{cluster::State, telemetry::Metrics};

use super::{service::respond, stage::Stage};

const TEXT: &str = "text/plain; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// How long a connection may live, from its first byte to its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many connections may be open.
const CONNECTIONS: usize = 64;

/// What probes ask.
pub(super) struct Probes {
    pub(super) state: Arc<State>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stage: watch::Receiver<Stage>,
}

impl Probes {
    /// Answers probes for as long as it is polled.
    pub(super) async fn run(self: Arc<Self>, listener: TcpListener) {
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let this = Arc::clone(&self);
            tokio::spawn(async move {
                let service = service_fn(|request| std::future::ready(this.answer(&request)));
                let mut builder = http1::Builder::new();
                builder.keep_alive(false).header_read_timeout(None);
                let connection = builder.serve_connection(TokioIo::new(stream), service);
                let _ = tokio::time::timeout(PATIENCE, connection).await;
                drop(permit);
            });
        }
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
            "/metrics" => respond(StatusCode::OK, OPEN_METRICS, self.metrics.encode()),
            _ => respond(StatusCode::NOT_FOUND, TEXT, "there are /livez, /readyz and /metrics\n"),
        })
    }

    fn readiness(&self) -> Result<(), Vec<String>> {
        if *self.stage.borrow() != Stage::Serving {
            return Err(vec!["the server is stopping".to_owned()]);
        }
        self.state.readiness()
    }
}
