//! Certificates: judged in their Secrets, at those who use them, and in what asks for them, in whatever order they come.

use rcgen::ExtendedKeyUsagePurpose::ClientAuth;
use ringwall::{
    decision::{Actor, Change, Decision, decide},
    model::{Kind, ObjectKey},
    ruleset::{Profile, Ruleset},
    snapshot::{Blind, Edit, Need, Scope, Snapshot},
};
use serde_json::{Value, json};

use crate::{
    test_certificates::{Authority, Made, good, p_192, rsa_1024, secret, sha_1, wanted},
    world::*,
};

const HOST: &str = "shop.example.com";
const OTHER: &str = "pay.example.com";

fn baseline() -> Ruleset {
    enforcing(Profile::Baseline)
}

/// The namespace and the class, and these.
fn shop(objects: &[&Value]) -> Snapshot {
    let all: Vec<Value> =
        [namespace("shop", &[]), nginx()].into_iter().chain(objects.iter().copied().cloned()).collect();
    snapshot(&all)
}

/// The Ingress `shop/web` of a host, with the Secret `web-tls`.
fn web(host: &str) -> Value {
    ingress("shop", "web", &[host], &[host])
}

fn issued(mut ingress: Value) -> Value {
    ingress["metadata"]["annotations"] = json!({"cert-manager.io/cluster-issuer": "example"});
    ingress
}

fn certificate(spec: &Value) -> Value {
    let mut all = json!({"secretName": "web-tls", "issuerRef": {"name": "example"}});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({
        "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": all,
    })
}

fn unwatched(snapshot: &Snapshot) -> Snapshot {
    let scope = Scope { kind: Kind::Secret, namespace: None };
    snapshot.with([Edit::Cover(scope, Err(Blind::NotWatched(Kind::Secret)))]).0
}

fn get(name: &str) -> Need {
    Need::Get(ObjectKey::namespaced(Kind::Secret, "shop", name))
}

fn about(decision: &Decision) -> Vec<String> {
    let told = |(finding, outcome): &(ringwall::rules::Finding, ringwall::decision::Outcome)| {
        format!("{} {} {}", outcome.name(), finding.rule, finding.subject)
    };
    decision.findings.iter().map(told).collect()
}

/// Every fault that is in the Secret itself, with the rule that speaks of it and whether it refuses.
fn faulty() -> Vec<(&'static str, Value, &'static str, bool)> {
    let root = Authority::root("Shop Root");
    let under = |name: &str| Authority::under(&root, name);
    let long = |made: Made| made.secret("web-tls");
    let mut intermediate = Authority::wanted("Old Issuer");
    intermediate = intermediate.valid((2020, 1, 1), (2026, 1, 1));
    let old = Authority::of(&root, intermediate);
    let above = wanted(&[HOST]).by(&old);
    let swapped = {
        let issuer = under("Issuer");
        let leaf = wanted(&[HOST]).by(&issuer);
        secret("web-tls", &format!("{}{}", issuer.certificate, leaf.certificate), &leaf.key)
    };
    vec![
        ("expired", long(wanted(&[HOST]).valid((2026, 1, 1), (2026, 3, 1)).self_signed()), "expired-certificate", true),
        ("not yet", long(wanted(&[HOST]).valid((2027, 1, 1), (2027, 3, 1)).self_signed()), "expired-certificate", true),
        ("above", secret("web-tls", &above.with(&[&old]), &above.key), "expired-certificate", true),
        ("wrong key", secret("web-tls", &good(&[HOST]).certificate, &good(&[HOST]).key), "mismatched-key", true),
        ("empty", secret("web-tls", "", ""), "mismatched-key", true),
        ("garbage", secret("web-tls", "-----BEGIN CERTIFICATE-----\n!!\n", &good(&[HOST]).key), "mismatched-key", true),
        ("leaf last", swapped, "mismatched-key", true),
        ("RSA 1024", long(rsa_1024(&[HOST])), "weak-certificate", true),
        ("P-192", long(p_192(&[HOST])), "weak-certificate", true),
        ("SHA-1", long(sha_1(&[HOST])), "weak-certificate", true),
        (
            "soon",
            long(wanted(&[HOST]).valid((2026, 9, 1), (2026, 11, 30)).self_signed()),
            "expiring-certificate",
            false,
        ),
        (
            "ten years",
            long(wanted(&[HOST]).valid((2026, 1, 1), (2036, 1, 1)).self_signed()),
            "long-lived-certificate",
            false,
        ),
        ("no issuer", long(wanted(&[HOST]).by(&under("Issuer"))), "incomplete-chain", false),
    ]
}

