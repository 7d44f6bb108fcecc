//! A trace and the list of all flows say the same of every pair of workloads of the examples; and on worlds with tiers, what a
//! trace tells comes to what the engine says.

use std::{collections::BTreeSet, path::Path};

use jiff::Timestamp;
use proptest::prelude::*;
use ringwall::{
    manifest::{self, Options},
    model::{Name, Protocol},
    network::{
        Controllers, Plugin, PluginName,
        reach::{End, Filter, Flow, Precision, Reach, WorkloadName},
    },
    snapshot::{Edit, Snapshot},
    source::Source,
    trace::{Hop, KindName, Named, PortName, Question, Target, Trace, Verdict, Who, trace},
};

use crate::{cluster_world::cluster_world, trace::object};

fn follow(snapshot: &Snapshot, plugin: &Plugin, source: &Who, who: &Who, (protocol, port): (Protocol, u16)) -> Trace {
    let target = Target { who: who.clone(), port: PortName::Number(port), protocol: Some(protocol) };
    let namespace = Name::from("default");
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

fn named(workload: &WorkloadName) -> Who {
    let kind = Some(KindName::Other(workload.kind.clone()));
    Who::Named(Named { kind, namespace: Some(workload.namespace.clone()), name: workload.name.clone() })
}

fn example(folder: &str) -> Snapshot {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|it| it == "yaml"));
    let sources: Vec<Source> = files
        .map(|file| Source::new(file.to_string_lossy().as_ref(), std::fs::read_to_string(&file).unwrap()))
        .collect();
    manifest::load(sources, &Options::default()).snapshot
}

/// The verdict that the flows between two workloads come to.
fn listed(flows: &[&Flow], (protocol, port): (Protocol, u16)) -> Verdict {
    let has = |precision: Precision| {
        flows.iter().any(|flow| flow.precision == precision && flow.ports.contains(protocol, port))
    };
    Verdict::of(has(Precision::Exact), has(Precision::AtMost))
}

#[test]
fn a_trace_and_the_list_of_flows_agree_on_every_pair_of_every_example() {
    let mut compared = 0;
    for folder in
        ["examples/shop", "examples/install", "tests/cli/cases/trace", "tests/cli/cases/good", "tests/cli/cases/bad"]
    {
        let snapshot = example(folder);
        for plugin in [PluginName::Reference, PluginName::Cilium, PluginName::None].map(Plugin::of) {
            let reach = Reach::new(&snapshot, &plugin, Timestamp::UNIX_EPOCH);
            let workloads: Vec<WorkloadName> = reach.isolation().into_iter().map(|it| it.workload).collect();
            let mut flows = Vec::new();
            reach.flows(&Filter::default(), &mut |flow| flows.push(flow));
            let mut ports: BTreeSet<u16> = [1, 80, 443, 5432, 8080, 65535].into();
            for flow in &flows {
                let ends = flow.ports.ranges().flat_map(|(_, range)| [*range.start(), *range.end()]);
                ports.extend(ends.flat_map(|port| [port.saturating_sub(1).max(1), port, port.saturating_add(1)]));
            }
            for source in &workloads {
                for destination in workloads.iter().filter(|destination| *destination != source) {
                    let (from, to) = (End::Workload(source.clone()), End::Workload(destination.clone()));
                    let between: Vec<&Flow> =
                        flows.iter().filter(|flow| flow.source == from && flow.destination == to).collect();
                    for at in ports.iter().flat_map(|port| Protocol::ALL.map(|protocol| (protocol, *port))) {
                        let found = follow(&snapshot, &plugin, &named(source), &named(destination), at);
                        assert_eq!(found.verdict, listed(&between, at), "{folder}: {source} to {destination}: {at:?}");
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 1_000, "{compared}");
}

proptest! {
    #[test]
    fn what_is_told_of_tiers_comes_to_what_the_engine_says(world in cluster_world(true)) {
        let pods: Vec<_> = world.pods.iter().enumerate().collect();
        let objects = pods.iter().map(|(index, (pod, address))| object(pod, &format!("pod-{index}"), &[*address]));
        let (snapshot, _) = world.snapshot().with(objects.map(Edit::Put));
        let name = |index: usize| {
            let (pod, _) = &world.pods[index];
            Who::Named(Named { kind: None, namespace: Some(pod.namespace.as_str().into()), name: format!("pod-{index}").into() })
        };
        let ports: Vec<u16> = world.ports().into_iter().collect();
        for plugin in [Plugin::of(PluginName::Reference), Plugin::of(PluginName::OvnKubernetes)] {
            for (source, destination) in [(0, 1), (1, 0)] {
                for at in ports.iter().step_by(2).flat_map(|port| Protocol::ALL.map(|protocol| (protocol, *port))) {
                    let found = follow(&snapshot, &plugin, &name(source), &name(destination), at);
                    prop_assert_eq!(found.paths.len(), 1);
                    for hop in &found.paths[0].hops {
                        if let Hop::Side(side) = hop {
                            prop_assert_eq!(side.ground.verdict(), side.verdict, "{:#?}", side);
                        }
                    }
                    prop_assert_eq!(found.verdict == Verdict::Denied, !found.paths[0].changes.is_empty());
                }
            }
        }
    }
}
