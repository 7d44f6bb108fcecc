//! Where in an object something is.

use std::{fmt, sync::Arc};

/// A path of fields and indices: `spec.ingress[0].from[1].ipBlock.cidr`; keys with dots are quoted:
/// `metadata.annotations["nginx.ingress.kubernetes.io/ssl-redirect"]`. Empty for the object itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FieldPath(Arc<str>);

impl FieldPath {
    /// The object itself.
    pub fn root() -> Self {
        Self(Arc::from(""))
    }

    /// The path that is written so.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// A field below.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        if name.contains(['.', '/', '[', '"']) {
            Self(Arc::from(format!("{}[\"{name}\"]", self.0)))
        } else if self.0.is_empty() {
            Self(Arc::from(name))
        } else {
            Self(Arc::from(format!("{}.{name}", self.0)))
        }
    }

    /// An entry of a list below.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(Arc::from(format!("{}[{index}]", self.0)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The steps from the object to the field.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut rest = &*self.0;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix("[\"") {
                let (key, after) = quoted.split_once("\"]").unwrap_or((quoted, ""));
                steps.push(Step::Field(key.to_owned()));
                rest = after;
            } else if let Some(indexed) = rest.strip_prefix('[') {
                let (index, after) = indexed.split_once(']').unwrap_or((indexed, ""));
                steps.push(Step::Index(index.parse().unwrap_or(usize::MAX)));
                rest = after;
            } else {
                let trimmed = rest.strip_prefix('.').unwrap_or(rest);
                let end = trimmed.find(['.', '[']).unwrap_or(trimmed.len());
                let (field, after) = trimmed.split_at(end);
                steps.push(Step::Field(field.to_owned()));
                rest = after;
            }
        }
        steps
    }
}

/// One step of a [`FieldPath`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Into a field of a mapping.
    Field(String),
    /// Into an entry of a list.
    Index(usize),
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_apart_as_it_was_put_together() {
        let path =
            FieldPath::root().field("metadata").field("annotations").field("a.b/c").field("x").index(3).field("y");
        assert_eq!(path.as_str(), r#"metadata.annotations["a.b/c"].x[3].y"#);
        let fields = |name: &str| Step::Field(name.to_owned());
        let expected =
            [fields("metadata"), fields("annotations"), fields("a.b/c"), fields("x"), Step::Index(3), fields("y")];
        assert_eq!(path.steps(), expected);
    }
}
