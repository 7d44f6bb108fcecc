//! Files to a snapshot: what the cluster would hold if all of them were applied.
//!
//! What the API server would refuse is refused here, with the file, the line and the reason, and does not enter the snapshot.
//! Pure: reading the files is the caller's part. Sources are taken one after the other, and of a document nothing is kept but
//! its object and its place, so that many or large files cost little more than what is in them.

mod cursor;
mod load;
mod origins;
mod schema;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::BTreeMap;

use crate::{
    model::{FieldPath, Name, ObjectKey},
    snapshot::Snapshot,
};

pub use load::load;
pub use origins::Origins;

/// How files are read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespace of objects that name none.
    pub default_namespace: Name,
    /// Whether the texts are kept, so that fields can be located in them.
    pub keep_text: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { default_namespace: Name::from("default"), keep_text: true }
    }
}

/// What the files hold.
#[derive(Clone)]
pub struct Loaded {
    /// The state of a cluster with these objects. Namespaces that objects name and the files do not hold are in it, without
    /// labels.
    pub snapshot: Snapshot,
    /// Where each object is written. Objects that are in the snapshot only because others name them are not in here.
    pub origins: Origins,
    /// What is wrong, in the order of the files.
    pub errors: Vec<ManifestError>,
    /// Objects that Ringwall does not read, by `apiVersion/kind`.
    pub skipped: BTreeMap<String, usize>,
}

/// Why something in a file does not count.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}:{line}:{column}: {}{reason}", subject(.object.as_ref(), .path))]
pub struct ManifestError {
    /// The file.
    pub file: Name,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Whose error it is, when that can be told.
    pub object: Option<ObjectKey>,
    /// The field at fault.
    pub path: FieldPath,
    /// What is wrong.
    pub reason: String,
    /// How to mend it, where that can be said.
    pub suggestion: Option<String>,
}

fn subject(object: Option<&ObjectKey>, path: &FieldPath) -> String {
    let object = object.map(|key| format!("{key}: ")).unwrap_or_default();
    let path = if path.as_str().is_empty() { String::new() } else { format!("{path}: ") };
    object + &path
}
