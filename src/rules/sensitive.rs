//! Which workloads are sensitive: those that the environment's labels mark, on the Pod or on its Namespace.

use std::collections::BTreeMap;

use crate::model::{Labels, Name};

use super::{Context, Workload};

/// `environment.sensitive`: the labels that mark sensitive workloads and namespaces, each of them alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensitiveLabels(BTreeMap<Name, Name>);

impl Default for SensitiveLabels {
    /// `ringwall.dev/data: sensitive`.
    fn default() -> Self {
        [(Name::from("ringwall.dev/data"), Name::from("sensitive"))].into_iter().collect()
    }
}

impl FromIterator<(Name, Name)> for SensitiveLabels {
    fn from_iter<I: IntoIterator<Item = (Name, Name)>>(labels: I) -> Self {
        Self(labels.into_iter().collect())
    }
}

impl SensitiveLabels {
    /// The first of them that is among these labels.
    pub fn mark<'a>(&'a self, labels: &Labels) -> Option<(&'a Name, &'a Name)> {
        self.0.iter().find(|(key, value)| labels.value(key) == Some(value))
    }
}

/// Whether a workload is sensitive. The Namespace's mark binds: a Pod cannot take itself out.
pub(super) fn is_sensitive(context: &Context<'_>, workload: &Workload) -> bool {
    let labels = &context.environment.sensitive;
    let by_namespace = || {
        let home = context.snapshot.namespace(&workload.namespace).found();
        home.is_some_and(|home| labels.mark(&home.meta.labels).is_some())
    };
    labels.mark(&workload.facts.labels).is_some() || by_namespace()
}

/// What follows a workload's name in a message where more is asked of it than of others.
pub(super) fn shown(context: &Context<'_>, workload: &Workload) -> &'static str {
    if is_sensitive(context, workload) { ", which is marked sensitive," } else { "" }
}
