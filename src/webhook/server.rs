//! The server from its start to its end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::timeout,
};

use crate::{cluster::State, telemetry::Metrics};

use super::{Admission, Limits, Tls, body::Memory, listener::Listener, probes::Probes, service::Service, stage::Stage};

/// How the server ends.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// How long it serves on after it was told to stop: API servers and endpoints take a while to hear of it.
    pub serve: Duration,
    /// How long connections then have to end.
    pub grace: Duration,
}

/// A server with its ports open.
pub struct Server {
    listener: TcpListener,
    probes: std::net::TcpListener,
    signals: [Signal; 2],
}

/// What a server serves.
pub struct Parts {
    /// What requests are decided by.
    pub admission: Arc<Admission>,
    /// The state, for readiness.
    pub state: Arc<State>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The certificate.
    pub tls: Arc<Tls>,
    /// The bounds.
    pub limits: Limits,
    /// How it ends.
    pub drain: Drain,
    /// Whether `/undecided` answers reviews without a decision, for measurements.
    pub undecided: bool,
}

/// Why a server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Signals cannot be heard.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
}

impl Server {
    /// Opens the ports, and listens for SIGTERM and SIGINT from now on.
    pub async fn open(listen: SocketAddr, probes: SocketAddr) -> Result<Self, StartError> {
        let not_bound = |address| move |source| StartError::Bind { address, source };
        let bind = async |address| TcpListener::bind(address).await.map_err(not_bound(address));
        let listen_for = |kind| signal(kind).map_err(StartError::Signals);
        Ok(Self {
            listener: bind(listen).await?,
            // It moves to another runtime.
            probes: bind(probes).await?.into_std().map_err(not_bound(probes))?,
            signals: [listen_for(SignalKind::terminate())?, listen_for(SignalKind::interrupt())?],
        })
    }

    /// Where the webhook and the probes really listen.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.listener.local_addr()?, self.probes.local_addr()?))
    }

    /// Serves until it is told to stop, and then to the end. A second signal ends it at once.
    pub async fn run(self, parts: Parts) {
        let Self { listener, probes, signals: [mut terminate, mut interrupt] } = self;
        let (stage, stages) = watch::channel(Stage::Serving);
        let service = Arc::new(Service {
            admission: parts.admission,
            metrics: Arc::clone(&parts.metrics),
            limits: parts.limits,
            memory: Memory::new(parts.limits.bodies),
            stage: stages.clone(),
            undecided: parts.undecided,
        });
        let tls = Arc::clone(&parts.tls);
        let answers = Probes {
            state: parts.state,
            tls,
            metrics: parts.metrics,
            stage: stages.clone(),
            runtime: tokio::runtime::Handle::current(),
        };
        if let Err(error) = answers.start(probes) {
            tracing::error!(%error, "probes cannot be answered");
        }
        let webhook = tokio::spawn(Arc::new(Listener::new(parts.tls, service, stages)).run(listener));
        let mut told = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        told().await;
        tracing::info!(seconds = parts.drain.serve.as_secs_f64(), "told to stop; serving on until everybody has heard");
        stage.send_replace(Stage::Leaving);
        let end = async {
            tokio::time::sleep(parts.drain.serve).await;
            stage.send_replace(Stage::Closing);
            if timeout(parts.drain.grace, webhook).await.is_err() {
                tracing::warn!("some connections did not end in time and are cut");
            }
        };
        tokio::select! {
            () = end => {}
            () = told() => tracing::warn!("told twice to stop; ending at once"),
        }
        tracing::info!("stopped");
    }
}
