//! The one table of kinds. Watches, file dispatch, the webhook configuration's rules, RBAC, readiness and metrics
//! derive from it: a kind that is not here does not exist for Ringwall.

use std::fmt;

/// A kind of object that Ringwall reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // The variants are Kubernetes' own names.
pub enum Kind {
    Namespace,
    Pod,
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
    CronJob,
    NetworkPolicy,
    Service,
    Ingress,
    IngressClass,
}

/// What an admission request does to an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operation {
    /// The object is new.
    Create,
    /// The object changes.
    Update,
    /// The object is removed.
    Delete,
}

impl Operation {
    /// The name as AdmissionReview and the webhook configuration write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// What stands in the table for a kind.
#[derive(Debug)]
pub struct KindInfo {
    /// The kind.
    pub kind: Kind,
    /// Its name in `kind:`.
    pub name: &'static str,
    /// Its name in URLs and RBAC, in plural.
    pub plural: &'static str,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version that is read.
    pub version: &'static str,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Whether a replica that has not synced it is unready (design: Namespaces, Pods, workload kinds, NetworkPolicies).
    pub required: bool,
    /// The operations that the webhook judges.
    pub operations: &'static [Operation],
    /// The subresources whose updates can change what is judged of the object itself. The strategies of all others reset it.
    pub subresources: &'static [&'static str],
    /// The entry of the webhook configuration it belongs to, so that optional kinds never block others.
    pub entry: &'static str,
    /// Where its Pod template is, for workload kinds.
    pub template: Option<&'static str>,
}

use Operation::{Create, Delete, Update};

const WRITE: &[Operation] = &[Create, Update];

/// Every kind, in the order of [`Kind`].
pub static KINDS: [KindInfo; 13] = [
    entry(Kind::Namespace, "Namespace", "namespaces", "", "v1", "namespaces", WRITE).cluster(),
    // An update of a Pod's status may move its labels.
    entry(Kind::Pod, "Pod", "pods", "", "v1", "pods", WRITE).subresources(&["status"]),
    entry(Kind::Deployment, "Deployment", "deployments", "apps", "v1", "workloads", WRITE).template("spec.template"),
    entry(Kind::StatefulSet, "StatefulSet", "statefulsets", "apps", "v1", "workloads", WRITE).template("spec.template"),
    entry(Kind::DaemonSet, "DaemonSet", "daemonsets", "apps", "v1", "workloads", WRITE).template("spec.template"),
    entry(Kind::ReplicaSet, "ReplicaSet", "replicasets", "apps", "v1", "workloads", WRITE).template("spec.template"),
    entry(Kind::ReplicationController, "ReplicationController", "replicationcontrollers", "", "v1", "workloads", WRITE)
        .template("spec.template"),
    entry(Kind::Job, "Job", "jobs", "batch", "v1", "workloads", WRITE).template("spec.template"),
    entry(Kind::CronJob, "CronJob", "cronjobs", "batch", "v1", "workloads", WRITE)
        .template("spec.jobTemplate.spec.template"),
    entry(
        Kind::NetworkPolicy,
        "NetworkPolicy",
        "networkpolicies",
        "networking.k8s.io",
        "v1",
        "policies",
        &[Create, Update, Delete],
    ),
    entry(Kind::Service, "Service", "services", "", "v1", "services", WRITE).optional(),
    entry(Kind::Ingress, "Ingress", "ingresses", "networking.k8s.io", "v1", "ingresses", WRITE).optional(),
    entry(Kind::IngressClass, "IngressClass", "ingressclasses", "networking.k8s.io", "v1", "", &[])
        .cluster()
        .optional(),
];

impl Kind {
    /// Every kind, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|info| info.kind)
    }

    /// The kind's row of the table.
    #[allow(clippy::indexing_slicing)] // A test proves that the table is in the order of the enum.
    pub fn info(self) -> &'static KindInfo {
        &KINDS[self as usize]
    }

    /// The name in `kind:`.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The kind of an `apiVersion` and `kind`; `None` when Ringwall does not read it.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        KINDS.iter().find(|info| info.name == kind && info.api_version() == api_version).map(|info| info.kind)
    }

    /// The kind of an API group and kind, whatever the version.
    pub fn of_group(group: &str, kind: &str) -> Option<Self> {
        KINDS.iter().find(|info| info.name == kind && info.group == group).map(|info| info.kind)
    }

    /// Whether objects of this kind make Pods from a template.
    pub fn is_workload(self) -> bool {
        self.info().template.is_some()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl KindInfo {
    /// The `apiVersion` that is read.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    const fn cluster(mut self) -> Self {
        self.namespaced = false;
        self
    }

    const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    const fn subresources(mut self, names: &'static [&'static str]) -> Self {
        self.subresources = names;
        self
    }

    const fn template(mut self, path: &'static str) -> Self {
        self.template = Some(path);
        self
    }
}

const fn entry(
    kind: Kind,
    name: &'static str,
    plural: &'static str,
    group: &'static str,
    version: &'static str,
    entry: &'static str,
    operations: &'static [Operation],
) -> KindInfo {
    KindInfo {
        kind,
        name,
        plural,
        group,
        version,
        namespaced: true,
        required: true,
        operations,
        subresources: &[],
        entry,
        template: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, info) in KINDS.iter().enumerate() {
            assert_eq!(info.kind as usize, index, "{}", info.name);
            assert_eq!(Kind::of(&info.api_version(), info.name), Some(info.kind));
        }
    }

    #[test]
    fn namespaces_are_never_judged_on_delete() {
        assert!(!Kind::Namespace.info().operations.contains(&Operation::Delete));
    }
}
