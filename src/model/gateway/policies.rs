//! What says how Gateways reach backends, and who may refer to what.

use crate::model::{Kind, Meta, Name, ObjectKey};

/// A `BackendTLSPolicy`: TLS from Gateways to the Services that it targets. The standard API cannot say "skip verification".
#[derive(Clone, PartialEq, Debug)]
pub struct BackendTlsPolicy {
    /// Name, creation: the oldest of several policies for one port counts.
    pub meta: Meta,
    /// The Services among `spec.targetRefs`.
    pub targets: Vec<PolicyTarget>,
    /// `spec.validation.hostname`: what the backend's certificate must name.
    pub hostname: Name,
    /// Whom it trusts.
    pub trust: BackendTrust,
}

/// One entry of `spec.targetRefs`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyTarget {
    /// The Service.
    pub service: ObjectKey,
    /// `sectionName`: the name of its port; `None` for all.
    pub port: Option<Name>,
}

/// Whom a `BackendTLSPolicy` trusts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BackendTrust {
    /// `wellKnownCACertificates: System`.
    System,
    /// `caCertificateRefs`: `ConfigMaps` and Secrets of its namespace.
    References(Vec<ObjectKey>),
}

/// A `ReferenceGrant`: who may refer to objects of its namespace from others.
#[derive(Clone, PartialEq, Debug)]
pub struct ReferenceGrant {
    /// Name.
    pub meta: Meta,
    /// `spec.from`.
    pub from: Vec<GrantFrom>,
    /// `spec.to`.
    pub to: Vec<GrantTo>,
}

/// One entry of `spec.from`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantFrom {
    /// `group`.
    pub group: Name,
    /// `kind`.
    pub kind: Name,
    /// `namespace`.
    pub namespace: Name,
}

/// One entry of `spec.to`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantTo {
    /// `group`; empty for the core group.
    pub group: Name,
    /// `kind`.
    pub kind: Name,
    /// `name`; `None` for every object of the kind.
    pub name: Option<Name>,
}

impl ReferenceGrant {
    /// Whether it lets objects of a kind and namespace refer to an object of its own namespace.
    pub fn permits(&self, kind: Kind, namespace: &Name, object: &ObjectKey) -> bool {
        let (from, to) = (kind.info(), object.kind.info());
        let comes = |entry: &GrantFrom| {
            *entry.group == *from.group && *entry.kind == *from.name && entry.namespace == *namespace
        };
        let goes = |entry: &GrantTo| {
            *entry.group == *to.group
                && *entry.kind == *to.name
                && entry.name.as_ref().is_none_or(|name| *name == object.name)
        };
        self.meta.namespace == object.namespace && self.from.iter().any(comes) && self.to.iter().any(goes)
    }
}

/// What stands for all `ReferenceGrants` of a namespace where objects refer to something in it. No object has this key: names
/// are not empty.
pub fn grants_of_namespace(namespace: &Name) -> ObjectKey {
    ObjectKey::namespaced(Kind::ReferenceGrant, namespace.clone(), "")
}
