//! For which peers a change may be another than it is for just anybody, and which Pods of a class are alike to rules of networks.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use crate::{
    model::{AddressSet, Kind, Labels, Name, Object, ObjectKey, Protocol},
    network::{Action, Direction, Fit, Peer, Plugin, PodView, Policy, Rule, reach::WorkloadName, select},
    snapshot::{ClassKey, Snapshot},
};

/// Whom rules tell apart from a Pod that nothing names.
#[derive(Default)]
pub(super) struct Apart {
    /// Peers that such a Pod is not: whoever is one.
    meant: Vec<Peer>,
    /// Peers that such a Pod is, and not every Pod: whoever is none.
    spared: Vec<Peer>,
    /// The names by which rules of everybody name ports: whoever declares one.
    names: BTreeSet<(Protocol, Name)>,
    /// Pods on their nodes' network.
    nodes: bool,
    /// Everybody: whether a network means a Pod, and another rule for Pods comes before or after, is known of each Pod alone.
    everybody: bool,
}

impl Apart {
    /// Whom the policies of a workload in two states tell apart, as far as the difference may be another for them. `misses_nodes` says
    /// whether it is for a Pod on its node's network that declares no port.
    pub(super) fn of(
        plugin: &Plugin,
        old: &[Arc<Policy>],
        new: &[Arc<Policy>],
        direction: Direction,
        misses_nodes: impl FnOnce() -> bool,
    ) -> Self {
        let mut apart = Self::default();
        let all = || old.iter().chain(new);
        // Where policies are alternatives, only what differs matters; where they are asked in order, what one says depends on those
        // before it, and so it does where isolation comes or goes.
        let add_up = all().all(|policy| adds_up(policy, direction, all().next()));
        let differs = |policy: &Arc<Policy>| !(add_up && old.contains(policy) && new.contains(policy));
        let networks_mean_pods = plugin.blocks_match_pods || plugin.blocks_match_nodes;
        let names_networks = all().any(|policy| names(policy, direction, |peer| matches!(peer, Peer::Addresses(_))));
        // What is told of an address is not told of a Pod that has it, where the world, which has no Pods, was let through there before.
        let names_world = || all().any(|policy| names(policy, direction, |peer| matches!(peer, Peer::World(_))));
        apart.everybody = networks_mean_pods && names_networks && (!add_up || names_world());
        for policy in all() {
            let differs = differs(policy);
            for rule in policy.rules(direction).unwrap_or_default() {
                apart.add(rule, direction, differs);
            }
        }
        // To rules for Pods those on their nodes' network are nobody, whatever their labels. Where networks mean nodes they fare as their
        // addresses do, of which is told, but for rules for nodes; else they are all alike.
        if !plugin.host_network_pods && !(plugin.blocks_match_nodes && names_networks) {
            apart.nodes = misses_nodes();
        }
        apart
    }

