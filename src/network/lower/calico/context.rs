//! What Calico's policies depend on beside themselves: tiers, and sets of networks with the labels of their namespaces.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak},
};

use crate::{
    model::{AddressSet, CalicoNetworkSet, CalicoTier, Kind, Labels, Name, Object, Selector},
    network::{Policy, Rank, Tier, namespace_labels},
    snapshot::Snapshot,
};

use super::selectors::mean_set;

/// All of it, of one snapshot.
#[derive(PartialEq, Default)]
pub(super) struct Context {
    tiers: BTreeMap<Name, Shared<CalicoTier>>,
    sets: Vec<Set>,
}

/// Equal when it is the same object in memory, as objects of successive snapshots are, or has the same value.
struct Shared<T>(Arc<T>);

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

#[derive(PartialEq)]
struct Set {
    object: Shared<CalicoNetworkSet>,
    /// The labels of its namespace; `None` of a `GlobalNetworkSet`.
    namespace_labels: Option<Labels>,
}

/// The sets of networks that a selector means.
pub(super) struct Found {
    /// Their networks.
    pub(super) addresses: AddressSet,
    /// Whether some of them name domains besides.
    pub(super) domains: bool,
}

/// A tier as policies see it.
pub(super) struct TierFacts {
    pub(super) tier: Tier,
    /// Whether what its policies do not decide goes on.
    pub(super) passes: bool,
    /// Whether there is such a tier.
    pub(super) known: bool,
}

/// Every kind in the order in which one form of an object takes the place of the other: what Calico's API serves comes last.
const TIERS: [Kind; 2] = [Kind::CalicoStoredTier, Kind::CalicoTier];
const SETS: [(Kind, Option<Kind>); 4] = [
    (Kind::CalicoNetworkSet, None),
    (Kind::CalicoGlobalNetworkSet, None),
    (Kind::CalicoStoredNetworkSet, Some(Kind::CalicoNetworkSet)),
    (Kind::CalicoStoredGlobalNetworkSet, Some(Kind::CalicoGlobalNetworkSet)),
];

/// How many contexts are in use at one time, about: those of a state, and of others before and after a change.
const KEPT: usize = 4;

impl Context {
    /// That of a snapshot, read once.
    pub(super) fn of(snapshot: &Snapshot) -> Arc<Self> {
        static NOTHING: LazyLock<Arc<Context>> = LazyLock::new(Arc::default);
        let any = TIERS.into_iter().chain(SETS.map(|(kind, _)| kind)).any(|kind| snapshot.count(kind) > 0);
        if !any {
            return Arc::clone(&NOTHING);
        }
        let kept = snapshot.memo().table::<OnceLock<Arc<Self>>>();
        Arc::clone(kept.get_or_init(|| Self::read(snapshot).known()))
    }

    /// The same value that is in use already, where it is one of the last. Contexts seldom change, snapshots all the time: so the many
    /// policies of a snapshot need not compare them each for itself.
    fn known(self) -> Arc<Self> {
        static LAST: Mutex<Vec<Weak<Context>>> = Mutex::new(Vec::new());
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        last.retain(|known| known.strong_count() > 0);
        if let Some(known) = last.iter().filter_map(Weak::upgrade).find(|known| **known == self) {
            return known;
        }
        let new = Arc::new(self);
        last.insert(0, Arc::downgrade(&new));
        last.truncate(KEPT);
        new
    }

    fn read(snapshot: &Snapshot) -> Self {
        let mut tiers = BTreeMap::new();
        for object in TIERS.into_iter().flat_map(|kind| snapshot.list(kind, None)) {
            if let Object::CalicoTier(tier) = object {
                tiers.insert(tier.meta.name.clone(), Shared(Arc::clone(tier)));
            }
        }
        let mut sets = Vec::new();
        for (kind, served) in SETS {
            for object in snapshot.list(kind, None) {
                let Object::CalicoNetworkSet(set) = object else { continue };
                let mut key = object.key();
                if served.is_some_and(|served| {
                    key.kind = served;
                    snapshot.object(&key).found().is_some()
                }) {
                    continue;
                }
                let labels = set.meta.namespace.as_ref().map(|name| namespace_labels(snapshot, name));
                sets.push(Set { object: Shared(Arc::clone(set)), namespace_labels: labels });
            }
        }
        Self { tiers, sets }
    }

    /// The tier of that name. Calico makes those of Kubernetes' own policies itself and holds them to their orders and actions
    /// (api/pkg/apis/projectcalico/v3/tier.go).
    pub(super) fn tier(&self, name: &Name) -> TierFacts {
        let built_in = |tier: Tier, passes| TierFacts { tier, passes, known: true };
        let ordered = |order: f64| Tier { rank: Rank::of(order), name: name.clone() };
        match (name.as_str(), self.tiers.get(name)) {
            ("default", _) => built_in(Tier::network_policy(), false),
            ("kube-admin", _) => built_in(Tier::admin(), true),
            ("kube-baseline", _) => built_in(Tier::baseline(), true),
            (_, Some(Shared(tier))) => TierFacts {
                tier: Tier { rank: tier.order.map_or(Rank::LAST, Rank::of), name: name.clone() },
                passes: tier.passes,
                known: true,
            },
            // As they were called before Calico 3.32.
            ("adminnetworkpolicy", None) => built_in(ordered(1_000.0), true),
            ("baselineadminnetworkpolicy", None) => built_in(ordered(10_000_000.0), true),
            (_, None) => TierFacts { tier: Tier { rank: Rank::LAST, name: name.clone() }, passes: false, known: false },
        }
    }

    /// The networks that a selector means, limited to the sets of one namespace or by the labels of namespaces.
    pub(super) fn sets(&self, own: Option<&Name>, namespaces: Option<&Selector>, selector: Option<&Selector>) -> Found {
        let mut domains = false;
        let mut nets = Vec::new();
        for Set { object: Shared(set), namespace_labels } in &self.sets {
            if own.is_some_and(|own| set.meta.namespace.as_ref() != Some(own))
                || !mean_set(namespaces, selector, set, namespace_labels.as_ref())
            {
                continue;
            }
            nets.extend(set.nets.iter().map(|net| AddressSet::of_network(*net)));
            domains |= set.domains;
        }
        Found { addresses: AddressSet::union_of(&nets), domains }
    }
}

/// The lowered forms.
pub(super) type Lowered = Arc<Vec<Arc<Policy>>>;

/// The lowered forms of a policy under the contexts that it was last lowered in, the latest first: a change of a tier or a set is judged
/// in the states before and after it, by turns.
#[derive(Default)]
pub(super) struct Kept(Mutex<Vec<(Arc<Context>, Lowered)>>);

impl Kept {
    /// The lowered form under that context, computed anew when it is another.
    pub(super) fn under(&self, context: &Arc<Context>, make: impl FnOnce() -> Vec<Policy>) -> Lowered {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(known, _): &(Arc<Context>, Lowered)| Arc::ptr_eq(known, context) || known == context;
        if let Some(index) = kept.iter().position(same) {
            // In front, and so that the next question need not compare.
            let (_, lowered) = kept.remove(index);
            kept.insert(0, (Arc::clone(context), Arc::clone(&lowered)));
            return lowered;
        }
        let lowered: Lowered = Arc::new(make().into_iter().map(Arc::new).collect());
        kept.insert(0, (Arc::clone(context), Arc::clone(&lowered)));
        kept.truncate(KEPT);
        lowered
    }
}