#[test]
fn a_secret_speaks_of_what_is_wrong_in_it_whoever_uses_it() {
    let fine = good(&[HOST]).secret("web-tls");
    let decision = create(&shop(&[]), &fine, &baseline());
    assert!(decision.allow && decision.findings.is_empty(), "{}", lines(&decision));
    for (name, secret, rule, refuses) in faulty() {
        for world in [shop(&[]), shop(&[&web(HOST)]), unwatched(&shop(&[&web(HOST)]))] {
            let decision = create(&world, &secret, &baseline());
            let found = if refuses { refusals(&decision) } else { warnings(&decision) };
            assert!(found.contains(&rule), "{name}: {}", lines(&decision));
            assert_eq!(decision.allow, !refuses, "{name}: {}", lines(&decision));
            let of_the_rule = decision.findings.iter().filter(|(finding, _)| finding.rule.0 == rule).count();
            assert_eq!(of_the_rule, 1, "{name}, once: {}", lines(&decision));
        }
    }
}

#[test]
fn an_ingress_hears_of_the_secret_that_it_is_to_use() {
    for (name, secret, rule, refuses) in faulty() {
        let decision = create(&shop(&[&secret]), &web(HOST), &baseline());
        let found = if refuses { refusals(&decision) } else { warnings(&decision) };
        assert!(found.contains(&rule), "{name}: {}", lines(&decision));
        assert_eq!(decision.allow, !refuses, "{name}: {}", lines(&decision));
        // What cert-manager makes anew holds nobody up.
        let decision = create(&shop(&[&secret]), &issued(web(HOST)), &baseline());
        assert!(decision.allow, "{name}: {}", lines(&decision));
    }
}

#[test]
fn what_no_server_may_be_is_told_where_it_serves() {
    let authority =
        wanted(&[HOST]).called("Shop Issuer").authority().by(&Authority::root("Shop Root")).secret("web-tls");
    let clients = wanted(&[HOST]).usages(&[ClientAuth]).self_signed().secret("web-tls");
    for secret in [authority, clients] {
        let alone = create(&shop(&[]), &secret, &baseline());
        assert!(alone.allow && refusals(&alone).is_empty(), "{}", lines(&alone));
        for decision in
            [create(&shop(&[&web(HOST)]), &secret, &baseline()), create(&shop(&[&secret]), &web(HOST), &baseline())]
        {
            assert_eq!(refusals(&decision), ["weak-certificate"], "{}", lines(&decision));
            assert_eq!(decision.findings[0].0.subject.to_string(), "Ingress shop/web");
        }
    }
}

#[test]
fn ingress_and_secret_of_different_hosts_never_come_together_whichever_is_last() {
    let other = good(&[OTHER]).secret("web-tls");
    for watched in [true, false] {
        let see = |snapshot: Snapshot| if watched { snapshot } else { unwatched(&snapshot) };
        let last = create(&see(shop(&[&web(HOST)])), &other, &baseline());
        assert_eq!(about(&last)[0], "refuse uncovered-name Ingress shop/web", "{}", lines(&last));
        let last = create(&see(shop(&[&other])), &web(HOST), &baseline());
        assert_eq!(about(&last), ["refuse uncovered-name Ingress shop/web"], "{}", lines(&last));
        let (fine, wild) = (good(&[HOST]).secret("web-tls"), good(&["*.example.com"]).secret("web-tls"));
        for fitting in [fine, wild] {
            assert!(create(&see(shop(&[&web(HOST)])), &fitting, &baseline()).findings.is_empty());
            assert!(create(&see(shop(&[&fitting])), &web(HOST), &baseline()).findings.is_empty());
        }
    }
    let deep = good(&["*.example.com"]).secret("web-tls");
    let decision = create(&shop(&[&deep]), &web("a.shop.example.com"), &baseline());
    assert_eq!(refusals(&decision), ["uncovered-name"]);
}

