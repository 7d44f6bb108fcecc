//! Names: short immutable strings that many objects share.

use std::{borrow::Borrow, cell::RefCell, collections::HashSet, fmt, ops::Deref, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

/// A name, label key, label value or other short string of a Kubernetes object. Cloning is a reference count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Lets equal names that are made from text while `work` runs on this thread share one allocation. Objects that are read
    /// together repeat their namespaces, labels and hosts; what is shared is forgotten afterwards, so nothing grows for ever.
    pub fn shared<T>(work: impl FnOnce() -> T) -> T {
        let outer = SHARED.replace(Some(HashSet::new()));
        let result = work();
        SHARED.set(outer);
        result
    }
}

thread_local! {
    /// The names made so far, while they are shared.
    static SHARED: RefCell<Option<HashSet<Name>>> = const { RefCell::new(None) };
}

impl Default for Name {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        SHARED.with_borrow_mut(|shared| {
            let Some(shared) = shared else { return Self(Arc::from(text)) };
            if let Some(known) = shared.get(text) {
                return known.clone();
            }
            let name = Self(Arc::from(text));
            shared.insert(name.clone());
            name
        })
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Name, E> {
        Ok(Name::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_made_together_share_one_allocation_and_others_do_not() {
        let (first, second) = Name::shared(|| (Name::from("shop"), Name::from(String::from("shop"))));
        assert!(Arc::ptr_eq(&first.0, &second.0));
        let third = Name::shared(|| Name::from("shop"));
        assert_eq!(first, third);
        assert!(!Arc::ptr_eq(&first.0, &third.0), "what was shared is forgotten");
    }
}
