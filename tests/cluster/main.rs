//! Ringwall on a real control plane: etcd, kube-apiserver and kube-controller-manager, met through real `kubectl` and
//! `helm`.
//!
//! Needs Go (which builds `tests/control-plane`) and `kubectl`; what is missing skips these tests with a line that says
//! how to have it, or fails them if `RINGWALL_REQUIRE_CLUSTER=1`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "clippy's allowances for tests do not reach the functions that tests call"
)]

mod audit_mode;
mod bypasses;
mod certificate_rotation;
mod certificates;
mod chart;
mod commands;
mod control_plane;
mod doctor;
mod edge;
mod faults;
mod faults_in_parts;
mod gateways;
mod given;
mod handbook;
mod harness;
mod install;
mod lease;
mod lifecycle;
mod manifests;
mod mesh;
mod nobody;
mod order;
mod ordered;
mod permissions;
mod pods;
mod policies;
mod policy_kinds;
mod profiles;
mod races;
mod reach;
mod replicas;
mod serving;
mod settings;
mod soak;
#[path = "../webhook/client.rs"]
#[allow(dead_code, reason = "it can do more than is needed here")]
mod straight_client;
mod teardown;
#[path = "../../src/model/decode/test_certificates.rs"]
mod test_certificates;
