//! Log lines, to standard error: as text for people or as JSON, one object per line.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, its fields at the top level.
    Json,
}

/// Why logging cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error("the log filter \"{filter}\" cannot be read: {source}; write a level (info) or targets (info,kube=debug)")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Somebody has begun already.
    #[error("logging has begun already")]
    Twice,
}

/// Begins logging. The filter is a level or a list of targets with levels, as `RUST_LOG` takes it.
pub fn init(format: Format, filter: &str) -> Result<(), LogError> {
    // The client would log every failed attempt, and at times what it read. Who names it in the filter gets it back.
    let quiet = if filter.contains("kube") { filter.to_owned() } else { format!("{filter},kube_client=off") };
    let targets = EnvFilter::try_new(quiet).map_err(|source| LogError::Filter { filter: filter.to_owned(), source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(targets).with_writer(std::io::stderr);
    let result = match format {
        Format::Text => builder.with_ansi(colours()).try_init(),
        Format::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
    result.map_err(|_| LogError::Twice)
}

/// Colour only on a terminal, and not where `NO_COLOR` is set to anything.
fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