    fn add(&mut self, rule: &Rule, direction: Direction, differs: bool) {
        for (peer, _) in &rule.peers {
            let (anybody, everybody) = (peer.is_unnamed_pod(), peer.is_every_pod());
            match peer {
                Peer::Nodes => self.nodes |= differs,
                Peer::Pods { .. } if anybody && !everybody && !self.spared.contains(peer) => {
                    self.spared.push(peer.clone());
                }
                Peer::Pods { .. } if differs && !anybody && !self.meant.contains(peer) => self.meant.push(peer.clone()),
                _ => {}
            }
            if direction == Direction::Egress && differs && (anybody || *peer == Peer::Nodes) {
                self.names.extend(rule.ports.names.iter().cloned());
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.meant.is_empty() && self.spared.is_empty() && self.names.is_empty() && !self.nodes && !self.everybody
    }

    /// The namespaces in which they can be; `None` for all.
    fn namespaces(&self) -> Option<BTreeSet<Name>> {
        let own = |peer: &'_ Peer| -> Option<Name> {
            match peer {
                Peer::Pods { namespace, .. } => namespace.clone(),
                _ => None,
            }
        };
        let bound = self.spared.is_empty() && self.names.is_empty() && !self.nodes && !self.everybody;
        bound.then(|| self.meant.iter().map(own).collect()).flatten()
    }

    /// Visits the classes that are told apart.
    pub(super) fn classes(&self, snapshot: &Snapshot, plugin: &Plugin, mut visit: impl FnMut(&ClassKey, &Labels)) {
        if self.is_empty() {
            return;
        }
        let mut within = |namespace: &Name, labels: &Labels| {
            let leaves_some_out = |peer: &&Peer| match peer {
                Peer::Pods { namespaces, pods, .. } => !pods.is_everything() || !namespaces.matches(labels),
                _ => false,
            };
            let spared: Vec<&Peer> = self.spared.iter().filter(leaves_some_out).collect();
            let meant: Vec<&Peer> = self.meant.iter().filter(|peer| may_be_in(peer, namespace, labels)).collect();
            if spared.is_empty() && meant.is_empty() && self.names.is_empty() && !self.nodes && !self.everybody {
                return;
            }
            for (class, _) in snapshot.classes(Some(namespace)) {
                let view = PodView { namespace, namespace_labels: labels, facts: &class.facts };
                let party = super::unplaced(view);
                let declares = |(protocol, name): &(Protocol, Name)| {
                    class.facts.ports.iter().any(|port| port.protocol == *protocol && port.name.as_ref() == Some(name))
                };
                if self.everybody
                    || meant.iter().any(|peer| party.is(plugin, peer) == Fit::Yes)
                    || spared.iter().any(|peer| party.is(plugin, peer) == Fit::No)
                    || self.nodes && class.facts.host_network
                    || self.names.iter().any(declares)
                {
                    visit(class, labels);
                }
            }
        };
        match self.namespaces() {
            Some(names) => names.into_iter().for_each(|name| within(&name, &select::namespace_labels(snapshot, &name))),
            None => super::subjects::for_namespaces(snapshot, None, within),
        }
    }
}

/// Whether what it admits is added to what the others do: it only accepts, and is asked with them.
fn adds_up(policy: &Policy, direction: Direction, first: Option<&Arc<Policy>>) -> bool {
    let accepts = |rule: &Rule| rule.action == Action::Accept;
    policy.rules(direction).unwrap_or_default().iter().all(accepts)
        && first.is_none_or(|first| first.order.tier == policy.order.tier)
}

fn names(policy: &Policy, direction: Direction, is_meant: impl Fn(&Peer) -> bool) -> bool {
    let rules = policy.rules(direction).unwrap_or_default();
    rules.iter().flat_map(|rule| &rule.peers).any(|(peer, _)| is_meant(peer))
}

fn may_be_in(peer: &Peer, name: &Name, labels: &Labels) -> bool {
    match peer {
        Peer::Pods { namespace, namespaces, .. } => {
            namespace.as_ref().is_none_or(|own| own == name)
                && (namespaces.is_everything() || namespaces.matches(labels))
        }
        _ => false,
    }
}

/// The Pods of a class, or one Pod alone.
#[derive(Clone, Debug)]
pub(super) struct Members {
    pub(super) class: ClassKey,
    pub(super) only: Option<Name>,
}

/// Some Pods of a class that are alike.
#[derive(Default)]
pub(super) struct Alike {
    pub(super) names: BTreeSet<WorkloadName>,
    /// Of one of them; none where addresses make no difference or are not known.
    pub(super) addresses: Arc<[IpAddr]>,
}

impl Members {
    /// The members by which of the policies' networks hold their addresses.
    pub(super) fn by_networks<'a>(
        &self,
        snapshot: &Snapshot,
        plugin: &Plugin,
        policies: impl Iterator<Item = &'a Arc<Policy>>,
        direction: Direction,
    ) -> Vec<Alike> {
        let on_node = self.class.facts.host_network && !plugin.host_network_pods;
        let matters = if on_node { plugin.blocks_match_nodes } else { plugin.blocks_match_pods };
        let rules = policies.filter(|_| matters).flat_map(|policy| policy.rules(direction).unwrap_or_default());
        let networks: Vec<&AddressSet> =
            rules.flat_map(|rule| &rule.peers).filter_map(|(peer, _)| addresses_of(peer)).collect();
        if networks.is_empty() {
            return vec![Alike { names: self.names(snapshot), ..Alike::default() }];
        }
        let mut alike: BTreeMap<(bool, Vec<bool>), Alike> = BTreeMap::new();
        let in_class = snapshot.class(&self.class).into_iter().flat_map(|class| class.pods.iter());
        for name in self.only.iter().chain(in_class.filter(|_| self.only.is_none())).take(super::PEERS) {
            let Some(Object::Pod(pod)) = snapshot.object(&self.key(name)).found() else { continue };
            let holds = |network: &&AddressSet| pod.addresses.iter().any(|address| network.contains(*address));
            let kind = (pod.addresses.is_empty(), networks.iter().map(holds).collect());
            let entry = alike.entry(kind).or_default();
            if self.only.is_some() || self.class.controller.is_none() {
                entry.names.insert(WorkloadName::of_key(&self.key(name)));
            } else if entry.names.is_empty() {
                entry.names = self.names(snapshot);
            }
            entry.addresses = Arc::clone(&pod.addresses);
        }
        alike.into_values().collect()
    }

    /// What they are called.
    pub(super) fn names(&self, snapshot: &Snapshot) -> BTreeSet<WorkloadName> {
        match &self.only {
            Some(name) => [WorkloadName::of_key(&self.key(name))].into(),
            None => WorkloadName::of_class(snapshot, &self.class).into_iter().collect(),
        }
    }

    fn key(&self, name: &Name) -> ObjectKey {
        ObjectKey::namespaced(Kind::Pod, self.class.namespace.clone(), name.clone())
    }
}

fn addresses_of(peer: &Peer) -> Option<&AddressSet> {
    match peer {
        Peer::Addresses(addresses) => Some(addresses),
        _ => None,
    }
}
