//! Whether a reference into another namespace is permitted there.

use crate::{
    edge::Doubt,
    model::{Kind, Name, Object, ObjectKey},
    snapshot::{Need, Snapshot},
};

/// Whether an object of a kind and namespace may refer to another: in its own namespace always, elsewhere where a
/// `ReferenceGrant` says so. What a Gateway may, its `ListenerSets` may not (GEP-1713).
pub(super) fn permits(
    snapshot: &Snapshot,
    from: Kind,
    namespace: Option<&Name>,
    object: &ObjectKey,
) -> Result<(), Doubt> {
    if namespace == object.namespace.as_ref() {
        return Ok(());
    }
    let (Some(own), Some(other)) = (namespace, &object.namespace) else { return Ok(()) };
    let mut grants = snapshot.list(Kind::ReferenceGrant, Some(other));
    if grants.any(|grant| matches!(grant, Object::ReferenceGrant(grant) if grant.permits(from, own, object))) {
        return Ok(());
    }
    let settle = format!(
        "create a ReferenceGrant in {other} from {from} of the namespace {own} to the {} {}",
        object.kind, object.name
    );
    match snapshot.coverage(Kind::ReferenceGrant, Some(other)) {
        Ok(()) => Err(Doubt::new(format!("no ReferenceGrant in {other} permits the reference to {object}"), settle)),
        Err(blind) => Err(Doubt { blind, settle: settle.into() }),
    }
}

/// The read that settles it.
pub(super) fn need(namespace: Option<&Name>, object: &ObjectKey) -> Option<Need> {
    (namespace != object.namespace.as_ref()).then(|| Need::List(Kind::ReferenceGrant, object.namespace.clone()))
}
