//! What is told of a change is true, and nothing of it is left out: on random worlds and random changes, one flow at a time.

use std::{net::IpAddr, sync::Arc};

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::Index};
use ringwall::{
    model::{Kind, Labels, Name, Object, ObjectKey, Pod, PortSet, decode},
    network::{
        AlteredPeers, Direction, Effect, Party, Plugin, PluginName, PodView, effects, flow, namespace_labels,
        reach::WorkloadName,
    },
    snapshot::{Edit, Snapshot},
};
use serde_json::{Value, json};

use crate::{
    cluster_policies,
    cluster_world::cluster_world,
    mixed::{Any, namespace, namespaces, numbered, pods, two},
    strategies::{NAMESPACES, labels, world},
    trace::object,
    world::{self, Map},
};

const ADDRESSES: [&str; 5] = ["10.1.2.3", "10.200.0.1", "192.168.1.9", "8.8.8.8", "fd00:ec2::254"];

/// What somebody does.
#[derive(Clone, Debug)]
enum Change {
    /// Policies of the second world take the place of those of the first: they are altered, or added; and as many are removed.
    Policies(Vec<(Index, bool)>),
    RelabelNamespace(Index, Map),
    RelabelPod(Index, Map),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => vec(any::<(Index, bool)>(), 1..3).prop_map(Change::Policies),
        1 => (any::<Index>(), labels()).prop_map(|(whose, labels)| Change::RelabelNamespace(whose, labels)),
        1 => (any::<Index>(), labels()).prop_map(|(whose, labels)| Change::RelabelPod(whose, labels)),
    ]
}

/// The edits that a change is, of a world with these Pods, where `other` holds the policies that may come.
fn edits(change: &Change, before: &Snapshot, other: &Snapshot, pods: &[(world::Pod, Vec<IpAddr>)]) -> Vec<Edit> {
    let policies = |snapshot: &Snapshot| -> Vec<Object> {
        Kind::all()
            .filter(|kind| kind.is_policy())
            .flat_map(|kind| snapshot.list(kind, None).cloned().collect::<Vec<_>>())
            .collect()
    };
    match change {
        Change::Policies(which) => {
            let (old, new) = (policies(before), policies(other));
            let edit = |(index, removes): &(Index, bool)| {
                let from = if *removes { &old } else { &new };
                let object = (!from.is_empty()).then(|| index.get(from))?;
                Some(if *removes { Edit::Remove(object.key()) } else { Edit::Put(object.clone()) })
            };
            which.iter().filter_map(edit).collect()
        }
        Change::RelabelNamespace(whose, labels) => {
            vec![Edit::Put(namespace(NAMESPACES[whose.index(NAMESPACES.len())], labels))]
        }
        Change::RelabelPod(whose, labels) => {
            let index = whose.index(pods.len());
            let (pod, addresses) = &pods[index];
            let pod = world::Pod { labels: labels.clone(), ..pod.clone() };
            vec![Edit::Put(object(&pod, &format!("pod-{index}"), addresses))]
        }
    }
}

/// A Pod in one state.
struct Known {
    key: ObjectKey,
    workload: WorkloadName,
    namespace: Name,
    labels: Labels,
    pod: Arc<Pod>,
}

impl Known {
    fn all(snapshot: &Snapshot) -> Vec<Self> {
        let known = |object: &Object| {
            let Object::Pod(pod) = object else { panic!("it is a Pod") };
            let namespace = pod.meta.namespace.clone().unwrap();
            let labels = namespace_labels(snapshot, &namespace);
            let workload = WorkloadName::of_object(snapshot, object);
            Self { key: object.key(), workload, namespace, labels, pod: Arc::clone(pod) }
        };
        snapshot.list(Kind::Pod, None).map(known).collect()
    }

    fn party(&self) -> Party<'_> {
        let view = PodView { namespace: &self.namespace, namespace_labels: &self.labels, facts: &self.pod.facts };
        Party::Pod(view, &self.pod.addresses)
    }

    fn is(&self, name: &WorkloadName) -> bool {
        self.workload == *name || WorkloadName::of_key(&self.key) == *name
    }
}

/// What opens and what closes between two Pods.
struct Difference<'a> {
    source: &'a Known,
    destination: &'a Known,
    opens: PortSet,
    closes: PortSet,
}

impl Difference<'_> {
    /// The two as an effect sees them: the workload and its peer.
    fn seen_by(&self, effect: &Effect) -> (&Known, &Known) {
        match effect.direction {
            Direction::Ingress => (self.destination, self.source),
            Direction::Egress => (self.source, self.destination),
        }
    }

    fn is_told_by(&self, effect: &Effect, closes: bool) -> bool {
        let (workload, peer) = self.seen_by(effect);
        let is_peer = match &effect.peers {
            AlteredPeers::Everyone | AlteredPeers::EveryPod => true,
            AlteredPeers::Addresses(set) => {
                peer.pod.addresses.is_empty() || peer.pod.addresses.iter().any(|address| set.contains(*address))
            }
            AlteredPeers::Workloads(names) => names.iter().any(|name| peer.is(name)),
        };
        effect.closes == closes && workload.is(&effect.workload) && is_peer
    }
}

