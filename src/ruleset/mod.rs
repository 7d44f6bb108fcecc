//! The configuration in force: profiles, modes, parameters, environment, exemptions.
//!
//! **Invariants.** Unknown keys and rules are errors with their place and a suggestion. Parsing is pure; who reads the file
//! keeps the last ruleset that worked.

mod environment;
mod exemption;
pub mod keys;
mod modes;
mod node;
mod objects;
mod parse;
mod profile;
pub mod schema;
#[cfg(test)]
mod tests;

pub use environment::{PLAINTEXT, TLS_VERSIONS, UNKNOWN_CONTROLLER};
pub use exemption::{Exemption, ExemptionId, ExemptionMatch, ExemptionSource};
pub use objects::{IN_FORCE, Mistake, Wrong, mistakes, of_kind};
pub use parse::RulesetError;
pub use profile::{Mode, Modes, Profile};

use std::collections::BTreeMap;

use crate::rules::{Environment, Parameters, RuleId};

/// The ruleset in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruleset {
    /// The profiles of namespaces without labels.
    pub defaults: Modes,
    /// The lowest profile that a namespace's label may choose for enforce.
    pub floor: Profile,
    /// Modes set for single rules.
    pub modes: BTreeMap<RuleId, Mode>,
    /// Parameters set for rules.
    pub parameters: Parameters,
    /// What cannot be read from objects.
    pub environment: Environment,
    /// Findings let through on purpose.
    pub exemptions: Vec<Exemption>,
}

impl Default for Ruleset {
    /// Built in: nothing is refused until somebody says so.
    fn default() -> Self {
        Self {
            defaults: Modes { enforce: Profile::Privileged, warn: Profile::Baseline, audit: Profile::Baseline },
            floor: Profile::Privileged,
            modes: BTreeMap::new(),
            parameters: Parameters::default(),
            environment: Environment::default(),
            exemptions: Vec::new(),
        }
    }
}
