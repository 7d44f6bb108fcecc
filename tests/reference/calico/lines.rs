//! Every line of section 1.4, each with a test that fails when the line is broken.

#![allow(clippy::needless_pass_by_value)] // `json!` makes values.

use std::net::IpAddr;

use ringwall::{
    model::{Kind, Labels, METADATA_NAME, Name, PodFacts, PortSet, Protocol, decode},
    network::{Bounds, Direction, Party, Plugin, PluginName, PodView, exposure, half},
    snapshot::{Edit, Snapshot},
};
use serde_json::{Value, json};

use Kind::{
    CalicoGlobalNetworkPolicy as Global, CalicoGlobalNetworkSet as GlobalSet, CalicoNetworkPolicy as Namespaced,
    CalicoNetworkSet as Set, CalicoStoredGlobalNetworkPolicy as StoredGlobal, CalicoTier as Tier,
};

fn snapshot(objects: &[(Kind, &str, Value)]) -> Snapshot {
    let edits = objects.iter().map(|(kind, name, spec)| {
        let namespace = kind.info().namespaced.then_some("shop");
        let metadata = json!({"name": name, "namespace": namespace, "labels": {"set": name}});
        Edit::Put(decode::value(*kind, &json!({"metadata": metadata, "spec": spec})).unwrap())
    });
    Snapshot::new().with(edits.collect::<Vec<_>>()).0
}

fn facts(app: &str) -> PodFacts {
    PodFacts { labels: [("app", app)].into_iter().collect(), service_account: app.into(), ..PodFacts::default() }
}

/// What `shop/web` takes from the Pod `front` of another namespace.
fn bounds(objects: &[(Kind, &str, Value)]) -> Bounds<PortSet> {
    from_pod(objects, "other", "front", Direction::Ingress)
}

fn from_pod(objects: &[(Kind, &str, Value)], namespace: &str, app: &str, direction: Direction) -> Bounds<PortSet> {
    let snapshot = snapshot(objects);
    let labels = |name: &str| -> Labels { [(METADATA_NAME, name)].into_iter().collect() };
    let (shop, other) = (Name::from("shop"), Name::from(namespace));
    let (shop_labels, other_labels) = (labels("shop"), labels(namespace));
    let (web, front) = (facts("web"), facts(app));
    let web = PodView { namespace: &shop, namespace_labels: &shop_labels, facts: &web };
    let front = PodView { namespace: &other, namespace_labels: &other_labels, facts: &front };
    let (web, front) = (Party::Pod(web, &[]), Party::Pod(front, &[]));
    let (source, destination) = if direction == Direction::Ingress { (front, web) } else { (web, front) };
    half(&snapshot, &Plugin::of(PluginName::Calico), source, destination, direction)
}

fn from_address(objects: &[(Kind, &str, Value)], address: &str) -> PortSet {
    let snapshot = snapshot(objects);
    let (shop, labels, web) = (Name::from("shop"), Labels::default(), facts("web"));
    let web = PodView { namespace: &shop, namespace_labels: &labels, facts: &web };
    let from = Party::Address(address.parse::<IpAddr>().unwrap());
    exactly(half(&snapshot, &Plugin::of(PluginName::Calico), from, Party::Pod(web, &[]), Direction::Ingress))
}

fn exactly(bounds: Bounds<PortSet>) -> PortSet {
    assert_eq!(bounds.least, bounds.most);
    bounds.least
}

fn admitted(objects: &[(Kind, &str, Value)]) -> PortSet {
    exactly(bounds(objects))
}

fn tcp(first: u16, last: u16) -> PortSet {
    [(Protocol::Tcp, first..=last)].into_iter().collect()
}

/// A policy of a tier and an order, whose rules of ingress do one thing each with everything.
fn does(tier: &str, order: Value, actions: &[&str]) -> Value {
    let rules: Vec<Value> = actions.iter().map(|action| json!({"action": action})).collect();
    json!({"tier": tier, "order": order, "types": ["Ingress"], "ingress": rules})
}

