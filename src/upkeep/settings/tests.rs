use serde_json::{Value, json};

use super::*;
use crate::{
    model::decode,
    ruleset::Profile,
    snapshot::{Blind, Edit, Need, Scope},
};

fn put(kind: Kind, name: &str, generation: i64, spec: &Value) -> Edit {
    let value = json!({"metadata": {"name": name, "generation": generation}, "spec": spec});
    Edit::Put(decode::value(kind, &value).unwrap())
}

fn enforce(generation: i64, profile: &str) -> Edit {
    put(Kind::Ruleset, IN_FORCE, generation, &json!({"defaults": {"enforce": profile}}))
}

fn exempt(name: &str, rule: &str) -> Edit {
    put(Kind::Exemption, name, 1, &json!({"rules": [rule], "reason": "r", "owner": "o"}))
}

/// A cluster in which the settings have been seen whole, and there are none.
fn empty() -> Snapshot {
    let whole = [Kind::Ruleset, Kind::Exemption]
        .map(|kind| Edit::Replace { scope: Need::List(kind, None), objects: Vec::new() });
    Snapshot::new().with(whole).0
}

fn remove(kind: Kind, name: &str) -> Edit {
    Edit::Remove(ObjectKey::cluster(kind, name))
}

struct World {
    settings: Settings,
    snapshot: Snapshot,
    start: Instant,
}

impl World {
    fn new() -> Self {
        let settings = Settings::new(Some("ringwall".into()), Arc::new(Metrics::new()));
        Self { settings, snapshot: empty(), start: Instant::now() }
    }

    fn then(&mut self, edits: impl IntoIterator<Item = Edit>) {
        self.snapshot = self.snapshot.with(edits).0;
        self.at(0);
    }

    /// Looks, so many seconds after the start.
    fn at(&self, seconds: u64) -> Vec<ObjectKey> {
        self.settings.look(&self.snapshot, self.start + Duration::from_secs(seconds))
    }

    fn enforced(&self) -> Profile {
        self.settings.in_force().load().defaults.enforce
    }

    fn exemptions(&self) -> Vec<String> {
        self.settings.in_force().load().exemptions.iter().map(|exemption| exemption.name.to_string()).collect()
    }

    fn metric(&self, series: &str) -> String {
        let text = self.settings.metrics.encode();
        let line = text.lines().find(|line| line.starts_with(series));
        line.unwrap_or_else(|| panic!("no {series} in {text}")).to_owned()
    }
}

#[test]
fn what_is_built_in_holds_until_something_is_said() {
    let mut world = World::new();
    assert_eq!(world.enforced(), Profile::Privileged);
    assert_eq!(world.settings.in_force().load().environment.own_namespace.as_deref(), Some("ringwall"));
    world.then([enforce(1, "baseline"), put(Kind::Ruleset, "next", 1, &json!({"floor": "restricted"}))]);
    assert_eq!(world.enforced(), Profile::Baseline);
    assert_eq!(world.settings.in_force().load().floor, Profile::Privileged, "only the one named default counts");
    assert_eq!(world.settings.in_force().load().environment.own_namespace.as_deref(), Some("ringwall"));
}

#[test]
fn what_does_not_parse_never_replaces_what_works() {
    let mut world = World::new();
    world.then([enforce(1, "baseline")]);
    world.then([enforce(2, "basline")]);
    assert_eq!(world.enforced(), Profile::Baseline);
    assert_eq!(world.metric("ringwall_ruleset_generation"), "ringwall_ruleset_generation 1");
    assert_eq!(
        world.metric("ringwall_ruleset_reloads_total{result=\"error\"}"),
        "ringwall_ruleset_reloads_total{result=\"error\"} 1"
    );
    world.at(1);
    assert_eq!(
        world.metric("ringwall_ruleset_reloads_total{result=\"error\"}"),
        "ringwall_ruleset_reloads_total{result=\"error\"} 1",
        "told once"
    );
    world.then([enforce(3, "restricted")]);
    assert_eq!(world.enforced(), Profile::Restricted);
}

#[test]
fn where_nothing_else_was_in_force_what_can_be_read_is() {
    let mut world = World::new();
    let exemption = json!({"name": "a", "rules": ["gone-rule"], "reason": "r", "owner": "o"});
    let spec = json!({"defaults": {"enforce": "baseline"}, "exemptions": [exemption]});
    world.then([put(Kind::Ruleset, IN_FORCE, 1, &spec)]);
    assert_eq!(world.enforced(), Profile::Baseline, "a rule that was renamed must not switch enforcement off");
    assert!(world.exemptions().is_empty());
}

#[test]
fn what_can_be_read_of_a_ruleset_gives_way_to_the_next_and_a_whole_one_does_not() {
    let mut world = World::new();
    let mistaken = |generation, profile: &str, floor: &str| {
        let spec = json!({"defaults": {"enforce": profile}, "floor": floor});
        put(Kind::Ruleset, IN_FORCE, generation, &spec)
    };
    world.then([mistaken(1, "privileged", "baselin")]);
    world.then([mistaken(2, "baseline", "baselin")]);
    assert_eq!(world.enforced(), Profile::Baseline, "as a replica that starts now decides");
    assert_eq!(world.metric("ringwall_ruleset_generation"), "ringwall_ruleset_generation 2");
    world.then([mistaken(3, "restricted", "baseline")]);
    world.then([mistaken(4, "privileged", "baselin")]);
    assert_eq!(world.enforced(), Profile::Restricted);
}

