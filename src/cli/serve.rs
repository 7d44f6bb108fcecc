//! `ringwall serve`: the webhook.

mod development;
mod leading;
mod managing;
mod options;

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    audit::{Audit, Surveyed},
    cluster::{self, Live, State, Vital},
    manifest,
    telemetry::{Metrics, logs},
    upkeep::{Settings, StatusWriter},
    webhook::{self, Admission, Certificate, Parts, Server, Tls},
};

use super::{inputs, ruleset};
use development::Development;
use leading::Candidacy;
use options::{Cluster, Leading, Listening, Logging, Managing, Timing, TlsFiles};

/// Serve the admission webhook
///
/// Decides from the live state of a cluster, or of a folder of manifests.
#[derive(Args)]
pub(super) struct Serve {
    /// Try it out: on loopback, with a certificate made for the occasion
    #[arg(long)]
    dev: bool,
    #[command(flatten)]
    cluster: Cluster,
    #[command(flatten)]
    leading: Leading,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    tls: TlsFiles,
    #[command(flatten)]
    managing: Managing,
    /// The ruleset, read again when it changes; without it, the cluster's Ruleset, or what is built in
    #[arg(long, value_name = "FILE", env = "RINGWALL_RULESET")]
    ruleset: Option<std::path::PathBuf>,
    #[command(flatten)]
    logging: Logging,
    #[command(flatten)]
    timing: Timing,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        logs::init(self.logging.log_format.into(), &self.logging.log)?;
        std::panic::set_hook(Box::new(log_panic));
        webhook::raise_open_files();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(self.serve());
        // What still runs has had its time: nothing waits for it.
        runtime.shutdown_background();
        result.map(|()| ExitCode::SUCCESS)
    }

    async fn serve(self) -> anyhow::Result<()> {
        let metrics = Arc::new(Metrics::new());
        let settings = self.settings(&metrics)?;
        let (certificate, development) = self.certificate()?;
        let tls = Arc::new(Tls::load(certificate, self.tls.policy(), Arc::clone(&metrics))?);
        let stop = CancellationToken::new();
        let vital = Vital::new(stop.clone());
        // It listens for signals from now on, and first: one that only the election heard would be lost.
        let server = Server::open(self.listening.listen(self.dev), self.listening.probes(self.dev)).await?;
        let (state, live, candidacy) = self.state(&settings, &metrics, &vital, &tls).await?;
        let (address, probes) = server.addresses()?;
        tokio::spawn(Arc::clone(&tls).follow(self.timing.poll));
        tracing::info!(%address, %probes, "listening");
        if let Some(development) = &development {
            development.tell(address, self.cluster.manifests.as_deref())?;
        }
        let admission = Admission::new(Arc::clone(&state), live, settings.in_force(), Arc::clone(&metrics));
        let admission = Arc::new(admission.serving(Arc::clone(&tls)));
        let parts = Parts {
            admission,
            state,
            metrics,
            tls,
            limits: self.timing.limits(),
            drain: self.timing.drain(self.dev),
            undecided: self.timing.undecided_route,
        };
        tokio::select! {
            () = server.run(parts) => {}
            name = vital.ended() => bail!("{name} is no more: this is a bug; what was logged before says where"),
        }
        stop.cancel();
        candidacy.end().await;
        Ok(())
    }

    /// The settings in force, which follow the ruleset's file from now on. One that does not load at the start is an error.
    fn settings(&self, metrics: &Arc<Metrics>) -> anyhow::Result<Arc<Settings>> {
        let own_namespace = self.cluster.own_namespace.as_deref().map(crate::model::Name::from);
        let settings = Arc::new(Settings::new(own_namespace, Arc::clone(metrics)));
        let Some(path) = &self.ruleset else { return Ok(settings) };
        // Read before it is loaded: what changes in between is then seen as a change.
        let content = std::fs::read(path).with_context(|| format!("the ruleset {} cannot be read", path.display()))?;
        settings.set_file(ruleset::load(path)?);
        let put: webhook::Put = {
            let settings = Arc::clone(&settings);
            Arc::new(move |ruleset| settings.set_file(ruleset))
        };
        let load: webhook::Load = Arc::new(|path| ruleset::load(path).map_err(|error| error.to_string()));
        tokio::spawn(webhook::follow_ruleset(path.clone(), content, load, put, Arc::clone(metrics), self.timing.poll));
        Ok(settings)
    }

    fn certificate(&self) -> anyhow::Result<(Certificate, Option<Development>)> {
        match (&self.tls.certificate, &self.tls.key) {
            (Some(certificate), Some(key)) => {
                Ok((Certificate::Files { certificate: certificate.clone(), key: key.clone() }, None))
            }
            _ if self.managing.manage_certificate => Ok((Certificate::Managed, None)),
            _ if self.dev => {
                let (certificate, authority) = webhook::self_made().context("no certificate can be made")?;
                Ok((certificate, Some(Development::keep(&authority)?)))
            }
            _ => bail!(
                "API servers speak only TLS: give --manage-certificate, or --certificate and --key, or --dev to try things out"
            ),
        }
    }

    /// What requests are decided on: files, or a cluster, which is audited from now on.
    async fn state(
        &self,
        settings: &Arc<Settings>,
        metrics: &Arc<Metrics>,
        vital: &Vital,
        tls: &Arc<Tls>,
    ) -> anyhow::Result<(Arc<State>, Option<Arc<dyn Live>>, Candidacy)> {
        if let Some(folder) = &self.cluster.manifests {
            let (inputs, mut unread) = inputs::find(std::slice::from_ref(folder));
            let options = manifest::Options { keep_text: false, ..manifest::Options::default() };
            // Read one after the other: a large folder is never in memory as a whole.
            let sources = inputs.into_iter().filter_map(|input| input.read().map_err(|error| unread.push(error)).ok());
            let loaded = manifest::load(sources, &options);
            if let Some(error) = unread.first() {
                bail!("{}: {}", error.file, error.reason);
            }
            if let Some(error) = loaded.errors.first() {
                bail!("{error}{}", error.suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default());
            }
            for kind in crate::model::Kind::all() {
                metrics.objects(kind.name(), loaded.snapshot.count(kind));
            }
            // Settings among the files are in force, as those of a cluster.
            settings.look(&loaded.snapshot, Instant::now());
            let state = State::fixed(loaded.snapshot, Timestamp::now());
            return Ok((Arc::new(state), None, Candidacy::none()));
        }
        let options = cluster::Options {
            kubeconfig: self.cluster.kubeconfig.clone(),
            watch_certificates: self.cluster.watch_certificates,
        };
        let cluster = cluster::start(&options, Arc::clone(metrics), vital).await?;
        let candidacy = self.leading.stand(&cluster, self.cluster.own_namespace.as_deref(), metrics, vital.shutdown());
        self.managing.keep(
            &cluster,
            &candidacy,
            self.cluster.own_namespace.as_deref(),
            (tls, metrics),
            self.timing.poll,
            vital,
        );
        Settings::await_cluster(&cluster.state);
        let following = Arc::clone(settings).follow(Arc::clone(&cluster.state), cluster.documents.clone());
        let following = vital.shutdown().clone().run_until_cancelled_owned(following);
        vital.spawn("what follows the settings", async { following.await.unwrap_or_default() });
        let (surveyed, found) = tokio::sync::watch::channel(Surveyed::default());
        let status = StatusWriter {
            state: Arc::clone(&cluster.state),
            documents: cluster.documents.clone(),
            leadership: candidacy.leadership.clone(),
            settings: Arc::clone(settings),
            surveyed: found,
        };
        let writing = candidacy.leaving.clone().run_until_cancelled_owned(status.run());
        beside("the status writer", "the status of Rulesets and Exemptions is as it was", writing);
        let audit = Audit {
            state: Arc::clone(&cluster.state),
            journal: cluster.journal,
            events: cluster.events,
            metrics: Arc::clone(metrics),
            ruleset: settings.in_force(),
            interval: self.timing.audit_interval,
            surveyed,
        };
        beside("the audit", "what slips through is not named", audit.run(vital.shutdown().clone()));
        Ok((cluster.state, Some(cluster.live), candidacy))
    }
}

/// Runs what requests do not rest on: a fault there must not take the webhook down, and is told with what is missing from then on.
fn beside<T: Send + 'static>(
    what: &'static str,
    missing: &'static str,
    task: impl Future<Output = T> + Send + 'static,
) {
    let running = tokio::spawn(task);
    tokio::spawn(async move {
        if running.await.is_err() {
            tracing::error!("{what} is no more: {missing} until the next start; this is a bug");
        }
    });
}

/// Panics are logged like everything else, where they happened and why.
fn log_panic(info: &std::panic::PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let payload = info.payload();
    let message = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
    let message = message.unwrap_or_default();
    tracing::error!(target: "ringwall::panic", location, "{message}");
}
