//! How long a decision about the edge takes: `cargo bench --bench edge`.
//!
//! For the CREATE of an Ingress with a certificate, and for the UPDATE of a certificate that an Ingress uses, in a world of 12,000
//! Ingresses and 4,000 certificates.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]
#![allow(clippy::indexing_slicing, reason = "a benchmark")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a benchmark")]

mod world;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::collections::{BTreeMap, BTreeSet};

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use ringwall::{
    decision::{Change, Decision, decide},
    model::{Kind, Object, Operation},
    ruleset::Ruleset,
    snapshot::{Edit, Need, Snapshot},
};
use serde_json::{Value, json};

/// Certificates in each namespace.
const CERTIFICATES: usize = 20;
/// The day of January 2027 on which a certificate ends, and that on which its renewal does.
const ENDS: u8 = 29;
const RENEWED_ENDS: u8 = 30;

fn main() {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let ruleset = Ruleset::default();
    let certificates: Vec<Object> = (0..world::NAMESPACES)
        .flat_map(|index| (0..CERTIFICATES).map(move |number| (world::namespace(index), number)))
        .map(|(space, number)| world::decoded(&certificate(&space, number, ENDS)))
        .collect();
    let list = Edit::Replace { scope: Need::List(Kind::Secret, None), objects: certificates };
    let (snapshot, _) = world::snapshot().with([list]);
    println!("world: {} Ingresses, {} Secrets", snapshot.count(Kind::Ingress), snapshot.count(Kind::Secret));

    let created: Vec<Change> = (0..world::NAMESPACES)
        .map(|index| {
            let space = world::namespace(index);
            let object = world::decoded(&ingress(&space, index % CERTIFICATES));
            change(Operation::Create, None, object)
        })
        .collect();
    let times = world::sample(20_000, |index| {
        let decision = decide(&snapshot, &created[index % created.len()], &ruleset, now);
        assert!(decision.allow && is_encrypted(&decision), "{:?}", decision.findings);
    });
    world::print("Ingress CREATE, admitted", &times);

    let used: Vec<Edit> = created.iter().filter_map(|change| change.after.clone()).map(Edit::Put).collect();
    let (snapshot, _) = snapshot.with(used);
    let renewed: Vec<Change> = (0..world::NAMESPACES)
        .map(|index| {
            let object = world::decoded(&certificate(&world::namespace(index), index % CERTIFICATES, RENEWED_ENDS));
            let before = snapshot.object(&object.key()).found();
            assert!(before.as_ref().is_some_and(|before| *before != object), "what is equal touches nothing");
            change(Operation::Update, before, object)
        })
        .collect();
    let times = world::sample(20_000, |index| {
        let decision = decide(&snapshot, &renewed[index % renewed.len()], &ruleset, now);
        assert!(decision.allow && is_encrypted(&decision), "{:?}", decision.findings);
    });
    world::print("Secret UPDATE, renewed", &times);
    stolen(&snapshot, &ruleset, now);
}

/// A certificate that names another host than the Ingress that uses it.
fn stolen(snapshot: &Snapshot, ruleset: &Ruleset, now: jiff::Timestamp) {
    let replaced: Vec<Change> = (0..world::NAMESPACES)
        .map(|index| {
            let space = world::namespace(index);
            let mut other = certificate(&space, CERTIFICATES + 1, ENDS);
            other["metadata"]["name"] = format!("certificate-{}", index % CERTIFICATES).into();
            let object = world::decoded(&other);
            let before = snapshot.object(&object.key()).found();
            change(Operation::Update, before, object)
        })
        .collect();
    let times = world::sample(20_000, |index| {
        assert!(!decide(snapshot, &replaced[index % replaced.len()], ruleset, now).allow);
    });
    world::print("Secret UPDATE, for another host, refused", &times);
}

/// Whether nothing is found; that nobody has said where the controller runs is another matter.
fn is_encrypted(decision: &Decision) -> bool {
    decision.findings.iter().all(|(finding, _)| finding.rule.0 == "blocked-ingress-controller")
}

fn change(operation: Operation, before: Option<Object>, after: Object) -> Change {
    Change {
        operation,
        key: after.key(),
        before,
        after: Some(after),
        actor: None,
        doubted: BTreeMap::new(),
        confirmed: BTreeSet::new(),
    }
}

fn host(space: &str, number: usize) -> String {
    format!("shop-{number}.{space}.example.com")
}

fn ingress(space: &str, number: usize) -> Value {
    let host = host(space, number);
    let backend = json!({"service": {"name": "app-1", "port": {"name": "http"}}});
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": space},
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": [host], "secretName": format!("certificate-{number}")}],
            "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
        },
    })
}

fn certificate(space: &str, number: usize, ends: u8) -> Value {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new([host(space, number)]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2026, 11, 1);
    parameters.not_after = rcgen::date_time_ymd(2027, 1, ends);
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = parameters.self_signed(&key).unwrap();
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": format!("certificate-{number}"), "namespace": space},
        "stringData": {"tls.crt": certificate.pem(), "tls.key": key.serialize_pem()},
    })
}
