//! The peer that nothing names: whom a rule admits when it admits just anybody.
//!
//! The unnamed peer is a Pod without labels and without declared ports, in a namespace that has no other label than
//! `kubernetes.io/metadata.name`, and that one with a value which no selector lists. Isolation and openness are the verdict for
//! this peer: whoever creates a namespace can have such a Pod, and needs to know nothing about the policies.
//!
//! So `NotIn` and `DoesNotExist` admit it. `Exists` does not: a label must still be put on, though no value be known. The one
//! exception is `kubernetes.io/metadata.name`, which every namespace has.

use crate::model::{METADATA_NAME, Selector, reserved};

use super::Peer;

/// Whether a selector of Pods matches the unnamed Pod.
pub(super) fn is_pod(selector: &Selector) -> bool {
    matches(selector, |key| key.strip_prefix(reserved::NAMESPACE_LABEL) == Some(METADATA_NAME))
}

/// Whether a selector of namespaces matches the unnamed Pod's namespace.
pub(super) fn is_namespace(selector: &Selector) -> bool {
    matches(selector, |key| key == METADATA_NAME)
}

/// Whether a selector matches whatever the labels are, judged by its form.
pub(super) fn is_anything(selector: &Selector) -> bool {
    match selector {
        Selector::All(conditions) => conditions.iter().all(is_anything),
        Selector::Any(conditions) => conditions.iter().any(is_anything),
        Selector::Not(_) | Selector::In(..) | Selector::Has(_) | Selector::Like(..) => false,
    }
}

impl Peer {
    /// Whether the unnamed Pod is such a peer.
    pub fn is_unnamed_pod(&self) -> bool {
        match self {
            Self::Everyone => true,
            Self::Pods { namespace: None, namespaces, pods } => is_namespace(namespaces) && is_pod(pods),
            Self::Pods { namespace: Some(_), .. } | Self::Addresses(_) | Self::World(_) | Self::Nodes => false,
        }
    }

    /// Whether every Pod of every namespace is such a peer, judged by its form.
    pub fn is_every_pod(&self) -> bool {
        match self {
            Self::Everyone => true,
            Self::Pods { namespace: None, namespaces, pods } => is_anything(namespaces) && is_anything(pods),
            Self::Pods { namespace: Some(_), .. } | Self::Addresses(_) | Self::World(_) | Self::Nodes => false,
        }
    }
}

/// Evaluates a selector for labels whose values nobody lists.
fn matches(selector: &Selector, has: impl Fn(&str) -> bool + Copy) -> bool {
    match selector {
        Selector::All(conditions) => conditions.iter().all(|condition| matches(condition, has)),
        Selector::Any(conditions) => conditions.iter().any(|condition| matches(condition, has)),
        Selector::Not(condition) => !matches(condition, has),
        Selector::In(..) | Selector::Like(..) => false,
        Selector::Has(key) => has(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not(selector: Selector) -> Selector {
        Selector::Not(Box::new(selector))
    }

    fn team_a() -> Selector {
        Selector::In("team".into(), vec!["a".into()])
    }

    #[test]
    fn negative_conditions_admit_the_unnamed_pod_and_positive_ones_do_not() {
        assert!(is_pod(&Selector::everything()) && is_pod(&not(team_a())));
        assert!(is_pod(&not(Selector::Has("team".into()))));
        assert!(!is_pod(&team_a()) && !is_pod(&Selector::Has("team".into())));
        assert!(!is_pod(&Selector::All(vec![not(team_a()), Selector::Has("app".into())])));
    }

    #[test]
    fn every_namespace_has_a_name_and_no_list_holds_the_unnamed_one() {
        let named = Selector::In(METADATA_NAME.into(), vec!["shop".into(), "kube-system".into()]);
        assert!(is_namespace(&Selector::Has(METADATA_NAME.into())));
        assert!(is_namespace(&not(named.clone())));
        assert!(!is_namespace(&named));
        assert!(!is_namespace(&not(Selector::Has(METADATA_NAME.into()))));
        assert!(!is_pod(&Selector::Has(METADATA_NAME.into())), "the label is on namespaces, not on Pods");
    }
}
