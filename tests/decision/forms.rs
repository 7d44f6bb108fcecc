//! Calico's objects in two forms, the stored and the served one: a change of one is a change of both.

use ringwall::{
    decision::{decide, worsened},
    model::Kind,
    network::{Plugin, PluginName},
    ruleset::{Profile, Ruleset},
    snapshot::{Edit, Need, Snapshot},
};
use serde_json::{Value, json};

use crate::world::*;

const SERVED: &str = "projectcalico.org/v3";
const STORED: &str = "crd.projectcalico.org/v1";

fn calico() -> Ruleset {
    let mut ruleset = enforcing(Profile::Baseline);
    ruleset.environment.plugin = Plugin::of(PluginName::Calico);
    ruleset
}

fn of(version: &str, kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
}

/// A policy that isolates for ingress, in both forms: stored with its tier before its name.
fn both(name: &str, spec: &Value) -> [Value; 2] {
    let tier = spec["tier"].as_str().unwrap_or("default");
    [of(SERVED, "NetworkPolicy", name, spec), of(STORED, "NetworkPolicy", &format!("{tier}.{name}"), spec)]
}

fn isolating(tier: &str) -> Value {
    json!({"tier": tier, "selector": "all()", "types": ["Ingress"], "ingress": [from("app == 'front'")]})
}

fn from(selector: &str) -> Value {
    json!({"action": "Allow", "source": {"selector": selector}})
}

fn shop(objects: &[Value]) -> Snapshot {
    let mut all = vec![namespace("shop", &[]), pod("web", "web")];
    all.extend(objects.iter().cloned());
    snapshot(&all)
}

#[test]
fn deleting_either_form_of_the_last_policy_is_refused() {
    let forms = both("web", &isolating("default"));
    let world = shop(&forms);
    for form in &forms {
        assert_eq!(refusals(&delete(&world, form, &calico())), ["unisolated-ingress"], "{}", form["apiVersion"]);
    }
    // A served one may have the whole name.
    let long = of(SERVED, "NetworkPolicy", "default.web", &isolating("default"));
    let world = shop(&[long.clone(), forms[1].clone()]);
    assert!(!delete(&world, &long, &calico()).allow && !delete(&world, &forms[1], &calico()).allow);
}

#[test]
fn opening_either_form_is_refused() {
    let before = both("web", &isolating("default"));
    let mut open = isolating("default");
    open["ingress"] = json!([{"action": "Allow"}]);
    let after = both("web", &open);
    let world = shop(&before);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(refusals(&update(&world, before, after, &calico())), ["open-ingress"], "{}", before["apiVersion"]);
    }
}

#[test]
fn what_was_admitted_of_one_form_is_admitted_of_the_other() {
    let (one, two) = (both("one", &isolating("default")), both("two", &isolating("default")));
    let world = shop(&[one.as_slice(), two.as_slice()].concat());
    assert!(one.iter().all(|form| delete(&world, form, &calico()).allow));
    // Calico stores what was created a moment ago, whether the watch has shown that or not.
    for world in [shop(&[]), shop(&one[..1])] {
        assert!(create(&world, &one[1], &calico()).allow);
    }
}

#[test]
fn policies_of_several_tiers_with_one_name_are_several() {
    let tier = of(STORED, "Tier", "security", &json!({"order": 10}));
    let [_, stored] = both("web", &isolating("security"));
    let [served, _] = both("web", &isolating("default"));
    let world = shop(&[tier, stored.clone(), served.clone()]);
    assert!(delete(&world, &served, &calico()).allow && delete(&world, &stored, &calico()).allow);
}

#[test]
fn two_policies_do_not_go_one_after_the_other_in_whatever_form() {
    let (one, two) = (both("one", &isolating("default")), both("two", &isolating("default")));
    let world = shop(&[one.as_slice(), two.as_slice()].concat());
    for first in &one {
        for second in &two {
            let mut request = change(Some(second), None);
            request.doubted.insert(object(first).key(), None);
            assert!(!decide(&world, &request, &calico(), now()).allow);
        }
    }
}

#[test]
fn a_pod_that_rests_on_a_policy_whose_other_form_may_be_gone_is_confirmed_in_both() {
    let forms = both("web", &isolating("default"));
    let world = shop(&forms);
    for form in &forms {
        let mut request = change(None, Some(&pod("new", "web")));
        request.doubted.insert(object(form).key(), None);
        let decision = decide(&world, &request, &calico(), now());
        for kind in [Kind::CalicoNetworkPolicy, Kind::CalicoStoredNetworkPolicy] {
            let need = Need::List(kind, Some("shop".into()));
            assert!(decision.needs.contains(&need), "{need}: {:?}", decision.needs);
        }
    }
}

#[test]
fn tiers_and_sets_are_judged_in_either_form() {
    let tier = |action: &str| {
        let spec = json!({"order": 10, "defaultAction": action});
        [of(SERVED, "Tier", "security", &spec), of(STORED, "Tier", "security", &spec)]
    };
    let before = tier("Deny");
    let policy = both("web", &isolating("security"));
    let world = shop(&[before.as_slice(), policy.as_slice()].concat());
    for (before, after) in before.iter().zip(&tier("Pass")) {
        assert_eq!(refusals(&update(&world, before, after, &calico())), ["unisolated-ingress"]);
    }
    let set = |net: &str| {
        [SERVED, STORED].map(|version| {
            let mut set = of(version, "GlobalNetworkSet", "partners", &json!({"nets": [net]}));
            set["metadata"]["labels"] = json!({"set": "partners"});
            set
        })
    };
    let before = set("192.0.2.0/24");
    let mut spec = isolating("default");
    spec["ingress"] =
        json!([{"action": "Allow", "source": {"namespaceSelector": "global()", "selector": "set == 'partners'"}}]);
    let world = shop(&[before.as_slice(), &both("web", &spec)].concat());
    for (before, after) in before.iter().zip(&set("0.0.0.0/0")) {
        assert_eq!(refusals(&update(&world, before, after, &calico())), ["open-ingress"], "{after}");
    }
}

#[test]
fn what_slipped_by_in_two_forms_is_told_once() {
    let forms = both("web", &isolating("default"));
    for order in [[0, 1], [1, 0]] {
        let mut world = shop(&forms);
        let mut told = 0;
        for form in order {
            let (next, touched) = world.with([Edit::Remove(object(&forms[form]).key())]);
            told += worsened(&world, &next, &touched, &calico(), now()).len();
            world = next;
        }
        assert_eq!(told, 1, "{order:?}");
    }
}
