//! Findings for people and for programs: text, JSON, SARIF, GitHub annotations, GitLab reports, and the catalogue of rules as a page.
//!
//! A [`Report`] is built once from judgements and then written in one of the formats, one file each.
//!
//! **Invariants.** Only this layer formats findings. Pure: no clock, no terminal, no file; the caller says where a field is
//! in the text and whether colour is wanted. The same report gives the same bytes.

mod build;
pub mod catalogue;
mod checkup;
pub mod controllers;
pub mod effects;
mod github;
mod gitlab;
mod json;
mod layers;
pub mod plugins;
mod position;
mod reach;
mod sarif;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod trace;

pub use build::Judged;
pub use checkup::{Answer, Check, Checkup};
pub use position::Position;
pub use reach::{Flows, IsolationChange, ReachChanges, ReachFormat, ReachFrame, plugin_note, reach, reach_changes};
pub use summary::Summary;
pub use trace::{TraceFormat, trace};

use crate::{decision::Outcome, model::Name, rules::Finding, trace::Layers};

/// What was found, ready to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The findings, by place and then by subject.
    pub findings: Vec<Reported>,
    /// What could not be judged.
    pub errors: Vec<ReportError>,
    /// How many objects there were of each kind that Ringwall does not read.
    pub skipped: Vec<(Name, usize)>,
    /// What the reader should know before trusting a report without findings.
    pub hints: Vec<String>,
    /// The layers around each workload, where they are asked for.
    pub layers: Option<Vec<Layers>>,
    /// How many of what.
    pub summary: Summary,
}

/// A finding, what it does, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// The finding.
    pub finding: Finding,
    /// What it does.
    pub outcome: Outcome,
    /// The fields at fault in the text, most telling first; empty for a live cluster.
    pub positions: Vec<Position>,
}

/// Something that could not be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportError {
    /// The file, or what stands for it.
    pub file: Name,
    /// Where in it, if that is known.
    pub position: Option<Position>,
    /// What is wrong.
    pub reason: String,
    /// How to mend it, or what was probably meant.
    pub suggestion: Option<String>,
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For people, in the manner of rustc.
    Text {
        /// Whether to colour it.
        colour: bool,
    },
    /// As `docs/findings.schema.json` says.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// The code quality report of GitLab.
    Gitlab,
}

impl Report {
    /// The report in that format, with a line break at the end.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Text { colour } => text::render(self, colour),
            Format::Json => json::render(self),
            Format::Sarif => sarif::render(self),
            Format::Github => github::render(self),
            Format::Gitlab => gitlab::render(self),
        }
    }
}
