//! Certificates: exchanged while the server works, and asked of clients.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use rustls::version::{TLS12, TLS13};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{
    client::{Connection, handshake},
    pki::{Authority, Pair},
    reviews,
    server::{Server, eventually, mount, repository},
};

/// The certificate that a new connection is shown.
fn shown(server: &Server) -> Vec<u8> {
    let stream = handshake(server.address, &server.trust).unwrap();
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

fn der(pair: &Pair) -> Vec<u8> {
    CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap().to_vec()
}

/// Ends the load, also when the test fails.
pub(crate) struct End<'a>(pub(crate) &'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn twenty_exchanges_under_load_fail_no_call() {
    let server = Server::start(&[]);
    let review = reviews::create(reviews::pod("shop", "a", &[("app", "nobody-selects-this")])).to_string();
    let (done, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let mut connection = server.connect();
                    for _ in 0..5 {
                        let response = connection.post(review.as_bytes()).unwrap();
                        assert_eq!(response.json()["response"]["allowed"], false);
                        calls.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        let _end = End(&done);
        for exchange in 0..20 {
            let pair = server.authority.server();
            mount(server.folder.path(), &format!("exchange-{exchange}"), &pair);
            eventually("the new certificate is shown", || shown(&server) == der(&pair));
        }
    });
    assert!(calls.load(Ordering::SeqCst) >= 20);
    assert_eq!(server.metric("ringwall_certificate_reloads_total{result=\"ok\"}"), 20);
    assert_eq!(server.metric("ringwall_certificate_reloads_total{result=\"error\"}"), 0);
}

#[test]
fn a_pair_that_does_not_belong_together_is_not_taken_in() {
    let server = Server::start(&[]);
    let before = shown(&server);
    let (new, other) = (server.authority.server(), server.authority.server());
    let torn = Pair { certificate: new.certificate.clone(), key: other.key };
    mount(server.folder.path(), "torn", &torn);
    server.log_line(|line| line["message"] == "the new serving certificate is not used; the old one stays");
    assert_eq!(shown(&server), before);
    assert!(server.metric("ringwall_certificate_reloads_total{result=\"error\"}") >= 1);
    std::fs::write(server.folder.path().join("torn/tls.crt"), "").unwrap();
    server.judges_rightly();
    mount(server.folder.path(), "whole", &new);
    eventually("the whole pair is taken in", || shown(&server) == der(&new));
    let expiry = server.metric("ringwall_certificate_expiry_timestamp_seconds");
    assert!(expiry > 0);
}

#[test]
fn only_tls_1_3_is_spoken_unless_asked_for() {
    let server = Server::start(&[]);
    let old = server.authority.trust(&[&TLS12], None);
    assert!(handshake(server.address, &old).is_err());
    server.judges_rightly();
    let server = Server::start(&["--tls-min", "1.2"]);
    let old = server.authority.trust(&[&TLS12], None);
    assert!(handshake(server.address, &old).is_ok());
    server.judges_rightly();
}

#[test]
fn with_client_authorities_only_the_named_client_is_served() {
    let (clients, strangers) = (Authority::new("clients"), Authority::new("strangers"));
    let options = ["--client-ca", "{folder}/clients.pem", "--client-name", "kube-apiserver"];
    let server = Server::prepare(&repository().join("examples/shop"), &options, |folder| {
        std::fs::write(folder.join("clients.pem"), &clients.pem).unwrap();
    });
    let review = reviews::create(reviews::pod("shop", "a", &[("app", "frontend")])).to_string();
    let ask = |identity: Option<Pair>| {
        let config = server.authority.trust(&[&TLS13], identity.as_ref());
        let response = Connection::tls(server.address, &config)?.post(review.as_bytes())?;
        assert_eq!(response.status, 200);
        std::io::Result::Ok(())
    };
    assert!(ask(Some(clients.client("kube-apiserver"))).is_ok());
    assert!(ask(None).is_err());
    assert!(ask(Some(clients.client("kubelet"))).is_err());
    assert!(ask(Some(strangers.client("kube-apiserver"))).is_err());
    assert!(ask(Some(clients.client("kube-apiserver"))).is_ok());
}
