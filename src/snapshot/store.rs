//! The snapshot itself: persistent maps, so that a copy is cheap and an altered copy shares what was not altered.

use std::{ops::Bound, sync::Arc};

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use crate::model::{Ingress, Kind, Name, Namespace, NetworkPolicy, Object, ObjectKey, PodFacts};

use super::{
    Blind, Class, ClassKey, Coverage, Edit, Memo, Need, Touched,
    coverage::CoverageMap,
    refers::{group_key, host_key, refers_to, wildcard_key},
};

/// What a look-up answers.
#[derive(Clone, PartialEq, Debug)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// It is not there, and that is certain as far as the snapshot reaches.
    Absent,
    /// Whether it is there cannot be said.
    Unseen(Blind),
}

impl<T> Lookup<T> {
    /// What was found, if anything.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(value) => Some(value),
            Self::Absent | Self::Unseen(_) => None,
        }
    }
}

/// An immutable, indexed view of all objects.
#[derive(Clone)]
pub struct Snapshot {
    objects: RedBlackTreeMapSync<ObjectKey, Object>,
    classes: RedBlackTreeMapSync<ClassKey, Class>,
    /// (what is referred to, who refers to it)
    referrers: RedBlackTreeSetSync<(ObjectKey, ObjectKey)>,
    coverage: Arc<CoverageMap>,
    counts: Arc<[usize; crate::model::kinds::KINDS.len()]>,
    memo: Memo,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            objects: RedBlackTreeMapSync::new_sync(),
            classes: RedBlackTreeMapSync::new_sync(),
            referrers: RedBlackTreeSetSync::new_sync(),
            coverage: Arc::default(),
            counts: Arc::new([0; crate::model::kinds::KINDS.len()]),
            memo: Memo::default(),
        }
    }
}

impl Snapshot {
    /// A snapshot that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// An object. One that is there is found even when its kind's watch is broken; that it is absent is certain only when the
    /// kind has been seen whole, or when somebody looked for that very object or removed it.
    pub fn object(&self, key: &ObjectKey) -> Lookup<Object> {
        if let Some(object) = self.objects.get(key) {
            return Lookup::Found(object.clone());
        }
        if self.coverage.is_undecodable(key) {
            return Lookup::Unseen(Blind::Undecodable(key.clone()));
        }
        if self.coverage.is_absent(key) {
            return Lookup::Absent;
        }
        match self.coverage.of(key.kind, key.namespace.as_ref()) {
            Ok(()) => Lookup::Absent,
            Err(blind) => Lookup::Unseen(blind),
        }
    }

    /// A Namespace.
    pub fn namespace(&self, name: &Name) -> Lookup<Arc<Namespace>> {
        match self.object(&ObjectKey::cluster(Kind::Namespace, name.clone())) {
            Lookup::Found(Object::Namespace(namespace)) => Lookup::Found(namespace),
            Lookup::Found(_) | Lookup::Absent => Lookup::Absent,
            Lookup::Unseen(blind) => Lookup::Unseen(blind),
        }
    }

    /// The objects of a kind, in one namespace or everywhere, in order of their keys.
    pub fn list<'a>(&'a self, kind: Kind, namespace: Option<&'a Name>) -> impl Iterator<Item = &'a Object> {
        self.entries(kind, namespace).map(|(_, object)| object)
    }

    /// The NetworkPolicies of a namespace that are not terminating: one that is covers nothing, for its finalizer may go at any
    /// time.
    pub fn policies<'a>(&'a self, namespace: &'a Name) -> impl Iterator<Item = &'a Arc<NetworkPolicy>> {
        self.list(Kind::NetworkPolicy, Some(namespace)).filter_map(|object| match object {
            Object::NetworkPolicy(policy) if !policy.meta.is_terminating() => Some(policy),
            _ => None,
        })
    }

