//! `certs/certificates.sh`: a CA is changed, and at every step what is served is known to those who call.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/certs/certificates.sh");

#[test]
fn a_change_of_the_ca_never_leaves_a_certificate_unknown() {
    let Some(folder) = folder() else { return };
    run(folder.path(), &["new"], &["shop-guard.shop", "guard.example.com", "192.0.2.7"]);
    for name in ["shop-guard.shop.svc", "shop-guard.shop.svc.cluster.local", "guard.example.com"] {
        assert!(served(folder.path(), &["-verify_hostname", name]), "{name}");
    }
    assert!(served(folder.path(), &["-verify_ip", "192.0.2.7"]));
    assert!(!served(folder.path(), &["-verify_hostname", "ringwall.ringwall.svc"]));
    let before = read(folder.path(), "tls.crt");

    for (step, authorities) in [("renew", 1), ("next-ca", 2), ("next-leaf", 2), ("end", 1), ("renew", 1)] {
        let said = run(folder.path(), &[step], &[]);
        assert!(said.contains("helm upgrade") || said.contains("kubectl create secret"), "{step}: {said}");
        assert!(served(folder.path(), &["-verify_hostname", "guard.example.com"]), "after {step}");
        let bundle = read(folder.path(), "ca-bundle.crt");
        assert_eq!(bundle.matches("BEGIN CERTIFICATE").count(), authorities, "after {step}");
    }
    assert_ne!(read(folder.path(), "tls.crt"), before);
}

#[test]
fn steps_out_of_order_change_nothing() {
    let Some(folder) = folder() else { return };
    run(folder.path(), &["new"], &[]);
    let all = || ["ca.crt", "ca-bundle.crt", "tls.crt"].map(|name| read(folder.path(), name));
    let before = all();
    for step in ["new", "next-leaf", "end"] {
        assert!(!script(folder.path(), &[step], &[]).status.success(), "{step}");
    }
    assert_eq!(all(), before);
    run(folder.path(), &["next-ca"], &[]);
    let before = all();
    for step in ["next-ca", "renew", "end"] {
        assert!(!script(folder.path(), &[step], &[]).status.success(), "{step}");
    }
    assert_eq!(all(), before);
}

/// A folder to work in, where there is openssl to work with. Without, the test is skipped and says so, and fails where nothing may be skipped.
fn folder() -> Option<tempfile::TempDir> {
    match Command::new("openssl").arg("version").output() {
        Ok(_) => Some(tempfile::tempdir().unwrap()),
        Err(error) if std::env::var("RINGWALL_REQUIRE_CLUSTER").is_ok_and(|value| value == "1") => {
            panic!("everything is required here (RINGWALL_REQUIRE_CLUSTER=1), but openssl cannot be run: {error}")
        }
        Err(error) => {
            // What the print macros write is shown only when a test fails. Nothing can be done about a standard error that is closed.
            let _ = writeln!(std::io::stderr(), "tests/install: SKIPPED: openssl cannot be run: {error}");
            None
        }
    }
}

/// Whether a caller that trusts the bundle takes what is served.
fn served(folder: &Path, more: &[&str]) -> bool {
    let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let verify = ["verify", "-purpose", "sslserver", "-CAfile", &file("ca-bundle.crt")].map(str::to_owned);
    let output = Command::new("openssl").args(verify).args(more).arg(file("tls.crt")).output().unwrap();
    output.status.success()
}

#[track_caller]
fn run(folder: &Path, step: &[&str], names: &[&str]) -> String {
    let output = script(folder, step, names);
    assert!(output.status.success(), "{step:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn script(folder: &Path, step: &[&str], names: &[&str]) -> Output {
    Command::new("sh").arg(SCRIPT).args(step).arg(folder).args(names).output().unwrap()
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}
