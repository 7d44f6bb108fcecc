//! Reach against one flow at a time, and against the naive evaluator; and the laws between worlds.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use jiff::Timestamp;
use proptest::{collection::vec, option, prelude::*, sample::select};
use ringwall::{
    model::{
        Kind, Labels, METADATA_NAME, Meta, Name, Namespace, Object, ObjectKey, OwnerReference, Phase, Pod, PodFacts,
        PortSet, Protocol,
    },
    network::{
        Bounds, Direction, Party, Plugin, PodView, exposure, flow, namespace_labels,
        reach::{
            Difference, End, Ends, Filter, Flow, Isolation, Precision, Reach, WorkloadName, difference, isolation_of,
        },
    },
    snapshot::{Blind, Edit, Scope, Snapshot},
};

use crate::{
    evaluator::{self, allowed, isolating},
    strategies::{labels, protocol, rule, world},
    world::{self, World},
};

const ADDRESSES: [&str; 7] =
    ["10.1.2.3", "10.1.2.4", "10.200.0.1", "192.168.1.9", "8.8.8.8", "fd00:ec2::254", "2001:db8::1"];

/// A Pod of a world, with what the evaluator does not ask about.
#[derive(Clone, Debug)]
struct Placed {
    pod: world::Pod,
    owner: Option<&'static str>,
    addresses: Vec<IpAddr>,
}

#[derive(Clone, Debug)]
struct Case {
    world: World,
    pods: Vec<Placed>,
    plugin: Plugin,
    /// A namespace whose policies cannot all be seen.
    blind: Option<&'static str>,
}

fn placed() -> impl Strategy<Value = Placed> {
    let namespace = prop_oneof![4 => Just("red"), 2 => Just("green"), 1 => Just("blue")];
    let name = option::of(select(vec!["web", "dns"]));
    let ports = vec((name, protocol(), select(vec![53_u16, 80, 81, 8080])), 0..3);
    let addresses = vec(select(ADDRESSES.to_vec()).prop_map(|text| text.parse().unwrap()), 0..3);
    let owner = option::weighted(0.7, select(vec!["web", "api"]));
    (namespace, labels(), ports, prop::bool::weighted(0.15), owner, addresses).prop_map(
        |(namespace, labels, ports, host_network, owner, addresses)| Placed {
            pod: world::Pod {
                namespace: namespace.to_owned(),
                labels,
                ports: ports.into_iter().map(|(name, of, port)| (name.map(str::to_owned), of, port)).collect(),
                host_network,
            },
            owner,
            addresses,
        },
    )
}

fn plugin() -> impl Strategy<Value = Plugin> {
    any::<[bool; 5]>().prop_map(|[pods, nodes, host, exempt, ends]| Plugin {
        blocks_match_pods: pods,
        blocks_match_nodes: nodes,
        host_network_pods: host,
        node_traffic_exempt: exempt,
        end_port: ends,
        ..Plugin::default()
    })
}

fn case() -> impl Strategy<Value = Case> {
    // Few kinds of Pods and more Pods, so that some are of one class.
    let pods = (vec(placed(), 1..5), vec(any::<prop::sample::Index>(), 1..7))
        .prop_map(|(kinds, picks)| picks.iter().map(|pick| pick.get(&kinds).clone()).collect());
    let blind = prop_oneof![6 => Just(None), 1 => Just(Some("green"))];
    (world(), pods, plugin(), blind).prop_map(|(world, pods, plugin, blind)| Case { world, pods, plugin, blind })
}

/// The options under which the specification's evaluator says everything.
fn plain() -> Plugin {
    Plugin { blocks_match_pods: false, blocks_match_nodes: false, node_traffic_exempt: false, ..Plugin::default() }
}

fn pod_name(index: usize) -> String {
    format!("pod-{index}")
}

impl Case {
    fn objects(&self) -> Vec<Object> {
        let spaces = self.world.namespaces.iter().map(|(name, labels)| {
            let labels: Labels = labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let meta = Meta {
                name: name.as_str().into(),
                labels: labels.with(METADATA_NAME, name.as_str()),
                ..Meta::default()
            };
            Object::Namespace(Arc::new(Namespace { meta, terminating: false, assumed: false }))
        });
        let pods = self.pods.iter().enumerate().map(|(index, placed)| pod(&pod_name(index), placed));
        let policies = self.world.snapshot().list(Kind::NetworkPolicy, None).cloned().collect::<Vec<_>>();
        spaces.chain(pods).chain(policies).collect()
    }

