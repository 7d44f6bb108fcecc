//! `examples/install/`: what lists kinds there is generated from the one table of kinds.
//!
//! `RINGWALL_UPDATE=1 cargo test --test install` writes the files again.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy's allowances for tests do not reach the functions that tests call"
)]

mod definitions;
mod roles;
mod webhook;

use std::path::{Path, PathBuf};

#[test]
fn the_role_reads_every_kind_of_the_table_and_no_more() {
    is_current("rbac.yaml", &roles::render());
}

#[test]
fn following_certificates_is_granted_apart() {
    is_current("certificates.yaml", &roles::render_certificates());
    assert!(
        roles::render().contains("resources: [configmaps, secrets]\n    verbs: [get]\n"),
        "no list without being asked"
    );
}

#[test]
fn the_webhook_configuration_asks_about_every_operation_of_the_table() {
    is_current("webhook.yaml", &webhook::render());
}

fn is_current(name: &str, generated: &str) {
    let path = folder().join(name);
    if std::env::var("RINGWALL_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, generated).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == generated,
        "examples/install/{name} is not what the table of kinds says; \
         RINGWALL_UPDATE=1 cargo test --test install writes it again. It should be:\n{generated}"
    );
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/install")
}
