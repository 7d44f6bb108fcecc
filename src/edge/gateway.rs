//! Gateway API: what Gateways, `ListenerSets` and routes open together.

use crate::{
    model::{Object, ObjectKey},
    snapshot::Snapshot,
};

use super::{Surface, Vouched};

/// What a Gateway, a `ListenerSet` or a route opens.
pub(super) fn surface<'a>(_: &'a Snapshot, _: Vouched<'a>, _: &'a Object) -> Option<Box<dyn Surface + 'a>> {
    None
}

/// The objects of Gateway API whose surface a change can alter beyond those that refer to it.
pub(super) fn alters(_: &Snapshot, _: &ObjectKey, _: &mut Vec<ObjectKey>) {}
