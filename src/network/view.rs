//! Pods as selectors see them.

use crate::model::{Labels, Name, PodFacts, Selector, reserved};

/// A Pod and its namespace.
#[derive(Clone, Copy, Debug)]
pub struct PodView<'a> {
    /// The namespace.
    pub namespace: &'a Name,
    /// The labels of the namespace.
    pub namespace_labels: &'a Labels,
    /// What policies read of the Pod.
    pub facts: &'a PodFacts,
}

impl<'a> PodView<'a> {
    /// Whether the Pod satisfies a selector, in which [`reserved`] keys stand for its namespace and its service account.
    pub fn satisfies(self, selector: &Selector) -> bool {
        selector.holds(&|key| self.value(key))
    }

    /// The value of a label of the Pod, or of what a [`reserved`] key stands for.
    pub fn value(self, key: &str) -> Option<&'a Name> {
        if !key.starts_with('@') {
            return self.facts.labels.value(key);
        }
        match key.strip_prefix(reserved::NAMESPACE_LABEL) {
            Some(label) => self.namespace_labels.value(label),
            None if key == reserved::SERVICE_ACCOUNT => Some(&self.facts.service_account),
            None => None,
        }
    }
}
