//! The rules: one file each, and the catalogue that lists them once.
//!
//! **Invariants.** A rule judges one subject in one snapshot. It sees no change, no mode, no profile and no exemption.

mod at_the_edge;
mod breach;
mod catalogue;
mod context;
mod finding;
mod info;
mod of_the_decision;
mod parameters;
mod plaintext_ingress;
mod subject;
mod uncovered_host;
mod unknown_profile;

pub use breach::{Aspect, Breach, Extent, Family};
pub use catalogue::{all, rule};
pub use context::{Context, Environment};
pub use finding::{Finding, Fix, Place, SubjectReference};
pub use info::{Level, Parameter, ParameterKind, Rule, RuleId, RuleInfo};
pub use of_the_decision::{EXPIRED_EXEMPTION, LOWERED_ENFORCEMENT};
pub use parameters::{ParameterError, Parameters};
pub use subject::{Subject, Workload, affected, everything};
