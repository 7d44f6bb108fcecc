//! Workloads: everything that makes Pods from a template.

use std::sync::Arc;

use super::{Kind, Meta, Name, PodFacts};

/// A Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job or CronJob.
#[derive(Clone, PartialEq, Debug)]
pub struct Workload {
    /// Which of them.
    pub kind: Kind,
    /// Name, owners, deletion.
    pub meta: Meta,
    /// The Pods that it makes.
    pub template: Arc<PodFacts>,
    /// The hook annotation that it carries, if any (`helm.sh/hook`, `argocd.argoproj.io/hook`).
    pub hook: Option<Name>,
}
