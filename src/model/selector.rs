//! Selectors of labels, as one Boolean algebra that Kubernetes', Cilium's and Calico's selectors all lower to.

use std::fmt;

use super::{Labels, Name};

/// A condition on labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Selector {
    /// Every condition holds. Without conditions it matches everything, as `{}` does in Kubernetes.
    All(Vec<Self>),
    /// At least one condition holds. Without conditions it matches nothing.
    Any(Vec<Self>),
    /// The condition does not hold.
    Not(Box<Self>),
    /// The key is there, with one of these values.
    In(Name, Vec<Name>),
    /// The key is there.
    Has(Name),
    /// The key is there, with a value of that form (Calico's `contains`, `starts with`, `ends with`).
    Like(Name, Likeness, Name),
}

/// How a value is like a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Likeness {
    /// It has the text in it.
    Contains,
    /// It begins with the text.
    StartsWith,
    /// It ends with the text.
    EndsWith,
}

/// What selectors of some plugins can name beside a Pod's own labels. No label key begins with `@`, so these keys never mean one.
pub mod reserved {
    /// Before a label of the Pod's namespace: `@namespace/team`.
    pub const NAMESPACE_LABEL: &str = "@namespace/";
    /// The name of the Pod's service account.
    pub const SERVICE_ACCOUNT: &str = "@serviceaccount";
    /// The name of the Pod's cluster, which no object tells (Cilium's `io.cilium.k8s.policy.cluster`).
    pub const CLUSTER: &str = "@cluster";
}

impl Selector {
    /// The selector that matches everything.
    pub const fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Whether this is written as the empty selector.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::All(conditions) if conditions.is_empty())
    }

    /// `key=value` for each of the labels.
    pub fn of_labels(labels: &Labels) -> Self {
        Self::All(labels.iter().map(|(key, value)| Self::In(key.clone(), vec![value.clone()])).collect())
    }

    /// Whether the labels satisfy the condition. `NotIn` and `DoesNotExist`, which are [`Selector::Not`] here, hold when the
    /// key is absent (Kubernetes `labels.Requirement.Matches`).
    pub fn matches(&self, labels: &Labels) -> bool {
        self.holds(&|key| labels.value(key))
    }

    /// As [`Selector::matches`], for values that come from anywhere.
    pub fn holds<'a>(&self, value: &impl Fn(&str) -> Option<&'a Name>) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(value)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(value)),
            Self::Not(condition) => !condition.holds(value),
            Self::In(key, values) => value(key).is_some_and(|value| values.contains(value)),
            Self::Has(key) => value(key).is_some(),
            Self::Like(key, likeness, text) => value(key).is_some_and(|value| likeness.holds(value, text)),
        }
    }
}

impl Likeness {
    fn holds(self, value: &str, text: &str) -> bool {
        match self {
            Self::Contains => value.contains(text),
            Self::StartsWith => value.starts_with(text),
            Self::EndsWith => value.ends_with(text),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "starts with",
            Self::EndsWith => "ends with",
        }
    }
}

/// As `kubectl -l` writes selectors where it can: `app=web,tier in (a,b),!old`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, conditions: &[Selector], between: &str) -> fmt::Result {
            for (index, condition) in conditions.iter().enumerate() {
                if index > 0 {
                    f.write_str(between)?;
                }
                write!(f, "{condition}")?;
            }
            Ok(())
        }
        match self {
            Self::All(conditions) if conditions.is_empty() => f.write_str("everything"),
            Self::Any(conditions) if conditions.is_empty() => f.write_str("nothing"),
            Self::All(conditions) => list(f, conditions, ","),
            Self::Any(conditions) => {
                f.write_str("(")?;
                list(f, conditions, " || ")?;
                f.write_str(")")
            }
            Self::Not(condition) => match &**condition {
                Self::Has(key) => write!(f, "!{}", shown(key)),
                Self::In(key, values) => write!(f, "{} notin ({})", shown(key), values.join(",")),
                other => write!(f, "!({other})"),
            },
            Self::In(key, values) => match values.as_slice() {
                [value] => write!(f, "{}={value}", shown(key)),
                _ => write!(f, "{} in ({})", shown(key), values.join(",")),
            },
            Self::Has(key) => write!(f, "{}", shown(key)),
            Self::Like(key, likeness, text) => write!(f, "{} {} {text}", shown(key), likeness.words()),
        }
    }
}

/// A key as people read it.
fn shown(key: &str) -> std::borrow::Cow<'_, str> {
    match key.strip_prefix(reserved::NAMESPACE_LABEL) {
        Some(label) => format!("namespace {label}").into(),
        None => key.strip_prefix('@').unwrap_or(key).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Labels {
        text.split(',').filter_map(|pair| pair.split_once('=')).collect()
    }

    #[test]
    fn the_empty_selector_matches_everything_and_the_empty_alternative_nothing() {
        assert!(Selector::everything().matches(&labels("")));
        assert!(!Selector::Any(vec![]).matches(&labels("app=web")));
    }

    #[test]
    fn negated_conditions_hold_when_the_key_is_absent() {
        let not_in = Selector::Not(Box::new(Selector::In("team".into(), vec!["a".into()])));
        let absent = Selector::Not(Box::new(Selector::Has("team".into())));
        assert!(not_in.matches(&labels("app=web")) && absent.matches(&labels("app=web")));
        assert!(!not_in.matches(&labels("team=a")) && not_in.matches(&labels("team=b")));
        assert!(!absent.matches(&labels("team=b")));
    }

    #[test]
    fn selectors_read_as_kubectl_writes_them() {
        let selector = Selector::All(vec![
            Selector::In("app".into(), vec!["web".into()]),
            Selector::In("tier".into(), vec!["a".into(), "b".into()]),
            Selector::Not(Box::new(Selector::Has("old".into()))),
        ]);
        assert_eq!(selector.to_string(), "app=web,tier in (a,b),!old");
    }
}
