//! What a change alters of who may talk to whom.
//!
//! Costs follow what the change touches: the workloads that a policy selects before or after, or whose policies mean a peer that
//! moves, and of peers only those that rules which differ name. What opens or closes to just anybody is told as such and not peer
//! by peer.

mod anybody;
mod peers;
mod subjects;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    model::{AddressSet, Labels, Name, Object, ObjectKey, PodFacts, PortSet},
    snapshot::{ClassKey, Snapshot, Touched},
};

use super::{Direction, Party, Plugin, PodView, of_policies, policies_on, reach::WorkloadName, select, unplaced};

use anybody::{Alteration, Alterations, Known, Policies, are_same};
use peers::{Apart, Members};
use subjects::{Moved, Subjects};

/// How many peers of one workload are looked at one by one.
const PEERS: usize = 1_000;
/// How many pairs of a workload and a peer are looked at.
const PAIRS: usize = 20_000;
/// How many workloads are looked at.
const WORKLOADS: usize = 2_000;

/// An alteration of one direction of a workload.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Effect {
    /// Whether less is let through than before; what opens comes first.
    pub closes: bool,
    /// The workload whose policies make the difference.
    pub workload: WorkloadName,
    /// The direction, seen from it.
    pub direction: Direction,
    /// Who is let through, or no more.
    pub peers: AlteredPeers,
    /// On which ports of the destination.
    pub ports: PortSet,
}

/// To whom something opens or closes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AlteredPeers {
    /// Every Pod and every address.
    Everyone,
    /// Every Pod of every namespace.
    EveryPod,
    /// Addresses.
    Addresses(AddressSet),
    /// These workloads.
    Workloads(BTreeSet<WorkloadName>),
}

/// All that a change alters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Effects {
    /// The alterations, what opens first.
    pub list: Vec<Effect>,
    /// Whether there was too much to look at, so that there may be more.
    pub more: bool,
}

/// What differs between two states of which these objects differ. What cannot be known exactly is taken as if it let through as
/// much as it can.
pub fn effects(before: &Snapshot, after: &Snapshot, plugin: &Plugin, touched: &Touched, now: Timestamp) -> Effects {
    let mut subjects = Subjects::of(before, after, plugin, touched, now);
    let mut found = Found { more: subjects.list.len() > WORKLOADS, ..Found::default() };
    subjects.list.truncate(WORKLOADS);
    let mut known = Known::default();
    for subject in &subjects.list {
        for direction in Direction::BOTH {
            Comparison { before, after, plugin, subject, moved: &subjects.moved, direction }
                .run(&mut known, &mut found);
        }
    }
    found.finish()
}

/// One class or template before and after.
#[derive(Debug)]
struct Subject {
    workloads: Vec<WorkloadName>,
    namespace: Name,
    members: Members,
    before: Side,
    after: Side,
}

/// A Pod in one of both states.
#[derive(Debug)]
struct Side {
    labels: Labels,
    facts: Arc<PodFacts>,
}

impl Side {
    fn view<'a>(&'a self, namespace: &'a Name) -> PodView<'a> {
        PodView { namespace, namespace_labels: &self.labels, facts: &self.facts }
    }
}

/// The alterations, gathered so that the classes of one workload are told once.
#[derive(Default)]
struct Found {
    wide: Vec<Effect>,
    named: BTreeMap<(bool, WorkloadName, Direction, PortSet), BTreeSet<WorkloadName>>,
    pairs: usize,
    more: bool,
}

impl Found {
    fn finish(self) -> Effects {
        let named = self.named.into_iter().filter(|(_, peers)| !peers.is_empty());
        let named = named.map(|((closes, workload, direction, ports), peers)| Effect {
            closes,
            workload,
            direction,
            peers: AlteredPeers::Workloads(peers),
            ports,
        });
        let list: BTreeSet<Effect> = self.wide.into_iter().chain(named).collect();
        Effects { list: list.into_iter().collect(), more: self.more }
    }
}

struct Comparison<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    plugin: &'a Plugin,
    subject: &'a Subject,
    /// The Pods whose labels, or whose namespace's labels, move.
    moved: &'a [Moved],
    direction: Direction,
}

