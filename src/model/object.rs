//! An object of any kind.

use std::sync::Arc;

use super::{Ingress, IngressClass, Kind, Meta, Namespace, NetworkPolicy, ObjectKey, Pod, PodFacts, Service, Workload};

/// A decoded object. Cloning is a reference count.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // The variants are the kinds.
pub enum Object {
    Namespace(Arc<Namespace>),
    Pod(Arc<Pod>),
    Workload(Arc<Workload>),
    NetworkPolicy(Arc<NetworkPolicy>),
    Service(Arc<Service>),
    Ingress(Arc<Ingress>),
    IngressClass(Arc<IngressClass>),
}

impl Object {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Namespace(_) => Kind::Namespace,
            Self::Pod(_) => Kind::Pod,
            Self::Workload(workload) => workload.kind,
            Self::NetworkPolicy(_) => Kind::NetworkPolicy,
            Self::Service(_) => Kind::Service,
            Self::Ingress(_) => Kind::Ingress,
            Self::IngressClass(_) => Kind::IngressClass,
        }
    }

    /// Its metadata.
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Namespace(object) => &object.meta,
            Self::Pod(object) => &object.meta,
            Self::Workload(object) => &object.meta,
            Self::NetworkPolicy(object) => &object.meta,
            Self::Service(object) => &object.meta,
            Self::Ingress(object) => &object.meta,
            Self::IngressClass(object) => &object.meta,
        }
    }

    /// Its identity.
    pub fn key(&self) -> ObjectKey {
        let meta = self.meta();
        ObjectKey { kind: self.kind(), namespace: meta.namespace.clone(), name: meta.name.clone() }
    }

    /// The Pod, or what the template makes.
    pub fn pod_facts(&self) -> Option<&Arc<PodFacts>> {
        match self {
            Self::Pod(pod) => Some(&pod.facts),
            Self::Workload(workload) => Some(&workload.template),
            _ => None,
        }
    }
}