#[test]
fn beside_a_file_a_ruleset_with_mistakes_is_said_to_be_out_of_use() {
    for has_whole in [true, false] {
        assert!(of_mistakes(true, has_whole).contains("is not used, for the file"));
    }
    assert!(of_mistakes(false, true).contains("the old one stays"));
    assert!(of_mistakes(false, false).contains("is in force"));
}

#[test]
fn a_wrong_exemption_is_left_out_and_the_others_count() {
    let mut world = World::new();
    world.then([exempt("good", "unisolated-ingress"), exempt("wrong", "unisolated-ingres")]);
    assert_eq!(world.exemptions(), ["good"]);
    assert_eq!(world.metric("ringwall_exemptions "), "ringwall_exemptions 1");
    world.then([exempt("wrong", "open-ingress")]);
    assert_eq!(world.exemptions(), ["good", "wrong"]);
}

#[test]
fn a_file_goes_before_the_clusters_ruleset_and_exemptions_of_both_count() {
    let mut world = World::new();
    world.then([enforce(1, "restricted"), exempt("same", "open-ingress")]);
    let (_, exemption) = world.settings.lock().exemptions.values().next().cloned().unwrap();
    world.settings.set_file(Ruleset { exemptions: exemption.into_iter().collect(), ..Ruleset::default() });
    assert_eq!(world.enforced(), Profile::Privileged);
    assert_eq!(world.exemptions(), ["same", "same"]);
    world.then([enforce(2, "baseline")]);
    assert_eq!(world.enforced(), Profile::Privileged);
}

#[test]
fn what_is_gone_stays_in_force_until_a_read_confirms_it() {
    let mut world = World::new();
    world.then([enforce(1, "baseline"), exempt("a", "open-ingress")]);
    world.then([remove(Kind::Ruleset, IN_FORCE), remove(Kind::Exemption, "a")]);
    assert!(world.at(2).is_empty(), "a moment is given");
    let gone = world.at(3);
    assert_eq!(gone.len(), 2);
    assert_eq!((world.enforced(), world.exemptions().len()), (Profile::Baseline, 1));
    for key in &gone {
        world.settings.forget(key);
    }
    assert_eq!((world.enforced(), world.exemptions().len()), (Profile::Privileged, 0));
    world.then([enforce(2, "baseline")]);
    assert_eq!(world.enforced(), Profile::Baseline, "it may come again");
}

#[test]
fn what_comes_back_in_time_was_never_gone() {
    let mut world = World::new();
    world.then([enforce(1, "baseline")]);
    world.then([remove(Kind::Ruleset, IN_FORCE)]);
    let gone = world.at(3);
    world.then([enforce(2, "restricted")]);
    for key in &gone {
        world.settings.forget(key);
    }
    assert_eq!(world.enforced(), Profile::Restricted);
}

#[test]
fn a_kind_that_is_out_of_sight_leaves_in_force_what_was() {
    for blind in [Blind::NotServed, Blind::Forbidden, Blind::Stale, Blind::NotWatched] {
        let mut world = World::new();
        world.then([enforce(1, "baseline"), exempt("a", "open-ingress")]);
        for kind in [Kind::Ruleset, Kind::Exemption] {
            let nothing = Edit::Replace { scope: Need::List(kind, None), objects: Vec::new() };
            world.then([nothing, Edit::Cover(Scope { kind, namespace: None }, Err(blind(kind)))]);
        }
        assert!(world.at(600).is_empty());
        assert_eq!((world.enforced(), world.exemptions().len()), (Profile::Baseline, 1));
    }
}

#[test]
fn replicas_that_decide_by_the_same_show_the_same_fingerprint() {
    let print = |edits: Vec<Edit>| {
        let mut world = World::new();
        world.then(edits);
        world.metric("ringwall_ruleset_info")
    };
    let one = print(vec![enforce(1, "baseline"), exempt("a", "open-ingress"), exempt("b", "open-egress")]);
    let other = print(vec![exempt("b", "open-egress"), exempt("a", "open-ingress"), enforce(1, "baseline")]);
    assert_eq!(one, other);
    assert_ne!(one, print(vec![enforce(1, "baseline"), exempt("a", "open-ingress")]));
}

#[test]
fn a_replica_waits_for_kinds_that_may_be_there() {
    let waits = |status| awaited(Kind::Exemption, &status);
    assert_eq!(waits(WatchStatus::Syncing(None)).as_deref(), Some("exemptions have not been read yet"));
    let failing = WatchStatus::Syncing(Some("connection refused".to_owned()));
    assert!(waits(failing).unwrap().ends_with("connection refused"));
    for known in [WatchStatus::Synced, WatchStatus::NotServed, WatchStatus::Forbidden] {
        assert_eq!(waits(known), None);
    }
}
