//! Which layers stand around each workload: isolated inwards, isolated outwards, encrypted at the edge, encrypted inside. So one
//! sees what has one layer and not the other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    edge::Vouched,
    encryption::mesh::{self, Accepts, MeshSettings},
    model::{Kind, Name, Object, ObjectKey, PodFacts},
    network::{
        Direction, Plugin, exposure,
        reach::{Isolation, WorkloadName, judged},
    },
    snapshot::{ClassKey, Running, Snapshot},
};

use super::entries::{Outside, entries, outside};

/// Whether a layer stands. Their order is the order in which they decide for several parts of one workload.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// Nothing asks for it: nothing at the edge leads to the workload.
    NotNeeded,
    /// It stands.
    Stands,
    /// It cannot be said, because of that.
    Unknown(Name),
    /// It does not, because of that.
    Missing(Name),
}

impl Layer {
    /// The word in text and in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotNeeded => "not exposed",
            Self::Stands => "yes",
            Self::Unknown(_) => "unknown",
            Self::Missing(_) => "no",
        }
    }

    /// Why, where it does not stand for certain.
    pub const fn reason(&self) -> Option<&Name> {
        match self {
            Self::Unknown(reason) | Self::Missing(reason) => Some(reason),
            Self::NotNeeded | Self::Stands => None,
        }
    }
}

/// The layers around a workload.
#[derive(Clone, PartialEq, Debug)]
pub struct Layers {
    /// The workload.
    pub workload: WorkloadName,
    /// How many Pods of it run; none for a template that has no Pods yet.
    pub pods: usize,
    /// Policies stand before what comes in.
    pub isolated_in: Layer,
    /// Policies stand before what goes out.
    pub isolated_out: Layer,
    /// Whoever comes from outside comes by TLS.
    pub at_the_edge: Layer,
    /// Whoever comes from inside comes by mutual TLS.
    pub inside: Layer,
}

/// What is known beside the objects.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Who enforces policies.
    pub plugin: &'a Plugin,
    /// What the operator says of the edge.
    pub vouched: Vouched<'a>,
    /// What the operator says of meshes.
    pub mesh: &'a MeshSettings,
}

/// The layers around every workload, by name. Pods of one workload that differ are told by the worst of them.
pub fn layers(snapshot: &Snapshot, surroundings: Surroundings<'_>, now: Timestamp) -> Vec<Layers> {
    let mut all: BTreeMap<WorkloadName, Layers> = BTreeMap::new();
    for (key, class) in snapshot.classes(None) {
        let pods = class.pods.iter().filter(|name| runs(snapshot, key, name, now)).count();
        if pods == 0 {
            continue;
        }
        for workload in WorkloadName::of_class(snapshot, key) {
            // Pods that nothing controls are workloads of their own.
            let pods = if key.controller.is_some() { pods } else { 1 };
            join(&mut all, around(snapshot, surroundings, workload, &key.namespace, &key.facts, pods));
        }
    }
    for template in snapshot.templates(None) {
        let (Some(facts), Some(namespace)) = (template.pod_facts(), &template.meta().namespace) else { continue };
        let workload = WorkloadName::of_object(snapshot, template);
        if !all.contains_key(&workload) && !snapshot.is_going(template.meta()) {
            join(&mut all, around(snapshot, surroundings, workload, namespace, facts, 0));
        }
    }
    all.into_values().collect()
}

fn runs(snapshot: &Snapshot, class: &ClassKey, name: &Name, now: Timestamp) -> bool {
    let key = ObjectKey::namespaced(Kind::Pod, class.namespace.clone(), name.clone());
    matches!(snapshot.object(&key).found(), Some(Object::Pod(pod)) if snapshot.running(&pod, now) == Running::Yes)
}

fn join(all: &mut BTreeMap<WorkloadName, Layers>, more: Layers) {
    let Some(known) = all.get_mut(&more.workload) else {
        all.insert(more.workload.clone(), more);
        return;
    };
    known.pods += more.pods;
    let both = [
        (&mut known.isolated_in, more.isolated_in),
        (&mut known.isolated_out, more.isolated_out),
        (&mut known.at_the_edge, more.at_the_edge),
        (&mut known.inside, more.inside),
    ];
    for (known, more) in both {
        if more > *known {
            *known = more;
        }
    }
}

