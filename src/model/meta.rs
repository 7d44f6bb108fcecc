//! What every object has: `metadata`.

use jiff::Timestamp;

use super::{Labels, Name};

/// The parts of `metadata` that decisions read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Meta {
    /// The name; for a new object with `generateName` the prefix, when no name was given yet.
    pub name: Name,
    /// The namespace; `None` for cluster-scoped objects.
    pub namespace: Option<Name>,
    /// The identity of this incarnation; empty for objects from files.
    pub uid: Name,
    /// The labels of the object itself.
    pub labels: Labels,
    /// The annotations that decisions read ([`super::annotations`]); all others are dropped by the decoder.
    pub annotations: Labels,
    /// Who owns it.
    pub owners: Vec<OwnerReference>,
    /// `creationTimestamp`: meshes let the oldest of several objects count. `None` in files as a rule, and of what is being created.
    pub created: Option<Timestamp>,
    /// `deletionTimestamp`: when the object is to be gone. It may lie ahead.
    pub deletion: Option<Timestamp>,
    /// What holds it once it has been told to go.
    pub finalizers: Finalizers,
}

/// `metadata.finalizers`, as far as the garbage collector cares (kubernetes/pkg/controller/garbagecollector).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Finalizers {
    /// `orphan`: its dependents stay when it goes.
    pub orphan: bool,
    /// `foregroundDeletion`: its dependents go before it does.
    pub foreground: bool,
    /// Any other: somebody holds it for as long as he likes.
    pub other: bool,
}

/// `metadata.ownerReferences[]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OwnerReference {
    /// `apiVersion`.
    pub api_version: Name,
    /// `kind`.
    pub kind: Name,
    /// `name`, in the same namespace or cluster-scoped.
    pub name: Name,
    /// `uid`.
    pub uid: Name,
    /// Whether it is the managing controller.
    pub controller: bool,
}

impl Meta {
    /// The managing controller.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owners.iter().find(|owner| owner.controller)
    }

    /// Whether the object has been told to go.
    pub fn is_terminating(&self) -> bool {
        self.deletion.is_some()
    }
}
