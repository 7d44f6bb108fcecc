//! The identity of an object.

use std::fmt;

use super::{Kind, Name};

/// Kind, namespace and name of an object. Orders by kind, then namespace, so that the objects of one kind in one namespace
/// are neighbours.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectKey {
    /// The kind.
    pub kind: Kind,
    /// The namespace; `None` for cluster-scoped kinds.
    pub namespace: Option<Name>,
    /// The name.
    pub name: Name,
}

impl ObjectKey {
    /// The key of an object in a namespace.
    pub fn namespaced(kind: Kind, namespace: impl Into<Name>, name: impl Into<Name>) -> Self {
        Self { kind, namespace: Some(namespace.into()), name: name.into() }
    }

    /// The key of a cluster-scoped object.
    pub fn cluster(kind: Kind, name: impl Into<Name>) -> Self {
        Self { kind, namespace: None, name: name.into() }
    }

    /// The namespace whose labels govern this object: its own for a Namespace.
    pub fn governing_namespace(&self) -> Option<&Name> {
        if self.kind == Kind::Namespace { Some(&self.name) } else { self.namespace.as_ref() }
    }
}

/// `Deployment shop/web`, the form that every message uses.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {}/{}", self.kind, namespace, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}