fn around(
    snapshot: &Snapshot,
    surroundings: Surroundings<'_>,
    workload: WorkloadName,
    namespace: &Name,
    facts: &PodFacts,
    pods: usize,
) -> Layers {
    let isolated = |direction| isolated(snapshot, surroundings.plugin, namespace, facts, direction);
    Layers {
        workload,
        pods,
        isolated_in: isolated(Direction::Ingress),
        isolated_out: isolated(Direction::Egress),
        at_the_edge: at_the_edge(snapshot, surroundings.vouched, namespace, facts),
        inside: inside(snapshot, surroundings.mesh, namespace, facts),
    }
}

fn isolated(snapshot: &Snapshot, plugin: &Plugin, namespace: &Name, facts: &PodFacts, direction: Direction) -> Layer {
    if facts.host_network && !plugin.host_network_pods {
        return Layer::Missing("it uses its node's network, which no policy governs".into());
    }
    match judged(&exposure(snapshot, plugin, namespace, facts, direction)) {
        Isolation::Isolated => Layer::Stands,
        Isolation::Open => Layer::Missing("policies select it and admit everybody".into()),
        Isolation::Unisolated => Layer::Missing("no policy isolates it".into()),
        Isolation::Unknown => Layer::Unknown("not all policies that count can be seen".into()),
    }
}

/// What leads to the workload from outside: objects at the edge by its Services, and Services that are open themselves.
fn at_the_edge(snapshot: &Snapshot, vouched: Vouched<'_>, namespace: &Name, facts: &PodFacts) -> Layer {
    let mut layer = Layer::NotNeeded;
    if snapshot.count(Kind::IstioGateway) > 0 {
        layer = Layer::Unknown("an Istio Gateway may lead to it, and VirtualServices are not read".into());
    }
    for object in snapshot.list(Kind::Service, Some(namespace)) {
        let Object::Service(service) = object else { continue };
        if !service.has_selector() || !service.selects(&facts.labels) {
            continue;
        }
        if service.is_exposed() {
            let name = &service.meta.name;
            layer = layer.max(Layer::Unknown(
                format!("Service {name} is open to the outside, and whether TLS is spoken there is not written").into(),
            ));
        }
        for entry in entries(snapshot, vouched, &object.key(), None) {
            let key = entry.object.key();
            for listener in &entry.listeners {
                let host = listener.host.as_ref().map_or("any host", |host| host.as_str());
                layer = layer.max(match outside(listener) {
                    Outside::Tls => Layer::Stands,
                    Outside::Unknown(reason) => Layer::Unknown(format!("{key}, {host}: {reason}").into()),
                    Outside::Plaintext(reason) => Layer::Missing(format!("{key}, {host}: {reason}").into()),
                });
            }
        }
    }
    layer
}

/// Whether nothing but mutual TLS is accepted, on every port.
fn inside(snapshot: &Snapshot, settings: &MeshSettings, namespace: &Name, facts: &PodFacts) -> Layer {
    let inbound = mesh::inbound(snapshot, settings, namespace, facts);
    let accepted = |accepts: &Accepts| match accepts {
        Accepts::Plaintext(because) | Accepts::OneSidedTls(because) => Some(because.fact.clone()),
        Accepts::MutualTls | Accepts::Unknown(_) => None,
    };
    let unknown = |accepts: &Accepts| match accepts {
        Accepts::Unknown(blind) => Some(Name::from(blind.to_string())),
        _ => None,
    };
    let first = |said: &dyn Fn(&Accepts) -> Option<Name>| {
        inbound.ports_where(|accepts| said(accepts).is_some()).1.and_then(said)
    };
    match (first(&accepted), first(&unknown)) {
        (Some(fact), _) => Layer::Missing(fact),
        (None, Some(reason)) => Layer::Unknown(reason),
        (None, None) => Layer::Stands,
    }
}
