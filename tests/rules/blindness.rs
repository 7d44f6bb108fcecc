//! What is said when policies are out of sight.

use ringwall::{
    model::{Kind, ObjectKey},
    snapshot::{Blind, Coverage, Edit, Need, Scope, Snapshot},
};

use crate::world::{Court, WEB, policy, snapshot};

fn blind(snapshot: &Snapshot, why: Blind) -> Court {
    let scope = Scope { kind: Kind::NetworkPolicy, namespace: None };
    Court::of(snapshot.with([Edit::Cover(scope, Err(why))]).0)
}

fn undecodable(snapshot: &Snapshot) -> (Court, Blind) {
    let key = ObjectKey::namespaced(Kind::NetworkPolicy, "shop", "strange");
    (Court::of(snapshot.with([Edit::Obscure(key.clone())]).0), Blind::Undecodable(key))
}

fn certainty(court: &Court, rule: &str) -> Vec<Coverage> {
    court.of_rule(rule).into_iter().map(|breach| breach.certain).collect()
}

#[test]
fn a_policy_that_was_not_seen_may_isolate() {
    let world = snapshot(WEB);
    let forbidden = Blind::Forbidden(Kind::NetworkPolicy);
    assert_eq!(certainty(&blind(&world, forbidden.clone()), "unisolated-ingress"), [Err(forbidden)]);
    let (court, why) = undecodable(&world);
    assert_eq!(certainty(&court, "unisolated-ingress"), [Err(why.clone())]);
    assert!(certainty(&court, "no-default-deny").iter().all(|certain| *certain == Err(why.clone())));
}

#[test]
fn a_policy_that_was_seen_may_be_gone_when_the_watch_is_broken() {
    let world = snapshot(&format!("{WEB}{}", policy("web", "policyTypes: [Ingress], ingress: []")));
    let stale = Blind::Stale(Kind::NetworkPolicy);
    assert_eq!(certainty(&blind(&world, stale.clone()), "unisolated-ingress"), [Err(stale)]);
    // One that cannot be decoded takes nothing from the others.
    assert!(certainty(&undecodable(&world).0, "unisolated-ingress").is_empty());
}

#[test]
fn what_a_known_policy_admits_is_admitted_whatever_else_there_is() {
    let world = snapshot(&format!("{WEB}{}", policy("web", "policyTypes: [Ingress], ingress: [{}]")));
    assert_eq!(certainty(&undecodable(&world).0, "open-ingress"), [Ok(())]);
    let stale = Blind::Stale(Kind::NetworkPolicy);
    assert_eq!(certainty(&blind(&world, stale.clone()), "open-ingress"), [Err(stale)]);
}

#[test]
fn a_breach_says_which_reads_confirm_it() {
    let court = Court::of(snapshot(WEB));
    let breach = court.of_rule("unisolated-ingress").remove(0);
    let needs = ringwall::rules::rule("unisolated-ingress").unwrap().rests_on(&court.context(), &breach);
    let namespace = Some("shop".into());
    assert!(needs.contains(&Need::List(Kind::NetworkPolicy, namespace.clone())), "{needs:?}");
    assert!(needs.contains(&Need::Get(ObjectKey::cluster(Kind::Namespace, "shop"))), "{needs:?}");
    assert!(needs.contains(&Need::List(Kind::Pod, namespace)), "a class may have ended meanwhile: {needs:?}");
}
