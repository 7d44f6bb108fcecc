//! Sets of nodes: whom selectors and peers mean, from an index of labels instead of node by node.

use std::collections::HashMap;

use roaring::{MultiOps, RoaringBitmap};

use crate::{
    model::{AddressSet, Labels, Name, Selector, reserved},
    network::{Fit, Peer, Plugin, Rule},
};

use super::nodes::Nodes;

/// Nodes, or namespaces, by number.
pub(super) type Set = RoaringBitmap;

/// Whom a peer or a rule means.
#[derive(Clone, Default)]
pub(super) struct Fits {
    pub(super) yes: Set,
    pub(super) partly: Set,
}

/// Who has which labels.
#[derive(Default)]
struct Postings(HashMap<Name, Values>);

#[derive(Default)]
struct Values {
    any: Set,
    each: HashMap<Name, Set>,
}

impl Postings {
    fn add(&mut self, item: u32, labels: &Labels) {
        for (key, value) in labels.iter() {
            self.put(item, key, value);
        }
    }

    fn put(&mut self, item: u32, key: &Name, value: &Name) {
        // Most keys are there already: no clone for them.
        if !self.0.contains_key(key) {
            self.0.insert(key.clone(), Values::default());
        }
        let Some(values) = self.0.get_mut(key) else { return };
        values.any.insert(item);
        match values.each.get_mut(value) {
            Some(items) => {
                items.insert(item);
            }
            None => {
                values.each.insert(value.clone(), Set::from([item]));
            }
        }
    }

    /// Those that satisfy a condition on one key.
    fn leaf(&self, key: &str, condition: &Selector) -> Set {
        let Some(values) = self.0.get(key) else { return Set::new() };
        match condition {
            Selector::Has(_) => values.any.clone(),
            Selector::In(_, wanted) => wanted.iter().filter_map(|value| values.each.get(value)).union(),
            Selector::Like(..) => {
                let like = values.each.iter().filter(|(value, _)| condition.holds(&|_| Some(*value)));
                like.map(|(_, items)| items).union()
            }
            Selector::All(_) | Selector::Any(_) | Selector::Not(_) => Set::new(),
        }
    }
}

/// Those in the scope that satisfy a selector.
fn select(selector: &Selector, scope: &Set, leaf: &impl Fn(&str, &Selector) -> Set) -> Set {
    match selector {
        Selector::All(conditions) => {
            conditions.iter().fold(scope.clone(), |rest, condition| select(condition, &rest, leaf))
        }
        Selector::Any(conditions) => conditions.iter().map(|condition| select(condition, scope, leaf)).union(),
        Selector::Not(condition) => scope - select(condition, scope, leaf),
        Selector::In(key, _) | Selector::Has(key) | Selector::Like(key, ..) => leaf(key, selector) & scope,
    }
}

/// The index of all nodes, and whom each peer means, worked out once for equal peers.
pub(super) struct Index<'a> {
    plugin: &'a Plugin,
    nodes: &'a Nodes,
    labels: Postings,
    accounts: Postings,
    namespace_labels: Postings,
    space_of: HashMap<&'a Name, u32>,
    /// The nodes of each namespace.
    spaces: Vec<Set>,
    every_space: Set,
    /// Nodes whose addresses lie in the same places.
    placed: Vec<Set>,
    pub(super) all: Set,
    /// Pods on their node's network.
    pub(super) host: Set,
    /// Pods that selectors can mean.
    governed: Set,
    peers: HashMap<Whom<'a>, Fits>,
}

