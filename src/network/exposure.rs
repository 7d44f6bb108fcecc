//! The exposure of a workload in one direction: whether it is isolated, and what is admitted to peers that nothing names.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use crate::{
    model::{AddressSet, ContainerPort, FieldPath, Kind, Name, ObjectKey, PodFacts, PortSet, Protocol, Selector},
    snapshot::{Blind, Snapshot},
};

use super::{
    Admission, Direction, Enforcement, Family, Plugin, PodView, Policy, Reading, evaluate, policies_on, select,
};

/// What one direction of a workload is open to.
#[derive(Clone, Debug)]
pub struct Exposure {
    /// The policies that isolate it, in order of their tiers and keys; empty when no policy does.
    pub isolated_by: Vec<Arc<Policy>>,
    /// Whether the plugin isolates it, as it does everybody.
    pub by_plugin: bool,
    /// What is admitted to peers that nothing names; everything when nothing isolates it.
    pub admission: Arc<Admission>,
    /// The entries of rules that admit everyone, all namespaces or a network, each with the ports that it admits there.
    pub wide: Vec<WidePeer>,
    /// What it may be instead, where it is not known exactly, and what would settle that.
    pub doubt: Option<Arc<Doubt>>,
}

/// What an exposure may be instead.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// The other readings; the exposure itself is the one that admits the most.
    pub others: Vec<Exposure>,
    /// What is not known.
    pub why: Blind,
}

/// An entry of a rule that admits peers without naming a namespace.
#[derive(Clone, PartialEq, Debug)]
pub struct WidePeer {
    /// The policy.
    pub policy: ObjectKey,
    /// Where in it.
    pub at: FieldPath,
    /// Whom it admits.
    pub reach: WideReach,
    /// On which ports of this workload (ingress) or of the peers (egress).
    pub ports: PortSet,
    /// On which named ports of the peers, besides; for egress only, since each peer may declare another number or none.
    pub names: Vec<(Protocol, Name)>,
}

/// Whom a wide entry admits.
#[derive(Clone, PartialEq, Debug)]
pub enum WideReach {
    /// Everyone: an entry without peers.
    Everyone,
    /// The Pods of arbitrary namespaces that match.
    Namespaces {
        /// The labels that they need.
        pods: Selector,
    },
    /// Addresses.
    Addresses(Arc<AddressSet>),
}

impl Exposure {
    /// The exposure where no policy says anything.
    pub fn unisolated() -> Self {
        static EVERYTHING: LazyLock<Arc<Admission>> = LazyLock::new(|| Arc::new(Admission::everything()));
        let admission = Arc::clone(&EVERYTHING);
        Self { isolated_by: Vec::new(), by_plugin: false, admission, wide: Vec::new(), doubt: None }
    }

    /// Whether anything isolates it: what nothing names is not admitted as a matter of course.
    pub fn is_isolated(&self) -> bool {
        self.by_plugin || !self.isolated_by.is_empty()
    }

    /// It and everything that it may be instead.
    pub fn readings(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.doubt.iter().flat_map(|doubt| &doubt.others))
    }
}

/// The exposure of Pods with these facts in that namespace. For Pods on their node's network no policy speaks as a rule, and then
/// they are never isolated.
///
/// Port names are resolved on the destination: for ingress on `facts`; for egress on the unnamed peer, which declares none, so
/// that a rule with a port name alone admits nobody unnamed. Such a rule is among the wide entries.
pub fn exposure(
    snapshot: &Snapshot,
    plugin: &Plugin,
    namespace: &Name,
    facts: &PodFacts,
    direction: Direction,
) -> Exposure {
    let labels = select::namespace_labels(snapshot, namespace);
    let pod = PodView { namespace, namespace_labels: &labels, facts };
    let policies = policies_on(snapshot, plugin, pod, direction);
    exposure_under(snapshot, plugin, namespace, facts, direction, policies.as_deref())
}

