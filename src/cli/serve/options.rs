//! The options of `serve`, by what they are about.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueEnum};

use crate::{
    telemetry::logs,
    webhook::{Drain, Limits, TlsPolicy},
};

/// What is done again and again is done no more often than that: it would leave no time for anything else.
const SHORTEST: Duration = Duration::from_millis(50);

/// What is decided on.
#[derive(Args)]
pub(super) struct Cluster {
    /// The kubeconfig; without it, the usual one or the Pod's service account
    #[arg(long, value_name = "FILE")]
    pub(super) kubeconfig: Option<PathBuf>,
    /// Decide on the manifests in a folder, without a cluster
    #[arg(long, value_name = "DIR", conflicts_with = "kubeconfig")]
    pub(super) manifests: Option<PathBuf>,
    /// Follow the Secrets that hold certificates (type kubernetes.io/tls, no others) instead of reading one when a request needs it
    #[arg(long, env = "RINGWALL_WATCH_CERTIFICATES", conflicts_with = "manifests")]
    pub(super) watch_certificates: bool,
    /// Ringwall's own namespace, in which nothing is judged
    #[arg(long, value_name = "NAMESPACE", env = "POD_NAMESPACE")]
    pub(super) own_namespace: Option<String>,
}

/// Who of the replicas writes.
#[derive(Args)]
pub(super) struct Leading {
    /// The Lease in Ringwall's own namespace whose holder writes status and certificates
    #[arg(long = "lease", value_name = "NAME", default_value = "ringwall")]
    pub(super) name: String,
    #[arg(long = "lease-duration", hide = true, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    pub(super) duration: Duration,
}

/// Where the server listens.
#[derive(Args)]
pub(super) struct Listening {
    /// Where the webhook listens [default: 0.0.0.0:8443; with --dev 127.0.0.1:8443]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where /livez, /readyz and /metrics are, in plain HTTP [default: 0.0.0.0:8080; with --dev 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    probes: Option<SocketAddr>,
}

/// What TLS is spoken with.
#[derive(Args)]
pub(super) struct TlsFiles {
    /// The certificate chain in PEM, read again when it changes
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(super) certificate: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(super) key: Option<PathBuf>,
    /// The lowest TLS version
    #[arg(long, value_enum, default_value_t)]
    tls_min: TlsMin,
    /// Ask clients for a certificate of one of these authorities (PEM)
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// The common name or DNS name that a client's certificate must bear
    #[arg(long, value_name = "NAME", requires = "client_ca")]
    client_name: Option<String>,
}

/// The certificate that Ringwall makes for itself.
#[derive(Args)]
pub(super) struct Managing {
    /// Make the certificate, keep it in a Secret, renew it, and tell the API servers to trust it
    #[arg(
        long,
        env = "RINGWALL_MANAGE_CERTIFICATE",
        conflicts_with_all = ["certificate", "key", "manifests", "dev"],
        requires = "own_namespace"
    )]
    pub(super) manage_certificate: bool,
    /// The Secret in Ringwall's own namespace that keeps the managed certificate
    #[arg(long, value_name = "NAME", default_value = "ringwall-certificate")]
    pub(super) certificate_secret: String,
    /// The Service that the managed certificate is for
    #[arg(long, value_name = "NAME", default_value = "ringwall")]
    pub(super) service: String,
    /// A further name or address that the managed certificate is for
    #[arg(long, value_name = "NAME")]
    pub(super) certificate_name: Vec<String>,
    /// The webhook configuration in which API servers are told to trust the managed certificate
    #[arg(long, value_name = "NAME", default_value = "ringwall")]
    pub(super) webhook_configuration: String,
    /// How far this machine's clock is put ahead, in seconds
    #[arg(long, hide = true, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub(super) certificate_clock_ahead: Duration,
    /// How long a new authority is trusted before it is used, in seconds
    #[arg(long, hide = true, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(super) rotation_wait: Duration,
    /// How long a former authority stays trusted, in seconds
    #[arg(long, hide = true, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    pub(super) rotation_keep: Duration,
    /// The life of a managed certificate, in seconds
    #[arg(long, hide = true, value_name = "SECONDS", default_value = "2592000", value_parser = seconds)]
    pub(super) certificate_life: Duration,
    /// The life of the authority that signs it, in seconds
    #[arg(long, hide = true, value_name = "SECONDS", default_value = "31536000", value_parser = seconds)]
    pub(super) authority_life: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum TlsMin {
    #[value(name = "1.2")]
    Tls12,
    #[default]
    #[value(name = "1.3")]
    Tls13,
}