fn allows(source: Value) -> Value {
    json!({"types": ["Ingress"], "ingress": [{"action": "Allow", "source": source}]})
}

fn everything() -> PortSet {
    PortSet::every()
}

#[test]
fn types_follow_the_rules_that_are_there() {
    let open = |objects: &[(Kind, &str, Value)]| {
        Direction::BOTH.map(|direction| exactly(from_pod(objects, "other", "front", direction)) == everything())
    };
    let (ingress, egress) = (json!([{"action": "Deny"}]), json!([{"action": "Deny"}]));
    assert_eq!(open(&[(Namespaced, "a", json!({}))]), [false, true]);
    assert_eq!(open(&[(Namespaced, "a", json!({"ingress": ingress}))]), [false, true]);
    assert_eq!(open(&[(Namespaced, "a", json!({"egress": egress}))]), [true, false], "unlike in Kubernetes");
    assert_eq!(open(&[(Namespaced, "a", json!({"ingress": ingress, "egress": egress}))]), [false, false]);
    assert_eq!(open(&[(Namespaced, "a", json!({"types": ["Egress"], "ingress": ingress}))]), [true, false]);
    assert_eq!(open(&[(StoredGlobal, "a", json!({"ingress": ingress}))]), [false, false], "stored without types");
}

#[test]
fn tiers_go_by_order_then_by_name_and_those_without_order_come_last() {
    let in_tiers = |first: Value, second: Value, names: [&'static str; 2]| {
        let tier = |order: &Value| json!({"order": order});
        let [deny, allow] = names;
        admitted(&[
            (Tier, deny, tier(&first)),
            (Tier, allow, tier(&second)),
            (Global, "a", does(deny, json!(1), &["Deny"])),
            (Global, "b", does(allow, json!(1), &["Allow"])),
        ])
    };
    assert!(in_tiers(json!(1), json!(2), ["z", "a"]).is_empty());
    assert_eq!(in_tiers(json!(2), json!(1), ["a", "z"]), everything());
    assert!(in_tiers(json!(1), json!(1), ["a", "b"]).is_empty());
    assert_eq!(in_tiers(json!(1), json!(1), ["b", "a"]), everything());
    assert_eq!(in_tiers(Value::Null, json!(2_000_000), ["a", "z"]), everything());
    assert!(in_tiers(json!(-0.5), json!(0.5), ["z", "a"]).is_empty());
}

#[test]
fn policies_of_a_tier_go_by_order_then_by_name_and_those_without_order_come_last() {
    let ordered = |deny: Value, allow: Value, names: [&'static str; 2]| {
        let [first, second] = names;
        let deny = (Global, first, does("default", deny, &["Deny"]));
        let allow = (Global, second, does("default", allow, &["Allow"]));
        admitted(&[deny, allow])
    };
    assert!(ordered(json!(1), json!(2), ["z", "a"]).is_empty());
    assert_eq!(ordered(json!(2), json!(1), ["a", "z"]), everything());
    assert!(ordered(json!(1), json!(1), ["a", "z"]).is_empty());
    assert_eq!(ordered(json!(1), json!(1), ["z", "a"]), everything());
    assert_eq!(ordered(Value::Null, json!(5), ["a", "z"]), everything());
    assert!(ordered(Value::Null, Value::Null, ["a", "z"]).is_empty());
}

#[test]
fn the_first_rule_that_matches_decides_and_log_decides_nothing() {
    let first = |actions: &[&str]| admitted(&[(Global, "a", does("default", json!(1), actions))]);
    assert_eq!(first(&["Allow", "Deny"]), everything());
    assert!(first(&["Deny", "Allow"]).is_empty());
    assert_eq!(first(&["Log", "Allow"]), everything());
    assert!(first(&["Log"]).is_empty());
}

