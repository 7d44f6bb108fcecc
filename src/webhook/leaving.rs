//! Policies that are possibly gone: their DELETE was admitted a moment ago, and the watch has not said yet what came of it.
//! A Pod that rests on one of them is confirmed by a live read.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use crate::{
    model::{Kind, Name, ObjectKey},
    snapshot::{Lookup, Snapshot},
};

/// How long a policy stays in doubt when the watch says nothing.
const DOUBTED: Duration = Duration::from_secs(10);
/// How many policies are remembered at most; beyond that the oldest are forgotten.
const MOST: usize = 10_000;

/// The policies in doubt. Requests read them without a lock.
#[derive(Default)]
pub(super) struct Leaving(ArcSwap<BTreeMap<ObjectKey, Entry>>);

#[derive(Clone)]
struct Entry {
    uid: Name,
    until: Instant,
}

impl Leaving {
    /// Remembers a policy whose DELETE has just been admitted.
    pub(super) fn remember(&self, key: &ObjectKey, uid: &Name, now: Instant) {
        let until = now + DOUBTED;
        self.0.rcu(|entries| {
            let mut entries: BTreeMap<ObjectKey, Entry> = (**entries).clone();
            entries.retain(|_, entry| entry.until > now);
            entries.insert(key.clone(), Entry { uid: uid.clone(), until });
            if entries.len() > MOST
                && let Some(oldest) = entries.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| key.clone())
            {
                entries.remove(&oldest);
            }
            Arc::new(entries)
        });
    }

    /// The policies of a namespace that are in doubt and that the snapshot still holds in the same incarnation.
    pub(super) fn of(&self, namespace: &Name, snapshot: &Snapshot, now: Instant) -> BTreeSet<ObjectKey> {
        let entries = self.0.load();
        let first = ObjectKey::namespaced(Kind::NetworkPolicy, namespace.clone(), "");
        let still_held = |key: &ObjectKey, entry: &Entry| match snapshot.object(key) {
            Lookup::Found(object) => object.meta().uid == entry.uid,
            Lookup::Absent | Lookup::Unseen(_) => false,
        };
        entries
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(|(key, _)| key.namespace.as_ref() == Some(namespace))
            .filter(|(key, entry)| entry.until > now && still_held(key, entry))
            .map(|(key, _)| key.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        model::{Meta, NetworkPolicy, Object, Selector},
        snapshot::Edit,
    };

    use super::*;

    fn policy(uid: &str) -> Object {
        let meta = Meta { name: "allow".into(), namespace: Some("shop".into()), uid: uid.into(), ..Meta::default() };
        Object::NetworkPolicy(Arc::new(NetworkPolicy { meta, pod_selector: Selector::everything(), ..empty() }))
    }

    fn empty() -> NetworkPolicy {
        match crate::model::decode::object(
            Kind::NetworkPolicy,
            br#"{"metadata":{"name":"allow","namespace":"shop"},"spec":{"podSelector":{}}}"#,
        ) {
            Ok(Object::NetworkPolicy(policy)) => (*policy).clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_policy_is_in_doubt_until_the_watch_speaks_or_the_time_is_over() {
        let (leaving, now) = (Leaving::default(), Instant::now());
        let (snapshot, _) = Snapshot::new().with([Edit::Put(policy("1"))]);
        let key = policy("1").key();
        leaving.remember(&key, &"1".into(), now);
        assert_eq!(leaving.of(&"shop".into(), &snapshot, now), BTreeSet::from([key.clone()]));
        assert!(leaving.of(&"other".into(), &snapshot, now).is_empty());
        assert!(leaving.of(&"shop".into(), &snapshot, now + DOUBTED).is_empty());
        let (made_anew, _) = snapshot.with([Edit::Put(policy("2"))]);
        assert!(leaving.of(&"shop".into(), &made_anew, now).is_empty());
        let (gone, _) = snapshot.with([Edit::Remove(key)]);
        assert!(leaving.of(&"shop".into(), &gone, now).is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (leaving, now) = (Leaving::default(), Instant::now());
        for number in 0..20 {
            let later = now + DOUBTED * number;
            leaving.remember(&policy("1").key(), &format!("{number}").into(), later);
        }
        assert_eq!(leaving.0.load().len(), 1);
    }
}
