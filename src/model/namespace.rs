//! Namespaces.

use super::Meta;

/// A Namespace. Its labels carry `kubernetes.io/metadata.name`, which the API server sets on every one; the decoder adds it.
#[derive(Clone, PartialEq, Debug)]
pub struct Namespace {
    /// Name, labels, deletion.
    pub meta: Meta,
    /// `status.phase: Terminating`, or a deletion timestamp.
    pub terminating: bool,
    /// Whether nobody has seen it: others of the files name it, and its labels and annotations are not among them.
    pub assumed: bool,
}

/// The label that the API server sets on every Namespace, with its name as the value.
pub const METADATA_NAME: &str = "kubernetes.io/metadata.name";
