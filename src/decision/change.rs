//! What a request does.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{Name, Object, ObjectKey, Operation},
    snapshot::Need,
};

/// One request: an object before and after, and who asks.
#[derive(Clone, Debug)]
pub struct Change {
    /// What it does.
    pub operation: Operation,
    /// The object's identity. A new object with `generateName` and no name yet has an empty name or the prefix.
    pub key: ObjectKey,
    /// The object before; `None` on CREATE.
    pub before: Option<Object>,
    /// The object after; `None` on DELETE.
    pub after: Option<Object>,
    /// Who asks; `None` where nobody does (files).
    pub actor: Option<Actor>,
    /// Policies, and Namespaces with other labels, whose DELETE or UPDATE was admitted a moment ago and that the snapshot still holds as they were, with what becomes of
    /// them: what rests on them is read live, and other policies' changes are judged as if it had happened.
    pub doubted: BTreeMap<ObjectKey, Option<Object>>,
    /// The reads that have been made for this request; what they found is in the snapshot, and they are not asked for again.
    pub confirmed: BTreeSet<Need>,
}

impl Change {
    /// Whether it can alter whom policies isolate among Pods that are there, what they let through to them and how meshes protect them: a
    /// policy's change, what policies depend on, and the labels of a Namespace, by which policies of the whole cluster select.
    pub fn governs_others(&self) -> bool {
        self.key.kind.decides_isolation() || self.key.kind.is_mesh_policy() || self.relabels_namespace()
    }

    /// Whether it moves all Pods of a namespace into other policies, perhaps.
    pub fn relabels_namespace(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(Object::Namespace(before)), Some(Object::Namespace(after))) => {
                before.meta.labels != after.meta.labels
            }
            _ => false,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user name.
    pub user: Name,
    /// The groups.
    pub groups: Vec<Name>,
}
