//! A field of an object.

use super::{FieldPath, ObjectKey};

/// A field of an object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The object.
    pub object: ObjectKey,
    /// The field in it.
    pub path: FieldPath,
}

impl Place {
    /// The object itself.
    pub fn of(object: &ObjectKey) -> Self {
        Self { object: object.clone(), path: FieldPath::root() }
    }
}