#[test]
fn a_common_name_covers_nothing() {
    let named = wanted(&[]).called(HOST).self_signed().secret("web-tls");
    let decision = create(&shop(&[&named]), &web(HOST), &baseline());
    assert_eq!(refusals(&decision), ["uncovered-name"]);
    assert!(lines(&decision).contains("its common name shop.example.com does not count"), "{}", lines(&decision));
}

#[test]
fn a_secret_is_not_replaced_by_one_for_another_host() {
    let (fine, other) = (good(&[HOST]).secret("web-tls"), good(&[OTHER]).secret("web-tls"));
    for world in [shop(&[&web(HOST), &fine]), unwatched(&shop(&[&web(HOST), &fine]))] {
        let decision = update(&world, &fine, &other, &baseline());
        assert_eq!(about(&decision), ["refuse uncovered-name Ingress shop/web"], "{}", lines(&decision));
        assert!(lines(&decision).contains("(it uses the Secret that is changed)"), "{}", lines(&decision));
        assert!(!decision.needs.contains(&get("web-tls")), "the request itself brings it");
        assert!(update(&world, &fine, &good(&[HOST, OTHER]).secret("web-tls"), &baseline()).findings.is_empty());
    }
    // One host for another is no less than before.
    let both = ingress("shop", "web", &[HOST, OTHER], &[HOST, OTHER]);
    let decision = update(&shop(&[&both, &fine]), &fine, &other, &baseline());
    assert_eq!(refusals(&decision), ["uncovered-name"], "{}", lines(&decision));
}

#[test]
fn a_change_that_improves_a_bad_secret_is_not_held_up() {
    let worst = wanted(&[OTHER]).valid((2026, 1, 1), (2026, 3, 1)).self_signed().secret("web-tls");
    let better = good(&[OTHER]).secret("web-tls");
    let decision = update(&shop(&[&web(HOST), &worst]), &worst, &better, &baseline());
    assert!(decision.allow, "{}", lines(&decision));
    assert_eq!(refusals(&update(&shop(&[&web(HOST), &better]), &better, &worst, &baseline())), ["expired-certificate"]);
}

#[test]
fn an_ingress_before_its_secret_is_warned_and_fine_when_it_comes() {
    let decision = create(&shop(&[]), &web(HOST), &baseline());
    assert!(decision.allow);
    assert_eq!(warnings(&decision), ["missing-certificate"]);
    assert!(decision.needs.contains(&get("web-tls")), "it may have come a moment ago: {:?}", decision.needs);
    let decision = create(&shop(&[&web(HOST)]), &good(&[HOST]).secret("web-tls"), &baseline());
    assert!(decision.findings.is_empty(), "{}", lines(&decision));
}

#[test]
fn what_will_be_made_is_not_missing() {
    let wanted = certificate(&json!({"dnsNames": [HOST]}));
    let external = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "web-tls", "namespace": "shop"}, "spec": {},
    });
    for decision in [
        create(&shop(&[]), &issued(web(HOST)), &baseline()),
        create(&shop(&[&wanted]), &web(HOST), &baseline()),
        create(&shop(&[&external]), &web(HOST), &baseline()),
    ] {
        assert!(decision.findings.is_empty(), "{}", lines(&decision));
        assert!(!decision.needs.contains(&get("web-tls")), "{:?}", decision.needs);
    }
    // Another namespace's makes nothing here.
    let mut elsewhere = wanted;
    elsewhere["metadata"]["namespace"] = json!("elsewhere");
    assert_eq!(warnings(&create(&shop(&[&elsewhere]), &web(HOST), &baseline())), ["missing-certificate"]);
}

#[test]
fn a_secret_of_another_type_is_told_of() {
    let mut opaque = good(&[HOST]).secret("web-tls");
    opaque["type"] = json!("Opaque");
    let decision = create(&shop(&[&opaque]), &web(HOST), &baseline());
    assert_eq!(warnings(&decision), ["missing-certificate"]);
    assert!(lines(&decision).contains("of type Opaque"), "{}", lines(&decision));
}

fn by(user: &str, change: Change) -> Change {
    Change { actor: Some(Actor { user: user.into(), groups: Vec::new() }), ..change }
}

