//! Flows that come in through Services: from ingress controllers, and from outside through `LoadBalancer` and `NodePort` Services.
//!
//! A controller whose namespace the ruleset names is the workloads there, and what it gives to its backends may repeat a part of what
//! those workloads reach as any others do. A controller that nobody names is an entity of its own.
//!
//! Who is let in by address needs no Service and is not told here. What is: behind `externalTrafficPolicy: Cluster` a client may arrive
//! with the address of the node that he came through, so that whoever admits nodes may admit everybody.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    rc::Rc,
    sync::Arc,
};

use ipnet::IpNet;
use jiff::Timestamp;

use crate::{
    model::{AddressSet, Kind, Labels, Name, Object, ObjectKey, PodFacts, PortSet, Service, ServicePort},
    snapshot::{ClassKey, Snapshot},
};

use super::{
    super::{
        Backend, Bounds, Controllers, Direction, Endpoints, Fit, Party, Peer, Plugin, PodView, Policy, Rule, Server,
        endpoints, exposure, namespace_labels, of_policies, party::PRIVATE, policies_on, services::runs, side,
        target_ports, unplaced,
    },
    End, Entity, Flow, Precision, WorkloadName,
};

/// The flows that come in through Services, sorted; each pair of ends once for each precision.
pub fn entrances(snapshot: &Snapshot, plugin: &Plugin, controllers: &Controllers, now: Timestamp) -> Vec<Flow> {
    let mut entrances =
        Entrances { snapshot, plugin, controllers, now, sources: BTreeMap::new(), found: BTreeMap::new() };
    for object in snapshot.list(Kind::Ingress, None) {
        if let Object::Ingress(ingress) = object
            && !ingress.meta.is_terminating()
        {
            let servers = [controllers.of_ingress(snapshot, ingress)].into();
            entrances.served(&servers, &Backend::of_ingress(ingress), ingress.meta.namespace.as_ref());
        }
    }
    for object in Kind::all().filter(|kind| kind.is_route()).flat_map(|kind| snapshot.list(kind, None)) {
        if let Object::Route(route) = object
            && !route.meta.is_terminating()
        {
            let servers = Controllers::of_route(snapshot, route);
            entrances.served(&servers, &Backend::of_route(route), route.meta.namespace.as_ref());
        }
    }
    for object in snapshot.list(Kind::Service, None) {
        if let Object::Service(service) = object
            && service.is_exposed()
            && !service.external_traffic_local
            && !service.meta.is_terminating()
        {
            entrances.translated(service);
        }
    }
    entrances.flows()
}

/// Somebody that a controller may be.
struct Source {
    end: End,
    namespace: Name,
    namespace_labels: Labels,
    facts: Arc<PodFacts>,
    /// The policies of its egress.
    policies: Option<Vec<Arc<Policy>>>,
}

impl Source {
    fn party(&self) -> Party<'_> {
        unplaced(PodView { namespace: &self.namespace, namespace_labels: &self.namespace_labels, facts: &self.facts })
    }
}

/// What is known of a pair of ends.
type Found = BTreeMap<(End, WorkloadName), BTreeMap<Option<ClassKey>, Bounds<PortSet>>>;

struct Entrances<'a> {
    snapshot: &'a Snapshot,
    plugin: &'a Plugin,
    controllers: &'a Controllers,
    now: Timestamp,
    /// The sources in the namespace of a controller.
    sources: BTreeMap<Name, Rc<[Source]>>,
    /// By class, so that replicas that differ can be told apart.
    found: Found,
}

