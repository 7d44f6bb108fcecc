//! What opens or closes to just anybody. It follows from the policies before and after and from the ports of the Pods, so that it is
//! worked out once for all workloads that have these in common.

use std::sync::Arc;

use crate::{
    model::{AddressSet, Labels, Name, PodFacts, PortSet},
    network::{Admission, Direction, Enforcement, Plugin, PodView, Policy, Reading, evaluate, of_policies, unplaced},
};

use super::{AlteredPeers, peers::Apart};

/// The policies of one side; `None` where policies have no hold.
pub(super) type Policies = Option<Vec<Arc<Policy>>>;

/// What becomes different for just anybody.
#[derive(Default)]
pub(super) struct Alteration {
    /// To whom, and on which ports.
    pub(super) list: Vec<(AlteredPeers, PortSet)>,
    /// The ports on which every Pod is concerned.
    pub(super) pods: PortSet,
    /// The ports on which every Pod on its node's network is: what is told of every address is told of nodes.
    pub(super) nodes: PortSet,
}

/// How many are kept: the workloads of one namespace are under few sets of policies.
const KEPT: usize = 64;

/// What has been worked out already, the latest first.
#[derive(Default)]
pub(super) struct Known(Vec<(Asked, Arc<Alterations>)>);

/// What opens and what closes, and for whom that may be something else.
#[derive(Default)]
pub(super) struct Alterations {
    pub(super) opens: Alteration,
    pub(super) closes: Alteration,
    pub(super) apart: Apart,
}

struct Asked {
    direction: Direction,
    sides: [(Policies, Arc<PodFacts>); 2],
}

impl Known {
    /// What is altered between two sides, each with the facts of the Pods that its policies select.
    pub(super) fn between(
        &mut self,
        plugin: &Plugin,
        direction: Direction,
        old: (&Policies, &Arc<PodFacts>),
        new: (&Policies, &Arc<PodFacts>),
    ) -> Arc<Alterations> {
        let is_same = |asked: &Asked| {
            let [earlier, later] = &asked.sides;
            asked.direction == direction && is_alike(earlier, old) && is_alike(later, new)
        };
        if let Some((_, known)) = self.0.iter().find(|(asked, _)| is_same(asked)) {
            return Arc::clone(known);
        }
        let exposed = |(policies, facts): (&Policies, &Arc<PodFacts>)| exposed(plugin, policies, facts, direction);
        let (earlier, later) = (exposed(old), exposed(new));
        let (opens, closes) = (gained(&earlier, &later), gained(&later, &earlier));
        let [before, after] = [old.0, new.0].map(|policies| policies.as_deref().unwrap_or_default());
        let apart = Apart::of(plugin, before, after, direction, || {
            misses_nodes(plugin, direction, [old, new], [&opens, &closes])
        });
        let made = Arc::new(Alterations { opens, closes, apart });
        let sides = [old, new].map(|(policies, facts)| (policies.clone(), Arc::clone(facts)));
        self.0.truncate(KEPT - 1);
        self.0.insert(0, (Asked { direction, sides }, Arc::clone(&made)));
        made
    }
}

/// Whether the same policies are on both, and the same ports.
fn is_alike((mine, own): &(Policies, Arc<PodFacts>), (theirs, facts): (&Policies, &Arc<PodFacts>)) -> bool {
    are_same(mine, theirs) && own.ports == facts.ports
}

/// Whether policies are the same: mostly they are the very same, which is seen at a glance.
pub(super) fn are_same(one: &Policies, other: &Policies) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other) || one == other)
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn exposed(plugin: &Plugin, policies: &Policies, facts: &PodFacts, direction: Direction) -> Arc<Admission> {
    match policies {
        Some(policies) if policies.is_empty() && plugin.enforcement == Enforcement::Always => {
            Arc::new(Admission::nothing())
        }
        Some(policies) => evaluate(policies.clone(), plugin, facts, direction, Reading::Most).admission,
        None => Arc::new(Admission::everything()),
    }
}

/// Whether something opens or closes to a Pod on its node's network that is told of nobody. Its labels and its namespace make no
/// difference, so that one Pod stands for all.
fn misses_nodes(
    plugin: &Plugin,
    direction: Direction,
    sides: [(&Policies, &Arc<PodFacts>); 2],
    [opens, closes]: [&Alteration; 2],
) -> bool {
    let facts = PodFacts { host_network: true, ..PodFacts::default() };
    let (namespace, labels) = (Name::default(), Labels::default());
    let party = |facts| unplaced(PodView { namespace: &namespace, namespace_labels: &labels, facts });
    let [earlier, later] = sides.map(|(policies, own)| {
        let (source, destination) = match direction {
            Direction::Ingress => (party(&facts), party(own)),
            Direction::Egress => (party(own), party(&facts)),
        };
        of_policies(plugin, policies.as_deref(), source, destination, direction).most
    });
    !later.difference(&earlier).is_within(&opens.nodes) || !earlier.difference(&later).is_within(&closes.nodes)
}

fn gained(less: &Admission, more: &Admission) -> Alteration {
    let gained = more.difference(less);
    let every = AddressSet::every();
    let everywhere = gained.ports_where(|addresses| *addresses == every);
    let nodes = gained.pods.union(&everywhere);
    let both = gained.pods.intersection(&everywhere);
    let (pods, rest) = (gained.pods.difference(&both), everywhere.difference(&both));
    let mut list = Vec::new();
    let mut tell = |peers, ports: PortSet| {
        if !ports.is_empty() {
            list.push((peers, ports));
        }
    };
    tell(AlteredPeers::Everyone, both);
    tell(AlteredPeers::EveryPod, pods);
    tell(AlteredPeers::Addresses(every.clone()), rest);
    for (ports, addresses) in gained.addresses().filter(|(_, addresses)| **addresses != every) {
        tell(AlteredPeers::Addresses(addresses.clone()), ports.clone());
    }
    Alteration { list, pods: gained.pods, nodes }
}