/// As [`exposure`], under the policies that [`policies_on`] found.
pub fn exposure_under(
    snapshot: &Snapshot,
    plugin: &Plugin,
    namespace: &Name,
    facts: &PodFacts,
    direction: Direction,
    policies: Option<&[Arc<Policy>]>,
) -> Exposure {
    let Some(policies) = policies else { return Exposure::unisolated() };
    let known = of(snapshot, plugin, facts, direction, policies.to_vec());
    if plugin.knows_what_is_enforced() {
        return known;
    }
    // What is not known to be enforced may be.
    let beyond =
        |kind: &Kind| snapshot.count(*kind) > 0 && Family::of(*kind).is_some_and(|it| it != Family::NetworkPolicy);
    let Some(first) = Kind::all().find(beyond) else { return known };
    let labels = select::namespace_labels(snapshot, namespace);
    let pod = PodView { namespace, namespace_labels: &labels, facts };
    if select::selecting(snapshot, plugin, pod, direction, |kind| !plugin.enforces(kind)).is_empty() {
        return known;
    }
    let all = of(snapshot, plugin, facts, direction, select::selecting(snapshot, plugin, pod, direction, |_| true));
    let why = format!("is a {first} enforced? set environment.networkPlugin");
    let others = [&known, &all].into_iter().flat_map(|exposure| exposure.readings().skip(1)).chain([&all]);
    let others = others.map(|other| Exposure { doubt: None, ..other.clone() }).collect();
    Exposure { doubt: Some(Arc::new(Doubt { others, why: Blind::Unknowable(why.into()) })), ..known }
}

fn of(
    snapshot: &Snapshot,
    plugin: &Plugin,
    facts: &PodFacts,
    direction: Direction,
    policies: Vec<Arc<Policy>>,
) -> Exposure {
    let rules = policies.iter().filter_map(|policy| policy.rules(direction)).map(<[_]>::len).sum::<usize>();
    if rules <= MANY_RULES {
        return exposed_by(policies, plugin, facts, direction);
    }
    let table = snapshot.memo().table::<Mutex<Vec<Dear>>>();
    let known = |dear: &Dear| dear.is_of(&policies, plugin, facts, direction);
    let found = lock(&table).iter().find(|dear| known(dear)).map(|dear| dear.exposure.clone());
    found.unwrap_or_else(|| {
        let exposure = exposed_by(policies.clone(), plugin, facts, direction);
        let ports = facts.ports.clone();
        let dear = Dear { policies, plugin: plugin.clone(), ports, direction, exposure: exposure.clone() };
        let mut kept = lock(&table);
        kept.insert(0, dear);
        kept.truncate(KEPT);
        exposure
    })
}

/// Above so many rules an exposure is kept for the other Pods of the same policies and ports.
const MANY_RULES: usize = 64;
/// How many are kept, of one state.
const KEPT: usize = 64;

/// An exposure under many rules.
struct Dear {
    policies: Vec<Arc<Policy>>,
    plugin: Plugin,
    ports: Vec<ContainerPort>,
    direction: Direction,
    exposure: Exposure,
}

impl Dear {
    fn is_of(&self, policies: &[Arc<Policy>], plugin: &Plugin, facts: &PodFacts, direction: Direction) -> bool {
        let same = |(mine, theirs): (&Arc<Policy>, &Arc<Policy>)| Arc::ptr_eq(mine, theirs);
        self.direction == direction
            && self.policies.len() == policies.len()
            && self.policies.iter().zip(policies).all(same)
            && self.ports == facts.ports
            && self.plugin == *plugin
    }
}

fn lock(table: &Mutex<Vec<Dear>>) -> MutexGuard<'_, Vec<Dear>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The exposure of Pods with these facts, where policies have a hold on them, under the policies that select them.
pub(super) fn exposed_by(
    policies: Vec<Arc<Policy>>,
    plugin: &Plugin,
    facts: &PodFacts,
    direction: Direction,
) -> Exposure {
    if policies.is_empty() && plugin.enforcement == Enforcement::Always {
        return Exposure { by_plugin: true, admission: Arc::new(Admission::nothing()), ..Exposure::unisolated() };
    }
    let policies = match select::in_force(plugin, &policies, direction) {
        Cow::Owned(all) => all,
        Cow::Borrowed(_) => policies,
    };
    let partial = policies.iter().find_map(|policy| {
        let rules = policy.rules(direction).unwrap_or_default();
        let reason = policy.subject.partial.as_ref().or_else(|| rules.iter().find_map(|rule| rule.partial.as_ref()))?;
        Some(format!("{}: {reason}", policy.source))
    });
    let Some(partial) = partial else { return evaluate(policies, plugin, facts, direction, Reading::Most) };
    let most = evaluate(policies.clone(), plugin, facts, direction, Reading::Most);
    let least = evaluate(policies, plugin, facts, direction, Reading::Least);
    if most.is_isolated() == least.is_isolated() && most.admission == least.admission {
        return most;
    }
    let doubt = Doubt { others: vec![least], why: Blind::Unknowable(partial.into()) };
    Exposure { doubt: Some(Arc::new(doubt)), ..most }
}
