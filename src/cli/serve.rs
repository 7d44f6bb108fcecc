//! `ringwall serve`: the webhook.

use std::process::ExitCode;

use clap::Args;

/// Serve the admission webhook.
#[derive(Args)]
pub(super) struct Serve {}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self {} = self;
        anyhow::bail!("there is no server yet")
    }
}
