//! `ringwall controllers`: the ingress controllers that are known, as the page in docs/.

use std::process::ExitCode;

use clap::Args;

use crate::report::controllers;

use super::output;

/// Print the page docs/ingress-controllers.md
#[derive(Args)]
pub(super) struct Controllers {}

impl Controllers {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        output::print(&controllers::markdown())?;
        Ok(ExitCode::SUCCESS)
    }
}
