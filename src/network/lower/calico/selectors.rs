//! What Calico's selectors mean of Pods and of sets of networks.
//!
//! A Pod has, beside its own labels, its namespace and service account under keys of their own, the labels of its namespace behind
//! `pcns.` and those of its service account behind `pcsa.` (libcalico-go/lib/backend/k8s/conversion). Service accounts are not
//! read: of their labels only the name is known.

use crate::model::{CalicoNetworkSet, Labels, METADATA_NAME, Name, Selector, calico_keys as keys, reserved};

/// Which of two selectors stands for one that cannot be read from objects in full.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Estimate {
    /// What it matches for certain.
    Least,
    /// What it can match.
    Most,
}

/// What a key means of a Pod.
enum Meaning {
    Key(Name),
    Constant(Name),
    Unknown,
}

/// A selector of Pods, in the keys of [`reserved`].
pub(super) fn of_pods(selector: &Selector, estimate: Estimate) -> Selector {
    let leaf = |condition: &Selector, estimate: Estimate| {
        let key = match condition {
            Selector::Has(key) if key == keys::GLOBAL => return Selector::everything(),
            Selector::In(key, _) | Selector::Has(key) | Selector::Like(key, ..) => key,
            Selector::All(_) | Selector::Any(_) | Selector::Not(_) => return Selector::everything(),
        };
        match meaning(key) {
            Meaning::Key(key) => renamed(condition, key),
            Meaning::Constant(value) => whether(condition.holds(&|_| Some(&value))),
            Meaning::Unknown => whether(estimate == Estimate::Most),
        }
    };
    mapped(selector, estimate, &leaf)
}

/// A `namespaceSelector`, of the labels of namespaces. `global()` is the opposite of every namespace.
pub(super) fn of_namespaces(selector: &Selector) -> Selector {
    let leaf = |condition: &Selector, _| match condition {
        Selector::Has(key) if key == keys::GLOBAL => nothing(),
        Selector::In(key, _) | Selector::Has(key) | Selector::Like(key, ..) if key == keys::NAME => {
            renamed(condition, METADATA_NAME.into())
        }
        other => other.clone(),
    };
    mapped(selector, Estimate::Most, &leaf)
}

/// A selector of service accounts, as one of their Pods.
pub(super) fn of_accounts(selector: &Selector, estimate: Estimate) -> Selector {
    of_pods(&prefixed(selector, keys::OF_SERVICE_ACCOUNT), estimate)
}

/// Whether a set of networks is meant by a rule's `namespaceSelector` and `selector`.
pub(super) fn mean_set(
    namespaces: Option<&Selector>,
    selector: Option<&Selector>,
    set: &CalicoNetworkSet,
    of: Option<&Labels>,
) -> bool {
    let namespaces = namespaces.map(|selector| prefixed(selector, keys::OF_NAMESPACE));
    let value = |key: &str| value_of_set(key, set, of);
    namespaces.is_none_or(|selector| selector.holds(&value))
        && selector.is_none_or(|selector| means_everything_global(selector).holds(&value))
}

/// `global()` holds of everything where it does not stand for namespaces.
fn means_everything_global(selector: &Selector) -> Selector {
    let leaf = |condition: &Selector, _| match condition {
        Selector::Has(key) if key == keys::GLOBAL => Selector::everything(),
        other => other.clone(),
    };
    mapped(selector, Estimate::Most, &leaf)
}

fn value_of_set<'a>(key: &str, set: &'a CalicoNetworkSet, of: Option<&'a Labels>) -> Option<&'a Name> {
    if key == keys::NAMESPACE {
        return set.meta.namespace.as_ref();
    }
    if let Some(own) = set.meta.labels.value(key) {
        return Some(own);
    }
    match key.strip_prefix(keys::OF_NAMESPACE) {
        Some(keys::NAME) => set.meta.namespace.as_ref(),
        Some(label) => of.and_then(|labels| labels.value(label)),
        None => None,
    }
}

