//! What was probably meant by a selector that matches nothing.

use std::collections::BTreeSet;

use crate::{
    model::{Kind, Labels, METADATA_NAME, Meta, Name, Object, Selector},
    snapshot::Snapshot,
    source,
};

use super::{named, residents};

/// What was probably meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::rules) enum Near {
    /// A label that is there.
    Label(Name, Name),
    /// Another namespace, in which the selector matches.
    Namespace(Name),
}

/// Namespaces that clusters have and files rarely hold.
const WELL_KNOWN: [&str; 12] = [
    "default",
    "kube-system",
    "kube-public",
    "monitoring",
    "ingress-nginx",
    "traefik",
    "cert-manager",
    "istio-system",
    "linkerd",
    "openshift-dns",
    "openshift-ingress",
    "openshift-monitoring",
];

/// The label that comes nearest to one that no workload of these namespaces has, or another namespace where the selector matches.
pub(in crate::rules) fn nearest<'a>(
    snapshot: &'a Snapshot,
    among: impl IntoIterator<Item = &'a Name>,
    elsewhere: bool,
    selector: &Selector,
) -> Option<Near> {
    let among: BTreeSet<&Name> = among.into_iter().collect();
    let here = among.iter().flat_map(|name| labels_in(snapshot, name));
    let present: BTreeSet<(&Name, &Name)> = here.flat_map(Labels::iter).collect();
    if let Some((key, value)) = near_label(selector, &present) {
        return Some(Near::Label(key.clone(), value.clone()));
    }
    let mut others = snapshot
        .list(Kind::Namespace, None)
        .map(|object| &object.meta().name)
        .filter(|name| elsewhere && !among.contains(name));
    others
        .find(|name| labels_in(snapshot, name).any(|labels| selector.matches(labels)))
        .map(|name| Near::Namespace(name.clone()))
}

/// The label of a namespace that comes nearest to one that none has. Nobody sets the label `name`, which many take for the one
/// that every namespace has. Where not all namespaces are known, one that is asked for by its name may be another one.
pub(in crate::rules) fn nearest_namespace(snapshot: &Snapshot, selector: &Selector, is_whole: bool) -> Option<Near> {
    let namespaces: Vec<&Meta> = snapshot.list(Kind::Namespace, None).map(Object::meta).collect();
    let present: BTreeSet<(&Name, &Name)> = namespaces.iter().flat_map(|meta| meta.labels.iter()).collect();
    let is_name = |value: &Name| WELL_KNOWN.contains(&value.as_str()) || namespaces.iter().any(|it| it.name == *value);
    let misnamed = wanted(selector).into_iter().find(|(key, value)| {
        let unknown = *key != METADATA_NAME && !present.iter().any(|(other, _)| other == key);
        unknown && (key.ends_with("name") || key.ends_with("namespace")) && is_name(value)
    });
    match misnamed {
        Some((_, value)) => Some(Near::Label(METADATA_NAME.into(), value.clone())),
        None if named(selector).is_some() && !is_whole => None,
        None => near_label(selector, &present).map(|(key, value)| Near::Label(key.clone(), value.clone())),
    }
}

/// The labels among which one is nearest to what a selector asks for and nobody has.
fn near_label<'a>(selector: &Selector, present: &BTreeSet<(&'a Name, &'a Name)>) -> Option<(&'a Name, &'a Name)> {
    let absent = || wanted(selector).into_iter().filter(|label| !present.contains(label));
    // The same value under another key is a convention mistaken: app for app.kubernetes.io/name.
    let misnamed = || absent().find_map(|(_, value)| present.iter().find(|(_, other)| *other == value).copied());
    let mistyped = absent().find_map(|(key, value)| {
        let values = present.iter().filter(|(other, _)| *other == key).map(|(_, value)| value.as_str());
        let meant = mistyped(value, values)?;
        present.iter().find(|(other, value)| *other == key && value.as_str() == meant).copied()
    });
    mistyped.or_else(misnamed)
}

/// The word that was meant, where words that are as short or that differ by a number only are not taken for slips.
pub(in crate::rules) fn mistyped<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let without_digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    let plain = without_digits(word);
    let candidates =
        candidates.into_iter().filter(|candidate| without_digits(candidate) != plain || *candidate == word);
    if word.chars().count() < 3 { None } else { source::nearest::nearest(word, candidates) }
}

/// The labels that a selector asks for.
fn wanted(selector: &Selector) -> Vec<(&Name, &Name)> {
    match selector {
        Selector::All(conditions) => conditions.iter().flat_map(wanted).collect(),
        Selector::In(key, values) => values.iter().map(|value| (key, value)).collect(),
        Selector::Any(_) | Selector::Not(_) | Selector::Has(_) | Selector::Like(..) => Vec::new(),
    }
}

fn labels_in<'a>(snapshot: &'a Snapshot, namespace: &'a Name) -> impl Iterator<Item = &'a Labels> + 'a {
    residents(snapshot, (namespace, Labels::default())).map(|resident| &resident.facts.labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_numbers_are_not_slips() {
        assert_eq!(mistyped("paymets", ["payments", "web"]), Some("payments"));
        assert_eq!(mistyped("db-1", ["db-2"]), None);
        assert_eq!(mistyped("a", ["b"]), None);
    }
}
