//! `ringwall crd`: the definitions of Ringwall's own kinds.

use std::process::ExitCode;

use clap::Args;

use crate::{cluster, ruleset::schema, source};

use super::output;

/// Print the custom resource definitions of Ruleset and Exemption
///
/// They are made from the code: kubectl apply --server-side -f - takes them.
#[derive(Args)]
pub(super) struct Crd {}

impl Crd {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let definitions = definitions().map(|definition| source::yaml(&definition));
        output::print(&format!("---\n{}", definitions.join("---\n")))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The definitions of this version.
pub(super) fn definitions() -> [serde_json::Value; 2] {
    cluster::definitions(cluster::Parts { rules: schema::rules(), network_options: schema::network_options() })
}