/// What is logged, and how.
#[derive(Args)]
pub(super) struct Logging {
    /// How log lines are written
    #[arg(long, value_enum, default_value_t, env = "RINGWALL_LOG_FORMAT")]
    pub(super) log_format: LogFormat,
    /// What is logged: a level, or targets with levels (info,kube=debug)
    #[arg(long, value_name = "FILTER", default_value = "info", env = "RINGWALL_LOG")]
    pub(super) log: String,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(super) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Times and bounds. Those that are hidden have defaults that fit the API server; tests shorten them.
#[derive(Args)]
pub(super) struct Timing {
    /// How often certificate and ruleset are looked at, in seconds
    #[arg(long = "certificate-poll", value_name = "SECONDS", default_value = "10", value_parser = interval)]
    pub(super) poll: Duration,
    /// How often everything in the cluster is judged and counted, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = interval)]
    pub(super) audit_interval: Duration,
    /// How long to serve on after SIGTERM, in seconds, until everybody has heard [default: 8; with --dev 0]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    drain: Option<Duration>,
    /// How long open connections then have to end, in seconds
    #[arg(long, hide = true, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    grace: Duration,
    #[arg(long, hide = true, value_name = "SECONDS", value_parser = seconds)]
    handshake_timeout: Option<Duration>,
    #[arg(long, hide = true, value_name = "SECONDS", value_parser = seconds)]
    head_timeout: Option<Duration>,
    #[arg(long, hide = true, value_name = "SECONDS", value_parser = seconds)]
    idle_timeout: Option<Duration>,
    #[arg(long, hide = true, value_name = "SECONDS", value_parser = seconds)]
    request_timeout: Option<Duration>,
    #[arg(long, hide = true, value_name = "COUNT")]
    connections: Option<usize>,
    /// Answer reviews on /undecided without a decision, for measurements
    #[arg(long, hide = true)]
    pub(super) undecided_route: bool,
}

impl Listening {
    pub(super) fn listen(&self, dev: bool) -> SocketAddr {
        self.listen.unwrap_or(SocketAddr::new(host(dev), 8443))
    }

    pub(super) fn probes(&self, dev: bool) -> SocketAddr {
        self.probes.unwrap_or(SocketAddr::new(host(dev), 8080))
    }
}

fn host(dev: bool) -> IpAddr {
    IpAddr::V4(if dev { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED })
}

impl TlsFiles {
    pub(super) fn policy(&self) -> TlsPolicy {
        TlsPolicy {
            allow_tls12: self.tls_min == TlsMin::Tls12,
            client_ca: self.client_ca.clone(),
            client_name: self.client_name.clone(),
        }
    }
}

impl Timing {
    pub(super) fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            handshake: self.handshake_timeout.unwrap_or(default.handshake),
            head: self.head_timeout.unwrap_or(default.head),
            idle: self.idle_timeout.unwrap_or(default.idle),
            request: self.request_timeout.unwrap_or(default.request),
            connections: self.connections.unwrap_or(default.connections).max(1),
            ..default
        }
    }

    pub(super) fn drain(&self, dev: bool) -> Drain {
        let serve = self.drain.unwrap_or(Duration::from_secs(if dev { 0 } else { 8 }));
        Drain { serve, grace: self.grace }
    }
}

impl From<LogFormat> for logs::Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "expected a number of seconds, such as 10 or 0.5".to_owned())
}

/// Seconds between two times that the same is done.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = seconds(text)?;
    if interval < SHORTEST {
        return Err(format!("expected {} seconds or more: it is done again and again", SHORTEST.as_secs_f64()));
    }
    Ok(interval)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        timing: Timing,
    }

    fn parse(argument: &str) -> Result<Timing, String> {
        let parsed = Arguments::try_parse_from(["ringwall", argument]);
        parsed.map(|arguments| arguments.timing).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_done_without_a_pause_between() {
        for option in ["--certificate-poll", "--audit-interval"] {
            for value in ["0", "0.01", "-1", "soon"] {
                let error = parse(&format!("{option}={value}")).map(drop).unwrap_err();
                assert!(error.contains(option) && error.contains("expected"), "{error}");
            }
            assert!(parse(&format!("{option}=0")).map(drop).unwrap_err().contains("0.05 seconds or more"));
            assert!(parse(&format!("{option}=0.05")).is_ok());
        }
        assert_eq!(parse("--drain=0").unwrap().drain(false).serve, Duration::ZERO);
    }
}
