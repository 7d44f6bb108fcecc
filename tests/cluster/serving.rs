//! The server changes under load, and no call fails. `failurePolicy: Fail` makes every failed call a refusal that is seen.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use crate::harness::{self, Namespace, PATIENCE, Ringwall, Setup, eventually, fail_closed};
use crate::manifests::{BASELINE, policy};

/// Asks from several clients while something is done, and counts the calls, none of which may fail.
fn under_load(namespace: &Namespace, work: impl FnOnce()) -> usize {
    let done = AtomicBool::new(false);
    let calls = AtomicUsize::new(0);
    thread::scope(|scope| {
        for client in 0..3 {
            let kubectl = namespace.kubectl();
            let (done, calls) = (&done, &calls);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let name = format!("web-{client}");
                    kubectl.ok(&["run", &name, "--image=web", "--labels=app=web", "--dry-run=server"]);
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        // A failure of the work must not leave the clients running for ever.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::SeqCst);
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
    calls.into_inner()
}

#[test]
fn twenty_certificates_in_a_row_fail_no_call() {
    let Some(cluster) = harness::cluster() else { return };
    let arguments = vec!["--certificate-poll=0.2".to_owned()];
    let ringwall = Ringwall::start(cluster, Setup { arguments, ..Setup::default() });
    ringwall.configure(fail_closed);
    let namespace = ringwall.namespace("rotated", &[BASELINE]);
    namespace.kubectl().apply(&policy("web")).ok();
    let loaded = || ringwall.logged("a new serving certificate is in force").len();
    let calls = under_load(&namespace, || {
        for _ in 0..20 {
            let before = loaded();
            ringwall.rotate();
            eventually(PATIENCE, "the new certificate", || {
                if loaded() > before { Ok(()) } else { Err("not yet".to_owned()) }
            });
        }
    });
    println!("20 certificates, {calls} calls");
    assert!(calls > 20, "{calls} calls are no load");
}

#[test]
fn a_replica_that_is_told_to_stop_fails_no_call_and_ends() {
    let Some(cluster) = harness::cluster() else { return };
    let first = Ringwall::start(cluster, Setup::default());
    let second = Ringwall::start(cluster, Setup::default());
    let namespace = first.namespace("drained", &[BASELINE]);
    namespace.kubectl().apply(&policy("web")).ok();
    // One configuration that leads to the first; the second's is moved over when the first is told to stop.
    second.unconfigure();
    first.configure(fail_closed);
    let calls = under_load(&namespace, || {
        let name = first.configuration_name();
        let patched = second.client_configuration();
        first.terminate();
        let mut configuration = cluster.kubectl().json(&["get", "validatingwebhookconfiguration", &name]);
        for webhook in configuration["webhooks"].as_array_mut().unwrap() {
            webhook["clientConfig"] = patched.clone();
        }
        cluster.kubectl().run_with_input(&["replace", "--filename=-"], &configuration.to_string()).ok();
        let status = first.wait_for_end();
        assert!(status.success(), "{status}");
    });
    println!("one replica stopped, {calls} calls");
    assert!(calls > 3, "{calls} calls are no load");
}
