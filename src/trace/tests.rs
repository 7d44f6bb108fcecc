use serde_json::{Value, json};

use super::*;
use crate::{
    model::{Kind, decode},
    network::{Controllers, Enforcement, PluginName},
    snapshot::{Blind, Edit, Scope},
};

fn pod(name: &str, labels: &Value) -> Edit {
    let value = json!({
        "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "spec": {"containers": [{"name": "a", "ports": [{"name": "http", "containerPort": 8080}]}]},
    });
    put(Kind::Pod, &value)
}

fn put(kind: Kind, value: &Value) -> Edit {
    Edit::Put(decode::value(kind, value).unwrap())
}

fn deny_ingress() -> Edit {
    let spec = json!({"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]});
    put(Kind::NetworkPolicy, &json!({"metadata": {"name": "deny", "namespace": "shop"}, "spec": spec}))
}

fn admin(name: &str, priority: u16, rules: &Value) -> Edit {
    let spec = json!({
        "tier": "Admin", "priority": priority, "subject": {"namespaces": {}}, "ingress": rules,
    });
    put(Kind::ClusterNetworkPolicy, &json!({"metadata": {"name": name}, "spec": spec}))
}

fn world(more: impl IntoIterator<Item = Edit>) -> Snapshot {
    let whole = Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Ok(()));
    let pods = [pod("front", &json!({"app": "front"})), pod("db", &json!({"app": "db"}))];
    Snapshot::new().with([whole].into_iter().chain(pods).chain(more)).0
}

fn follow(snapshot: &Snapshot, plugin: &Plugin, target: &str) -> Trace {
    let (source, target): (Who, Target) = ("shop/front".parse().unwrap(), target.parse().unwrap());
    let namespace = Name::from("default");
    let question = Question {
        source: &source,
        target: &target,
        namespace: &namespace,
        controllers: &Controllers::default(),
        surroundings: None,
        now: Timestamp::UNIX_EPOCH,
    };
    trace(snapshot, plugin, question).unwrap()
}

fn ingress(trace: &Trace) -> &Side {
    match trace.paths[0].hops.last() {
        Some(Hop::Side(side)) => side,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plugin_that_enforces_nothing_allows_everything_and_one_that_always_does_denies_whom_nothing_selects() {
    let none = follow(&world([deny_ingress()]), &Plugin::of(PluginName::None), "shop/db:8080");
    assert_eq!((none.verdict, &ingress(&none).ground), (Verdict::Allowed, &Ground::NotEnforced));
    assert_eq!(ingress(&none).unenforced.len(), 1);
    let always = Plugin { enforcement: Enforcement::Always, ..Plugin::of(PluginName::Cilium) };
    let denied = follow(&world([]), &always, "shop/db:8080");
    assert_eq!((denied.verdict, &ingress(&denied).ground), (Verdict::Denied, &Ground::IsolatedByPlugin));
    assert!(denied.paths[0].changes.iter().all(|change| matches!(change, Change::Add(_))), "{denied:#?}");
}

#[test]
fn what_an_admin_denies_is_to_be_changed_there() {
    let everybody = json!([{"namespaces": {}}]);
    let denies = admin("deny", 1, &json!([{"action": "Deny", "from": everybody}]));
    let found = follow(&world([denies]), &Plugin::of(PluginName::Reference), "shop/db:8080");
    let [Change::Rule(place)] = found.paths[0].changes.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place.object.to_string(), "ClusterNetworkPolicy deny");
    assert!(place.path.as_str().starts_with("spec.ingress[0]"), "{place:?}");
}

#[test]
fn tiers_are_told_in_their_order_with_what_came_of_each() {
    let everybody = json!([{"namespaces": {}}]);
    let outcomes = |edits: Vec<Edit>| {
        let found = follow(&world(edits), &Plugin::of(PluginName::Reference), "shop/db:8080");
        let outcomes: Vec<TierOutcome> = ingress(&found).tiers.iter().map(|tier| tier.outcome).collect();
        (found.verdict, outcomes)
    };
    let rule = |action: &str| json!([{"action": action, "from": everybody}]);
    let accepts = outcomes(vec![admin("a", 1, &rule("Accept")), deny_ingress()]);
    assert_eq!(accepts, (Verdict::Allowed, vec![TierOutcome::Accepts, TierOutcome::NotAsked]));
    let passes = outcomes(vec![admin("a", 1, &rule("Pass")), admin("b", 2, &rule("Accept")), deny_ingress()]);
    assert_eq!(passes, (Verdict::Denied, vec![TierOutcome::Passes, TierOutcome::Isolates]));
    let silent = outcomes(vec![admin(
        "a",
        1,
        &json!([{"action": "Deny", "from": [{"namespaces": {"matchLabels": {"a": "b"}}}]}]),
    )]);
    assert_eq!(silent, (Verdict::Allowed, vec![TierOutcome::Silent]));
}

#[test]
fn policies_that_have_not_been_seen_make_a_verdict_unknown() {
    let unseen =
        Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Err(Blind::Stale(Kind::NetworkPolicy)));
    let found = follow(&world([unseen]), &Plugin::default(), "shop/db:8080");
    assert_eq!(found.verdict, Verdict::Unknown);
    assert!(matches!(ingress(&found).ground, Ground::Unseen(_)));
}

#[test]
fn a_service_is_found_by_its_address_and_a_headless_one_translates_nothing() {
    let service =
        |spec: Value| put(Kind::Service, &json!({"metadata": {"name": "db", "namespace": "shop"}, "spec": spec}));
    let port = |target: &str, spec: Value| follow(&world([service(spec)]), &Plugin::default(), target).paths[0].port;
    let ports = json!([{"port": 80, "targetPort": "http"}]);
    let plain =
        json!({"selector": {"app": "db"}, "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ports": ports});
    for target in ["svc/db:80", "svc/shop/db:80", "10.96.0.7:80"] {
        assert_eq!(port(target, plain.clone()), Some((Protocol::Tcp, 8080)), "{target}");
    }
    let headless = json!({"selector": {"app": "db"}, "clusterIP": "None", "ports": ports});
    assert_eq!(port("svc/db:80", headless.clone()), Some((Protocol::Tcp, 80)));
    assert_eq!(port("svc/db:8080", headless), Some((Protocol::Tcp, 8080)));
}
