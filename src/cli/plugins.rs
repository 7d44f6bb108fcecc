//! `ringwall plugins`: the network plugins and their options, as the page in docs/.

use std::process::ExitCode;

use clap::Args;

use crate::report::plugins;

use super::output;

/// Print the page docs/network-plugins.md
#[derive(Args)]
pub(super) struct Plugins {}

impl Plugins {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        output::print(&plugins::markdown())?;
        Ok(ExitCode::SUCCESS)
    }
}
