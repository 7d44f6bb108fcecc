//! Calico's objects have two forms: the one that is stored and the one that its API serves. Both may be seen.
//!
//! Where they are, the served one counts. A request changes one of them, and Calico carries it over to the other: whoever judges the
//! change of one must not take the other for a second object.

use crate::{
    model::{CalicoPolicy, Kind, Name, Object, ObjectKey},
    snapshot::Snapshot,
};

/// The other form of the same object, as far as it is there: the served one of what is stored, the stored one of what is served.
pub fn other_forms(snapshot: &Snapshot, object: &Object) -> Vec<ObjectKey> {
    let key = object.key();
    let Some((kind, _)) = other(key.kind).filter(|(kind, _)| snapshot.count(*kind) > 0) else { return Vec::new() };
    let names = match object {
        Object::CalicoPolicy(policy) => names(policy).to_vec(),
        _ => vec![key.name],
    };
    let keys = names.into_iter().map(|name| ObjectKey { kind, namespace: key.namespace.clone(), name });
    let mut keys: Vec<ObjectKey> = keys.filter(|key| is_same(snapshot, object, key)).collect();
    keys.dedup();
    keys
}

/// Whether a policy of the stored form is there in the served one, too, and counts as that one.
pub(super) fn is_served_too(snapshot: &Snapshot, policy: &CalicoPolicy) -> bool {
    let Some((kind, true)) = other(policy.kind).filter(|(kind, _)| snapshot.count(*kind) > 0) else { return false };
    let mut keys =
        names(policy).into_iter().map(|name| ObjectKey { kind, namespace: policy.meta.namespace.clone(), name });
    keys.any(|key| is_same_policy(snapshot, policy, &key))
}

/// The name without its tier.
pub(super) fn short_name(policy: &CalicoPolicy) -> &str {
    let name = policy.meta.name.as_str();
    name.strip_prefix(policy.tier.as_str()).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
}

/// The other form of a kind, and whether that is the served one.
fn other(kind: Kind) -> Option<(Kind, bool)> {
    const FORMS: [(Kind, Kind); 5] = [
        (Kind::CalicoStoredNetworkPolicy, Kind::CalicoNetworkPolicy),
        (Kind::CalicoStoredGlobalNetworkPolicy, Kind::CalicoGlobalNetworkPolicy),
        (Kind::CalicoStoredTier, Kind::CalicoTier),
        (Kind::CalicoStoredNetworkSet, Kind::CalicoNetworkSet),
        (Kind::CalicoStoredGlobalNetworkSet, Kind::CalicoGlobalNetworkSet),
    ];
    FORMS.into_iter().find_map(|(stored, served)| match kind {
        kind if kind == stored => Some((served, true)),
        kind if kind == served => Some((stored, false)),
        _ => None,
    })
}

/// The names that a policy has in either form: the one that is stored may have the tier before it.
fn names(policy: &CalicoPolicy) -> [Name; 3] {
    let short = short_name(policy);
    [policy.meta.name.clone(), short.into(), format!("{}.{short}", policy.tier).into()]
}

fn is_same(snapshot: &Snapshot, object: &Object, key: &ObjectKey) -> bool {
    match object {
        Object::CalicoPolicy(policy) => is_same_policy(snapshot, policy, key),
        _ => snapshot.object(key).found().is_some(),
    }
}

/// Whether it is there, in the same tier: policies of several tiers may have one name.
fn is_same_policy(snapshot: &Snapshot, policy: &CalicoPolicy, key: &ObjectKey) -> bool {
    matches!(snapshot.object(key).found(), Some(Object::CalicoPolicy(other)) if other.tier == policy.tier)
}
