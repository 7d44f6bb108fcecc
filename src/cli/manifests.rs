//! From texts to what `report` and `decision` take: the snapshot, what is wrong with the texts, and where fields are in them.

use crate::{
    model::Name,
    report::{Position, ReportError},
    rules::Place,
    snapshot::Snapshot,
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

    /// Where a field of an object is.
    pub(super) fn locate(&self, place: &Place) -> Option<Position> {
        let _ = place;
        None
    }
}
