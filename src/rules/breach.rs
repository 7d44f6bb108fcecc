//! A rule broken by a subject.

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::{
    model::{FieldPath, Name, ObjectKey, Protocol},
    network::{Admission, Direction},
    snapshot::Blind,
};

use super::{RuleId, Subject};

/// Breaches of one family, subject and aspect are on one scale: unisolated, open and wide are one family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Family(pub &'static str);

/// A rule broken by a subject.
#[derive(Clone, PartialEq, Debug)]
pub struct Breach {
    /// The rule.
    pub rule: RuleId,
    /// Its family.
    pub family: Family,
    /// Who breaks it.
    pub subject: Subject,
    /// In what respect.
    pub aspect: Aspect,
    /// How much.
    pub extent: Extent,
    /// Whether it is proved, or what is not known.
    pub certain: Result<(), Blind>,
}

/// What tells the breaches of one rule by one subject apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Aspect {
    /// The rule can be broken in one way only.
    Whole,
    /// A direction.
    Direction(Direction),
    /// An entry of a policy's rules that admits too much: the policy and the place.
    Peer(Direction, ObjectKey, FieldPath),
    /// A place in the object itself.
    Place(FieldPath),
    /// A port.
    Port(Protocol, u16),
    /// A host; `None` for requests of any host.
    Host(Option<Name>),
    /// A listener, by its own name.
    Listener(Name),
    /// A Secret that the object uses.
    Secret(ObjectKey),
    /// A port, by name or number, of a Service that the object leads to.
    Service(ObjectKey, Name),
    /// A label of the object.
    Label(Name),
    /// An exemption of the ruleset.
    Exemption(Name),
}

impl Aspect {
    /// The direction, for aspects that are on the scale of a direction.
    pub fn direction(&self) -> Option<Direction> {
        match self {
            Self::Direction(direction) | Self::Peer(direction, ..) => Some(*direction),
            Self::Whole
            | Self::Place(_)
            | Self::Port(..)
            | Self::Host(_)
            | Self::Listener(_)
            | Self::Secret(_)
            | Self::Service(..)
            | Self::Label(_)
            | Self::Exemption(_) => None,
        }
    }

    /// The scale on which it is measured: its direction, or itself.
    #[must_use]
    pub fn scale(&self) -> Self {
        self.direction().map_or_else(|| self.clone(), Self::Direction)
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Direction(direction) => write!(f, "{direction}"),
            Self::Peer(direction, policy, at) => write!(f, "{direction}: {policy} {at}"),
            Self::Place(path) => write!(f, "{path}"),
            Self::Port(protocol, number) => write!(f, "{protocol} {number}"),
            Self::Host(Some(host)) => write!(f, "host {host}"),
            Self::Host(None) => write!(f, "every host"),
            Self::Listener(name) => write!(f, "listener {name}"),
            Self::Secret(secret) => write!(f, "{secret}"),
            Self::Service(service, port) => write!(f, "{service} port {port}"),
            Self::Label(key) => write!(f, "label {key}"),
            Self::Exemption(name) => write!(f, "exemption {name}"),
        }
    }
}

/// How much of a rule is broken.
#[derive(Clone, PartialEq, Debug)]
pub enum Extent {
    /// A count.
    Count(u64),
    /// What is admitted.
    Admission(Arc<Admission>),
    /// What is lacking, by name: hosts, or sorts of faults.
    Names(BTreeSet<Name>),
}

impl Extent {
    /// Whether this is more than all that was there before together.
    pub fn exceeds<'a>(&self, before: impl IntoIterator<Item = &'a Self>) -> bool {
        let mut count = 0;
        let mut admission = Admission::nothing();
        let mut names: BTreeSet<&Name> = BTreeSet::new();
        for extent in before {
            match extent {
                Self::Count(other) => count = count.max(*other),
                Self::Admission(other) => admission = admission.union(other),
                Self::Names(other) => names.extend(other),
            }
        }
        match self {
            Self::Count(mine) => *mine > count,
            Self::Admission(mine) => !mine.is_within(&admission),
            Self::Names(mine) => !mine.iter().all(|name| names.contains(name)),
        }
    }
}
