//! Whom a change concerns: whose policies differ, and who moves in or out of what rules mean.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    model::{Kind, Labels, Name, Object, ObjectKey},
    network::{Peer, Plugin, PodView, Policy, each_policy, other_forms, reach::WorkloadName, select},
    snapshot::{ClassKey, Snapshot, Touched},
};

use super::{Side, Subject, labels_of, peers::Members, versions};

/// A class as a peer, in both states.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) members: Members,
    pub(super) before: Side,
    pub(super) after: Side,
}

impl Clone for Moved {
    fn clone(&self) -> Self {
        let side = |side: &Side| Side { labels: side.labels.clone(), facts: Arc::clone(&side.facts) };
        Self { members: self.members.clone(), before: side(&self.before), after: side(&self.after) }
    }
}

impl Moved {
    /// A class that stays as it is.
    pub(super) fn resting(class: ClassKey, labels: &Labels) -> Self {
        let side = || Side { labels: labels.clone(), facts: Arc::clone(&class.facts) };
        Self { before: side(), after: side(), members: Members { class, only: None } }
    }
}

/// Whom a change concerns.
pub(super) struct Subjects {
    pub(super) list: Vec<Subject>,
    pub(super) moved: Vec<Moved>,
}

impl Subjects {
    pub(super) fn of(before: &Snapshot, after: &Snapshot, plugin: &Plugin, touched: &Touched, now: Timestamp) -> Self {
        let mut gathering = Gathering { before, after, plugin, now, classes: Vec::new(), moved: Vec::new() };
        let mut altered: BTreeSet<ObjectKey> = BTreeSet::new();
        let mut list = Vec::new();
        for key in touched {
            match key.kind {
                Kind::Namespace => gathering.namespace(&key.name),
                Kind::Pod => list.extend(gathering.pod(key)),
                kind if kind.is_policy() => {
                    // Where one form of an object comes or goes, the other one counts no more, or again.
                    for state in [before, after] {
                        let object = state.object(key).found();
                        altered.extend(object.iter().flat_map(|object| other_forms(state, object)));
                    }
                    altered.insert(key.clone());
                }
                kind if kind.is_policy_context() => {
                    let calico = Kind::all()
                        .filter(|kind| kind.is_policy())
                        .filter(|kind| super::super::Family::of(*kind) == Some(super::super::Family::Calico));
                    altered.extend(calico.flat_map(|kind| after.list(kind, None)).map(Object::key));
                }
                _ => {}
            }
        }
        gathering.selected(&altered);
        if !gathering.moved.is_empty() {
            gathering.meaning_the_moved();
        }
        list.extend(gathering.subjects());
        Self { list, moved: gathering.moved }
    }
}

struct Gathering<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    plugin: &'a Plugin,
    now: Timestamp,
    /// The classes that are concerned; some of them more than once.
    classes: Vec<ClassKey>,
    moved: Vec<Moved>,
}

