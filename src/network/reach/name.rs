//! What workloads are called where people read of them.

use crate::{
    model::{Kind, Name, Object, ObjectKey},
    snapshot::{ClassKey, Snapshot},
};

/// A workload's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WorkloadName {
    /// The namespace.
    pub namespace: Name,
    /// The kind, which may be one that Ringwall does not read (a custom controller).
    pub kind: Name,
    /// The name.
    pub name: Name,
}

impl WorkloadName {
    /// The name of an object itself.
    pub fn of_key(key: &ObjectKey) -> Self {
        Self {
            namespace: key.namespace.clone().unwrap_or_default(),
            kind: key.kind.name().into(),
            name: key.name.clone(),
        }
    }

    /// The workload that a Pod or a template belongs to: its top controller, the controller that it names where Ringwall does not
    /// know that one, or itself.
    pub fn of_object(snapshot: &Snapshot, object: &Object) -> Self {
        let meta = object.meta();
        match (snapshot.top_controller(meta), meta.controller()) {
            (Some(top), _) => Self::of_key(&top),
            (None, Some(controller)) => Self {
                namespace: meta.namespace.clone().unwrap_or_default(),
                kind: controller.kind.clone(),
                name: controller.name.clone(),
            },
            (None, None) => Self::of_key(&object.key()),
        }
    }

    /// The workloads that the Pods of a class belong to: one, or each Pod itself where nothing controls them.
    pub fn of_class(snapshot: &Snapshot, class: &ClassKey) -> Vec<Self> {
        let Some(members) = snapshot.class(class) else { return Vec::new() };
        let key = |name: &Name| ObjectKey::namespaced(Kind::Pod, class.namespace.clone(), name.clone());
        if class.controller.is_none() {
            return members.pods.iter().map(|name| Self::of_key(&key(name))).collect();
        }
        let first = members.pods.first().and_then(|name| snapshot.object(&key(name)).found());
        first.iter().map(|pod| Self::of_object(snapshot, pod)).collect()
    }
}

/// `Deployment shop/web`.
impl std::fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}
