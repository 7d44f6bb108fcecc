//! What a snapshot holds that may send or receive: Pods by their classes, and templates that have no Pods.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    model::{Kind, Labels, Name, Object, ObjectKey, Phase, Pod, PodFacts},
    network::{Party, PodView, namespace_labels},
    snapshot::Snapshot,
};

use super::WorkloadName;

/// A namespace with something in it.
pub(super) struct Space {
    pub(super) name: Name,
    pub(super) labels: Labels,
}

/// Pods that policies cannot tell apart, or what a template makes.
pub(super) struct Node {
    /// The place of its namespace.
    pub(super) space: usize,
    pub(super) facts: Arc<PodFacts>,
    /// The addresses of one of the Pods.
    pub(super) addresses: Arc<[IpAddr]>,
    /// The workload it belongs to; none for Pods that nobody controls, which are workloads each.
    pub(super) owner: Option<WorkloadName>,
    /// Its Pods, or the object that has the template.
    pub(super) members: Vec<WorkloadName>,
}

/// All of them, in no particular order.
pub(super) struct Nodes {
    pub(super) spaces: Vec<Space>,
    pub(super) nodes: Vec<Node>,
    places: HashMap<Name, usize>,
}

/// Whether the Pod is on the network: neither ended, nor over the time that it was given to go.
fn is_there(pod: &Pod, now: Timestamp) -> bool {
    pod.phase == Phase::Active && pod.meta.deletion.is_none_or(|deletion| deletion > now)
}

impl Nodes {
    /// All that a snapshot holds.
    pub(super) fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        let mut all = Self { spaces: Vec::new(), nodes: Vec::new(), places: HashMap::new() };
        let mut with_pods = BTreeSet::new();
        for (key, class) in snapshot.classes(None) {
            let space = all.space(snapshot, &key.namespace);
            let keys =
                class.pods.iter().map(|name| ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), name.clone()));
            let objects = keys.filter_map(|key| snapshot.object(&key).found());
            let mut first: Option<Node> = None;
            for object in objects {
                let Object::Pod(pod) = &object else { continue };
                if !is_there(pod, now) {
                    continue;
                }
                let node = first.get_or_insert_with(|| Node {
                    space,
                    facts: Arc::clone(&class.facts),
                    addresses: Arc::clone(&pod.addresses),
                    owner: key.controller.is_some().then(|| WorkloadName::of_object(snapshot, &object)),
                    members: Vec::new(),
                });
                node.members.push(WorkloadName::of_key(&object.key()));
            }
            with_pods.extend(first.iter().filter_map(|node| node.owner.clone()));
            all.nodes.extend(first);
        }
        all.add_templates(snapshot, &with_pods);
        all
    }

    /// The templates of workloads that have no Pods: those of files, and those that nobody has scaled up.
    fn add_templates(&mut self, snapshot: &Snapshot, with_pods: &BTreeSet<WorkloadName>) {
        for kind in Kind::all().filter(|kind| kind.info().template.is_some()) {
            for object in snapshot.list(kind, None) {
                let Object::Workload(workload) = object else { continue };
                let Some(namespace) = &workload.meta.namespace else { continue };
                // A controller that is read has the template that counts.
                if snapshot.top_controller(&workload.meta).is_some() || snapshot.is_going(&workload.meta) {
                    continue;
                }
                let owner = WorkloadName::of_object(snapshot, object);
                if with_pods.contains(&owner) {
                    continue;
                }
                let space = self.space(snapshot, namespace);
                self.nodes.push(Node {
                    space,
                    facts: Arc::clone(&workload.template),
                    addresses: Arc::from([]),
                    owner: Some(owner),
                    members: vec![WorkloadName::of_key(&object.key())],
                });
            }
        }
    }

    /// The place of a namespace.
    fn space(&mut self, snapshot: &Snapshot, name: &Name) -> usize {
        if let Some(known) = self.places.get(name) {
            return *known;
        }
        self.spaces.push(Space { name: name.clone(), labels: namespace_labels(snapshot, name) });
        self.places.insert(name.clone(), self.spaces.len() - 1);
        self.spaces.len() - 1
    }

    /// A node as a party to flows.
    pub(super) fn party<'a>(&'a self, node: &'a Node) -> Option<Party<'a>> {
        let space = self.spaces.get(node.space)?;
        let view = PodView { namespace: &space.name, namespace_labels: &space.labels, facts: &node.facts };
        Some(Party::Pod(view, &node.addresses))
    }
}
