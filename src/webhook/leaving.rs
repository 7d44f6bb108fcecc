//! Policies that are possibly gone or no more what they were: their DELETE or UPDATE was admitted a moment ago, and the watch
//! has not said yet what came of it. A Pod that rests on one of them is confirmed by a live read; another policy's change is
//! judged as if it had happened.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;

use crate::{
    model::{Name, Object, ObjectKey},
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
    before: Object,
    after: Option<Object>,
    until: Instant,
}

impl Leaving {
    /// Remembers a policy whose DELETE or UPDATE has just been admitted. One whose CREATE has been is in no doubt any more.
    pub(super) fn remember(&self, key: &ObjectKey, before: Option<&Object>, after: Option<&Object>, now: Instant) {
        let until = now + DOUBTED;
        self.0.rcu(|entries| {
            let mut entries: BTreeMap<ObjectKey, Entry> = (**entries).clone();
            entries.retain(|_, entry| entry.until > now);
            match before {
                Some(before) if after != Some(before) => {
                    let entry = Entry { before: before.clone(), after: after.cloned(), until };
                    entries.insert(key.clone(), entry);
                }
                _ => {
                    entries.remove(key);
                }
            }
            if entries.len() > MOST
                && let Some(oldest) = entries.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| key.clone())
            {
                entries.remove(&oldest);
            }
            Arc::new(entries)
        });
    }

    /// The policies in doubt that may cover Pods of a namespace, or of any: the snapshot still holds what they were. With what
    /// becomes of them.
    pub(super) fn of(
        &self,
        namespace: Option<&Name>,
        snapshot: &Snapshot,
        now: Instant,
    ) -> BTreeMap<ObjectKey, Option<Object>> {
        let entries = self.0.load();
        let still_held = |key: &ObjectKey, entry: &Entry| match snapshot.object(key) {
            Lookup::Found(object) => object == entry.before,
            Lookup::Absent | Lookup::Unseen(_) => false,
        };
        // One of a mesh may hold for the whole mesh.
        let is_wide = |key: &ObjectKey| key.namespace.is_none() || key.kind.is_mesh_policy();
        let covers = |key: &ObjectKey| namespace.is_none() || is_wide(key) || key.namespace.as_ref() == namespace;
        entries
            .iter()
            .filter(|(key, entry)| covers(key) && entry.until > now && still_held(key, entry))
            .map(|(key, entry)| (key.clone(), entry.after.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        model::{Kind, Meta, NetworkPolicy, Object, Selector},
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
        leaving.remember(&key, Some(&policy("1")), None, now);
        assert_eq!(leaving.of(Some(&"shop".into()), &snapshot, now), BTreeMap::from([(key.clone(), None)]));
        assert!(leaving.of(Some(&"other".into()), &snapshot, now).is_empty());
        assert!(leaving.of(Some(&"shop".into()), &snapshot, now + DOUBTED).is_empty());
        let (made_anew, _) = snapshot.with([Edit::Put(policy("2"))]);
        assert!(leaving.of(Some(&"shop".into()), &made_anew, now).is_empty());
        let (gone, _) = snapshot.with([Edit::Remove(key)]);
        assert!(leaving.of(Some(&"shop".into()), &gone, now).is_empty());
    }

    #[test]
    fn an_update_is_in_doubt_until_the_watch_shows_it_and_a_policy_made_anew_is_in_none() {
        let (leaving, now) = (Leaving::default(), Instant::now());
        let (snapshot, _) = Snapshot::new().with([Edit::Put(policy("1"))]);
        let (key, changed) = (policy("1").key(), policy("changed"));
        leaving.remember(&key, Some(&policy("1")), Some(&changed), now);
        let doubted = BTreeMap::from([(key.clone(), Some(changed.clone()))]);
        assert_eq!(leaving.of(Some(&"shop".into()), &snapshot, now), doubted);
        assert!(leaving.of(Some(&"shop".into()), &snapshot.with([Edit::Put(changed)]).0, now).is_empty());
        leaving.remember(&key, Some(&policy("1")), None, now);
        leaving.remember(&key, None, Some(&policy("2")), now);
        assert!(leaving.of(Some(&"shop".into()), &snapshot, now).is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (leaving, now) = (Leaving::default(), Instant::now());
        for number in 0..20 {
            let later = now + DOUBTED * number;
            leaving.remember(&policy("1").key(), Some(&policy(&format!("{number}"))), None, later);
        }
        assert_eq!(leaving.0.load().len(), 1);
    }
}