impl Comparison<'_> {
    fn run(&self, known: &mut Known, found: &mut Found) {
        let view = |side: &'_ Side| side.view(&self.subject.namespace).facts.host_network;
        let old =
            policies_on(self.before, self.plugin, self.subject.before.view(&self.subject.namespace), self.direction);
        let new =
            policies_on(self.after, self.plugin, self.subject.after.view(&self.subject.namespace), self.direction);
        let same = are_same(&old, &new) && view(&self.subject.before) == view(&self.subject.after);
        if same && self.moved.is_empty() {
            return;
        }
        let altered = if same {
            Arc::<Alterations>::default()
        } else {
            let (earlier, later) = ((&old, &self.subject.before.facts), (&new, &self.subject.after.facts));
            known.between(self.plugin, self.direction, earlier, later)
        };
        self.anybody(false, &altered.opens, found);
        self.anybody(true, &altered.closes, found);
        for peer in self.peers(&altered.apart, found) {
            self.peer(&peer, &old, &new, &altered, found);
        }
    }

    /// Tells what opens (or closes) to just anybody.
    fn anybody(&self, closes: bool, altered: &Alteration, found: &mut Found) {
        for workload in &self.subject.workloads {
            found.wide.extend(altered.list.iter().map(|(peers, ports)| Effect {
                closes,
                workload: workload.clone(),
                direction: self.direction,
                peers: peers.clone(),
                ports: ports.clone(),
            }));
        }
    }

    /// The peers for which something may differ from what it is for just anybody: those that rules tell apart, and those that move.
    fn peers(&self, apart: &Apart, found: &mut Found) -> Vec<Moved> {
        let mut peers: Vec<Moved> = self.moved.to_vec();
        // A Pod that moves alone is a peer of its own, beside the others of its class.
        let whole = peers.iter().filter(|peer| peer.members.only.is_none());
        let mut known: BTreeSet<ClassKey> = whole.map(|peer| peer.members.class.clone()).collect();
        apart.classes(self.after, self.plugin, |class, labels| {
            if known.contains(class) {
                return;
            }
            if peers.len() >= PEERS || found.pairs >= PAIRS {
                found.more = true;
            } else {
                found.pairs += 1;
                known.insert(class.clone());
                peers.push(Moved::resting(class.clone(), labels));
            }
        });
        peers
    }

    fn peer(&self, peer: &Moved, old: &Policies, new: &Policies, altered: &Alterations, found: &mut Found) {
        let ClassKey { namespace, facts, .. } = &peer.members.class;
        let is_on_node = facts.host_network && !self.plugin.host_network_pods;
        let told = |altered: &'_ Alteration| if is_on_node { altered.nodes.clone() } else { altered.pods.clone() };
        let (opened, closed) = (told(&altered.opens), told(&altered.closes));
        let own = old.iter().chain(new).flatten();
        for alike in peer.members.by_networks(self.after, self.plugin, own, self.direction) {
            let lets = |policies: &Policies, side: &Side, own: &Side| {
                let subject = unplaced(own.view(&self.subject.namespace));
                let peer = Party::Pod(side.view(namespace), &alike.addresses);
                let (source, destination) = self.ends(subject, peer);
                of_policies(self.plugin, policies.as_deref(), source, destination, self.direction).most
            };
            let earlier = lets(old, &peer.before, &self.subject.before);
            let later = lets(new, &peer.after, &self.subject.after);
            let gained = later.difference(&earlier).difference(&opened);
            let lost = earlier.difference(&later).difference(&closed);
            for (closes, ports) in [(false, gained), (true, lost)] {
                if !ports.is_empty() {
                    self.both(peer, &alike.names, closes, &ports, found);
                }
            }
        }
    }

    /// Tells of what differs on one side as far as the peer's own policies let it through, in the state in which the flow is there.
    fn both(&self, peer: &Moved, names: &BTreeSet<WorkloadName>, closes: bool, ports: &PortSet, found: &mut Found) {
        let (own, theirs, state) = if closes {
            (&self.subject.before, &peer.before, self.before)
        } else {
            (&self.subject.after, &peer.after, self.after)
        };
        let view = theirs.view(&peer.members.class.namespace);
        let direction = match self.direction {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        };
        let policies = policies_on(state, self.plugin, view, direction);
        for alike in self.subject.members.by_networks(self.after, self.plugin, policies.iter().flatten(), direction) {
            let subject = Party::Pod(own.view(&self.subject.namespace), &alike.addresses);
            let (source, destination) = self.ends(subject, unplaced(view));
            let through = of_policies(self.plugin, policies.as_deref(), source, destination, direction).most;
            let ports = ports.intersection(&through);
            if ports.is_empty() {
                continue;
            }
            for workload in &alike.names {
                let others = names.iter().filter(|name| *name != workload).cloned();
                let key = (closes, workload.clone(), self.direction, ports.clone());
                found.named.entry(key).or_default().extend(others);
            }
        }
    }

    /// Source and destination.
    fn ends<'p>(&self, subject: Party<'p>, peer: Party<'p>) -> (Party<'p>, Party<'p>) {
        match self.direction {
            Direction::Ingress => (peer, subject),
            Direction::Egress => (subject, peer),
        }
    }
}

/// An object before and after.
fn versions(before: &Snapshot, after: &Snapshot, key: &ObjectKey) -> (Option<Object>, Option<Object>) {
    (before.object(key).found(), after.object(key).found())
}

/// The labels of a namespace in both states.
fn labels_of(before: &Snapshot, after: &Snapshot, namespace: &Name) -> (Labels, Labels) {
    (select::namespace_labels(before, namespace), select::namespace_labels(after, namespace))
}
