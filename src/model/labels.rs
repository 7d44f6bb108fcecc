//! Labels and annotations: small sorted maps.

use std::{fmt, sync::Arc};

use super::Name;

/// An immutable map from names to values, sorted by key. Used for labels and for the annotations that decisions read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Name, Name)]>);

impl Labels {
    /// The value of a key.
    pub fn value(&self, key: &str) -> Option<&Name> {
        let index = self.0.binary_search_by(|(candidate, _)| candidate.as_str().cmp(key)).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// Whether the key is present.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same entries and one more; an entry of the same key is replaced.
    #[must_use]
    pub fn with(&self, key: impl Into<Name>, value: impl Into<Name>) -> Self {
        let key = key.into();
        let others = self.0.iter().filter(|(candidate, _)| *candidate != key).cloned();
        others.chain([(key.clone(), value.into())]).collect()
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self(Arc::from([]))
    }
}

impl<K: Into<Name>, V: Into<Name>> FromIterator<(K, V)> for Labels {
    /// Of entries with the same key the last one stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let map: std::collections::BTreeMap<Name, Name> =
            entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self(map.into_iter().collect())
    }
}

/// `app=web,tier=front`, the form that `kubectl -l` takes.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}