#[test]
fn a_secret_in_use_is_not_deleted_by_anybody() {
    let fine = good(&[HOST]).secret("web-tls");
    for world in [shop(&[&web(HOST), &fine]), unwatched(&shop(&[&web(HOST), &fine]))] {
        for user in ["alice", "system:serviceaccount:kube-system:generic-garbage-collector"] {
            let decision = decide(&world, &by(user, change(Some(&fine), None)), &baseline(), now());
            assert_eq!(about(&decision), ["refuse missing-certificate Ingress shop/web"], "{}", lines(&decision));
            let user = Need::Get(ObjectKey::namespaced(Kind::Ingress, "shop", "web"));
            assert!(decision.needs.contains(&user), "it may be gone by now: {:?}", decision.needs);
        }
    }
    assert!(delete(&shop(&[&fine]), &fine, &baseline()).allow);
    // What cert-manager makes again, one deletes to have it made again.
    assert!(delete(&shop(&[&issued(web(HOST)), &fine]), &fine, &baseline()).allow);
}

#[test]
fn without_a_watch_the_one_secret_is_read_and_never_a_list() {
    let world = unwatched(&shop(&[]));
    let mut request = change(None, Some(&web(HOST)));
    let decision = decide(&world, &request, &baseline(), now());
    assert!(decision.allow && decision.needs.contains(&get("web-tls")), "{:?}", decision.needs);
    let read = |found: Vec<&Value>| {
        let objects = found.into_iter().map(object).collect();
        world.with([Edit::Replace { scope: get("web-tls"), objects }]).0
    };
    request.confirmed.insert(get("web-tls"));
    let ask = |world: &Snapshot| decide(world, &request, &baseline(), now());
    assert_eq!(refusals(&ask(&read(vec![&good(&[OTHER]).secret("web-tls")]))), ["uncovered-name"]);
    assert!(ask(&read(vec![&good(&[HOST]).secret("web-tls")])).findings.is_empty());
    let absent = ask(&read(Vec::new()));
    assert!(lines(&absent).contains("what is missing may still come"), "{}", lines(&absent));
    let unread = ask(&world);
    assert!(unread.allow && lines(&unread).contains("cannot prove"), "{}", lines(&unread));

    let mut many = web(HOST);
    let entry = |number: usize| json!({"hosts": [HOST], "secretName": format!("tls-{number}")});
    many["spec"]["tls"] = (0..100).map(entry).collect();
    let decision = create(&world, &many, &baseline());
    let secrets: Vec<_> = decision.needs.iter().filter(|need| need.kind() == Kind::Secret).collect();
    assert!(!secrets.is_empty() && secrets.len() <= 16, "{secrets:?}");
    assert!(secrets.iter().all(|need| matches!(need, Need::Get(_))), "{secrets:?}");
}

#[test]
fn a_certificate_is_judged_by_what_it_asks_for() {
    for (spec, refused, warned) in [
        (json!({"dnsNames": [HOST]}), vec![], vec![]),
        (json!({"dnsNames": ["*.example.com"]}), vec![], vec![]),
        (json!({"dnsNames": [OTHER]}), vec!["uncovered-name"], vec![]),
        (json!({"commonName": HOST}), vec!["uncovered-name"], vec![]),
        (json!({"dnsNames": [HOST], "isCA": true}), vec!["weak-certificate"], vec![]),
        (json!({"dnsNames": [HOST], "usages": ["client auth"]}), vec!["weak-certificate"], vec![]),
        (json!({"dnsNames": [HOST], "usages": ["client auth", "server auth"]}), vec![], vec![]),
        (json!({"dnsNames": [HOST], "privateKey": {"size": 1024}}), vec!["weak-certificate"], vec![]),
        (json!({"dnsNames": [HOST], "duration": "87600h"}), vec![], vec!["long-lived-certificate"]),
        (
            json!({"dnsNames": [HOST], "privateKey": {"rotationPolicy": "Never"}}),
            vec![],
            vec!["long-lived-certificate"],
        ),
        (json!({"dnsNames": [HOST], "duration": "2h", "renewBefore": "2h"}), vec![], vec!["expiring-certificate"]),
    ] {
        let asked = certificate(&spec);
        for decision in
            [create(&shop(&[&web(HOST)]), &asked, &baseline()), create(&shop(&[]), &asked, &baseline())].iter().take(1)
        {
            assert_eq!(refusals(decision), refused, "{spec}: {}", lines(decision));
            assert_eq!(warnings(decision), warned, "{spec}: {}", lines(decision));
        }
        // And the other way round; what is in the Certificate alone, its own request has told.
        let decision = create(&shop(&[&asked]), &web(HOST), &baseline());
        let of_the_use = spec.get("privateKey").is_none();
        assert_eq!(refusals(&decision).is_empty(), refused.is_empty() || !of_the_use, "{spec}: {}", lines(&decision));
    }
}