fn meaning(key: &Name) -> Meaning {
    let of_namespace = |label: &str| Meaning::Key(format!("{}{label}", reserved::NAMESPACE_LABEL).into());
    if let Some(label) = key.strip_prefix(keys::OF_NAMESPACE) {
        return of_namespace(if label == keys::NAME { METADATA_NAME } else { label });
    }
    if let Some(label) = key.strip_prefix(keys::OF_SERVICE_ACCOUNT) {
        return if label == keys::NAME { Meaning::Key(reserved::SERVICE_ACCOUNT.into()) } else { Meaning::Unknown };
    }
    match key.as_str() {
        keys::NAMESPACE => of_namespace(METADATA_NAME),
        keys::SERVICE_ACCOUNT => Meaning::Key(reserved::SERVICE_ACCOUNT.into()),
        keys::ORCHESTRATOR => Meaning::Constant("k8s".into()),
        _ => Meaning::Key(key.clone()),
    }
}

/// The selector of somebody else's labels, as one of all labels of an endpoint (updateprocessors: `parseSelectorAttachPrefix`).
/// `all()` of namespaces is whatever has one.
fn prefixed(selector: &Selector, prefix: &str) -> Selector {
    let owner = if prefix == keys::OF_NAMESPACE { keys::NAMESPACE } else { keys::SERVICE_ACCOUNT };
    let leaf = |condition: &Selector, _| match condition {
        Selector::All(_) => Selector::Has(owner.into()),
        Selector::Has(key) if key == keys::GLOBAL => Selector::Not(Box::new(Selector::Has(owner.into()))),
        Selector::In(key, _) | Selector::Has(key) | Selector::Like(key, ..) => {
            renamed(condition, format!("{prefix}{key}").into())
        }
        other => other.clone(),
    };
    mapped(selector, Estimate::Most, &leaf)
}

/// The selector with its conditions replaced. What cannot be known is estimated the other way below a negation.
fn mapped(selector: &Selector, estimate: Estimate, leaf: &impl Fn(&Selector, Estimate) -> Selector) -> Selector {
    let list = |conditions: &[Selector]| conditions.iter().map(|condition| mapped(condition, estimate, leaf)).collect();
    match selector {
        Selector::All(conditions) if !conditions.is_empty() => all(list(conditions)),
        Selector::Any(conditions) if !conditions.is_empty() => any(list(conditions)),
        Selector::Not(condition) => {
            let other = if estimate == Estimate::Least { Estimate::Most } else { Estimate::Least };
            not(mapped(condition, other, leaf))
        }
        condition => leaf(condition, estimate),
    }
}

fn renamed(condition: &Selector, key: Name) -> Selector {
    match condition {
        Selector::In(_, values) => Selector::In(key, values.clone()),
        Selector::Like(_, likeness, text) => Selector::Like(key, *likeness, text.clone()),
        _ => Selector::Has(key),
    }
}

/// All of them, in the simplest form.
pub(super) fn all(conditions: Vec<Selector>) -> Selector {
    if conditions.iter().any(is_nothing) {
        return nothing();
    }
    let mut conditions: Vec<_> = conditions.into_iter().filter(|condition| !condition.is_everything()).collect();
    if conditions.len() == 1 {
        conditions.pop().unwrap_or_else(Selector::everything)
    } else {
        Selector::All(conditions)
    }
}

fn any(conditions: Vec<Selector>) -> Selector {
    if conditions.iter().any(Selector::is_everything) {
        return Selector::everything();
    }
    Selector::Any(conditions.into_iter().filter(|condition| !is_nothing(condition)).collect())
}

pub(super) fn not(condition: Selector) -> Selector {
    match condition {
        condition if condition.is_everything() => nothing(),
        condition if is_nothing(&condition) => Selector::everything(),
        condition => Selector::Not(Box::new(condition)),
    }
}

pub(super) const fn nothing() -> Selector {
    Selector::Any(Vec::new())
}

pub(super) fn is_nothing(selector: &Selector) -> bool {
    matches!(selector, Selector::Any(conditions) if conditions.is_empty())
}

fn whether(holds: bool) -> Selector {
    if holds { Selector::everything() } else { nothing() }
}