impl Gathering<'_> {
    /// The labels of a Namespace move its Pods in and out of what cluster-scoped policies select and of what rules mean.
    fn namespace(&mut self, name: &Name) {
        let (old, new) = labels_of(self.before, self.after, name);
        if old == new {
            return;
        }
        let mut classes: Vec<ClassKey> = self.after.classes(Some(name)).map(|(key, _)| key.clone()).collect();
        classes.retain(|class| self.runs(class));
        for class in classes {
            let side = |labels: &Labels| Side { labels: labels.clone(), facts: Arc::clone(&class.facts) };
            let members = Members { class: class.clone(), only: None };
            let moved = Moved { members, before: side(&old), after: side(&new) };
            self.moved.push(moved);
            self.classes.push(class);
        }
    }

    /// A Pod whose labels move. One that is new or goes alters nothing for others.
    fn pod(&mut self, key: &ObjectKey) -> Option<Subject> {
        let (Some(Object::Pod(old)), Some(Object::Pod(new))) = versions(self.before, self.after, key) else {
            return None;
        };
        if old.facts.labels == new.facts.labels || !new.is_active(self.now) {
            return None;
        }
        let namespace = key.namespace.clone()?;
        let (old_labels, new_labels) = labels_of(self.before, self.after, &namespace);
        let class = ClassKey::of(&new)?;
        let before = || Side { labels: old_labels.clone(), facts: Arc::clone(&old.facts) };
        let after = || Side { labels: new_labels.clone(), facts: Arc::clone(&new.facts) };
        let members = Members { class, only: Some(key.name.clone()) };
        self.moved.push(Moved { members: members.clone(), before: before(), after: after() });
        Some(Subject {
            workloads: vec![WorkloadName::of_key(key)],
            namespace,
            members,
            before: before(),
            after: after(),
        })
    }

    /// The classes that policies select before or after.
    fn selected(&mut self, altered: &BTreeSet<ObjectKey>) {
        let mut policies: Vec<Arc<Policy>> = Vec::new();
        for key in altered.iter().filter(|key| self.plugin.enforces(key.kind)) {
            for state in [self.before, self.after] {
                if let Some(object) = state.object(key).found() {
                    each_policy(state, &object, |policy| policies.push(Arc::clone(policy)));
                }
            }
        }
        let Some(first) = policies.first() else { return };
        let one = first.subject.namespace.clone();
        let one = one.filter(|one| policies.iter().all(|policy| policy.subject.namespace.as_ref() == Some(one)));
        let mut found = Vec::new();
        for_namespaces(self.after, one.as_ref(), |namespace, labels| {
            let selects = |class: &ClassKey| {
                let view = PodView { namespace, namespace_labels: labels, facts: &class.facts };
                policies.iter().any(|policy| policy.subject.selects(self.plugin, view))
            };
            found.extend(self.after.classes(Some(namespace)).map(|(key, _)| key).filter(|key| selects(key)).cloned());
        });
        self.classes.append(&mut found);
    }

    /// The classes selected by policies for which one that moves is a peer in one state and not in the other.
    fn meaning_the_moved(&mut self) {
        let mut policies: Vec<Arc<Policy>> = Vec::new();
        for kind in Kind::all().filter(|kind| self.plugin.enforces(*kind)) {
            for object in self.after.list(kind, None) {
                each_policy(self.after, object, |policy| {
                    if self.moved.iter().any(|moved| moves_for(self.plugin, policy, moved)) {
                        policies.push(Arc::clone(policy));
                    }
                });
            }
        }
        let mut found = Vec::new();
        for policy in &policies {
            for_namespaces(self.after, policy.subject.namespace.as_ref(), |namespace, labels| {
                for (class, _) in self.after.classes(Some(namespace)) {
                    let view = PodView { namespace, namespace_labels: labels, facts: &class.facts };
                    if policy.subject.selects(self.plugin, view) {
                        found.push(class.clone());
                    }
                }
            });
        }
        self.classes.append(&mut found);
    }

    /// The classes that run, each once, with the labels of their namespaces.
    fn subjects(&mut self) -> Vec<Subject> {
        let mut classes = std::mem::take(&mut self.classes);
        classes.sort();
        classes.dedup();
        classes.retain(|class| self.runs(class));
        let mut homes: BTreeMap<Name, (Labels, Labels)> = BTreeMap::new();
        let subject = |class: ClassKey| {
            let namespace = class.namespace.clone();
            let home = homes.entry(namespace.clone());
            let (old, new) = home.or_insert_with(|| labels_of(self.before, self.after, &namespace)).clone();
            let side = |labels| Side { labels, facts: Arc::clone(&class.facts) };
            let workloads = WorkloadName::of_class(self.after, &class);
            let (before, after) = (side(old), side(new));
            Subject { workloads, namespace, members: Members { class, only: None }, before, after }
        };
        classes.into_iter().map(subject).collect()
    }

    /// Whether a Pod of the class counts as running.
    fn runs(&self, class: &ClassKey) -> bool {
        let Some(members) = self.after.class(class) else { return false };
        members.pods.iter().any(|name| {
            let key = ObjectKey::namespaced(Kind::Pod, class.namespace.clone(), name.clone());
            matches!(self.after.object(&key).found(), Some(Object::Pod(pod)) if pod.is_active(self.now))
        })
    }
}

/// Whether a rule of the policy means the one that moves in one state only.
fn moves_for(plugin: &Plugin, policy: &Policy, moved: &Moved) -> bool {
    let namespace = &moved.members.class.namespace;
    let meant = |peer: &Peer, side: &Side| super::unplaced(side.view(namespace)).is(plugin, peer);
    let rules = [&policy.ingress, &policy.egress].into_iter().flatten().flat_map(|rules| rules.iter());
    rules.flat_map(|rule| &rule.peers).any(|(peer, _)| meant(peer, &moved.before) != meant(peer, &moved.after))
}

/// Visits one namespace, or all, with its labels.
pub(super) fn for_namespaces(snapshot: &Snapshot, one: Option<&Name>, mut visit: impl FnMut(&Name, &Labels)) {
    if let Some(name) = one {
        return visit(name, &select::namespace_labels(snapshot, name));
    }
    for object in snapshot.list(Kind::Namespace, None) {
        let meta = object.meta();
        visit(&meta.name, &meta.labels);
    }
}
