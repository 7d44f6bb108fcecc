//! Laws that hold between worlds with policies of several kinds, of everything that `reach` says.

use std::{collections::BTreeSet, net::IpAddr};

use jiff::Timestamp;
use proptest::{prelude::*, sample::Index};
use ringwall::{
    model::{Kind, Object, ObjectKey, PortSet},
    network::{
        Plugin, PodView, each_policy, namespace_labels,
        reach::{Difference, End, Filter, Flow, Isolation, Precision, Reach, WorkloadName, difference},
    },
    snapshot::{Edit, Snapshot},
};

use crate::mixed::{Any, cover, two};

fn reach(snapshot: &Snapshot, plugin: &Plugin) -> Reach {
    Reach::new(snapshot, plugin, Timestamp::UNIX_EPOCH)
}

fn flows(reach: &Reach) -> Vec<Flow> {
    let mut all = Vec::new();
    reach.flows(&Filter::default(), &mut |flow| all.push(flow));
    all
}

/// The ports between two ends: those that are certain, and all that are possible.
fn ports(flows: &[Flow], source: &End, destination: &End) -> [PortSet; 2] {
    let holds = |end: &End, wanted: &End| match (end, wanted) {
        (End::Addresses(first, last), End::Addresses(address, _)) => {
            first.is_ipv4() == address.is_ipv4() && first <= address && address <= last
        }
        (end, wanted) => end == wanted,
    };
    let between = || flows.iter().filter(|flow| holds(&flow.source, source) && holds(&flow.destination, destination));
    let certain = between().filter(|flow| flow.precision == Precision::Exact);
    [PortSet::union_of(certain.map(|flow| &flow.ports)), PortSet::union_of(between().map(|flow| &flow.ports))]
}

/// Every end of any of the flows, and some addresses.
fn ends(flows: [&[Flow]; 2]) -> BTreeSet<End> {
    let all = flows.into_iter().flatten().flat_map(|flow| [&flow.source, &flow.destination]);
    all.flat_map(|end| match end {
        End::Addresses(first, last) => vec![at(*first), at(*last)],
        end => vec![end.clone()],
    })
    .collect()
}

fn at(address: IpAddr) -> End {
    End::Addresses(address, address)
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

/// The policies that select a Pod, of whatever kind.
fn selecting(snapshot: &Snapshot, plugin: &Plugin, pod: &ringwall::model::Pod) -> Vec<ObjectKey> {
    let namespace = pod.meta.namespace.clone().unwrap();
    let labels = namespace_labels(snapshot, &namespace);
    let view = PodView { namespace: &namespace, namespace_labels: &labels, facts: &pod.facts };
    let kinds = Kind::all().filter(|kind| kind.is_policy());
    let policies = kinds.flat_map(|kind| snapshot.list(kind, None));
    let selects = |object: &&Object| {
        let mut found = false;
        each_policy(snapshot, object, |policy| found |= policy.subject.selects(plugin, view));
        found
    };
    policies.filter(selects).map(Object::key).collect()
}

proptest! {
    /// Wherever the rule stands: what was asked before it decides as before, and what comes to it is let through.
    #[test]
    fn a_rule_more_that_accepts_takes_no_flow_away(
        (one, other) in two(), which in any::<Index>(), rule in any::<Index>(), place in any::<Index>(),
    ) {
        let Some(more) = one.accepting_more(&other, which, rule, place) else { return Ok(()) };
        let plugin = one.plugin();
        let (was, is) = (flows(&reach(&one.snapshot(), &plugin)), flows(&reach(&more.snapshot(), &plugin)));
        let ends = ends([&was, &is]);
        for source in &ends {
            for destination in &ends {
                let ([certain, possible], [now_certain, now_possible]) =
                    (ports(&was, source, destination), ports(&is, source, destination));
                prop_assert!(possible.is_within(&now_possible), "{:?} -> {:?}", source, destination);
                prop_assert!(certain.is_within(&now_certain), "{:?} -> {:?}", source, destination);
            }
        }
    }

    #[test]
    fn a_difference_and_that_of_the_way_back_mirror_each_other((one, other) in two()) {
        let plugin = one.plugin();
        let (before, after) = (reach(&one.snapshot(), &plugin), reach(&other.snapshot(), &plugin));
        let there = difference(&before, &after, &Filter::default());
        let back = difference(&after, &before, &Filter::default());
        prop_assert_eq!(mirrored(back), there);
        prop_assert!(difference(&before, &reach(&one.snapshot(), &plugin), &Filter::default()).is_empty());
    }

    #[test]
    fn edits_in_any_order_make_the_same_reach((one, other) in two(), order in any::<u64>()) {
        let plugin = one.plugin();
        let mut puts: Vec<(u64, Edit)> = one.objects().into_iter().zip(0..).map(|(object, index)| {
            (order.rotate_left(index * 7).wrapping_mul(0x9e37_79b9_7f4a_7c15), Edit::Put(object))
        }).collect();
        puts.sort_by_key(|(place, _)| *place);
        // Another world's objects before, which are overwritten or removed again.
        let kept: BTreeSet<ObjectKey> = one.objects().iter().map(Object::key).collect();
        let others = other.objects();
        let gone = others.iter().map(Object::key).filter(|key| !kept.contains(key)).map(Edit::Remove);
        let mut edited = Snapshot::new();
        edited.apply(cover());
        for edit in others.iter().cloned().map(Edit::Put).chain(puts.into_iter().map(|(_, edit)| edit)).chain(gone) {
            edited.apply(edit);
        }
        let (edited, scratch) = (reach(&edited, &plugin), reach(&one.snapshot(), &plugin));
        prop_assert_eq!(flows(&edited), flows(&scratch));
        prop_assert_eq!(edited.isolation(), scratch.isolation());
    }

    #[test]
    fn without_the_last_policy_that_selects_it_a_workload_is_open((one, _) in two()) {
        let (snapshot, plugin) = (one.snapshot(), one.plugin());
        let Some(Object::Pod(pod)) = snapshot.list(Kind::Pod, None).next() else { panic!("there are Pods") };
        let gone = selecting(&snapshot, &plugin, pod);
        let open = snapshot.with(gone.into_iter().map(Edit::Remove)).0;
        let reach = reach(&open, &plugin);
        let name = WorkloadName::of_key(&Object::Pod(pod.clone()).key());
        let isolation = reach.isolation().into_iter().find(|isolation| isolation.workload == name).unwrap();
        prop_assert_eq!([isolation.ingress, isolation.egress], [Isolation::Unisolated; 2]);
        let (flows, own) = (flows(&reach), End::Workload(name));
        for address in ["10.9.9.9", "8.8.8.8", "2001:db8::1"] {
            let address = at(address.parse().unwrap());
            prop_assert_eq!(ports(&flows, &address, &own), [PortSet::every(), PortSet::every()]);
            prop_assert_eq!(ports(&flows, &own, &address), [PortSet::every(), PortSet::every()]);
        }
    }
}

/// The worlds are of all three plugins: what one of them is made of is not that of the others.
#[test]
fn each_kind_of_world_has_its_policies() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeSet<Kind> = BTreeSet::new();
    for _ in 0..200 {
        let (one, _): (Any, Any) = two().new_tree(&mut runner).unwrap().current();
        seen.extend(one.objects().iter().map(|object| object.key().kind).filter(|kind| kind.is_policy()));
    }
    assert!(seen.len() >= 6, "{seen:?}");
}