impl Entrances<'_> {
    /// What whoever serves an Ingress or a route of that namespace sends to its backends.
    fn served(&mut self, servers: &BTreeSet<Server>, backends: &BTreeSet<Backend>, own: Option<&Name>) {
        for backend in backends {
            let Some((service, port)) = backend.resolve(self.snapshot) else { continue };
            // A backend of another namespace needs a grant there, which is not read.
            let is_foreign = backend.service.namespace.as_ref() != own;
            for destination in endpoints(self.snapshot, &service, self.now) {
                let target = target_ports(&port, &destination.facts);
                self.sent(servers, &destination, &target, is_foreign);
            }
        }
    }

    fn sent(&mut self, servers: &BTreeSet<Server>, destination: &Endpoints, target: &PortSet, is_foreign: bool) {
        let (snapshot, plugin) = (self.snapshot, self.plugin);
        let labels = namespace_labels(snapshot, &destination.namespace);
        let view = PodView { namespace: &destination.namespace, namespace_labels: &labels, facts: &destination.facts };
        let addresses = addresses(snapshot, destination.class.as_ref());
        let party = Party::Pod(view, &addresses);
        let policies = policies_on(snapshot, plugin, view, Direction::Ingress);
        let enters = |source: Party<'_>| of_policies(plugin, policies.as_deref(), source, party, Direction::Ingress);
        for server in servers {
            let certain = !is_foreign && *server != Server::Nobody;
            let namespace = match server {
                Server::Controller(name) => self.controllers.namespace(name),
                Server::Unseen | Server::Nobody => None,
            };
            let Some(namespace) = namespace else {
                let bounds = enters(Party::IngressController);
                self.add(End::Entity(Entity::IngressController), destination, target, &bounds, certain);
                continue;
            };
            for source in self.sources_in(namespace).iter() {
                if source.end == End::Workload(destination.workload.clone()) {
                    continue;
                }
                let (from, leaving) = (source.party(), source.policies.as_deref());
                let leaves = of_policies(plugin, leaving, from, party, Direction::Egress);
                let arrives = enters(from);
                let bounds = Bounds {
                    least: leaves.least.intersection(&arrives.least),
                    most: leaves.most.intersection(&arrives.most),
                };
                self.add(source.end.clone(), destination, target, &bounds, certain);
            }
        }
    }

    /// The workloads of a controller's namespace; where the snapshot holds none, somebody there of whom nothing else is known.
    fn sources_in(&mut self, namespace: &Name) -> Rc<[Source]> {
        if let Some(known) = self.sources.get(namespace) {
            return Rc::clone(known);
        }
        let snapshot = self.snapshot;
        let labels = namespace_labels(snapshot, namespace);
        let source = |end, facts: Arc<PodFacts>| {
            let view = PodView { namespace, namespace_labels: &labels, facts: &facts };
            let policies = policies_on(snapshot, self.plugin, view, Direction::Egress);
            Source { end, namespace: namespace.clone(), namespace_labels: labels.clone(), facts, policies }
        };
        let mut sources = Vec::new();
        let mut known = BTreeSet::new();
        for (class, members) in snapshot.classes(Some(namespace)) {
            for workload in WorkloadName::of_class(snapshot, class) {
                if !runs(snapshot, class, self.now) {
                    continue;
                }
                known.insert(workload.clone());
                sources.push(source(End::Workload(workload), Arc::clone(&members.facts)));
            }
        }
        for template in snapshot.templates(Some(namespace)) {
            let workload = WorkloadName::of_object(snapshot, template);
            if let Some(facts) = template.pod_facts().filter(|_| !known.contains(&workload)) {
                sources.push(source(End::Workload(workload), Arc::clone(facts)));
            }
        }
        if sources.is_empty() {
            sources.push(source(End::Entity(Entity::IngressController), Arc::default()));
        }
        let sources: Rc<[Source]> = sources.into();
        self.sources.insert(namespace.clone(), Rc::clone(&sources));
        sources
    }

    /// Clients from outside who arrive with a node's address.
    fn translated(&mut self, service: &Service) {
        for destination in endpoints(self.snapshot, service, self.now) {
            if destination.facts.host_network && !self.plugin.host_network_pods {
                continue;
            }
            for port in &service.ports {
                self.translated_port(&destination, port);
            }
        }
    }

    fn translated_port(&mut self, destination: &Endpoints, port: &ServicePort) {
        let (snapshot, plugin) = (self.snapshot, self.plugin);
        let target = target_ports(port, &destination.facts);
        let labels = namespace_labels(snapshot, &destination.namespace);
        let view = PodView { namespace: &destination.namespace, namespace_labels: &labels, facts: &destination.facts };
        let policies = policies_on(snapshot, plugin, view, Direction::Ingress).unwrap_or_default();
        if policies.is_empty() || target.is_empty() {
            return;
        }
        let of_outside = exposure(snapshot, plugin, &destination.namespace, &destination.facts, Direction::Ingress);
        let admitted = of_outside.readings().map(|reading| {
            let here = reading.admission.addresses().filter(|(ports, _)| target.is_within(ports));
            AddressSet::union_of(here.map(|(_, addresses)| addresses))
        });
        let admitted = admitted.reduce(|both, other| both.intersection(&other)).unwrap_or_default();
        for every in families() {
            let from_nodes = side(
                &policies,
                Direction::Ingress,
                |rule| admits_nodes(plugin, rule, &every),
                |ports| ports.on(plugin, &destination.facts),
            );
            let opened = Bounds { least: PortSet::none(), most: from_nodes.most.intersection(&target) };
            for (first, last) in every.difference(&admitted).ranges() {
                self.add(End::Addresses(first, last), destination, &target, &opened, false);
            }
        }
    }

    fn add(&mut self, source: End, destination: &Endpoints, target: &PortSet, bounds: &Bounds<PortSet>, certain: bool) {
        let least = if certain { bounds.least.intersection(target) } else { PortSet::none() };
        let most = bounds.most.intersection(target);
        if most.is_empty() {
            return;
        }
        let ends = self.found.entry((source, destination.workload.clone())).or_default();
        let known = ends.entry(destination.class.clone()).or_insert_with(|| Bounds::exactly(PortSet::none()));
        *known = Bounds { least: known.least.union(&least), most: known.most.union(&most) };
    }

    /// Everything that was found. A workload is one destination unless its replicas differ.
    fn flows(self) -> Vec<Flow> {
        let mut flows = Vec::new();
        let mut replicas = BTreeMap::new();
        for ((source, workload), by_class) in &self.found {
            let mut bounds = by_class.values();
            let first = bounds.next();
            let classes = match by_class.keys().next() {
                Some(Some(class)) => {
                    let here = replicas.entry(&class.namespace).or_insert_with(|| self.classes_in(&class.namespace));
                    here.get(workload).copied().unwrap_or(1)
                }
                _ => 1,
            };
            match first {
                Some(first) if classes <= by_class.len() && bounds.all(|other| other == first) => {
                    push(source, &End::Workload(workload.clone()), first, &mut flows);
                }
                _ => {
                    for (class, bounds) in by_class {
                        for end in pods(self.snapshot, class.as_ref(), workload) {
                            push(source, &end, bounds, &mut flows);
                        }
                    }
                }
            }
        }
        flows.sort();
        flows.dedup();
        flows
    }

    /// How many classes of running Pods the workloads of a namespace have.
    fn classes_in(&self, namespace: &Name) -> BTreeMap<WorkloadName, usize> {
        let mut counts = BTreeMap::new();
        for (class, _) in self.snapshot.classes(Some(namespace)) {
            if runs(self.snapshot, class, self.now) {
                for workload in WorkloadName::of_class(self.snapshot, class) {
                    *counts.entry(workload).or_default() += 1;
                }
            }
        }
        counts
    }
}