/// What makes two peers the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Whom<'a> {
    Pods(Option<&'a Name>, &'a Selector, &'a Selector),
    Addresses(&'a AddressSet),
}

impl<'a> Index<'a> {
    pub(super) fn of(plugin: &'a Plugin, nodes: &'a Nodes) -> Self {
        let (mut labels, mut accounts, mut namespace_labels) =
            (Postings::default(), Postings::default(), Postings::default());
        let mut spaces = vec![Set::new(); nodes.spaces.len()];
        let mut placed: HashMap<(usize, bool), Set> = HashMap::new();
        let (mut all, mut host) = (Set::new(), Set::new());
        let account = Name::from(reserved::SERVICE_ACCOUNT);
        for (number, node) in nodes.iter() {
            labels.add(number, &node.facts.labels);
            accounts.put(number, &account, &node.facts.service_account);
            if let Some(space) = spaces.get_mut(node.space) {
                space.insert(number);
            }
            placed.entry((node.place, node.facts.host_network)).or_default().insert(number);
            all.insert(number);
            if node.facts.host_network {
                host.insert(number);
            }
        }
        let mut every_space = Set::new();
        for (number, space) in (0..).zip(&nodes.spaces) {
            namespace_labels.add(number, &space.labels);
            every_space.insert(number);
        }
        let governed = if plugin.host_network_pods { all.clone() } else { &all - &host };
        let space_of = (0..).zip(&nodes.spaces).map(|(number, space)| (&space.name, number)).collect();
        let placed = placed.into_values().collect();
        Self {
            plugin,
            nodes,
            labels,
            accounts,
            namespace_labels,
            space_of,
            spaces,
            every_space,
            placed,
            all,
            host,
            governed,
            peers: HashMap::new(),
        }
    }

    /// The Pods that selectors mean, as a subject or as a peer.
    pub(super) fn pods(&self, namespace: Option<&Name>, namespaces: &Selector, pods: &Selector) -> Set {
        let mut scope = match namespace {
            Some(name) => self.in_namespace(name),
            None => self.governed.clone(),
        };
        if !namespaces.is_everything() {
            let found = select(namespaces, &self.every_space, &|key, leaf| self.namespace_labels.leaf(key, leaf));
            scope &= self.within(&found);
        }
        select(pods, &scope, &|key, leaf| self.leaf(key, leaf))
    }

    /// The governed nodes of a namespace.
    pub(super) fn in_namespace(&self, name: &Name) -> Set {
        let space = self.space_of.get(name).and_then(|number| self.spaces.get(usize::try_from(*number).ok()?));
        space.map(|space| space & &self.governed).unwrap_or_default()
    }

    /// The nodes of namespaces.
    fn within(&self, spaces: &Set) -> Set {
        if *spaces == self.every_space {
            return self.all.clone();
        }
        spaces.iter().filter_map(|number| self.spaces.get(usize::try_from(number).ok()?)).union()
    }

    /// As [`crate::network::PodView::satisfies`] has it.
    fn leaf(&self, key: &str, leaf: &Selector) -> Set {
        match key.strip_prefix(reserved::NAMESPACE_LABEL) {
            _ if !key.starts_with('@') => self.labels.leaf(key, leaf),
            Some(label) => self.within(&self.namespace_labels.leaf(label, leaf)),
            None => self.accounts.leaf(key, leaf),
        }
    }

    /// Whom a rule means.
    pub(super) fn rule(&mut self, rule: &'a Rule) -> Fits {
        let mut sum = Fits::default();
        for (peer, _) in &rule.peers {
            let whom = match peer {
                Peer::Everyone => {
                    return Fits { yes: self.all.clone(), partly: Set::new() };
                }
                Peer::Nodes => {
                    sum.yes |= &self.host;
                    continue;
                }
                Peer::World(_) => continue,
                Peer::Pods { namespace, namespaces, pods } => Whom::Pods(namespace.as_ref(), namespaces, pods),
                Peer::Addresses(set) => Whom::Addresses(set),
            };
            if !self.peers.contains_key(&whom) {
                self.peers.insert(whom, self.peer(whom, peer));
            }
            if let Some(fits) = self.peers.get(&whom) {
                sum.yes |= &fits.yes;
                sum.partly |= &fits.partly;
            }
        }
        sum.partly -= &sum.yes;
        sum
    }

    fn peer(&self, whom: Whom<'_>, peer: &Peer) -> Fits {
        let Whom::Pods(namespace, namespaces, pods) = whom else {
            let mut fits = Fits::default();
            for group in &self.placed {
                let Some(party) = group.min().and_then(|node| self.nodes.party(node)) else { continue };
                match party.is(self.plugin, peer) {
                    Fit::Yes => fits.yes |= group,
                    Fit::Partly => fits.partly |= group,
                    Fit::No => {}
                }
            }
            return fits;
        };
        Fits { yes: self.pods(namespace, namespaces, pods), partly: Set::new() }
    }
}
