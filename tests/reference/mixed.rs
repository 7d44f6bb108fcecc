//! Worlds with policies of several kinds: what their snapshots are, whichever kind it is.

use std::{net::IpAddr, sync::Arc};

use proptest::{collection::vec, prelude::*, sample::Index};
use ringwall::{
    model::{Kind, Labels, METADATA_NAME, Meta, Namespace, Object, Phase},
    network::{Plugin, PluginName},
    snapshot::{Edit, Scope, Snapshot},
};

use crate::{
    calico::{strategies as calico_strategies, world as calico},
    cilium::world as cilium,
    cluster_policies,
    cluster_world::{self as cluster, ClusterWorld, cluster_world},
    strategies::pod,
    trace::object,
    world::{Map, Pod, World},
};

/// A world of one network plugin.
#[derive(Clone, Debug)]
pub(crate) enum Any {
    Cluster(ClusterWorld),
    Cilium(cilium::Mixed, Vec<Pod>),
    Calico(calico::World),
}

/// Two worlds of the same plugin.
pub(crate) fn two() -> impl Strategy<Value = (Any, Any)> {
    let cluster = || cluster_world(false).prop_map(Any::Cluster);
    let cilium = || (cilium::mixed(false), pods()).prop_map(|(world, pods)| Any::Cilium(world, pods));
    let calico = || calico_strategies::exact_world().prop_map(Any::Calico);
    prop_oneof![(cluster(), cluster()), (cilium(), cilium()), (calico(), calico())]
}

pub(crate) fn pods() -> impl Strategy<Value = Vec<Pod>> {
    let one = prop_oneof![
        3 => pod("red", prop::bool::weighted(0.1)).boxed(),
        2 => pod("green", prop::bool::weighted(0.1)).boxed(),
        1 => pod("blue", Just(false)).boxed(),
    ];
    vec(one, 2..5)
}

pub(crate) fn namespace(name: &str, labels: &Map) -> Object {
    let labels: Labels = labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let meta = Meta { name: name.into(), labels: labels.with(METADATA_NAME, name), ..Meta::default() };
    Object::Namespace(Arc::new(Namespace { meta, terminating: false, assumed: false }))
}

pub(crate) fn namespaces(world: &World) -> impl Iterator<Item = Object> {
    world.namespaces.iter().map(|(name, labels)| namespace(name, labels))
}

/// The Pods, numbered, each with its addresses.
pub(crate) fn numbered(pods: &[(Pod, Vec<IpAddr>)]) -> Vec<Object> {
    pods.iter().enumerate().map(|(index, (pod, addresses))| object(pod, &format!("pod-{index}"), addresses)).collect()
}

impl Any {
    pub(crate) fn plugin(&self) -> Plugin {
        match self {
            Self::Cluster(_) => cluster_policies::plugin(),
            Self::Cilium(..) => Plugin::of(PluginName::Cilium),
            Self::Calico(_) => Plugin::of(PluginName::Calico),
        }
    }

    /// Everything that there is.
    pub(crate) fn objects(&self) -> Vec<Object> {
        let snapshot = match self {
            Self::Cluster(world) => {
                let pods: Vec<_> = world.pods.iter().map(|(pod, address)| (pod.clone(), vec![*address])).collect();
                let objects = namespaces(&world.base).chain(numbered(&pods));
                world.snapshot().with(objects.map(Edit::Put)).0
            }
            Self::Cilium(world, pods) => {
                let pods: Vec<_> = pods.iter().map(|pod| (pod.clone(), Vec::new())).collect();
                let objects = namespaces(&world.plain).chain(numbered(&pods));
                world.snapshot().with(objects.map(Edit::Put)).0
            }
            Self::Calico(world) => {
                let spaces = world.namespaces.iter().map(|(name, labels)| namespace(name, labels));
                let pods = world.pods.iter().enumerate().map(|(index, pod)| calico_pod(index, pod));
                world.snapshot().with(spaces.chain(pods).map(Edit::Put)).0
            }
        };
        Kind::all().flat_map(|kind| snapshot.list(kind, None).cloned().collect::<Vec<_>>()).collect()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::new().with([cover()].into_iter().chain(self.objects().into_iter().map(Edit::Put))).0
    }

