//! Edits: the only way a snapshot changes.

use std::collections::BTreeSet;

use crate::model::{Object, ObjectKey};

use super::{Coverage, Need, Scope};

/// A change of a snapshot.
#[derive(Clone, Debug)]
pub enum Edit {
    /// The object is there, as given.
    Put(Object),
    /// The object is not there.
    Remove(ObjectKey),
    /// These are all the objects that the read finds; what else was in its scope is gone. Its scope has then been seen whole.
    Replace {
        /// What was read.
        scope: Need,
        /// What was found.
        objects: Vec<Object>,
    },
    /// From now on the scope is whole, or blind for that reason.
    Cover(Scope, Coverage),
    /// The object is there, and cannot be decoded.
    Obscure(ObjectKey),
}

/// What an edit changed: the objects whose decisions may differ now. Sorted.
pub type Touched = BTreeSet<ObjectKey>;