#[test]
fn a_host_that_cert_manager_will_add_is_not_refused() {
    let there = good(&[HOST]).secret("web-tls");
    let more = ingress("shop", "web", &[HOST, OTHER], &[HOST, OTHER]);
    let asked = certificate(&json!({"dnsNames": [HOST, OTHER]}));
    let by_hand = update(&shop(&[&web(HOST), &there]), &web(HOST), &more, &baseline());
    assert_eq!(refusals(&by_hand), ["uncovered-name"]);
    for (world, before, after) in [
        (shop(&[&issued(web(HOST)), &there]), issued(web(HOST)), issued(more.clone())),
        (shop(&[&web(HOST), &there, &asked]), web(HOST), more.clone()),
    ] {
        let decision = update(&world, &before, &after, &baseline());
        assert!(decision.allow, "{}", lines(&decision));
        assert_eq!(warnings(&decision), ["uncovered-name"]);
    }
    // But nobody may put one for another host into its place by hand.
    let decision = update(&shop(&[&issued(web(HOST)), &there]), &there, &good(&[OTHER]).secret("web-tls"), &baseline());
    assert_eq!(refusals(&decision), ["uncovered-name"]);
}

/// The Ingress by which cert-manager answers a challenge.
fn solver() -> Value {
    let backend = json!({"service": {"name": "cm-acme-http-solver-x", "port": {"number": 8089}}});
    let path = json!({"path": "/.well-known/acme-challenge/token", "pathType": "Exact", "backend": backend});
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {
            "generateName": "cm-acme-http-solver-", "namespace": "shop",
            "labels": {
                "acme.cert-manager.io/http01-solver": "true",
                "acme.cert-manager.io/http-domain": "1", "acme.cert-manager.io/http-token": "2",
            },
            "ownerReferences": [
                {"apiVersion": "acme.cert-manager.io/v1", "kind": "Challenge", "name": "c", "uid": "u", "controller": true},
            ],
        },
        "spec": {"ingressClassName": "nginx", "rules": [{"host": HOST, "http": {"paths": [path]}}]},
    })
}

#[test]
fn a_solver_is_one_only_where_cert_manager_asks_for_it() {
    const USER: &str = "system:serviceaccount:cert-manager:cert-manager";
    let ask = |user: &str, before: Option<&Value>, after: &Value, ruleset: &Ruleset| {
        let world = shop(&before.into_iter().collect::<Vec<_>>());
        decide(&world, &by(user, change(before, Some(after))), ruleset, now())
    };
    assert!(ask(USER, None, &solver(), &baseline()).findings.is_empty());
    let forged = ask("alice", None, &solver(), &baseline());
    assert_eq!(refusals(&forged), ["plaintext-ingress"]);
    assert!(lines(&forged).contains("plaintext"), "{}", lines(&forged));
    let mut elsewhere = baseline();
    elsewhere.environment.cert_manager = Some("system:serviceaccount:certs:issuer".into());
    assert!(ask("system:serviceaccount:certs:issuer", None, &solver(), &elsewhere).allow);
    assert!(!ask(USER, None, &solver(), &elsewhere).allow);

    // One that is there may be annotated by others, and not led elsewhere.
    let mut there = solver();
    there["metadata"]["name"] = json!("cm-acme-http-solver-abcde");
    let mut annotated = there.clone();
    annotated["metadata"]["annotations"] = json!({"example.com/seen": "yes"});
    assert!(ask("alice", Some(&there), &annotated, &baseline()).allow);
    let mut led = there.clone();
    led["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] = json!("mine");
    assert!(!ask("alice", Some(&there), &led, &baseline()).allow);
    assert!(ask(USER, Some(&there), &led, &baseline()).allow);
}
