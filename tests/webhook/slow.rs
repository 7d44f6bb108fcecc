//! Clients that are silent, slow, or speak something else.

use std::{
    io::{Read, Write},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::{
    client::{Connection, tcp},
    server::{Server, eventually},
};

#[test]
fn a_client_that_is_silent_during_the_handshake_is_left() {
    let server = Server::start(&["--handshake-timeout", "0.3"]);
    let silent = tcp(server.address).unwrap();
    let mut half = tcp(server.address).unwrap();
    // The beginning of a handshake, and no more.
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00]).unwrap();
    server.judges_rightly();
    for mut stream in [silent, half] {
        assert_eq!(stream.read(&mut [0; 64]).unwrap_or(0), 0, "the connection is closed");
    }
    let failures = || server.metric("ringwall_handshake_failures_total{reason=\"timeout\"}");
    eventually("both are counted", || failures() == 2);
    server.judges_rightly();
}

#[test]
fn plain_http_on_the_tls_port_is_told_so() {
    let server = Server::start(&[]);
    let mut connection = Connection::plain(server.address).unwrap();
    let response = connection.get("/validate").unwrap();
    assert_eq!((response.status, response.text().as_str()), (400, "This port speaks TLS: use https.\n"));
    connection.until_closed();
    server.judges_rightly();
}

#[test]
fn noise_is_closed() {
    let server = Server::start(&[]);
    for noise in [&b"\x00\x01\x02\x03"[..], b"\x16\x03\x01\x00\x04abcd", b"lower case"] {
        let mut stream = tcp(server.address).unwrap();
        stream.write_all(noise).unwrap();
        let mut connection = Connection::plain(server.address).unwrap();
        connection.stream = Box::new(stream);
        connection.until_closed();
    }
    let mut connection = server.connect();
    connection.stream.write_all(b"\x01\x02\x03 not http\r\n\r\n").unwrap();
    assert_eq!(connection.response().unwrap().status, 400);
    connection.until_closed();
    server.judges_rightly();
}

#[test]
fn a_head_that_does_not_end_is_cut_and_others_are_served_meanwhile() {
    let server = Server::start(&["--head-timeout", "0.5"]);
    let cut = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut slow = server.connect();
            slow.stream.write_all(b"POST /validate HTTP/1.1\r\nX: ").unwrap();
            // The pace is the client's nature: it sends a byte now and then for as long as it is let.
            while slow.stream.write_all(b"x").and_then(|()| slow.stream.flush()).is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
            slow.until_closed();
            cut.store(true, Ordering::SeqCst);
        });
        while !cut.load(Ordering::SeqCst) {
            server.judges_rightly();
        }
    });
    server.judges_rightly();
}

#[test]
fn a_body_that_does_not_end_gets_a_408_and_others_are_served_meanwhile() {
    let server = Server::start(&["--request-timeout", "0.5"]);
    let mut slow = server.connect();
    slow.stream.write_all(b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{").unwrap();
    slow.stream.flush().unwrap();
    server.judges_rightly();
    let response = slow.response().unwrap();
    assert_eq!(response.status, 408);
    assert!(response.text().contains("did not arrive within 0.5 s") && response.closes());
    slow.until_closed();
    server.judges_rightly();
}

#[test]
fn a_client_that_goes_in_the_middle_of_its_body_harms_nobody() {
    let server = Server::start(&[]);
    for _ in 0..20 {
        let mut connection = server.connect();
        connection.stream.write_all(b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{").unwrap();
        connection.stream.flush().unwrap();
    }
    server.judges_rightly();
}

#[test]
fn an_idle_connection_outlives_the_limit_of_a_head() {
    let server = Server::start(&["--head-timeout", "0.1"]);
    let mut idle = server.connect();
    let review = crate::reviews::create(crate::reviews::pod("shop", "a", &[("app", "frontend")])).to_string();
    assert_eq!(idle.post(review.as_bytes()).unwrap().status, 200);
    // Another client's head runs into the limit while this connection is idle.
    let mut slow = server.connect();
    slow.stream.write_all(b"POST").unwrap();
    slow.stream.flush().unwrap();
    slow.until_closed();
    assert_eq!(idle.post(review.as_bytes()).unwrap().status, 200);
}
