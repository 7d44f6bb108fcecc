//! The subjects that a change of certificates or of mesh policies can affect.

use std::collections::BTreeSet;

use crate::{
    model::{Object, ObjectKey},
    snapshot::Snapshot,
};

use super::Subject;

/// Adds the workloads and objects that a mesh policy, a Namespace or a Secret covers in a state, beside the objects at the edge that refer
/// to it.
pub(super) fn covered(state: &Snapshot, key: &ObjectKey, subjects: &mut BTreeSet<Subject>) {
    secret_in_the_making(state, key, subjects);
}

/// What makes a Secret decides whether those who use it lack it, and which names it will have.
fn secret_in_the_making(state: &Snapshot, key: &ObjectKey, subjects: &mut BTreeSet<Subject>) {
    if !key.kind.makes_secrets() {
        return;
    }
    if let Some(Object::Issuance(issuance)) = state.object(key).found() {
        let secret = issuance.secret();
        let users = state.referrers(&secret).filter(|user| user.kind.opens_edge());
        subjects.extend(users.cloned().map(Subject::Object));
    }
}
