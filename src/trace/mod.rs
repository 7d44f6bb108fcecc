//! One packet through edge and network: each hop, what lets it pass or stops it, and why.
//!
//! A name comes to a port of a Pod ([`Naming`]), the source's policies are asked whether it may leave, the destination's
//! whether it may enter ([`Side`]). Where it is denied, the smallest change that would allow it is worked out ([`Change`]).
//!
//! **Invariant.** Nothing is remembered of how a flow came to be allowed: it is worked out again, for the one that is asked about.
//! The verdict is the engine's own; the explanation beside it comes to the same.

mod ask;
mod change;
mod controller;
mod ends;
mod entries;
mod layers;
mod merge;
mod paths;
mod protection;
mod service;
mod side;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::{
    model::{Name, ObjectKey, Protocol},
    network::{Controllers, Plugin, reach::WorkloadName},
    snapshot::Snapshot,
};

pub use crate::model::Place;
pub use ask::{AskError, KindName, Named, PortName, Target, Who};
pub use change::{Added, Change, PeerAdded};
use ends::Actor;
pub use layers::{Layer, Layers, Surroundings, layers};
pub use protection::{Protected, Protection};
pub use service::{NameStep, Naming};
pub use side::{Ground, PolicyTold, RuleTold, Side, TierOutcome, TierTold};

/// Whether a packet gets through.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It does.
    Allowed,
    /// It depends on what cannot be known, or on which of several Pods are at the ends.
    MayBeAllowed,
    /// It does not.
    Denied,
    /// It cannot be judged.
    Unknown,
}

impl Verdict {
    /// The verdict between bounds: whether it is allowed for certain, and whether it can be.
    pub fn of(least: bool, most: bool) -> Self {
        match (least, most) {
            (true, _) => Self::Allowed,
            (false, true) => Self::MayBeAllowed,
            (false, false) => Self::Denied,
        }
    }

    /// The name in JSON and in text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::MayBeAllowed => "may be allowed",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }

    /// Of hops that must all let it pass.
    fn and(self, other: Self) -> Self {
        use Verdict::{Allowed, Denied, MayBeAllowed, Unknown};
        match (self, other) {
            (Denied, _) | (_, Denied) => Denied,
            (Unknown, _) | (_, Unknown) => Unknown,
            (MayBeAllowed, _) | (_, MayBeAllowed) => MayBeAllowed,
            (Allowed, Allowed) => Allowed,
        }
    }

    /// Of paths of which the packet takes one.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            _ if self == other => self,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => Self::MayBeAllowed,
        }
    }
}

/// What a trace is made from.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who connects.
    pub source: &'a Who,
    /// To whom.
    pub target: &'a Target,
    /// The namespace of a source that names none, and of the target of an address.
    pub namespace: &'a Name,
    /// Where ingress controllers run.
    pub controllers: &'a Controllers,
    /// What says how traffic is protected; without it, that is not told.
    pub surroundings: Option<Surroundings<'a>>,
    /// Which Pods count as running.
    pub now: Timestamp,
}

/// A packet, followed.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    /// Whether it gets through, whichever way it takes.
    pub verdict: Verdict,
    /// The ways that it can take: one, unless Pods behind one name differ.
    pub paths: Vec<Path>,
    /// How many more ways there are.
    pub more: usize,
}

/// One way of a packet.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    /// Who connects.
    pub source: End,
    /// To whom.
    pub destination: End,
    /// By which protocol, and on which port of the destination; `None` where the name comes to no port.
    pub port: Option<(Protocol, u16)>,
    /// Whether it gets through.
    pub verdict: Verdict,
    /// Each hop in order.
    pub hops: Vec<Hop>,
    /// What would allow it, where it is denied; all of it is needed.
    pub changes: Vec<Change>,
}

/// One end of a path, as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// Pods of a workload.
    Workload {
        /// The workload.
        name: WorkloadName,
        /// One of its Pods; `None` for what a template would make.
        pod: Option<Name>,
        /// How many Pods are like it.
        pods: usize,
    },
    /// An address.
    Address(std::net::IpAddr),
    /// Who serves Ingresses.
    IngressController,
    /// A Service that comes to no Pod.
    Service(ObjectKey),
}

/// One hop.
#[derive(Clone, PartialEq, Debug)]
pub enum Hop {
    /// From a name to a port of a Pod.
    Name(NameStep),
    /// Out of the source, or into the destination.
    Side(Side),
    /// How a stretch of the way is protected.
    Protected(Protected),
}

impl Hop {
    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Name(step) => step.verdict(),
            Self::Side(side) => side.verdict,
            // It stops nothing.
            Self::Protected(_) => Verdict::Allowed,
        }
    }
}

/// Why there is nothing to trace.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TraceError {
    /// There is no such workload.
    #[error("there is no workload {name}")]
    NoWorkload {
        /// What was asked for.
        name: String,
        /// What there is in that namespace.
        candidates: Vec<String>,
        /// The Service of that name, if there is one.
        service: Option<String>,
    },
    /// There is no such Service.
    #[error("there is no Service {name}")]
    NoService {
        /// What was asked for.
        name: String,
        /// What there is in that namespace.
        candidates: Vec<String>,
    },
    /// The namespace has no workloads.
    #[error("there is no workload {name}: nothing runs in the namespace {namespace}")]
    EmptyNamespace {
        /// What was asked for.
        name: String,
        /// The namespace.
        namespace: Name,
        /// The namespaces that there are.
        candidates: Vec<String>,
    },
    /// Several workloads have that name.
    #[error("{name} is the name of several workloads: say which of {}", choices.join(" and "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// How each of them is named.
        choices: Vec<String>,
    },
    /// Services do not connect to anybody.
    #[error("{0} is a Service, and Services do not connect to anybody: name the workload behind it")]
    ServiceAsSource(String),
}

impl TraceError {
    /// Names of what there is, among which the one that was meant may be.
    pub fn candidates(&self) -> (&str, &[String]) {
        match self {
            Self::NoWorkload { name, candidates, .. } | Self::NoService { name, candidates } => (name, candidates),
            Self::EmptyNamespace { namespace, candidates, .. } => (namespace, candidates),
            Self::Ambiguous { .. } | Self::ServiceAsSource(_) => ("", &[]),
        }
    }
}

/// Follows a packet.
pub fn trace(snapshot: &Snapshot, plugin: &Plugin, question: Question<'_>) -> Result<Trace, TraceError> {
    paths::trace(snapshot, plugin, question)
}
