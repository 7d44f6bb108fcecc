//! Who owns a Pod, and whether it counts as running.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::model::{Kind, Meta, Name, Object, ObjectKey, OwnerReference, Pod, PodFacts};

use super::{Lookup, Snapshot};

/// Whether a Pod counts as running (design, section 4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Running {
    /// It counts.
    Yes,
    /// It has ended, is terminating soon, or its owner is gone or going.
    No,
}

impl Snapshot {
    /// Whether the Pod counts as running: neither ended nor terminating soon, and not about to be collected. Only owners of
    /// built-in kinds, found by UID, can prove that it is: the collector never removes a Pod for an owner of a kind it does
    /// not know.
    pub fn running(&self, pod: &Pod, now: Timestamp) -> Running {
        if pod.is_active(now) && !self.is_doomed(&pod.meta, &mut BTreeMap::new()) { Running::Yes } else { Running::No }
    }

    /// Whether an object is on its way out: terminating, or about to be collected with its owners.
    pub fn is_going(&self, meta: &Meta) -> bool {
        meta.is_terminating() || self.is_doomed(meta, &mut BTreeMap::new())
    }

    /// The workloads, in one namespace or in all, that no other workload of the snapshot controls.
    pub fn templates<'a>(&'a self, namespace: Option<&'a Name>) -> impl Iterator<Item = &'a Object> + 'a {
        self.templates_where(namespace, |_| true)
    }

    /// Those of [`Self::templates`] whose facts fit. They are asked first: to look for a controller costs more.
    pub fn templates_where<'a, F: Fn(&Arc<PodFacts>) -> bool>(
        &'a self,
        namespace: Option<&'a Name>,
        fits: F,
    ) -> impl Iterator<Item = &'a Object> {
        let workloads = Kind::all().filter(|kind| kind.is_workload()).flat_map(move |kind| self.list(kind, namespace));
        workloads.filter(move |object| {
            let meta = object.meta();
            object.pod_facts().is_some_and(&fits)
                && meta.controller().is_none_or(|owner| !matches!(self.owner(meta, owner), Lookup::Found(_)))
        })
    }

    /// The object that a reference names, if it is of a built-in kind and is still that incarnation.
    pub fn owner(&self, meta: &Meta, reference: &OwnerReference) -> Lookup<Object> {
        let Some(kind) = Kind::of(&reference.api_version, &reference.kind) else {
            return Lookup::Unseen(super::Blind::Unknowable(format!("the owner's kind {}", reference.kind).into()));
        };
        let namespace = if kind.info().namespaced { meta.namespace.clone() } else { None };
        match self.object(&ObjectKey { kind, namespace, name: reference.name.clone() }) {
            Lookup::Found(owner) if owner.meta().uid == reference.uid => Lookup::Found(owner),
            Lookup::Found(_) | Lookup::Absent => Lookup::Absent,
            Lookup::Unseen(blind) => Lookup::Unseen(blind),
        }
    }

    /// The top controller of an object, following controllers of built-in kinds as far as they are in the snapshot.
    pub fn top_controller(&self, meta: &Meta) -> Option<ObjectKey> {
        let mut top: Option<Object> = None;
        for _ in 0..8 {
            let meta = top.as_ref().map_or(meta, Object::meta);
            let Some(reference) = meta.controller() else { break };
            let Lookup::Found(owner) = self.owner(meta, reference) else { break };
            top = Some(owner);
        }
        top.map(|owner| owner.key())
    }

    /// Whether the collector is about to remove an object with these owners: it has some, and all of them are built-in objects
    /// that are gone, or are going and take their dependents along.
    ///
    /// As the collector has it (`classifyReferences`), an owner that is told to go and held by somebody's finalizer is there:
    /// its dependents run on, for as long as it is held.
    fn is_doomed(&self, meta: &Meta, judged: &mut BTreeMap<ObjectKey, bool>) -> bool {
        !meta.owners.is_empty() && meta.owners.iter().all(|reference| self.takes_along(meta, reference, judged))
    }

    fn takes_along(&self, meta: &Meta, reference: &OwnerReference, judged: &mut BTreeMap<ObjectKey, bool>) -> bool {
        let owner = match self.owner(meta, reference) {
            Lookup::Absent => return true,
            Lookup::Unseen(_) => return false,
            Lookup::Found(owner) => owner,
        };
        let key = owner.key();
        if let Some(known) = judged.get(&key) {
            return *known;
        }
        // Owners in a circle keep each other.
        judged.insert(key.clone(), false);
        let owner = owner.meta();
        let held = owner.finalizers;
        let going = owner.is_terminating() && held.foreground && !held.orphan;
        // Without an owner of its own it will be told to go, and is gone at once unless something holds it.
        let doomed = going || (!held.other && !held.orphan && self.is_doomed(owner, judged));
        judged.insert(key, doomed);
        doomed
    }
}
