//! `ringwall rules`: the catalogue.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use crate::{
    report::catalogue,
    rules::{self, RuleInfo},
    source::nearest::nearest,
};

use super::output;

/// List the rules, or explain one
#[derive(Args)]
pub(super) struct Rules {
    /// The rule to explain; all are listed when it is left out
    name: Option<String>,
    /// How the catalogue is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// The page docs/rules.md
    Markdown,
}

impl Rules {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let text = match (self.name, self.format) {
            (None, Format::Text) => catalogue::table(),
            (None, Format::Json) => catalogue::json(),
            (None, Format::Markdown) => catalogue::markdown(),
            (Some(name), format) => {
                let info = named(&name)?;
                match format {
                    Format::Text => catalogue::text(info),
                    Format::Json => catalogue::json_of(info),
                    Format::Markdown => catalogue::section(info).trim_start().to_owned(),
                }
            }
        };
        output::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The rule of that name, or what was probably meant.
pub(super) fn named(name: &str) -> anyhow::Result<&'static RuleInfo> {
    rules::rule(name).map(rules::Rule::info).ok_or_else(|| {
        let meant = nearest(name, rules::all().map(|rule| rule.info().id.0));
        let help = meant.map_or("`ringwall rules` lists them".to_owned(), |meant| format!("did you mean {meant}?"));
        anyhow!("there is no rule {name}; {help}")
    })
}
