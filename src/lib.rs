//! Ringwall: a Kubernetes validating admission webhook that keeps workloads isolated and encrypted.

#[cfg(feature = "cluster")]
pub mod audit;
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod decision;
pub mod edge;
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
#[cfg(feature = "cluster")]
pub mod webhook;