/// The Pods of a class, each as an end.
fn pods(snapshot: &Snapshot, class: Option<&ClassKey>, workload: &WorkloadName) -> Vec<End> {
    let Some((key, members)) = class.and_then(|key| Some((key, snapshot.class(key)?))) else {
        return vec![End::Workload(workload.clone())];
    };
    let pod = |name: &Name| ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), name.clone());
    members.pods.iter().map(|name| End::Workload(WorkloadName::of_key(&pod(name)))).collect()
}

fn push(source: &End, destination: &End, bounds: &Bounds<PortSet>, flows: &mut Vec<Flow>) {
    let possible = bounds.most.difference(&bounds.least);
    for (ports, precision) in [(bounds.least.clone(), Precision::Exact), (possible, Precision::AtMost)] {
        if !ports.is_empty() {
            flows.push(Flow { source: source.clone(), destination: destination.clone(), ports, precision });
        }
    }
}

/// The addresses of a class that is one Pod. Those of many Pods are not the same to a policy.
fn addresses(snapshot: &Snapshot, class: Option<&ClassKey>) -> Vec<IpAddr> {
    let only = class.and_then(|key| {
        let pods = &snapshot.class(key)?.pods;
        let name = pods.first().filter(|_| pods.size() == 1)?.clone();
        snapshot.object(&ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), name)).found()
    });
    match only {
        Some(Object::Pod(pod)) => pod.addresses.to_vec(),
        _ => Vec::new(),
    }
}

/// All addresses of each family.
fn families() -> [AddressSet; 2] {
    [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]
        .map(|zero| IpNet::new(zero, 0).map(AddressSet::of_network).unwrap_or_default())
}

/// Whether a rule means nodes of a family, whose addresses are private ones.
fn admits_nodes(plugin: &Plugin, rule: &Rule, family: &AddressSet) -> Fit {
    let fit = |peer: &Peer| match peer {
        Peer::Everyone | Peer::Nodes => Fit::Yes,
        Peer::Addresses(set) if plugin.blocks_match_nodes => {
            let nodes = PRIVATE.intersection(family);
            match (nodes.is_within(set), nodes.intersection(set).is_empty()) {
                (true, _) => Fit::Yes,
                (_, true) => Fit::No,
                (false, false) => Fit::Partly,
            }
        }
        Peer::Addresses(_) | Peer::World(_) | Peer::Pods { .. } => Fit::No,
    };
    rule.peers.iter().map(|(peer, _)| fit(peer)).max().unwrap_or(Fit::No)
}