    /// The same world, where one policy that speaks of a direction accepts what a rule of the other world does, wherever that is put;
    /// `None` where there is no such policy or rule.
    pub(crate) fn accepting_more(&self, other: &Self, which: Index, rule: Index, place: Index) -> Option<Self> {
        let mut more = self.clone();
        match (&mut more, other) {
            (Self::Cluster(world), Self::Cluster(other)) => {
                let known =
                    |rule: &&cluster::Rule| !rule.peers.iter().any(|peer| matches!(peer, cluster::Peer::Unknown));
                // A rule of ingress fits egress, but not the other way round.
                let rules: Vec<_> = other.policies.iter().flat_map(|policy| &policy.ingress).filter(known).collect();
                let mut lists: Vec<_> =
                    world.policies.iter_mut().flat_map(|policy| [&mut policy.ingress, &mut policy.egress]).collect();
                let rule = cluster::Rule { action: cluster::Action::Accept, ..(*pick(&rules, rule)?).clone() };
                insert(pick_mut(&mut lists, which)?, place, rule);
            }
            (Self::Cilium(world, _), Self::Cilium(other, _)) => {
                let section = |direction: usize| {
                    let rules = other.policies.iter().flat_map(|policy| &policy.rules);
                    let rules = rules.flat_map(move |rule| rule.sections[direction].allow.iter().flatten());
                    rules.cloned().collect::<Vec<_>>()
                };
                let rules = world.policies.iter_mut().flat_map(|policy| &mut policy.rules);
                let sections = rules.flat_map(|rule| rule.sections.iter_mut().enumerate());
                let mut lists: Vec<_> = sections
                    .filter_map(|(direction, section)| Some((direction, section.allow.as_mut()?)))
                    .filter(|(_, list)| !list.is_empty())
                    .collect();
                let (direction, list) = pick_mut(&mut lists, which)?;
                let rule = pick(&section(*direction), rule)?.clone();
                insert(list, place, rule);
            }
            (Self::Calico(world), Self::Calico(other)) => {
                let rules: Vec<_> = other.policies.iter().map(|policy| [&policy.ingress, &policy.egress]).collect();
                let lists =
                    world.policies.iter_mut().flat_map(|policy| [(0, &mut policy.ingress), (1, &mut policy.egress)]);
                let mut lists: Vec<_> = lists.filter(|(_, list)| !list.is_empty()).collect();
                let (direction, list) = pick_mut(&mut lists, which)?;
                let rules: Vec<_> = rules.iter().flat_map(|both| both[*direction].iter()).collect();
                let rule = calico::Rule { action: calico::Action::Allow, ..(*pick(&rules, rule)?).clone() };
                insert(list, place, rule);
            }
            _ => return None,
        }
        Some(more)
    }
}

/// What everybody reads: that all policies are seen.
pub(crate) fn cover() -> Edit {
    Edit::Cover(Scope { kind: Kind::NetworkPolicy, namespace: None }, Ok(()))
}

fn pick<T>(all: &[T], which: Index) -> Option<&T> {
    (!all.is_empty()).then(|| which.get(all))
}

fn pick_mut<T>(all: &mut [T], which: Index) -> Option<&mut T> {
    (!all.is_empty()).then(|| which.get_mut(all))
}

fn insert<T>(list: &mut Vec<T>, place: Index, rule: T) {
    list.insert(place.index(list.len() + 1), rule);
}

fn calico_pod(index: usize, pod: &calico::Pod) -> Object {
    let facts = pod.facts();
    let meta = Meta {
        name: format!("pod-{index}").into(),
        namespace: Some(pod.namespace.as_str().into()),
        labels: facts.labels.clone(),
        ..Meta::default()
    };
    Object::Pod(Arc::new(ringwall::model::Pod {
        meta,
        facts: Arc::new(facts),
        phase: Phase::Active,
        mirror: false,
        hook: None,
        addresses: Arc::from(pod.address),
    }))
}