    fn cover(&self) -> Vec<Edit> {
        let whole = Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Ok(()));
        let blind = self.blind.map(|name| {
            let scope = Scope { kind: Kind::NetworkPolicy, namespace: Some(name.into()) };
            Edit::Cover(scope, Err(Blind::Stale(Kind::NetworkPolicy)))
        });
        [whole].into_iter().chain(blind).collect()
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::new().with(self.cover().into_iter().chain(self.objects().into_iter().map(Edit::Put))).0
    }

    fn reach(&self) -> Reach {
        Reach::new(&self.snapshot(), &self.plugin, Timestamp::UNIX_EPOCH)
    }

    fn is_blind(&self, pod: usize) -> bool {
        self.blind == Some(self.pods[pod].pod.namespace.as_str())
    }
}

fn pod(name: &str, placed: &Placed) -> Object {
    let facts = placed.pod.facts();
    let owner = placed.owner.map(|name| OwnerReference {
        api_version: "apps/v1".into(),
        kind: "ReplicaSet".into(),
        name: name.into(),
        uid: name.into(),
        controller: true,
    });
    let meta = Meta {
        name: name.into(),
        namespace: Some(placed.pod.namespace.as_str().into()),
        labels: facts.labels.clone(),
        owners: owner.into_iter().collect(),
        ..Meta::default()
    };
    let addresses = placed.addresses.iter().copied().collect();
    Object::Pod(Arc::new(Pod {
        meta,
        facts: Arc::new(facts),
        phase: Phase::Active,
        mirror: false,
        hook: None,
        addresses,
    }))
}

fn flows(reach: &Reach) -> Vec<Flow> {
    let mut all = Vec::new();
    reach.flows(&Filter::default(), &mut |flow| all.push(flow));
    all
}

/// The name by which each Pod is shown.
fn shown(case: &Case, reach: &Reach) -> Vec<WorkloadName> {
    let names: BTreeSet<WorkloadName> = reach.isolation().into_iter().map(|isolation| isolation.workload).collect();
    let of = |(index, placed): (usize, &Placed)| {
        let name = |kind: &str, name: &str| WorkloadName {
            namespace: placed.pod.namespace.as_str().into(),
            kind: kind.into(),
            name: name.into(),
        };
        let own = name("Pod", &pod_name(index));
        if names.contains(&own) { own } else { name("ReplicaSet", placed.owner.expect("it is shown somehow")) }
    };
    case.pods.iter().enumerate().map(of).collect()
}

/// What is let through between two ends, by precision.
fn between(flows: &[Flow], source: &End, destination: &End) -> BTreeMap<Precision, PortSet> {
    let holds = |end: &End, wanted: &End| match (end, wanted) {
        (End::Addresses(first, last), End::Addresses(address, _)) => {
            first.is_ipv4() == address.is_ipv4() && first <= address && address <= last
        }
        (end, wanted) => end == wanted,
    };
    let mut found = BTreeMap::new();
    for flow in flows.iter().filter(|flow| holds(&flow.source, source) && holds(&flow.destination, destination)) {
        assert!(found.insert(flow.precision, flow.ports.clone()).is_none(), "one flow of each precision");
        assert!(!flow.ports.is_empty());
    }
    found
}

fn expected(bounds: &Bounds<PortSet>, blind: bool) -> BTreeMap<Precision, PortSet> {
    let parts = if blind {
        vec![(Precision::Unknown, bounds.most.clone())]
    } else {
        vec![(Precision::Exact, bounds.least.clone()), (Precision::AtMost, bounds.most.difference(&bounds.least))]
    };
    parts.into_iter().filter(|(_, ports)| !ports.is_empty()).collect()
}

/// Calls with each Pod as a party.
struct Parties {
    snapshot: Snapshot,
    facts: Vec<(Name, Labels, PodFacts, Vec<IpAddr>)>,
}

