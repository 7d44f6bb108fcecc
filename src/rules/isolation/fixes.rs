//! The commands that mend findings of isolation.

use crate::{
    model::{FieldPath, Kind, Labels, Name, Object, ObjectKey, Selector},
    network::Direction,
    rules::{Fix, RuleId, SubjectReference},
    snapshot::Snapshot,
};

/// A policy beside those that are there. Without labels of its own the workload can only be selected with all others of the
/// namespace, which a fix for one of them must not cut off: so it is to take a label first.
pub(in crate::rules) fn add_policy(
    rule: RuleId,
    namespace: &Name,
    labels: &Labels,
    reference: &SubjectReference,
) -> Fix {
    if !labels.is_empty() {
        return Fix::Command(command(rule, None, namespace, None, labels));
    }
    let value = label_value(&reference.name);
    let whom = if reference.is(Kind::Pod) { "the Pod" } else { "the Pod template" };
    let command = command(rule, None, namespace, None, &[("app", value)].into_iter().collect());
    Fix::Words(format!("give {whom} a label, e.g. app: {value}; then {command}"))
}

/// As much of a name as is valid as the value of a label.
fn label_value(name: &str) -> &str {
    let valid = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = name.char_indices().take(63).find(|(_, c)| !valid(*c)).map_or(name.len().min(63), |(at, _)| at);
    let value = name.get(..end).unwrap_or_default().trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if value.is_empty() { "NAME" } else { value }
}

/// A policy in the place of the one at fault: a command where nothing else would be lost by replacing it whole, words where its
/// other rules, its other direction, its ports or its selector would not survive.
pub(in crate::rules) fn replace_policy(
    rule: RuleId,
    snapshot: &Snapshot,
    policy: &ObjectKey,
    at: &FieldPath,
    direction: Direction,
) -> Fix {
    let by_hand = || Fix::Words(narrow_by_hand(policy, at));
    let Some(Object::NetworkPolicy(object)) = snapshot.object(policy).found() else { return by_hand() };
    let (rules, speaks_of_other) = match direction {
        Direction::Ingress => (&object.ingress, object.isolates_egress || !object.egress.is_empty()),
        Direction::Egress => (&object.egress, object.isolates_ingress || !object.ingress.is_empty()),
    };
    let [only] = rules.as_slice() else { return by_hand() };
    if speaks_of_other || only.ports.is_some() || only.peers.as_ref().is_some_and(|peers| peers.len() > 1) {
        return by_hand();
    }
    let (Some(labels), Some(namespace)) = (plain(&object.pod_selector), &policy.namespace) else { return by_hand() };
    let direction = (rule.0 == "wide-peer").then_some(direction);
    Fix::Command(command(rule, direction, namespace, Some(&policy.name), &labels))
}

/// What to edit where no policy could be printed for it.
pub(in crate::rules) fn narrow_by_hand(policy: &ObjectKey, at: &FieldPath) -> String {
    format!("in {policy} narrow {at} to the peers and ports that are meant")
}

fn command(
    rule: RuleId,
    direction: Option<Direction>,
    namespace: &Name,
    name: Option<&Name>,
    labels: &Labels,
) -> String {
    let mut words = vec![format!("ringwall fix {rule} -n {}", shell(namespace))];
    words.extend(direction.map(|direction| format!("--direction {direction}")));
    words.extend(name.map(|name| format!("--name {}", shell(name))));
    words.extend((!labels.is_empty()).then(|| format!("-l {}", shell(&labels.to_string()))));
    words.push("| kubectl apply -f -".to_owned());
    words.join(" ")
}

/// The text as a shell reads it back.
pub(in crate::rules) fn shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A selector that is nothing but labels.
fn plain(selector: &Selector) -> Option<Labels> {
    let Selector::All(conditions) = selector else { return None };
    let label = |condition: &Selector| match condition {
        Selector::In(key, values) => match values.as_slice() {
            [value] => Some((key.clone(), value.clone())),
            _ => None,
        },
        _ => None,
    };
    let labels: Vec<_> = conditions.iter().map(label).collect::<Option<_>>()?;
    let count = labels.len();
    let labels: Labels = labels.into_iter().collect();
    (labels.iter().count() == count).then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_quotes() {
        assert_eq!(shell("app=web,tier=a"), "app=web,tier=a");
        assert_eq!(shell("a;rm -rf '$HOME'"), r"'a;rm -rf '\''$HOME'\'''");
    }

    #[test]
    fn a_label_that_is_proposed_is_valid() {
        assert_eq!(label_value("migrate.v1_2"), "migrate.v1_2");
        assert_eq!(label_value(&format!("{}.end", "a".repeat(62))), "a".repeat(62));
        assert_eq!(label_value("web;rm -rf /"), "web");
        assert_eq!((label_value("é"), label_value("")), ("NAME", "NAME"));
    }

    #[test]
    fn only_plain_labels_are_offered_again_as_labels() {
        let is = |key: &str, value: &str| Selector::In(key.into(), vec![value.into()]);
        assert_eq!(plain(&Selector::everything()), Some(Labels::default()));
        assert_eq!(plain(&Selector::All(vec![is("app", "web")])).unwrap().to_string(), "app=web");
        assert_eq!(plain(&Selector::All(vec![is("app", "web"), is("app", "api")])), None);
        assert_eq!(plain(&Selector::All(vec![Selector::Has("app".into())])), None);
    }
}
