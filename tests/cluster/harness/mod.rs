//! What the tests on a cluster stand on.
//!
//! ```ignore
//! #[test]
//! fn refuses_a_pod_that_no_policy_selects() {
//!     let Some(ringwall) = harness::ringwall() else { return };
//!     let namespace = ringwall.namespace("unisolated", &[("ringwall.dev/enforce", "baseline")]);
//!     let refusal = namespace.kubectl().fails(&["run", "web", "--image=web"]);
//!     assert!(refusal.contains("unisolated-ingress"), "{refusal}");
//! }
//! ```
//!
//! - [`cluster`] is the control plane that all tests share, [`ControlPlane::private`] one for a test that stops parts
//!   of it. Tests run in parallel: each works in namespaces of its own.
//! - [`ringwall`] is the program that all tests share, with the built-in ruleset. [`Ringwall::start`] starts another,
//!   with a ruleset or certificates of its own, which judges only the namespaces that it made itself.
//! - Nothing sleeps to let something happen: [`eventually`] polls for it, and [`throughout`] for what must not happen.

mod api;
mod balancer;
mod builder;
mod certificate;
mod chart;
mod client;
mod configuration;
mod container;
mod control_plane;
mod http;
mod kubelet;
mod load;
mod process;
mod replica;
mod skip;
mod tools;
mod wait;
mod webhook;

pub(crate) use api::{Api, runtime};
pub(crate) use balancer::Balancer;
pub(crate) use certificate::{Authority, Certificate};
pub(crate) use chart::{NAMESPACE, Release, copy_of_chart, given_certificate, trust};
pub(crate) use client::{Client, Namespace, Outcome};
pub(crate) use configuration::{CHART, define_settings, fail_closed};
pub(crate) use control_plane::{ControlPlane, cluster};
pub(crate) use load::{Load, Tally};
pub(crate) use replica::{Event, WITHDRAWAL};
pub(crate) use wait::{PATIENCE, eventually, throughout};
pub(crate) use webhook::{Ringwall, Setup, ringwall};

/// A name that nothing else in this run has.
pub(crate) fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
