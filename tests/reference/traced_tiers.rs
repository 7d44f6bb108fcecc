//! On worlds with tiers, what a trace tells comes to what the engine says. (That a trace and the list of all flows agree, is
//! proved on the examples: `agreement`.)

use jiff::Timestamp;
use proptest::prelude::*;
use ringwall::{
    model::{Name, Protocol},
    network::{Controllers, Plugin, PluginName},
    snapshot::{Edit, Snapshot},
    trace::{Hop, Named, PortName, Question, Target, Trace, Verdict, Who, trace},
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
