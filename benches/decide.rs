//! How long a decision takes: `cargo bench --bench decide`.
//!
//! For a Pod CREATE, for a policy DELETE that touches 50 Pods, and for one that touches 10,000.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a benchmark")]

mod world;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::collections::{BTreeMap, BTreeSet};

use ringwall::{
    decision::{Change, decide},
    model::{Kind, ObjectKey, Operation},
    ruleset::Ruleset,
    snapshot::Snapshot,
};

fn main() {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let ruleset = Ruleset::default();
    let snapshot = world::snapshot();
    let counts: Vec<String> = Kind::all().map(|kind| format!("{} {kind}", snapshot.count(kind))).collect();
    println!("world: {}", counts.join(", "));

    let pods: Vec<_> = (0..world::NAMESPACES)
        .map(|index| {
            let space = world::namespace(index);
            created(world::decoded(&world::pod(&space, "app-1", "app-1-5d4f8c7b9-fresh", Some("app-1-5d4f8c7b9"))))
        })
        .collect();
    let times = world::sample(50_000, |index| {
        let decision = decide(&snapshot, &pods[index % pods.len()], &ruleset, now);
        assert!(decision.allow && decision.findings.is_empty());
    });
    world::print("Pod CREATE, admitted", &times);

    let exposed: Vec<_> = (0..world::NAMESPACES)
        .map(|index| {
            let mut pod = world::pod(&world::namespace(index), "app-1", "web", None);
            pod["spec"]["hostNetwork"] = true.into();
            created(world::decoded(&pod))
        })
        .collect();
    let times = world::sample(20_000, |index| {
        assert!(!decide(&snapshot, &exposed[index % exposed.len()], &ruleset, now).allow);
    });
    world::print("Pod CREATE, refused", &times);

    let deletions: Vec<_> =
        (0..world::NAMESPACES).map(|index| deleted(&snapshot, &world::namespace(index), "default-deny")).collect();
    let times = world::sample(5_000, |index| {
        assert!(!decide(&snapshot, &deletions[index % deletions.len()], &ruleset, now).allow);
    });
    world::print("NetworkPolicy DELETE that touches 50 Pods", &times);

    let crowd = world::crowded();
    let deletion = deleted(&crowd, "crowd", "default-deny");
    let times = world::sample(200, |_| assert!(!decide(&crowd, &deletion, &ruleset, now).allow));
    world::print("NetworkPolicy DELETE that touches 10,000 Pods", &times);
}

fn created(object: ringwall::model::Object) -> Change {
    Change {
        operation: Operation::Create,
        key: object.key(),
        before: None,
        after: Some(object),
        actor: None,
        doubted: BTreeMap::new(),
        confirmed: BTreeSet::new(),
    }
}

fn deleted(snapshot: &Snapshot, space: &str, policy: &str) -> Change {
    let key = ObjectKey::namespaced(Kind::NetworkPolicy, space, policy);
    Change {
        operation: Operation::Delete,
        before: snapshot.object(&key).found(),
        key,
        after: None,
        actor: None,
        doubted: BTreeMap::new(),
        confirmed: BTreeSet::new(),
    }
}
