//! What is not seen from outside: places, caching, the forms of peers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{
    model::{Kind, Object, decode},
    network::Peer,
    snapshot::Edit,
};

fn decoded(kind: Kind, name: &str, spec: &Value) -> Object {
    let metadata = json!({"name": name, "namespace": "shop", "labels": {"set": name}});
    decode::value(kind, &json!({"metadata": metadata, "spec": spec})).unwrap()
}

fn policy(spec: &Value) -> Arc<CalicoPolicy> {
    let Object::CalicoPolicy(policy) = decoded(Kind::CalicoNetworkPolicy, "a", spec) else { panic!("no policy") };
    policy
}

fn lowered(spec: &Value) -> Policy {
    let all = lower(&Snapshot::new(), &policy(spec));
    assert_eq!(all.len(), 1);
    Policy::clone(&all[0])
}

fn paths(policy: &Policy, direction: Direction) -> Vec<String> {
    let rules = policy.rules(direction).unwrap_or_default();
    rules.iter().flat_map(|rule| rule.peers.iter().map(|(_, at)| at.to_string())).collect()
}

#[test]
fn every_peer_knows_where_it_was_written() {
    let found = lowered(&json!({
        "ingress": [
            {"action": "Log"},
            {"action": "Allow"},
            {"action": "Allow", "source": {"nets": ["10.0.0.0/8", "11.0.0.0/8"], "notNets": ["11.0.0.0/8"]}},
            {"action": "Allow", "source": {"selector": "has(a)", "namespaceSelector": "has(b)"}},
            {"action": "Deny", "source": {"namespaceSelector": "has(b)"}},
            {"action": "Deny", "source": {"serviceAccounts": {"names": ["x"]}}},
        ],
        "egress": [{"action": "Deny", "destination": {"notNets": ["10.0.0.0/8"]}}],
    }));
    assert_eq!(
        paths(&found, Direction::Ingress),
        [
            "spec.ingress[1]",
            "spec.ingress[2].source.nets[0]",
            "spec.ingress[3].source.selector",
            "spec.ingress[4].source.namespaceSelector",
            "spec.ingress[5].source.serviceAccounts"
        ]
    );
    assert_eq!(paths(&found, Direction::Egress), ["spec.egress[0].destination.notNets"]);
    assert_eq!(found.source.to_string(), "NetworkPolicy.projectcalico.org shop/a");
}

#[test]
fn pseudo_labels_become_keys_of_their_own() {
    let found = lowered(&json!({
        "selector": "pcns.team == 'a' && projectcalico.org/serviceaccount == 'b' && projectcalico.org/orchestrator == 'k8s'",
    }));
    assert_eq!(found.subject.pods.to_string(), "namespace team=a,serviceaccount=b");
    let unknown = lowered(&json!({"selector": "!(pcsa.team == 'a')"}));
    assert!(unknown.subject.partial.is_some() && unknown.subject.pods.is_everything());
    let peer = lowered(&json!({"ingress": [{"action": "Allow", "source": {"namespaceSelector": "team == 'a'"}}]}));
    let peer = &peer.ingress.unwrap()[0].peers[0].0;
    assert!(matches!(peer, Peer::Pods { namespace: None, namespaces, .. } if namespaces.to_string() == "team=a"));
}

#[test]
fn a_policy_is_lowered_once_until_a_tier_or_a_set_of_networks_changes() {
    let policy = policy(&json!({"ingress": [{"action": "Allow", "source": {"selector": "has(set)"}}]}));
    let put = |kind: Kind, spec: &Value| Edit::Put(decoded(kind, "x", spec));
    let empty = Snapshot::new();
    let first = lower(&empty, &policy);
    assert!(Arc::ptr_eq(&first, &lower(&Snapshot::new(), &policy)));
    let with_set = empty.with([put(Kind::CalicoNetworkSet, &json!({"nets": ["10.0.0.0/8"]}))]).0;
    let second = lower(&with_set, &policy);
    assert_ne!(first, second);
    let with_pod = with_set.with([Edit::Remove(ObjectKey::cluster(Kind::Namespace, "nothing"))]).0;
    assert!(Arc::ptr_eq(&second, &lower(&with_pod, &policy)), "another snapshot of the same tiers and sets");
    let changed = with_pod.with([put(Kind::CalicoNetworkSet, &json!({"nets": ["11.0.0.0/8"]}))]).0;
    assert_ne!(second, lower(&changed, &policy));
}

#[test]
fn names_decide_as_calico_breaks_ties() {
    assert_eq!(lowered(&json!({})).order.name, "a/shop/NetworkPolicy");
    let Object::CalicoPolicy(stored) = decoded(Kind::CalicoStoredNetworkPolicy, "default.a", &json!({})) else {
        panic!("no policy")
    };
    assert_eq!(lower(&Snapshot::new(), &stored)[0].order.name, "a/shop/NetworkPolicy");
}
