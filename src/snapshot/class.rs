//! Classes: Pods that no decision can tell apart.

use std::sync::Arc;

use rpds::RedBlackTreeSetSync;

use crate::model::{Name, OwnerReference, Pod, PodFacts};

/// The identity of a class: namespace, facts and managing controller. Pods of one class get one verdict.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClassKey {
    /// The namespace.
    pub namespace: Name,
    /// The managing controller of the Pods, by which a class is shown.
    pub controller: Option<OwnerReference>,
    /// What the Pods have in common.
    pub facts: Arc<PodFacts>,
}

/// A class and the Pods in it.
#[derive(Clone, Debug)]
pub struct Class {
    /// What the Pods have in common; the one copy that all of them share.
    pub facts: Arc<PodFacts>,
    /// The names of the Pods.
    pub pods: RedBlackTreeSetSync<Name>,
}

impl ClassKey {
    /// The class that a Pod belongs to.
    pub fn of(pod: &Pod) -> Option<Self> {
        Some(Self {
            namespace: pod.meta.namespace.clone()?,
            controller: pod.meta.controller().cloned(),
            facts: Arc::clone(&pod.facts),
        })
    }
}
