//! `ringwall doctor`: how Ringwall stands in a cluster, and what is in its way.
//!
//! [`gather`] reads, [`judge`] makes something of it: facts in, checks out, so that every verdict is tested without a cluster.

mod calls;
mod facts;
mod gather;
mod handshake;
mod judge;
mod metrics;
mod pods;
mod survey;
mod trust;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::{exit, output, ruleset};

/// Look at a cluster and say how Ringwall stands in it
///
/// Whether the API server asks and reaches it, trusts its certificate, lets it read what it judges by; whether its replicas see
/// everything; and who would be refused today under a stricter profile. Nothing is changed. Exits with 0 when everything is well, with 1
/// when there is a problem, and with 2 when there is none and something cannot be said.
#[derive(Args)]
pub(super) struct Doctor {
    /// The kubeconfig; without it, the usual one or the Pod's service account
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Ringwall's own namespace [default: that of the Service which the webhook configuration names, or ringwall]
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// The webhook configuration
    #[arg(long, value_name = "NAME", default_value = "ringwall")]
    webhook_configuration: String,
    /// The ServiceAccount as which Ringwall runs [default: that of its Deployment, or ringwall]
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,
    /// Where a replica outside of the cluster has its probes; may be given more than once
    #[arg(long, value_name = "URL")]
    probes: Vec<String>,
    /// The ruleset, where the replicas have it from a file; without it, that of the cluster
    #[arg(long, value_name = "FILE")]
    ruleset: Option<PathBuf>,
    /// How the checks are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    colour: output::Colour,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

impl Doctor {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let given = self.ruleset.as_deref().map(ruleset::load).transpose()?;
        let asked = gather::Asked {
            kubeconfig: self.kubeconfig.as_deref(),
            namespace: self.namespace.as_deref(),
            configuration: &self.webhook_configuration,
            account: self.service_account.as_deref(),
            probes: &self.probes,
            ruleset: given,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the asynchronous runtime cannot be started")?;
        let facts = runtime.block_on(gather::facts(asked))?;
        let checkup = judge::checkup(&facts);
        output::print(&match self.format {
            Format::Text => checkup.text(self.colour.is_wanted()),
            Format::Json => checkup.json(),
        })?;
        Ok(exit::of_checkup(&checkup))
    }
}