#[test]
fn pass_goes_to_the_next_tier() {
    let tier = (Tier, "early", json!({"order": 1}));
    let passing = || (Global, "a", does("early", json!(1), &["Pass", "Deny"]));
    assert_eq!(admitted(&[tier.clone(), passing()]), everything(), "after the last tier everything is allowed");
    let denying = (Global, "b", does("default", json!(1), &["Deny"]));
    assert!(admitted(&[tier, passing(), denying]).is_empty());
    assert_eq!(admitted(&[(Global, "a", does("default", json!(1), &["Pass"]))]), everything());
}

#[test]
fn what_a_tier_does_not_decide_its_default_action_does() {
    let nothing = || (Global, "a", does("early", json!(1), &[]));
    let early = |action: Value| (Tier, "early", json!({"order": 1, "defaultAction": action}));
    assert!(admitted(&[early(Value::Null), nothing()]).is_empty());
    assert!(admitted(&[early(json!("Deny")), nothing()]).is_empty());
    assert_eq!(admitted(&[early(json!("Pass")), nothing()]), everything());
    let elsewhere = json!({"tier": "early", "selector": "app == 'db'", "types": ["Ingress"]});
    assert_eq!(admitted(&[early(json!("Deny")), (Global, "a", elsewhere)]), everything(), "no policy applies");
    for (tier, open) in [("default", false), ("kube-admin", true), ("kube-baseline", true)] {
        assert_eq!(admitted(&[(Global, "a", does(tier, json!(1), &[]))]) == everything(), open, "{tier}");
    }
}

#[test]
fn network_policies_have_the_order_1000_in_the_tier_default() {
    let denies_all = || (Kind::NetworkPolicy, "deny", json!({"podSelector": {}}));
    let with = |tier: &str, order: Value| {
        admitted(&[denies_all(), (Global, "a", does(tier, order, &["Allow"]))]) == everything()
    };
    assert!(with("default", json!(999)) && with("default", json!(1001)), "its denial is the end of the tier");
    assert!(with("kube-admin", json!(1)) && !with("kube-baseline", json!(1)));
    let admits = || (Kind::NetworkPolicy, "admit", json!({"podSelector": {}, "ingress": [{}]}));
    let denied = |order: f64| admitted(&[admits(), (Global, "a", does("default", json!(order), &["Deny"]))]).is_empty();
    assert!(denied(999.5) && !denied(1000.5));
}

#[test]
fn a_policy_that_only_allows_isolates_and_a_tier_that_only_passes_does_not() {
    let isolated = |objects: &[(Kind, &str, Value)]| {
        let plugin = Plugin::of(PluginName::Calico);
        let found = exposure(&snapshot(objects), &plugin, &"shop".into(), &facts("web"), Direction::Ingress);
        assert!(found.doubt.is_none());
        found.is_isolated()
    };
    assert!(isolated(&[(Global, "a", allows(json!({"selector": "app == 'front'"})))]));
    assert!(!isolated(&[(Tier, "x", json!({"defaultAction": "Pass"})), (Global, "a", does("x", json!(1), &[]))]));
}

#[test]
fn subjects_are_selected_by_namespace_labels_and_service_account() {
    let closed = |kind: Kind, spec: Value| admitted(&[(kind, "a", spec)]).is_empty();
    assert!(closed(Global, json!({})) && closed(Global, json!({"selector": "app == 'web'"})));
    assert!(!closed(Global, json!({"selector": "app != 'web'"})));
    assert!(closed(Global, json!({"namespaceSelector": "projectcalico.org/name == 'shop'"})));
    assert!(!closed(Global, json!({"namespaceSelector": "kubernetes.io/metadata.name == 'other'"})));
    assert!(closed(Global, json!({"serviceAccountSelector": "projectcalico.org/name == 'web'"})));
    assert!(!closed(Global, json!({"serviceAccountSelector": "projectcalico.org/name == 'db'"})));
    assert!(closed(Global, json!({"selector": "projectcalico.org/serviceaccount == 'web'"})));
    assert!(closed(Global, json!({"selector": "pcns.projectcalico.org/name in {'shop'} && all()"})));
    let labelled = bounds(&[(Global, "a", json!({"serviceAccountSelector": "team == 'a'"}))]);
    assert!(labelled.least.is_empty() && labelled.most == everything(), "labels of accounts are not known");
    let own = from_pod(&[(Namespaced, "a", json!({"types": ["Egress", "Ingress"]}))], "other", "x", Direction::Egress);
    assert!(exactly(own).is_empty());
}

