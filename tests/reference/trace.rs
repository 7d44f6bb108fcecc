//! What a trace says, checked against the naive evaluator; and that what it proposes helps.

use std::{net::IpAddr, sync::Arc};

use jiff::Timestamp;
use proptest::prelude::*;
use ringwall::{
    model::{Kind, Meta, Object, Phase, Protocol},
    network::{Controllers, Direction, Plugin},
    snapshot::{Edit, Snapshot},
    trace::{Change, Ground, Hop, Named, Path, PortName, Question, Target, Trace, Verdict, Who, trace},
};

use crate::{
    evaluator::{End, allowed},
    strategies::{stranger, subject, world},
    world::{Map, Peer, Pod, World},
};

/// A Pod as the snapshot has it.
pub(crate) fn object(pod: &Pod, name: &str, addresses: &[IpAddr]) -> Object {
    let meta = Meta { name: name.into(), namespace: Some(pod.namespace.as_str().into()), ..Meta::default() };
    Object::Pod(Arc::new(ringwall::model::Pod {
        meta,
        facts: Arc::new(pod.facts()),
        phase: Phase::Active,
        mirror: false,
        hook: None,
        addresses: Arc::from(addresses),
    }))
}

fn state(world: &World, pods: &[(&Pod, &str)]) -> Snapshot {
    let namespaces = world.namespaces.iter().map(|(name, labels)| {
        let all = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let named = ringwall::model::METADATA_NAME;
        let labels = all.chain([(named, name.as_str())]).collect();
        let meta = Meta { name: name.as_str().into(), labels, ..Meta::default() };
        Object::Namespace(Arc::new(ringwall::model::Namespace { meta, terminating: false, assumed: false }))
    });
    let pods = pods.iter().map(|(pod, name)| object(pod, name, &[]));
    world.snapshot().with(namespaces.chain(pods).map(Edit::Put)).0
}

/// The plugin that the naive evaluator knows: networks mean no Pods, and Pods on their node's network are on no known node.
fn plugin() -> Plugin {
    Plugin { blocks_match_pods: false, blocks_match_nodes: false, node_traffic_exempt: false, ..Plugin::default() }
}

fn pod_named(pod: &Pod, name: &str) -> Who {
    Who::Named(Named { kind: None, namespace: Some(pod.namespace.as_str().into()), name: name.into() })
}

fn follow(
    snapshot: &Snapshot,
    plugin: &Plugin,
    source: &Who,
    target: &Who,
    (protocol, port): (Protocol, u16),
) -> Trace {
    let target = Target { who: target.clone(), port: PortName::Number(port), protocol: Some(protocol) };
    let namespace = "default".into();
    let question = Question {
        source,
        target: &target,
        namespace: &namespace,
        controllers: &Controllers::default(),
        surroundings: None,
        now: Timestamp::UNIX_EPOCH,
    };
    trace(snapshot, plugin, question).expect("both ends are there")
}

fn the_path(trace: &Trace) -> &Path {
    let [path] = trace.paths.as_slice() else { panic!("not one path: {trace:#?}") };
    path
}

/// The explanation comes to what the engine says.
fn agrees(path: &Path) -> Result<(), TestCaseError> {
    for hop in &path.hops {
        if let Hop::Side(side) = hop {
            prop_assert_eq!(side.ground.verdict(), side.verdict, "{:#?}", side);
        }
    }
    Ok(())
}

fn ports(world: &World, pods: &[&Pod]) -> Vec<(Protocol, u16)> {
    let ports = world.ports(pods);
    Protocol::ALL.into_iter().flat_map(|protocol| ports.iter().map(move |port| (protocol, *port))).collect()
}

/// The snapshot with everything that is proposed; `None` where a change is no NetworkPolicy.
fn changed(snapshot: &Snapshot, path: &Path) -> Option<Snapshot> {
    let policies = path.changes.iter().map(|change| match change {
        Change::Add(added) => Some(Edit::Put(Object::NetworkPolicy(Arc::new(added.policy())))),
        _ => None,
    });
    Some(snapshot.with(policies.collect::<Option<Vec<_>>>()?).0)
}

