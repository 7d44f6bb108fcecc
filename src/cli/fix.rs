//! `ringwall fix`: the YAML that mends a finding.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use crate::{
    model::{Labels, Name},
    network::Direction,
    rules::{FixTarget, fix},
};

use super::{output, rules::named};

/// Print the YAML that mends a finding, ready for `kubectl apply -f -`
///
/// It goes by namespace and labels, for a refused Pod does not exist.
#[derive(Args)]
pub(super) struct Fix {
    /// The rule
    rule: String,
    /// The namespace
    #[arg(long, short)]
    namespace: Option<String>,
    /// The labels of the Pods; all Pods of the namespace when they are left out
    #[arg(long = "selector", short = 'l', value_delimiter = ',', value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(Name, Name)>,
    /// The policy that is replaced
    #[arg(long)]
    name: Option<String>,
    /// The direction, for rules that hold in both
    #[arg(long, value_enum)]
    direction: Option<DirectionName>,
}

#[derive(Clone, Copy, ValueEnum)]
enum DirectionName {
    Ingress,
    Egress,
}

impl Fix {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let rule = named(&self.rule)?;
        let target = FixTarget {
            namespace: self.namespace.map(Name::from),
            labels: self.labels.into_iter().collect::<Labels>(),
            name: self.name.map(Name::from),
            direction: self.direction.map(|direction| match direction {
                DirectionName::Ingress => Direction::Ingress,
                DirectionName::Egress => Direction::Egress,
            }),
        };
        output::print(&fix(rule.id.0, &target)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `key=value`; the value may be empty.
fn label(text: &str) -> anyhow::Result<(Name, Name)> {
    let (key, value) = text.split_once('=').ok_or_else(|| anyhow!("a label is written key=value"))?;
    Ok((key.into(), value.into()))
}
