//! Ringwall's own settings in the cluster: a `Ruleset`, an `Exemption`.

use serde_json::Value;

use super::{Kind, Meta, ObjectKey};

/// An object of Ringwall's own kinds. What it says is read by the ruleset's own parser, which tells every mistake with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// `Ruleset` or `Exemption`.
    pub kind: Kind,
    /// Name.
    pub meta: Meta,
    /// `metadata.generation`: grows with every change of the specification; 0 in files.
    pub generation: i64,
    /// `spec` as it is written; null where it is missing.
    pub spec: Value,
    /// `status` as it is stored: Ringwall writes it itself.
    pub status: Value,
}

impl Settings {
    /// Its identity.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::cluster(self.kind, self.meta.name.clone())
    }
}
