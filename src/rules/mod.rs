//! The rules: one file each, and the catalogue that lists them once.
//!
//! **Invariants.** A rule judges one subject in one snapshot. It sees no change, no mode, no profile and no exemption.

mod affected;
mod affected_policies;
mod affected_services;
mod ambiguous_priority;
mod at_the_edge;
mod behind_services;
mod blocked_dns;
mod blocked_ingress_controller;
mod blocked_mesh_port;
mod blocked_scrape;
mod blocked_service;
mod blocked_webhook;
mod breach;
mod catalogue;
mod context;
mod finding;
pub mod fix;
mod host_network;
mod host_port;
mod ignored_rules;
mod info;
mod isolation;
mod metadata_endpoint;
mod mismatch;
mod no_default_deny;
mod of_the_decision;
mod one_sided_allow;
mod open_egress;
mod open_ingress;
mod parameters;
mod peer_selects_nothing;
mod plaintext_ingress;
mod policy_selects_nothing;
mod separate_peers;
mod split_service;
mod subject;
mod uncovered_host;
mod unenforced_policy;
mod unexposed_port;
mod unisolated_egress;
mod unisolated_ingress;
mod unknown_profile;
mod unresolved_port_name;
mod wide_peer;

pub use affected::{affected, everything};
pub use breach::{Aspect, Breach, Extent, Family};
pub use catalogue::{all, rule};
pub use context::{Context, Environment, Shared};
pub use finding::{Finding, Fix, Place, SubjectReference};
pub use fix::{FixError, FixTarget, fix};
pub use info::{Level, Parameter, ParameterKind, Rule, RuleId, RuleInfo};
pub use of_the_decision::{EXPIRED_EXEMPTION, LOWERED_ENFORCEMENT};
pub use parameters::{ParameterError, Parameters};
pub use subject::{Subject, Workload};
