//! Who may reach whom, of everything that a snapshot holds.

mod blocks;
mod difference;
mod ends;
mod engine;
mod entrances;
mod filter;
mod index;
mod isolation;
mod meet;
mod name;
mod nodes;
mod places;
mod profiles;
mod ranges;
mod table;
#[cfg(test)]
mod tests;
mod walk;

use std::net::IpAddr;

use crate::model::PortSet;

pub use blocks::{Block, Ends, Workloads};
pub use difference::{Difference, difference};
pub use engine::Reach;
pub use entrances::entrances;
pub use filter::{Filter, Pattern};
pub use isolation::{isolation_of, judge as judged};
pub use name::WorkloadName;

/// One end of a flow, as it is shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum End {
    /// A workload: its top controller, or the Pod where it has none, or where the replicas of one workload differ in reach.
    Workload(WorkloadName),
    /// Contiguous addresses, both ends included.
    Addresses(IpAddr, IpAddr),
    /// Somebody who is known by what he does.
    Entity(Entity),
}

/// Somebody who is known by what he does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Entity {
    /// Who serves Ingresses and Gateways.
    IngressController,
}

/// How well a fact is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Precision {
    /// It is so.
    Exact,
    /// It is this or less: the ports that may be open beside those that are.
    AtMost,
    /// It is this or more.
    AtLeast,
    /// It cannot be said.
    Unknown,
}

/// Traffic that policies let through.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Flow {
    /// Who connects.
    pub source: End,
    /// To whom.
    pub destination: End,
    /// On which ports of the destination; never empty.
    pub ports: PortSet,
    /// How well that is known. The certain ports of two ends are one flow, those that are only possible another.
    pub precision: Precision,
}

/// What isolates one direction of a workload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Isolation {
    /// Nobody unnamed is admitted beyond what `open` allows.
    Isolated,
    /// Isolated in name only: everybody is admitted on more than 1,024 ports.
    Open,
    /// Nothing isolates it.
    Unisolated,
    /// It cannot be said.
    Unknown,
}

/// The isolation of a workload.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WorkloadIsolation {
    /// The workload.
    pub workload: WorkloadName,
    /// Into it.
    pub ingress: Isolation,
    /// Out of it.
    pub egress: Isolation,
}
