//! The end: nobody's call fails.

use std::{
    ffi::OsStr,
    io::Write,
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use crate::{
    certificates::End,
    reviews,
    server::{Server, eventually},
};

#[test]
fn a_server_that_is_told_to_stop_under_load_fails_no_call() {
    let mut server = Server::start(&["--drain", "2"]);
    let review = reviews::create(reviews::pod("shop", "a", &[("app", "nobody-selects-this")])).to_string();
    let (withdrawn, calls, closed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        let _end = End(&withdrawn);
        for _ in 0..4 {
            scope.spawn(|| {
                // As the API server does: a pool of connections, until the endpoint is withdrawn.
                let mut connection = server.connect();
                while !withdrawn.load(Ordering::SeqCst) {
                    let response = connection.post(review.as_bytes()).unwrap();
                    assert_eq!(response.json()["response"]["allowed"], false);
                    calls.fetch_add(1, Ordering::SeqCst);
                    if response.closes() {
                        closed.fetch_add(1, Ordering::SeqCst);
                        connection = server.connect();
                    }
                }
            });
        }
        eventually("the load is on", || calls.load(Ordering::SeqCst) > 50);
        assert_eq!(server.probe("/readyz"), (200, "ok\n".to_owned()));
        server.terminate();
        eventually("the server says that it is stopping", || server.probe("/readyz").0 == 503);
        // The endpoint is withdrawn a while after the probe has failed; the load goes on until then.
        eventually("connections are asked to close", || closed.load(Ordering::SeqCst) > 20);
        assert_eq!(server.probe("/livez").0, 200);
        withdrawn.store(true, Ordering::SeqCst);
    });
    assert!(server.wait().success());
}

#[test]
fn idle_and_stuck_connections_do_not_hold_up_the_end() {
    let mut server = Server::start(&["--grace", "0.2"]);
    let mut idle = server.connect();
    let mut stuck = server.connect();
    stuck.stream.write_all(b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{").unwrap();
    stuck.stream.flush().unwrap();
    server.terminate();
    assert!(server.wait().success());
    idle.until_closed();
    stuck.until_closed();
}

#[test]
fn a_ruleset_or_a_manifest_that_is_wrong_ends_the_start_with_2() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), "apiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n").unwrap();
    let missing = folder.path().join("missing.yaml");
    let shop = crate::server::repository().join("examples/shop");
    let run = |arguments: &[&OsStr]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ringwall")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let serve = |more: &[&OsStr]| {
        let ports = ["serve", "--dev", "--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0", "--manifests"];
        run(&[&ports.map(OsStr::new)[..], more].concat())
    };
    let (code, error) = serve(&[folder.path().as_os_str()]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("a.yaml:3"), "{error}");
    let (code, error) = serve(&[shop.as_os_str(), "--ruleset".as_ref(), missing.as_os_str()]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("missing.yaml"), "{error}");
}