proptest! {
    #[test]
    fn a_trace_between_pods_says_what_the_specification_says(
        world in world(), one in subject(), mut other in prop_oneof![subject(), stranger()], green in any::<bool>(),
    ) {
        if green {
            other.namespace = "green".to_owned();
        }
        let snapshot = state(&world, &[(&one, "one"), (&other, "other")]);
        for at in ports(&world, &[&one, &other]) {
            for (source, destination, names) in [(&one, &other, ("one", "other")), (&other, &one, ("other", "one"))] {
                let (from, to) = (pod_named(source, names.0), pod_named(destination, names.1));
                let found = follow(&snapshot, &plugin(), &from, &to, at);
                let path = the_path(&found);
                agrees(path)?;
                let expected = allowed(&world, End::Pod(source), End::Pod(destination), at.0, at.1);
                let verdict = if expected { Verdict::Allowed } else { Verdict::Denied };
                prop_assert_eq!(found.verdict, verdict, "{:?} {:#?}", at, path);
                prop_assert_eq!(expected, path.changes.is_empty());
                if expected || source.host_network || destination.host_network {
                    continue;
                }
                let changed = changed(&snapshot, path);
                prop_assert!(changed.is_some(), "{:#?}", path.changes);
                let after = follow(&changed.unwrap(), &plugin(), &from, &to, at);
                prop_assert_eq!(after.verdict, Verdict::Allowed, "{:#?}", after);
            }
        }
    }

    #[test]
    fn a_trace_to_and_from_an_address_says_what_the_specification_says(world in world(), pod in subject()) {
        let snapshot = state(&world, &[(&pod, "pod")]);
        let ports = ports(&world, &[&pod]);
        for (index, address) in world.addresses().into_iter().enumerate() {
            // Every port with some address, and every address with some ports.
            for at in ports.iter().skip(index % 7).step_by(7).copied() {
                for (from, to, expected) in [
                    (Who::Address(address), pod_named(&pod, "pod"), allowed(&world, End::Address(address), End::Pod(&pod), at.0, at.1)),
                    (pod_named(&pod, "pod"), Who::Address(address), allowed(&world, End::Pod(&pod), End::Address(address), at.0, at.1)),
                ] {
                    let found = follow(&snapshot, &plugin(), &from, &to, at);
                    let path = the_path(&found);
                    agrees(path)?;
                    let verdict = if expected { Verdict::Allowed } else { Verdict::Denied };
                    prop_assert_eq!(found.verdict, verdict, "{} {:?} {:#?}", address, at, path);
                    if !expected {
                        let changed = changed(&snapshot, path);
                        prop_assert!(changed.is_some(), "{:#?}", path.changes);
                        let after = follow(&changed.unwrap(), &plugin(), &from, &to, at);
                        prop_assert_eq!(after.verdict, Verdict::Allowed, "{:#?}", after);
                    }
                }
            }
        }
    }

    /// Where networks may mean Pods whose addresses are not known, and nodes pass: the bounds hold what the specification says.
    #[test]
    fn explanation_and_verdict_agree_where_not_everything_is_known(world in world(), one in subject(), other in subject()) {
        let snapshot = state(&world, &[(&one, "one"), (&other, "other")]);
        let has_networks = world.policies.iter().any(|policy| {
            let rules = policy.ingress.iter().chain(&policy.egress).flatten();
            rules.flat_map(|rule| rule.peers.iter().flatten()).any(|peer| matches!(peer, Peer::IpBlock { .. }))
        });
        for at in ports(&world, &[&one, &other]) {
            let found = follow(&snapshot, &Plugin::default(), &pod_named(&one, "one"), &pod_named(&other, "other"), at);
            agrees(the_path(&found))?;
            let found = follow(&snapshot, &Plugin::default(), &Who::IngressController, &pod_named(&other, "other"), at);
            agrees(the_path(&found))?;
            if !has_networks && !one.host_network {
                let expected = allowed(&world, End::Pod(&one), End::Pod(&other), at.0, at.1);
                let found = follow(&snapshot, &Plugin::default(), &pod_named(&one, "one"), &pod_named(&other, "other"), at);
                prop_assert_eq!(found.verdict == Verdict::Allowed, expected);
            }
        }
    }
}

#[test]
fn a_pod_reaches_itself_whatever_isolates_it() {
    let deny = crate::world::Policy { name: "deny".into(), namespace: "red".into(), ..Default::default() };
    let world = World { policies: vec![deny], ..World::default() };
    let pod = Pod { namespace: "red".into(), labels: Map::new(), ports: Vec::new(), host_network: false };
    let snapshot = state(&world, &[(&pod, "pod"), (&pod, "twin")]);
    let to = |name| follow(&snapshot, &plugin(), &pod_named(&pod, "pod"), &pod_named(&pod, name), (Protocol::Tcp, 80));
    assert_eq!(to("pod").verdict, Verdict::Allowed);
    let twin = to("twin");
    assert_eq!(twin.verdict, Verdict::Denied);
    let isolating = |hop: &Hop| match hop {
        Hop::Side(side) if side.direction == Direction::Ingress => {
            matches!(&side.ground, Ground::Isolated(policies) if policies.iter().all(|policy| policy.kind == Kind::NetworkPolicy))
        }
        _ => false,
    };
    assert!(the_path(&twin).hops.iter().any(isolating), "{twin:#?}");
}
