//! What a rule judges.

use std::sync::Arc;

use crate::{
    model::{Kind, Meta, Name, Object, ObjectKey, PodFacts},
    snapshot::{ClassKey, Lookup, Snapshot},
};

use super::SubjectReference;

/// What a rule judges: a class of equal Pods, or one object. A Pod that a request is about is judged as an object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// A class of equal Pods.
    Class(ClassKey),
    /// One object: a Pod, a workload's template, a policy, a Namespace, an Ingress.
    Object(ObjectKey),
}

/// A subject that is a workload: a class, a Pod, or a template.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its namespace.
    pub namespace: Name,
    /// What decides its verdict.
    pub facts: Arc<PodFacts>,
    /// The object that shows where a fact was written: the Pod, the workload, or one Pod of the class.
    pub object: ObjectKey,
    /// Where the Pod's fields are below that object: empty for a Pod, `spec.template` for most workloads.
    pub template: &'static str,
    /// The hook annotation (`helm.sh/hook`), of a Pod's controller too: hooks are Jobs as a rule, whose templates do not bear it.
    pub hook: Option<Name>,
}

impl Subject {
    /// The subject that is one object.
    pub fn object(key: ObjectKey) -> Self {
        Self::Object(key)
    }

    /// The kind of the object; Pod for a class.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Class(_) => Kind::Pod,
            Self::Object(key) => key.kind,
        }
    }

    /// The namespace whose labels set the mode.
    pub fn namespace(&self) -> Option<&Name> {
        match self {
            Self::Class(key) => Some(&key.namespace),
            Self::Object(key) => key.governing_namespace(),
        }
    }

    /// The subject as a workload, if it is one and is there.
    pub fn workload(&self, snapshot: &Snapshot) -> Option<Workload> {
        match self {
            Self::Class(key) => {
                let class = snapshot.class(key)?;
                let name = class.pods.first()?.clone();
                Some(Workload {
                    namespace: key.namespace.clone(),
                    facts: Arc::clone(&class.facts),
                    object: ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), name),
                    template: "",
                    hook: None,
                })
            }
            Self::Object(key) => {
                let object = snapshot.object(key).found()?;
                let hook = match &object {
                    Object::Pod(pod) => pod.hook.clone().or_else(|| hook_of_controller(snapshot, &pod.meta)),
                    Object::Workload(workload) => workload.hook.clone(),
                    _ => None,
                };
                Some(Workload {
                    namespace: key.namespace.clone()?,
                    facts: Arc::clone(object.pod_facts()?),
                    object: key.clone(),
                    template: key.kind.info().template.unwrap_or(""),
                    hook,
                })
            }
        }
    }

    /// The subject as messages show it: Pods by their top controller, with their number.
    pub fn reference(&self, snapshot: &Snapshot) -> SubjectReference {
        let (meta, pods) = match self {
            Self::Class(key) => {
                let Some(class) = snapshot.class(key) else {
                    return SubjectReference {
                        kind: "Pod".into(),
                        namespace: Some(key.namespace.clone()),
                        name: "(gone)".into(),
                        pods: Some(0),
                    };
                };
                let first = class.pods.first().cloned().unwrap_or_default();
                let object = snapshot.object(&ObjectKey::namespaced(Kind::Pod, key.namespace.clone(), first));
                (object.found().map(|object| object.meta().clone()).unwrap_or_default(), Some(class.pods.size()))
            }
            Self::Object(key) => match snapshot.object(key) {
                Lookup::Found(object) => (object.meta().clone(), (key.kind == Kind::Pod).then_some(1)),
                _ => return SubjectReference::of(key),
            },
        };
        match snapshot.top_controller(&meta) {
            Some(top) => SubjectReference { pods, ..SubjectReference::of(&top) },
            None => match (self, meta.controller()) {
                // A controller that Ringwall does not read is still the name that people know.
                (Self::Class(_), Some(controller)) => SubjectReference {
                    kind: controller.kind.clone(),
                    namespace: meta.namespace.clone(),
                    name: controller.name.clone(),
                    pods,
                },
                (Self::Class(_), None) => {
                    SubjectReference { kind: "Pod".into(), namespace: meta.namespace, name: meta.name, pods }
                }
                (Self::Object(key), _) => SubjectReference { pods, ..SubjectReference::of(key) },
            },
        }
    }
}

fn hook_of_controller(snapshot: &Snapshot, meta: &Meta) -> Option<Name> {
    match snapshot.object(&snapshot.top_controller(meta)?).found()? {
        Object::Workload(workload) => workload.hook.clone(),
        _ => None,
    }
}