impl Parties {
    fn of(case: &Case) -> Self {
        let snapshot = case.snapshot();
        let facts = case.pods.iter().map(|placed| {
            let namespace = Name::from(placed.pod.namespace.as_str());
            let labels = namespace_labels(&snapshot, &namespace);
            (namespace, labels, placed.pod.facts(), placed.addresses.clone())
        });
        let facts = facts.collect();
        Self { snapshot, facts }
    }

    fn party(&self, pod: usize) -> Party<'_> {
        let (namespace, namespace_labels, facts, addresses) = &self.facts[pod];
        Party::Pod(PodView { namespace, namespace_labels, facts }, addresses)
    }
}

fn at(address: IpAddr) -> End {
    // An IPv4-mapped address is the IPv4 address.
    let address = address.to_canonical();
    End::Addresses(address, address)
}

/// The ports on which flows of whatever precision let through.
fn ports(found: &BTreeMap<Precision, PortSet>) -> PortSet {
    PortSet::union_of(found.values())
}

/// A difference put onto flows, point by point of the pairs asked for.
fn applied(
    mut was: BTreeMap<Precision, PortSet>,
    difference: &Difference,
    source: &End,
    destination: &End,
) -> BTreeMap<Precision, PortSet> {
    let (old, new): (Vec<Flow>, Vec<Flow>) = difference.changed.iter().cloned().unzip();
    let removed = between(&[difference.removed.clone(), old].concat(), source, destination);
    for (precision, ports) in removed {
        assert_eq!(was.remove(&precision), Some(ports), "what is gone was there");
    }
    for (precision, ports) in between(&[difference.added.clone(), new].concat(), source, destination) {
        assert_eq!(was.insert(precision, ports), None, "what is new was not there");
    }
    was
}

fn mirrored(difference: Difference) -> Difference {
    let mut mirror = Difference {
        added: difference.removed,
        removed: difference.added,
        changed: difference.changed.into_iter().map(|(was, is)| (is, was)).collect(),
        isolation: difference.isolation.into_iter().map(|(name, was, is)| (name, is, was)).collect(),
    };
    mirror.changed.sort();
    mirror.isolation.sort();
    mirror
}

