//! Ringwall: a Kubernetes validating admission webhook that keeps workloads isolated and encrypted.
//!
//! The layers, from the nouns to the network; each uses only those above it (`docs/ARCHITECTURE.md` says why, a test keeps it):
//!
//! ```text
//! model       the nouns: objects, labels, selectors, ports, addresses; the one table of kinds
//! source      YAML and JSON text: documents, and the line of a field
//! snapshot    the indexed view of all objects; edits; what has been seen and what not
//! edge        Ingresses, Gateways, routes: who serves them, and what that controller really does
//! network     policies in one form; isolation, reachability, what is admitted to strangers
//! encryption  what protects: versions, cipher suites, certificates against hosts, meshes
//! trace       one packet: each hop, what lets it pass or stops it
//! rules       one file per rule, and the catalogue that lists them once
//! ruleset     profiles, modes, parameters, environment, exemptions
//! decision    decide (a change) and survey (everything): pure functions
//! report      findings as text, JSON, SARIF, GitHub annotations
//!
//! manifest    files -> validated objects -> snapshot
//! cluster     the live cluster: watches -> snapshot, live reads, Events
//! webhook     the HTTPS server: AdmissionReview in, verdict out
//! audit       what slipped through, and what is wrong now
//! upkeep      its own certificate, the settings in force, their status
//! telemetry   logs and metrics
//! cli         one file per subcommand
//! ```
//!
//! One way through: bytes -> `webhook::review` -> [`decision::Change`] -> [`decision::decide`] -> response. Files: text -> [`source`] ->
//! [`manifest`] -> [`snapshot::Snapshot`] -> [`decision::survey`] -> [`report`].

#[cfg(feature = "cluster")]
pub mod audit;
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod decision;
pub mod edge;
pub mod encryption;
pub mod manifest;
pub mod model;
pub mod network;
pub mod report;
pub mod rules;
pub mod ruleset;
pub mod snapshot;
pub mod source;
#[cfg(feature = "cluster")]
pub mod telemetry;
pub mod trace;
#[cfg(feature = "cluster")]
pub mod upkeep;
#[cfg(feature = "cluster")]
pub mod webhook;