    /// The classes of a namespace, or of all.
    pub fn classes<'a>(&'a self, namespace: Option<&'a Name>) -> impl Iterator<Item = (&'a ClassKey, &'a Class)> {
        let first = ClassKey {
            namespace: namespace.cloned().unwrap_or_default(),
            controller: None,
            facts: Arc::new(PodFacts::default()),
        };
        self.classes
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(move |(key, _)| namespace.is_none_or(|name| key.namespace == *name))
    }

    /// One class.
    pub fn class(&self, key: &ClassKey) -> Option<&Class> {
        self.classes.get(key)
    }

    /// The objects that refer to this one: whatever opens the edge to Services, classes, Secrets and options, routes to Gateways,
    /// what makes a Secret to that, webhook configurations to Services.
    pub fn referrers<'a>(&'a self, key: &'a ObjectKey) -> impl Iterator<Item = &'a ObjectKey> {
        let first = (key.clone(), least_key());
        self.referrers
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(move |(referred, _)| referred == key)
            .map(|(_, referrer)| referrer)
    }

    /// The Ingresses with a rule for exactly this host, of all namespaces.
    pub fn ingresses_of_host(&self, host: &Name) -> impl Iterator<Item = &Arc<Ingress>> {
        self.ingresses_referring(host_key(host))
    }

    /// The Ingresses with a rule for a host that this wildcard stands for, of all namespaces.
    pub fn ingresses_below(&self, wildcard: &Name) -> impl Iterator<Item = &Arc<Ingress>> {
        self.ingresses_referring(wildcard_key(wildcard))
    }

    /// The Ingresses that name this group of the AWS Load Balancer Controller by annotation, of all namespaces.
    pub fn ingresses_of_group(&self, group: &Name) -> impl Iterator<Item = &Arc<Ingress>> {
        self.ingresses_referring(group_key(group))
    }

    /// What others have worked out of this snapshot and want to keep as long as it stays as it is.
    pub fn memo(&self) -> &Memo {
        &self.memo
    }

    fn ingresses_referring(&self, host: ObjectKey) -> impl Iterator<Item = &Arc<Ingress>> {
        self.referrers
            .range((Bound::Included((host.clone(), least_key())), Bound::Unbounded))
            .take_while(move |(referred, _)| *referred == host)
            .filter_map(|(_, referrer)| match self.objects.get(referrer) {
                Some(Object::Ingress(ingress)) => Some(ingress),
                _ => None,
            })
    }

    /// Whether a kind has been seen whole, in a namespace or everywhere.
    pub fn coverage(&self, kind: Kind, namespace: Option<&Name>) -> Coverage {
        self.coverage.of(kind, namespace)?;
        match self.coverage.undecodable_in(kind, namespace) {
            Some(key) => Err(Blind::Undecodable(key.clone())),
            None => Ok(()),
        }
    }

    /// How many objects of a kind there are.
    #[allow(clippy::indexing_slicing)] // One count per row of the table of kinds.
    pub fn count(&self, kind: Kind) -> usize {
        self.counts[kind as usize]
    }

    /// An altered copy, and what differs in it. Costs what the edits touch, not what the snapshot holds.
    pub fn with(&self, edits: impl IntoIterator<Item = Edit>) -> (Self, Touched) {
        let mut copy = self.clone();
        let mut touched = Touched::new();
        for edit in edits {
            touched.extend(copy.apply(edit));
        }
        (copy, touched)
    }

    /// Alters the snapshot, and says what differs.
    pub fn apply(&mut self, edit: Edit) -> Touched {
        self.memo.forget();
        match edit {
            Edit::Put(object) => {
                let key = object.key();
                self.see(&key);
                if self.coverage.is_absent(&key) {
                    Arc::make_mut(&mut self.coverage).mark_absent(key.clone(), false);
                }
                if self.put(object) { Touched::from([key]) } else { Touched::new() }
            }
            Edit::Remove(key) => {
                self.see(&key);
                if self.coverage.of(key.kind, key.namespace.as_ref()).is_err() && !self.coverage.is_absent(&key) {
                    Arc::make_mut(&mut self.coverage).mark_absent(key.clone(), true);
                }
                if self.remove(&key) { Touched::from([key]) } else { Touched::new() }
            }
            Edit::Replace { scope, objects } => self.replace(&scope, objects),
            Edit::Cover(scope, coverage) => {
                Arc::make_mut(&mut self.coverage).set(scope, coverage);
                Touched::new()
            }
            Edit::Obscure(key) => {
                let changed = self.remove(&key);
                let coverage = Arc::make_mut(&mut self.coverage);
                coverage.mark_undecodable(key.clone(), true);
                coverage.mark_absent(key.clone(), false);
                if changed { Touched::from([key]) } else { Touched::new() }
            }
        }
    }

    fn replace(&mut self, scope: &Need, objects: Vec<Object>) -> Touched {
        let (kind, namespace, one) = match scope {
            Need::Get(key) => (key.kind, key.namespace.clone(), Some(key.clone())),
            Need::List(kind, namespace) => (*kind, namespace.clone(), None),
        };
        let found: std::collections::BTreeSet<ObjectKey> = objects.iter().map(Object::key).collect();
        let stale: Vec<ObjectKey> = match one {
            Some(key) => vec![key],
            None => self.entries(kind, namespace.as_ref()).map(|(key, _)| key.clone()).collect(),
        };
        let gone = stale.into_iter().filter(|key| !found.contains(key)).map(Edit::Remove);
        let edits: Vec<Edit> = gone.chain(objects.into_iter().map(Edit::Put)).collect();
        let mut touched = Touched::new();
        for edit in edits {
            touched.extend(self.apply(edit));
        }
        if let Need::List(kind, namespace) = scope {
            let coverage = Arc::make_mut(&mut self.coverage);
            coverage.see_all(*kind, namespace.as_ref());
            coverage.set(super::Scope { kind: *kind, namespace: namespace.clone() }, Ok(()));
        }
        touched
    }

    fn see(&mut self, key: &ObjectKey) {
        if self.coverage.is_undecodable(key) {
            Arc::make_mut(&mut self.coverage).mark_undecodable(key.clone(), false);
        }
    }

    fn entries<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a Name>,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Object)> {
        // Of most kinds there is nothing, and to find that in the tree costs as much as to find something.
        let range = (self.count(kind) > 0).then(|| {
            let first = ObjectKey { kind, namespace: namespace.cloned(), name: Name::default() };
            self.objects.range((Bound::Included(first), Bound::Unbounded))
        });
        range.into_iter().flatten().take_while(move |(key, _)| {
            key.kind == kind && (namespace.is_none() || key.namespace.as_ref() == namespace)
        })
    }

    /// Whether anything differs afterwards.
    fn put(&mut self, object: Object) -> bool {
        let key = object.key();
        if self.objects.get(&key) == Some(&object) {
            return false;
        }
        self.remove(&key);
        let object = self.enter_class(object);
        for referred in refers_to(&object) {
            self.referrers.insert_mut((referred, key.clone()));
        }
        self.count_one(key.kind, 1);
        self.objects.insert_mut(key, object);
        true
    }

    fn remove(&mut self, key: &ObjectKey) -> bool {
        let Some(object) = self.objects.get(key).cloned() else { return false };
        self.leave_class(&object);
        for referred in refers_to(&object) {
            self.referrers.remove_mut(&(referred, key.clone()));
        }
        self.count_one(key.kind, -1);
        self.objects.remove_mut(key)
    }

    /// Puts a Pod into its class, and lets it share the class's facts.
    fn enter_class(&mut self, object: Object) -> Object {
        let Object::Pod(pod) = object else { return object };
        let Some(key) = ClassKey::of(&pod) else { return Object::Pod(pod) };
        let mut class = self
            .classes
            .get(&key)
            .cloned()
            .unwrap_or_else(|| Class { facts: Arc::clone(&pod.facts), pods: RedBlackTreeSetSync::new_sync() });
        class.pods.insert_mut(pod.meta.name.clone());
        let mut pod = Arc::unwrap_or_clone(pod);
        pod.facts = Arc::clone(&class.facts);
        // The class has all labels in its facts.
        pod.meta.labels = class.facts.labels.clone();
        let key = ClassKey { facts: Arc::clone(&class.facts), ..key };
        self.classes.insert_mut(key, class);
        Object::Pod(Arc::new(pod))
    }

    fn leave_class(&mut self, object: &Object) {
        let Object::Pod(pod) = object else { return };
        let Some(key) = ClassKey::of(pod) else { return };
        let Some(mut class) = self.classes.get(&key).cloned() else { return };
        class.pods.remove_mut(&pod.meta.name);
        if class.pods.is_empty() {
            self.classes.remove_mut(&key);
        } else {
            self.classes.insert_mut(key, class);
        }
    }

    #[allow(clippy::indexing_slicing)] // One count per row of the table of kinds.
    fn count_one(&mut self, kind: Kind, by: isize) {
        let count = &mut Arc::make_mut(&mut self.counts)[kind as usize];
        *count = count.saturating_add_signed(by);
    }
}

/// The key before all others.
fn least_key() -> ObjectKey {
    ObjectKey { kind: Kind::Namespace, namespace: None, name: Name::default() }
}
