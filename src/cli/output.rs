//! Standard output: formats, colour, and what happens when nobody reads any more.

use std::{
    fmt,
    io::{self, BufWriter, ErrorKind, IsTerminal, StdoutLock, Write},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::{
    report::Format,
    rules::Context,
    trace::{Layers, Surroundings, layers},
};

/// How findings are written.
#[derive(Args)]
pub(super) struct Output {
    /// How findings are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: FormatName,
    /// Whether text is coloured; auto means on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    /// Tell also which layers stand around each workload: isolation, TLS at the edge, mutual TLS inside (text and json)
    #[arg(long)]
    layers: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum FormatName {
    /// For people
    #[default]
    Text,
    /// As docs/findings.schema.json describes it
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// The code quality report of GitLab
    Gitlab,
}

/// Whether what is written for people is coloured.
#[cfg(feature = "cluster")]
#[derive(Args)]
pub(super) struct Colour {
    /// Whether text is coloured; auto means on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

#[cfg(feature = "cluster")]
impl Colour {
    /// Whether it is, with the question settled.
    pub(super) fn is_wanted(&self) -> bool {
        self.color.is_wanted()
    }
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Output {
    /// The layers around each workload, where they are asked for.
    pub(super) fn layers(&self, context: &Context<'_>) -> Option<Vec<Layers>> {
        self.layers.then(|| {
            let environment = context.environment;
            let surroundings =
                Surroundings { plugin: &environment.plugin, vouched: environment.vouched(), mesh: &environment.mesh };
            layers(context.snapshot, surroundings, context.now)
        })
    }

    /// The format, with the question of colour settled.
    pub(super) fn format(&self) -> Format {
        match self.format {
            FormatName::Text => Format::Text { colour: self.color.is_wanted() },
            FormatName::Json => Format::Json,
            FormatName::Sarif => Format::Sarif,
            FormatName::Github => Format::Github,
            FormatName::Gitlab => Format::Gitlab,
        }
    }
}

impl Color {
    /// An empty `NO_COLOR` counts as not set (no-color.org).
    fn is_wanted(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty()),
        }
    }
}

/// Standard output for what is written bit by bit.
pub(super) struct Out {
    out: BufWriter<StdoutLock<'static>>,
    failed: Option<io::Error>,
}

impl Out {
    pub(super) fn new() -> Self {
        Self { out: BufWriter::new(io::stdout().lock()), failed: None }
    }

    /// Ends the writing, whose outcome is given. A reader that has seen enough (`| head`) is no error.
    pub(super) fn finish(mut self, written: fmt::Result) -> anyhow::Result<()> {
        let flushed = self.out.flush();
        match self.failed.map_or(flushed, Err) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            other => other.context("standard output cannot be written")?,
        }
        Ok(written?)
    }
}

impl fmt::Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.out.write_all(text.as_bytes()).map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}

/// Writes to standard error. When it is closed there is nobody left to tell.
pub(super) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
