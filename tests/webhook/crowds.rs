//! Many clients at once.

use std::{
    io::Write,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    client::{Connection, handshake, tcp},
    reviews,
    server::{Server, repository},
};

const IDLE: usize = 2_000;

#[test]
fn two_thousand_idle_connections_beside_working_ones_harm_nobody() {
    rlimit::increase_nofile_limit(8_192).unwrap();
    let server = Server::start(&[]);
    let before = server.peak_memory();
    let left = AtomicUsize::new(IDLE);
    let take = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    let idle: Vec<_> = thread::scope(|scope| {
        let openers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut opened = Vec::new();
                    while take() {
                        opened.push(handshake(server.address, &server.trust).unwrap());
                    }
                    opened
                })
            })
            .collect();
        scope.spawn(|| {
            while left.load(Ordering::SeqCst) > 0 {
                server.judges_rightly();
            }
        });
        openers.into_iter().flat_map(|opener| opener.join().unwrap()).collect()
    });
    assert_eq!(idle.len(), IDLE);
    assert!(server.metric("ringwall_connections_open") >= 2_000);
    for _ in 0..20 {
        server.judges_rightly();
    }
    let grown = server.peak_memory() - before;
    assert!(grown < 150, "{grown} MiB for {IDLE} connections");
    drop(idle);
    server.judges_rightly();
}

#[test]
fn when_there_are_too_many_connections_idle_ones_give_way() {
    // All come from one address, which may have half of them.
    let server = Server::start(&["--connections", "16"]);
    let review = reviews::create(reviews::pod("shop", "a", &[("app", "frontend")])).to_string();
    let mut idle: Vec<Connection> = (0..8).map(|_| server.connect()).collect();
    for connection in &mut idle {
        assert_eq!(connection.post(review.as_bytes()).unwrap().status, 200);
    }
    for _ in 0..20 {
        server.judges_rightly();
    }
    // One goes for each that comes, the one that has been idle longest first.
    let newcomers: Vec<Connection> = (0..8).map(|_| server.connect()).collect();
    for connection in &mut idle {
        connection.until_closed();
    }
    drop(newcomers);
}

#[test]
fn heads_that_do_not_end_give_way_when_there_are_too_many_connections() {
    let server = Server::start(&["--connections", "4", "--head-timeout", "600", "--handshake-timeout", "600"]);
    let mut slow: Vec<Connection> = (0..2).map(|_| server.connect()).collect();
    for connection in &mut slow {
        connection.stream.write_all(b"POST /val").unwrap();
        connection.stream.flush().unwrap();
    }
    for _ in 0..4 {
        server.judges_rightly();
    }
    // Whoever has begun the handshake and no more.
    let silent: Vec<_> = (0..4).map(|_| tcp(server.address).unwrap()).collect();
    server.judges_rightly();
    drop(silent);
}

#[test]
fn many_large_bodies_at_once_share_a_bounded_memory() {
    let server = Server::start(&[]);
    let mut large = reviews::pod("shop", "a", &[("app", "nobody-selects-this")]);
    large["metadata"]["annotations"] = serde_json::json!({"large": "x".repeat(6 << 20)});
    let body = reviews::create(large).to_string();
    thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                // Under such a load an answer may come too late, but it comes, and it is never wrong.
                let response = server.connect().post(body.as_bytes()).unwrap();
                match response.status {
                    200 => assert_eq!(response.json()["response"]["allowed"], false),
                    status => assert!([408, 503].contains(&status), "{response:?}"),
                }
            });
        }
    });
    assert!(server.peak_memory() < 500, "{} MiB", server.peak_memory());
    server.judges_rightly();
}

#[test]
fn probes_are_answered_beside_connections_that_say_nothing() {
    rlimit::increase_nofile_limit(8_192).unwrap();
    let server = Server::start(&[]);
    // So many that waiting for their time limits would take longer than the client waits.
    let idle: Vec<_> = (0..900).map(|_| tcp(server.probes).unwrap()).collect();
    assert_eq!(server.probe("/livez"), (200, "ok\n".to_owned()));
    assert_eq!(server.probe("/readyz"), (200, "ok\n".to_owned()));
    drop(idle);
}

#[test]
fn the_example_of_the_readme_is_refused_as_it_says() {
    let server = Server::start(&[]);
    let review = std::fs::read(repository().join("examples/reviews/unisolated-pod.json")).unwrap();
    let response = server.connect().post(&review).unwrap().json()["response"].clone();
    assert_eq!((&response["allowed"], &response["status"]["code"]), (&false.into(), &403.into()));
    let message = response["status"]["message"].as_str().unwrap();
    assert!(message.contains("unisolated-ingress") && message.contains("fix: ringwall fix"), "{message}");
}
