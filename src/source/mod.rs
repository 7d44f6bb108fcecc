//! YAML and JSON text: the documents in it, and where in the text a field is.
//!
//! **Invariants.** Scalars mean what they mean to kubectl, whose reading was tried and is written down in the tests of
//! [`scalar`]. Documents come one at a time, so that a large file is never a large tree. A document that cannot be read does
//! not take the others with it. Positions are found on demand, by reading the document again: nobody pays for those that
//! nobody asks for. Nothing but this module knows text positions, or the YAML library.

mod compose;
mod json;
mod locate;
pub mod nearest;
mod scalar;
pub mod secretive;
mod split;
#[cfg(test)]
mod tests;
mod write;

use std::{ops::Range, sync::Arc};

use crate::model::{FieldPath, Name, ObjectKey};

pub use split::documents;
pub use write::yaml;

/// A text with a name, such as a file.
#[derive(Clone, Debug)]
pub struct Source {
    /// What messages call it: the path of the file, or `-`.
    pub name: Name,
    /// What is in it.
    pub text: Arc<str>,
}

impl Source {
    /// A text of that name.
    pub fn new(name: impl Into<Name>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// One object as it is written: a document of its own, or an item of a list.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its content.
    pub value: serde_json::Value,
    /// Where it is.
    pub place: Place,
}

/// Where a document is, and with the text at hand, where its fields are.
#[derive(Clone, Debug)]
pub struct Place {
    file: Name,
    text: Option<Arc<str>>,
    /// The bytes of the document, the whole list for an item of a YAML list.
    span: Range<usize>,
    /// Where these bytes begin.
    line: usize,
    column: usize,
    /// Which item of the list it is.
    item: Option<usize>,
}

/// Where something is in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// The name of the text.
    pub file: Name,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes.
    pub span: Range<usize>,
}

/// Why a document cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}:{line}:{column}: {reason}")]
pub struct SourceError {
    /// The name of the text.
    pub file: Name,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
    /// How to mend it, where that can be said.
    pub suggestion: Option<String>,
}

/// Something that knows where objects are written.
pub trait Locate {
    /// Where a field of an object is, or what is nearest to it when it is missing.
    fn locate(&self, object: &ObjectKey, path: &FieldPath) -> Option<Location>;

    /// The text of a file.
    fn text_of(&self, file: &str) -> Option<&str>;
}

impl Document {
    /// Where a field is; the nearest that is there above it when it is missing.
    pub fn locate(&self, path: &FieldPath) -> Location {
        self.place.locate(path)
    }
}