#[test]
fn policies_for_host_endpoints_alone_and_staged_ones_do_nothing_to_pods() {
    for field in ["doNotTrack", "preDNAT"] {
        let spec = json!({field: true, "applyOnForward": true, "ingress": [{"action": "Deny"}]});
        assert_eq!(admitted(&[(Global, "a", spec)]), everything(), "{field}");
    }
    let forwarded = json!({"applyOnForward": true, "ingress": [{"action": "Deny"}]});
    assert!(admitted(&[(Global, "a", forwarded)]).is_empty());
    let staged = (Kind::CalicoStagedGlobalNetworkPolicy, "a", json!({"ingress": [{"action": "Deny"}]}));
    assert_eq!(admitted(&[staged]), everything());
}

#[test]
fn peers_without_a_namespace_selector_are_of_the_own_namespace_or_of_all() {
    let admits = |kind: Kind, source: Value, namespace: &str| {
        exactly(from_pod(&[(kind, "a", allows(source))], namespace, "front", Direction::Ingress)) == everything()
    };
    let front = || json!({"selector": "app == 'front'"});
    assert!(
        admits(Global, front(), "other")
            && !admits(Namespaced, front(), "other")
            && admits(Namespaced, front(), "shop")
    );
    let everywhere = || json!({"namespaceSelector": "all()"});
    assert!(admits(Namespaced, everywhere(), "other") && admits(Global, everywhere(), "other"));
    let of_no_namespace = || json!({"namespaceSelector": "global()"});
    assert!(!admits(Namespaced, of_no_namespace(), "shop") && !admits(Global, of_no_namespace(), "other"));
    assert!(admits(Namespaced, json!({}), "other") && admits(Namespaced, json!({"nets": ["0.0.0.0/0"]}), "other"));
    let not_selected = || json!({"notSelector": "app == 'db'"});
    assert!(admits(Global, not_selected(), "other") && !admits(Namespaced, not_selected(), "other"));
    assert!(admits(Namespaced, not_selected(), "shop"));
    assert!(!admits(Global, json!({"notSelector": "app == 'front'"}), "other"));
    assert!(admits(Global, json!({"serviceAccounts": {"names": ["front"]}}), "other"));
    assert!(!admits(Global, json!({"serviceAccounts": {"names": ["db"]}}), "other"));
}

#[test]
fn selectors_mean_sets_of_networks_by_their_labels_and_namespaces() {
    let nets = || json!({"nets": ["8.8.8.0/24"]});
    let admits = |kind: Kind, source: Value, set: Kind| {
        !from_address(&[(kind, "a", allows(source)), (set, "dns", nets())], "8.8.8.8").is_empty()
    };
    let dns = || json!({"selector": "set == 'dns'"});
    assert!(admits(Global, dns(), GlobalSet) && admits(Global, dns(), Set));
    assert!(admits(Namespaced, dns(), Set) && !admits(Namespaced, dns(), GlobalSet));
    let global = || json!({"selector": "set == 'dns'", "namespaceSelector": "global()"});
    assert!(admits(Namespaced, global(), GlobalSet) && !admits(Namespaced, global(), Set));
    assert!(admits(Global, json!({"namespaceSelector": "all()"}), Set));
    assert!(!admits(Global, json!({"namespaceSelector": "all()"}), GlobalSet));
    assert!(!admits(Global, json!({"selector": "set == 'web'"}), GlobalSet));
    assert!(!admits(Global, json!({"notSelector": "set == 'dns'"}), GlobalSet), "left out by its addresses");
    assert!(!admits(Global, json!({"selector": "set == 'dns'", "nets": ["9.0.0.0/8"]}), GlobalSet));
}

