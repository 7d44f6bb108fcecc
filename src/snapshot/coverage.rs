//! What the snapshot has seen, and what it has not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::model::{Kind, Name, ObjectKey};

/// A read of the API server that would settle a question.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Need {
    /// One object.
    Get(ObjectKey),
    /// All objects of a kind, in one namespace or everywhere.
    List(Kind, Option<Name>),
}

impl Need {
    /// The kind that is read.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Get(key) => key.kind,
            Self::List(kind, _) => *kind,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get(key) => write!(f, "get {key}"),
            Self::List(kind, Some(namespace)) => write!(f, "list {} in {namespace}", kind.info().plural),
            Self::List(kind, None) => write!(f, "list {}", kind.info().plural),
        }
    }
}

/// Why something cannot be seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Blind {
    /// The cluster does not serve the kind.
    NotServed(Kind),
    /// RBAC forbids reading the kind.
    Forbidden(Kind),
    /// The watch is broken; the snapshot may be old.
    Stale(Kind),
    /// The object is there and cannot be decoded.
    Undecodable(ObjectKey),
    /// Ringwall does not watch it here (or has not yet).
    NotWatched(Kind),
    /// The files do not hold it.
    NotInFiles(Kind),
    /// It cannot be read from objects at all; the text says what would settle it.
    Unknowable(Name),
}

impl fmt::Display for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotServed(kind) => write!(f, "the cluster does not serve {}", kind.info().plural),
            Self::Forbidden(kind) => {
                write!(f, "RBAC does not let Ringwall read {}: grant get, list and watch", kind.info().plural)
            }
            Self::Stale(kind) => write!(f, "the watch of {} is broken", kind.info().plural),
            Self::Undecodable(key) => write!(f, "{key} cannot be decoded"),
            Self::NotWatched(kind) => write!(f, "{} are not watched", kind.info().plural),
            Self::NotInFiles(kind) => write!(f, "the files hold no {kind}: add it to what is checked"),
            Self::Unknowable(what) => write!(f, "{what}"),
        }
    }
}

/// Whether a kind has been seen whole.
pub type Coverage = Result<(), Blind>;

/// Where a [`Coverage`] holds: a kind everywhere, or in one namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Scope {
    /// The kind.
    pub kind: Kind,
    /// The namespace; `None` for everywhere.
    pub namespace: Option<Name>,
}

/// The coverage of every kind; a namespace's own entry goes before the kind's.
#[derive(Clone, Debug, Default)]
pub(super) struct CoverageMap {
    scopes: BTreeMap<Scope, Coverage>,
    undecodable: BTreeSet<ObjectKey>,
    /// What somebody said is not there, of kinds that have not been seen whole.
    absent: BTreeSet<ObjectKey>,
}

impl CoverageMap {
    pub(super) fn set(&mut self, scope: Scope, coverage: Coverage) {
        // A kind that has been seen whole needs no such word, and of one that is out of sight from now on it may not hold.
        self.absent
            .retain(|key| key.kind != scope.kind || (scope.namespace.is_some() && key.namespace != scope.namespace));
        if scope.namespace.is_none() {
            self.scopes.retain(|other, _| other.kind != scope.kind);
        }
        self.scopes.insert(scope, coverage);
    }

    /// A kind that nothing was said about is not watched.
    pub(super) fn of(&self, kind: Kind, namespace: Option<&Name>) -> Coverage {
        let own = namespace.and_then(|name| self.scopes.get(&Scope { kind, namespace: Some(name.clone()) }));
        let general = || self.scopes.get(&Scope { kind, namespace: None });
        own.or_else(general).cloned().unwrap_or(Err(Blind::NotWatched(kind)))
    }

    pub(super) fn mark_undecodable(&mut self, key: ObjectKey, yes: bool) {
        if yes {
            self.undecodable.insert(key);
        } else {
            self.undecodable.remove(&key);
        }
    }

    /// Notes that an object is not there, where its kind has not been seen whole; or that it is.
    pub(super) fn mark_absent(&mut self, key: ObjectKey, yes: bool) {
        if yes {
            self.absent.insert(key);
        } else {
            self.absent.remove(&key);
        }
    }

    pub(super) fn is_absent(&self, key: &ObjectKey) -> bool {
        self.absent.contains(key)
    }

    /// Forgets what could not be decoded in a scope that has just been read whole.
    pub(super) fn see_all(&mut self, kind: Kind, namespace: Option<&Name>) {
        self.undecodable.retain(|key| key.kind != kind || (namespace.is_some() && key.namespace.as_ref() != namespace));
    }

    pub(super) fn is_undecodable(&self, key: &ObjectKey) -> bool {
        self.undecodable.contains(key)
    }

    /// The first undecodable object of a kind in a namespace.
    pub(super) fn undecodable_in(&self, kind: Kind, namespace: Option<&Name>) -> Option<&ObjectKey> {
        self.undecodable
            .iter()
            .find(|key| key.kind == kind && (namespace.is_none() || key.namespace.as_ref() == namespace))
    }
}
