//! What a snapshot holds that may send or receive: Pods by their classes, and templates that have no Pods.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    model::{Kind, Labels, Name, Object, ObjectKey, Phase, Pod, PodFacts},
    network::{Party, Plugin, PodView, coverage, namespace_labels},
    snapshot::Snapshot,
};

use super::{WorkloadName, places::Places};

/// A namespace with something in it.
pub(super) struct Space {
    pub(super) name: Name,
    pub(super) labels: Labels,
    /// Whether all policies that count for it have been seen.
    pub(super) seen: bool,
}

/// Pods that policies cannot tell apart, or what a template makes.
pub(super) struct Node {
    /// The number of its namespace.
    pub(super) space: usize,
    pub(super) facts: Arc<PodFacts>,
    /// The addresses of one of the Pods.
    pub(super) addresses: Arc<[IpAddr]>,
    /// Where they lie.
    pub(super) place: usize,
    /// The workload it belongs to; none for Pods that nobody controls, which are workloads each.
    pub(super) owner: Option<WorkloadName>,
    /// Its Pods, or the object that has the template.
    pub(super) members: Vec<WorkloadName>,
}

/// All of them, by number.
pub(super) struct Nodes {
    pub(super) spaces: Vec<Space>,
    pub(super) nodes: Vec<Node>,
}

/// Whether the Pod is on the network: neither ended, nor over the time that it was given to go.
fn is_there(pod: &Pod, now: Timestamp) -> bool {
    pod.phase == Phase::Active && pod.meta.deletion.is_none_or(|deletion| deletion > now)
}

impl Nodes {
    /// All that a snapshot holds, where `places` tells addresses apart.
    pub(super) fn of(snapshot: &Snapshot, plugin: &Plugin, places: &mut Places<'_>, now: Timestamp) -> Self {
        let mut found = Gathering { snapshot, plugin, spaces: Vec::new(), numbers: HashMap::new(), nodes: Vec::new() };
        let owners = found.add_pods(places, now);
        found.add_templates(places, &owners);
        Self { spaces: found.spaces, nodes: found.nodes }
    }

    /// A node.
    pub(super) fn get(&self, node: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(node).ok()?)
    }

    /// The nodes with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Node)> {
        (0..).zip(&self.nodes)
    }

    /// A node as policies see it.
    pub(super) fn view<'a>(&'a self, node: &'a Node) -> Option<PodView<'a>> {
        let space = self.spaces.get(node.space)?;
        Some(PodView { namespace: &space.name, namespace_labels: &space.labels, facts: &node.facts })
    }

    /// A node as a party to flows.
    pub(super) fn party(&self, node: u32) -> Option<Party<'_>> {
        let node = self.get(node)?;
        Some(Party::Pod(self.view(node)?, &node.addresses))
    }
}

struct Gathering<'a> {
    snapshot: &'a Snapshot,
    plugin: &'a Plugin,
    spaces: Vec<Space>,
    numbers: HashMap<Name, usize>,
    nodes: Vec<Node>,
}

impl Gathering<'_> {
    /// Adds the Pods, and says which workloads have some.
    fn add_pods(&mut self, places: &mut Places<'_>, now: Timestamp) -> BTreeSet<WorkloadName> {
        let mut owners = BTreeSet::new();
        for (key, class) in self.snapshot.classes(None) {
            let space = self.space(&key.namespace);
            let mut by_place: BTreeMap<usize, Node> = BTreeMap::new();
            let mut owner: Option<WorkloadName> = None;
            for name in &class.pods {
                let object = ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), name.clone());
                let Some(object) = self.snapshot.object(&object).found() else { continue };
                let Object::Pod(pod) = &object else { continue };
                if !is_there(pod, now) {
                    continue;
                }
                if owner.is_none() && key.controller.is_some() {
                    owner = Some(WorkloadName::of_object(self.snapshot, &object));
                }
                let place = places.place(&class.facts, &pod.addresses);
                let node = by_place.entry(place).or_insert_with(|| Node {
                    space,
                    facts: Arc::clone(&class.facts),
                    addresses: Arc::clone(&pod.addresses),
                    place,
                    owner: owner.clone(),
                    members: Vec::new(),
                });
                let (namespace, kind) = (key.namespace.clone(), pod_kind());
                node.members.push(WorkloadName { namespace, kind, name: name.clone() });
            }
            owners.extend(owner);
            self.nodes.extend(by_place.into_values());
        }
        owners
    }

    /// Adds the templates of workloads that have no Pods: those of files, and those that nobody has scaled up.
    fn add_templates(&mut self, places: &mut Places<'_>, with_pods: &BTreeSet<WorkloadName>) {
        for kind in Kind::all().filter(|kind| kind.info().template.is_some()) {
            for object in self.snapshot.list(kind, None) {
                let Object::Workload(workload) = object else { continue };
                let Some(namespace) = &workload.meta.namespace else { continue };
                // A controller that is there has the template that counts.
                if self.snapshot.top_controller(&workload.meta).is_some() || self.snapshot.is_going(&workload.meta) {
                    continue;
                }
                let owner = WorkloadName::of_object(self.snapshot, object);
                if with_pods.contains(&owner) {
                    continue;
                }
                let space = self.space(namespace);
                self.nodes.push(Node {
                    space,
                    facts: Arc::clone(&workload.template),
                    addresses: Arc::from([]),
                    place: places.place(&workload.template, &[]),
                    owner: Some(owner),
                    members: vec![WorkloadName::of_key(&object.key())],
                });
            }
        }
    }

    fn space(&mut self, name: &Name) -> usize {
        if let Some(known) = self.numbers.get(name) {
            return *known;
        }
        let labels = namespace_labels(self.snapshot, name);
        let seen = coverage(self.snapshot, self.plugin, name).is_ok();
        self.spaces.push(Space { name: name.clone(), labels, seen });
        self.numbers.insert(name.clone(), self.spaces.len() - 1);
        self.spaces.len() - 1
    }
}

/// The one name that all Pods share.
fn pod_kind() -> Name {
    static POD: std::sync::LazyLock<Name> = std::sync::LazyLock::new(|| Kind::Pod.name().into());
    POD.clone()
}