fn check(before: &Snapshot, edits: Vec<Edit>, plugin: &Plugin) -> Result<(), TestCaseError> {
    let (after, touched) = before.with(edits);
    let told = effects(before, &after, plugin, &touched, Timestamp::UNIX_EPOCH);
    prop_assert!(!told.more);
    let (old, new) = (Known::all(before), Known::all(&after));
    let pairs =
        (0..old.len()).flat_map(|from| (0..old.len()).map(move |to| (from, to))).filter(|(from, to)| from != to);
    let differences: Vec<Difference<'_>> = pairs
        .map(|(from, to)| {
            let earlier = flow(before, plugin, old[from].party(), old[to].party()).most;
            let later = flow(&after, plugin, new[from].party(), new[to].party()).most;
            let (opens, closes) = (later.difference(&earlier), earlier.difference(&later));
            Difference { source: &new[from], destination: &new[to], opens, closes }
        })
        .collect();
    // Nothing is left out.
    for difference in &differences {
        // A workload and itself are not told of.
        if difference.source.workload == difference.destination.workload {
            continue;
        }
        for (closes, ports) in [(false, &difference.opens), (true, &difference.closes)] {
            let telling = told.list.iter().filter(|effect| difference.is_told_by(effect, closes));
            let rest = ports.difference(&PortSet::union_of(telling.map(|effect| &effect.ports)));
            prop_assert!(
                rest.is_empty(),
                "{} -> {} closes: {}: {} is not told: {:#?}",
                difference.source.key.name,
                difference.destination.key.name,
                closes,
                rest,
                told.list
            );
        }
    }
    // What names workloads is true of some of their Pods.
    for effect in &told.list {
        let AlteredPeers::Workloads(names) = &effect.peers else { continue };
        prop_assert!(!names.is_empty() && !effect.ports.is_empty());
        for name in names {
            let holds = differences.iter().any(|difference| {
                let (workload, peer) = difference.seen_by(effect);
                let ports = if effect.closes { &difference.closes } else { &difference.opens };
                workload.is(&effect.workload) && peer.is(name) && effect.ports.is_within(ports)
            });
            prop_assert!(holds, "{} is no peer of {:#?}", name, effect);
        }
    }
    Ok(())
}

/// The Pods with the addresses that they have, where they are known.
fn placed(pods: Vec<world::Pod>, known: bool) -> Vec<(world::Pod, Vec<IpAddr>)> {
    let addresses = ADDRESSES.iter().cycle().map(|text| known.then(|| text.parse().unwrap()).into_iter().collect());
    pods.into_iter().zip(addresses).collect()
}

fn options() -> impl Strategy<Value = Plugin> {
    any::<[bool; 4]>().prop_map(|[pods, nodes, host, exempt]| Plugin {
        blocks_match_pods: pods,
        blocks_match_nodes: nodes,
        host_network_pods: host,
        node_traffic_exempt: exempt,
        ..Plugin::default()
    })
}

proptest! {
    #[test]
    fn what_a_change_of_network_policies_alters_is_told_whole_and_true(
        world in world(), other in world(), pods in pods(), change in change(), plugin in options(),
        known in any::<bool>(),
    ) {
        let pods = placed(pods, known);
        let edits_before = namespaces(&world).chain(numbered(&pods)).map(Edit::Put);
        let before = world.snapshot().with(edits_before).0;
        let edits = edits(&change, &before, &other.snapshot(), &pods);
        check(&before, edits, &plugin)?;
    }

    #[test]
    fn what_a_change_of_ordered_policies_alters_is_told_whole_and_true(
        world in cluster_world(false), other in cluster_world(false), pods in pods(), change in change(), known in any::<bool>(),
    ) {
        let pods = placed(pods, known);
        let before = world.snapshot().with(namespaces(&world.base).chain(numbered(&pods)).map(Edit::Put)).0;
        let edits = edits(&change, &before, &other.snapshot(), &pods);
        for plugin in [cluster_policies::plugin(), Plugin::of(PluginName::OvnKubernetes)] {
            check(&before, edits.clone(), &plugin)?;
        }
    }

    #[test]
    fn what_a_change_alters_is_told_whole_and_true_with_every_plugin(
        (one, other) in two(), change in change(), means in any::<Option<[bool; 2]>>(),
    ) {
        let pods = match &one {
            Any::Cluster(world) => world.pods.iter().map(|(pod, address)| (pod.clone(), vec![*address])).collect(),
            Any::Cilium(_, pods) => pods.iter().map(|pod| (pod.clone(), Vec::new())).collect(),
            Any::Calico(_) => Vec::new(),
        };
        if pods.is_empty() && matches!(change, Change::RelabelPod(..)) {
            return Ok(());
        }
        let before = one.snapshot();
        let edits = edits(&change, &before, &other.snapshot(), &pods);
        let mut plugin = one.plugin();
        if let Some([pods, nodes]) = means {
            (plugin.blocks_match_pods, plugin.blocks_match_nodes) = (pods, nodes);
        }
        check(&before, edits, &plugin)?;
    }
}

/// Calico's objects have two forms, of which the served one counts: that it comes is the end of what the stored one says.
#[test]
fn a_form_of_a_policy_that_comes_ends_what_the_other_form_says() {
    let put = |kind, value: &Value| Edit::Put(decode::value(kind, value).unwrap());
    let pod = |name: &str| {
        put(Kind::Pod, &json!({"metadata": {"name": name, "namespace": "red"}, "spec": {"containers": []}}))
    };
    let stored = json!({"metadata": {"name": "z0"}, "spec": {"types": ["Ingress", "Egress"]}});
    let served = json!({"metadata": {"name": "z0"}, "spec": {"types": ["Ingress", "Egress"], "selector": "!all()"}});
    let red = Edit::Put(namespace("red", &Map::new()));
    let stored = put(Kind::CalicoStoredGlobalNetworkPolicy, &stored);
    let before = Snapshot::new().with([red, pod("a"), pod("b"), stored]).0;
    let plugin = Plugin::of(PluginName::Calico);
    let served = put(Kind::CalicoGlobalNetworkPolicy, &served);
    let (after, touched) = before.with([served.clone()]);
    assert!(!effects(&before, &after, &plugin, &touched, Timestamp::UNIX_EPOCH).list.is_empty());
    check(&before, vec![served], &plugin).unwrap();
}