#[test]
fn networks_and_ports_match_less_what_is_left_out() {
    let from = |source: Value, address: &str| from_address(&[(Global, "a", allows(source))], address) == everything();
    let nets = || json!({"nets": ["8.0.0.0/8", "2001:db8::1"], "notNets": ["8.8.0.0/16"]});
    assert!(from(nets(), "8.9.0.1") && from(nets(), "2001:db8::1"));
    assert!(!from(nets(), "8.8.255.255") && !from(nets(), "2001:db8::2") && !from(nets(), "9.0.0.0"));
    assert!(from(json!({"notNets": ["8.0.0.0/8"]}), "9.9.9.9") && !from(json!({"notNets": ["8.0.0.0/8"]}), "8.1.1.1"));
    let rule = |rule: Value| admitted(&[(Global, "a", json!({"ingress": [rule]}))]);
    let numbers = json!({"action": "Allow", "protocol": 6, "destination": {"ports": [80, "90:92"], "notPorts": [91]}});
    assert_eq!(rule(numbers), tcp(80, 80).union(&tcp(90, 90)).union(&tcp(92, 92)));
    assert_eq!(rule(json!({"action": "Allow", "notProtocol": "TCP"})), everything().difference(&tcp(1, 65535)));
    assert!(rule(json!({"action": "Allow", "protocol": "ICMP"})).is_empty());
    assert_eq!(rule(json!({"action": "Allow", "protocol": "UDPLite"})), PortSet::none());
    let v6 = || json!({"ingress": [{"action": "Allow", "ipVersion": 6}]});
    assert!(from_address(&[(Global, "a", v6())], "8.8.8.8").is_empty());
    assert_eq!(from_address(&[(Global, "a", v6())], "2001:db8::1"), everything());
}

#[test]
fn what_is_beyond_ports_and_addresses_becomes_bounds() {
    let rule = |rule: Value| bounds(&[(Global, "a", json!({"ingress": [rule]}))]);
    for condition in [
        json!({"action": "Allow", "http": {"methods": ["GET"]}}),
        json!({"action": "Allow", "source": {"services": {"name": "db"}}}),
        json!({"action": "Allow", "protocol": "TCP", "source": {"ports": [1024]}}),
        json!({"action": "Allow", "source": {"serviceAccounts": {"selector": "team == 'a'"}}}),
        json!({"action": "Allow", "source": {"selector": "app == 'front'", "nets": ["10.0.0.0/8"]}}),
        json!({"action": "Allow", "destination": {"nets": ["10.0.0.0/8"]}}),
    ] {
        let found = rule(condition.clone());
        assert!(found.least.is_empty() && !found.most.is_empty(), "{condition}");
    }
    let unknown = bounds(&[(Global, "a", does("nowhere", json!(1), &["Deny"]))]);
    assert!(unknown.least.is_empty() && unknown.most == everything(), "a tier that is not there");
}

#[test]
fn a_rule_about_some_of_its_subjects_is_about_them_alone() {
    let rules = json!([
        {"action": "Deny", "destination": {"selector": "app == 'db'"}},
        {"action": "Allow", "protocol": "TCP", "destination": {"selector": "app == 'web'", "ports": [80]}},
        {"action": "Allow", "protocol": "TCP", "destination": {"ports": [81]}},
    ]);
    assert_eq!(admitted(&[(Global, "a", json!({"ingress": rules}))]), tcp(80, 81));
}

#[test]
fn an_object_in_both_groups_counts_once_by_what_the_api_serves() {
    let deny = || json!({"ingress": [{"action": "Deny"}]});
    for name in ["a", "default.a"] {
        let both = [(Global, "a", does("default", json!(1), &["Allow"])), (StoredGlobal, name, deny())];
        assert_eq!(admitted(&both), everything(), "{name}");
    }
    let two = [(Global, "b", does("default", json!(1), &["Allow"])), (StoredGlobal, "a", deny())];
    assert_eq!(admitted(&two), everything(), "another policy, which comes later");
    assert!(admitted(&[(StoredGlobal, "default.a", deny())]).is_empty());
}