proptest! {
    #[test]
    fn reach_is_one_flow_for_every_pair(case in case()) {
        let reach = case.reach();
        let (flows, names, parties) = (flows(&reach), shown(&case, &reach), Parties::of(&case));
        let ends: Vec<End> = names.into_iter().map(End::Workload).collect();
        let mut pairs = BTreeSet::new();
        let one = |source, destination| flow(&parties.snapshot, &case.plugin, source, destination);
        for source in 0..ends.len() {
            for destination in 0..ends.len() {
                if ends[source] != ends[destination] {
                    let bounds = one(parties.party(source), parties.party(destination));
                    let blind = case.is_blind(source) || case.is_blind(destination);
                    let found = between(&flows, &ends[source], &ends[destination]);
                    prop_assert_eq!(found, expected(&bounds, blind), "{:?} to {:?}", &ends[source], &ends[destination]);
                    pairs.insert((&ends[source], &ends[destination]));
                }
            }
            for address in case.world.addresses() {
                let party = parties.party(source);
                let (into, out) = (one(Party::Address(address), party), one(party, Party::Address(address)));
                let blind = case.is_blind(source);
                prop_assert_eq!(between(&flows, &at(address), &ends[source]), expected(&into, blind), "{}", address);
                prop_assert_eq!(between(&flows, &ends[source], &at(address)), expected(&out, blind), "{}", address);
            }
        }
        for flow in &flows {
            let (source, destination) = (&flow.source, &flow.destination);
            let addresses = |end: &End| matches!(end, End::Addresses(..));
            prop_assert!(addresses(source) != addresses(destination) || pairs.contains(&(source, destination)));
        }
    }

    #[test]
    fn flows_are_sorted_and_ranges_are_as_long_as_they_can_be(case in case()) {
        let all = flows(&case.reach());
        prop_assert!(all.is_sorted_by(|a, b| a < b));
        let next = |last: IpAddr| match last {
            IpAddr::V4(last) => last.to_bits().checked_add(1).map(|bits| IpAddr::V4(bits.into())),
            IpAddr::V6(last) => last.to_bits().checked_add(1).map(|bits| IpAddr::V6(bits.into())),
        };
        for one in &all {
            for other in &all {
                let same = (&one.ports, one.precision) == (&other.ports, other.precision);
                let touch = |a: &End, b: &End| matches!((a, b), (End::Addresses(_, last), End::Addresses(first, _)) if next(*last) == Some(*first));
                prop_assert!(!(same && one.source == other.source && touch(&one.destination, &other.destination)));
                prop_assert!(!(same && one.destination == other.destination && touch(&one.source, &other.source)));
            }
        }
    }

    #[test]
    fn reach_is_what_the_evaluator_says(case in case()) {
        let case = Case { plugin: plain(), blind: None, ..case };
        let reach = case.reach();
        let (flows, names) = (flows(&reach), shown(&case, &reach));
        let ends: Vec<End> = names.into_iter().map(End::Workload).collect();
        let numbers = case.world.ports(&case.pods.iter().map(|placed| &placed.pod).collect::<Vec<_>>());
        let points: Vec<(Protocol, u16)> =
            Protocol::ALL.into_iter().flat_map(|of| numbers.iter().map(move |number| (of, *number))).collect();
        let agree = |source: (&End, evaluator::End<'_>), destination: (&End, evaluator::End<'_>)| {
            let found = between(&flows, source.0, destination.0);
            let open = ports(&found);
            let wrong = points.iter().find(|(of, number)| {
                open.contains(*of, *number) != allowed(&case.world, source.1, destination.1, *of, *number)
            });
            prop_assert_eq!(wrong, None, "{:?} to {:?}", source.0, destination.0);
            prop_assert!(found.keys().all(|precision| *precision == Precision::Exact));
            Ok(())
        };
        for (source, placed) in case.pods.iter().enumerate() {
            let pod = evaluator::End::Pod(&placed.pod);
            for (destination, other) in case.pods.iter().enumerate() {
                if ends[source] != ends[destination] {
                    agree((&ends[source], pod), (&ends[destination], evaluator::End::Pod(&other.pod)))?;
                }
            }
            for address in case.world.addresses() {
                agree((&ends[source], pod), (&at(address), evaluator::End::Address(address)))?;
                agree((&at(address), evaluator::End::Address(address)), (&ends[source], pod))?;
            }
        }
    }

    #[test]
    fn blocks_written_out_are_the_flows(case in case()) {
        let reach = case.reach();
        let mut written: Vec<Flow> = Vec::new();
        reach.blocks(&mut |block| {
            let ends = |ends: Ends<'_>| -> Vec<End> {
                match ends {
                    Ends::Workloads(workloads) => {
                        assert_eq!(workloads.len(), workloads.iter().count());
                        workloads.iter().cloned().map(End::Workload).collect()
                    }
                    Ends::Addresses(ranges) => ranges.iter().map(|(first, last)| End::Addresses(*first, *last)).collect(),
                }
            };
            for source in ends(block.sources) {
                for destination in ends(block.destinations).into_iter().filter(|other| *other != source) {
                    let (source, ports, precision) = (source.clone(), block.ports.clone(), block.precision);
                    written.push(Flow { source, destination, ports, precision });
                }
            }
        });
        written.sort();
        prop_assert_eq!(written, flows(&reach));
    }

    /// Pods of one workload that are shown as one are equal, which the pairs above prove; those told apart do differ.
    #[test]
    fn replicas_are_told_apart_only_where_they_differ(case in case()) {
        let reach = case.reach();
        let (names, parties) = (shown(&case, &reach), Parties::of(&case));
        let one = |source, destination| flow(&parties.snapshot, &case.plugin, source, destination);
        let rows = |pod: usize| {
            let party = parties.party(pod);
            let others = (0..case.pods.len()).map(|other| parties.party(other));
            let addresses = case.world.addresses().into_iter().map(Party::Address);
            let both: Vec<_> = others.chain(addresses).map(|other| (one(party, other), one(other, party))).collect();
            let (namespace, _, facts, _) = &parties.facts[pod];
            let isolated = Direction::BOTH.map(|direction| {
                let exposure = exposure(&parties.snapshot, &case.plugin, namespace, facts, direction);
                (exposure.is_isolated(), exposure.admission.open_ports().len() > 1024)
            });
            (both, (!case.is_blind(pod)).then_some(isolated))
        };
        let mut by_owner: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, placed) in case.pods.iter().enumerate() {
            if let Some(owner) = placed.owner {
                by_owner.entry((&placed.pod.namespace, owner)).or_default().push(index);
            }
        }
        for pods in by_owner.into_values() {
            let differ = pods.iter().any(|pod| rows(*pod) != rows(pods[0]));
            let apart = pods.iter().all(|pod| names[*pod].kind == "Pod");
            prop_assert_eq!(apart, differ, "{:?}", pods);
        }
    }

    #[test]
    fn an_isolation_is_that_of_the_exposure(case in case()) {
        let reach = case.reach();
        let (names, parties) = (shown(&case, &reach), Parties::of(&case));
        let table = reach.isolation();
        prop_assert!(table.is_sorted_by(|a, b| a < b));
        for (index, name) in names.iter().enumerate() {
            let found = table.iter().find(|isolation| isolation.workload == *name).unwrap();
            for (direction, found) in Direction::BOTH.into_iter().zip([found.ingress, found.egress]) {
                let (namespace, _, facts, _) = &parties.facts[index];
                let exposure = exposure(&parties.snapshot, &case.plugin, namespace, facts, direction);
                let expected = if case.is_blind(index) {
                    Isolation::Unknown
                } else if !exposure.is_isolated() {
                    Isolation::Unisolated
                } else if exposure.admission.open_ports().len() > 1024 {
                    Isolation::Open
                } else {
                    Isolation::Isolated
                };
                prop_assert_eq!(found, expected, "{} {}", name, direction);
            }
        }
    }

    #[test]
    fn the_quick_table_of_isolation_is_the_same(case in case()) {
        let (snapshot, reach) = (case.snapshot(), case.reach());
        let (names, table) = (shown(&case, &reach), reach.isolation());
        let mut classes = BTreeMap::new();
        isolation_of(&snapshot, &case.plugin, &mut |key, isolation| {
            for pod in &snapshot.class(key).unwrap().pods {
                classes.insert((key.namespace.clone(), pod.clone()), isolation);
            }
        });
        prop_assert_eq!(classes.len(), case.pods.len());
        for (index, name) in names.iter().enumerate() {
            let found = table.iter().find(|isolation| isolation.workload == *name).unwrap();
            let quick = classes[&(name.namespace.clone(), pod_name(index).into())];
            prop_assert_eq!(quick, [found.ingress, found.egress], "{}", name);
        }
    }

    #[test]
    fn a_rule_more_takes_no_flow_away(case in case(), rule in rule(), policy in any::<prop::sample::Index>()) {
        prop_assume!(!case.world.policies.is_empty());
        let mut more = case.clone();
        let policy = policy.get(&case.world.policies).name.clone();
        let policy = more.world.policies.iter_mut().find(|other| other.name == policy).unwrap();
        // Where the policy speaks already, so that it isolates nobody more.
        let speaks = |direction| policy.types.as_ref().is_some_and(|types| types.contains(&direction));
        let (into, out) = (speaks(Direction::Ingress), speaks(Direction::Egress));
        if into {
            policy.ingress.get_or_insert_default().push(rule.clone());
        }
        if out {
            policy.egress.get_or_insert_default().push(rule);
        }
        let (before, after) = (case.reach(), more.reach());
        let (before, after) = ((flows(&before), shown(&case, &before)), (flows(&after), shown(&more, &after)));
        for source in 0..case.pods.len() {
            for destination in 0..case.pods.len() {
                let pair = |names: &[WorkloadName]| (End::Workload(names[source].clone()), End::Workload(names[destination].clone()));
                let ((from, to), (now_from, now_to)) = (pair(&before.1), pair(&after.1));
                // A workload and itself are not shown.
                if from != to && now_from != now_to {
                    let (was, is) = (between(&before.0, &from, &to), between(&after.0, &now_from, &now_to));
                    prop_assert!(ports(&was).is_within(&ports(&is)));
                    let exact = |found: &BTreeMap<Precision, PortSet>| found.get(&Precision::Exact).cloned().unwrap_or_default();
                    prop_assert!(exact(&was).is_within(&exact(&is)));
                }
            }
        }
    }

    #[test]
    fn without_the_last_policy_that_selects_it_a_workload_is_open(case in case()) {
        let mut case = Case { blind: None, ..case };
        for direction in Direction::BOTH {
            let first = case.pods[0].pod.clone();
            let selecting: Vec<_> = isolating(&case.world, &first, direction).iter().map(|policy| policy.name.clone()).collect();
            case.world.policies.retain(|policy| !selecting.contains(&policy.name));
        }
        // Where the plugin selects Pods on their node's network, the evaluator does not know it.
        prop_assume!(!(case.pods[0].pod.host_network && case.plugin.host_network_pods));
        let reach = case.reach();
        let name = shown(&case, &reach).swap_remove(0);
        let isolation = reach.isolation().into_iter().find(|isolation| isolation.workload == name).unwrap();
        prop_assert_eq!([isolation.ingress, isolation.egress], [Isolation::Unisolated; 2]);
        for address in case.world.addresses() {
            let found = between(&flows(&reach), &at(address), &End::Workload(name.clone()));
            prop_assert_eq!(ports(&found), PortSet::every());
        }
    }

    #[test]
    fn a_difference_leads_from_one_state_to_the_other_and_back(one in case(), two in world(), drop in any::<prop::sample::Index>()) {
        let mut other = Case { world: two, ..one.clone() };
        other.pods.remove(drop.index(one.pods.len()));
        let (before, after) = (one.reach(), other.reach());
        let there = difference(&before, &after, &Filter::default());
        prop_assert_eq!(mirrored(difference(&after, &before, &Filter::default())), there.clone());
        prop_assert!(difference(&before, &one.reach(), &Filter::default()).is_empty());
        let (was, is) = (flows(&before), flows(&after));
        let ends: BTreeSet<&End> = was.iter().chain(&is).flat_map(|flow| [&flow.source, &flow.destination]).collect();
        let workloads: Vec<&End> = ends.into_iter().filter(|end| matches!(end, End::Workload(_))).collect();
        let points: BTreeSet<End> = one.world.addresses().into_iter().chain(other.world.addresses()).map(at).collect();
        for from in &workloads {
            for to in workloads.iter().copied().chain(&points) {
                prop_assert_eq!(applied(between(&was, from, to), &there, from, to), between(&is, from, to));
            }
            for address in &points {
                prop_assert_eq!(applied(between(&was, address, from), &there, address, from), between(&is, address, from));
            }
        }
    }

    #[test]
    fn a_filter_keeps_the_flows_that_it_admits(case in case()) {
        use ringwall::network::reach::Pattern;
        let reach = case.reach();
        let red = Pattern::Workload { kind: None, namespace: "red".into(), name: None };
        let address = Pattern::Address("10.1.2.3".parse().unwrap());
        let filters = [
            Filter { from: Some(red.clone()), ..Filter::default() },
            Filter { to: Some(red.clone()), from: Some(address.clone()), namespace: None },
            Filter { to: Some(address), ..Filter::default() },
            Filter { namespace: Some("green".into()), ..Filter::default() },
        ];
        for filter in filters {
            let mut found = Vec::new();
            reach.flows(&filter, &mut |flow| found.push(flow));
            let expected: Vec<_> = flows(&reach).into_iter().filter(|flow| filter.admits(&flow.source, &flow.destination)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn edits_in_any_order_make_the_same_reach(case in case(), other in case(), order in any::<u64>()) {
        let mut edits: Vec<(u64, Edit)> = case.objects().into_iter().zip(0..).map(|(object, index)| {
            let place = order.rotate_left(index * 7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (place, Edit::Put(object))
        }).collect();
        edits.sort_by_key(|(place, _)| *place);
        // Another world's objects before, which are overwritten or removed again.
        let kept: BTreeSet<ObjectKey> = case.objects().iter().map(Object::key).collect();
        let others = other.objects();
        let gone = others.iter().map(Object::key).filter(|key| !kept.contains(key)).map(Edit::Remove);
        let edits = others.iter().cloned().map(Edit::Put).chain(edits.into_iter().map(|(_, edit)| edit)).chain(gone);
        let (edited, _) = Snapshot::new().with(case.cover().into_iter().chain(edits));
        let edited = Reach::new(&edited, &case.plugin, Timestamp::UNIX_EPOCH);
        prop_assert_eq!(flows(&edited), flows(&case.reach()));
        prop_assert_eq!(edited.isolation(), case.reach().isolation());
    }
}
