//! What opens or closes to just anybody. It follows from the policies before and after and from the ports of the Pods, so that it is
//! worked out once for all workloads that have these in common.

use std::sync::Arc;

use crate::{
    model::{AddressSet, PodFacts, PortSet},
    network::{Admission, Direction, Enforcement, Plugin, Policy, Reading, evaluate},
};

use super::AlteredPeers;

/// The policies of one side; `None` where policies have no hold.
pub(super) type Policies = Option<Vec<Arc<Policy>>>;

/// What becomes different for just anybody.
#[derive(Default)]
pub(super) struct Alteration {
    /// To whom, and on which ports.
    pub(super) list: Vec<(AlteredPeers, PortSet)>,
    /// The ports on which every Pod is concerned.
    pub(super) pods: PortSet,
}

/// How many are kept: the workloads of one namespace are under few sets of policies.
const KEPT: usize = 64;

/// What has been worked out already, the latest first.
#[derive(Default)]
pub(super) struct Known(Vec<(Asked, Arc<Alterations>)>);

/// What opens and what closes.
#[derive(Default)]
pub(super) struct Alterations {
    pub(super) opens: Alteration,
    pub(super) closes: Alteration,
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
        let made = Arc::new(Alterations { opens: gained(&earlier, &later), closes: gained(&later, &earlier) });
        let sides = [old, new].map(|(policies, facts)| (policies.clone(), Arc::clone(facts)));
        self.0.truncate(KEPT - 1);
        self.0.insert(0, (Asked { direction, sides }, Arc::clone(&made)));
        made
    }
}

/// Whether the same very policies are on both, and the same ports.
fn is_alike(one: &(Policies, Arc<PodFacts>), (policies, facts): (&Policies, &Arc<PodFacts>)) -> bool {
    let same = match (&one.0, policies) {
        (Some(mine), Some(theirs)) => {
            mine.len() == theirs.len() && mine.iter().zip(theirs).all(|(mine, theirs)| Arc::ptr_eq(mine, theirs))
        }
        (mine, theirs) => mine.is_none() && theirs.is_none(),
    };
    same && one.1.ports == facts.ports
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

fn gained(less: &Admission, more: &Admission) -> Alteration {
    let gained = more.difference(less);
    let every = AddressSet::every();
    let everywhere = gained.ports_where(|addresses| *addresses == every);
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
    Alteration { list, pods: gained.pods }
}
