//! Reading a ruleset: `ringwall.dev/v1alpha1`, kind `Ruleset`.
//!
//! The schema is one for the file and the custom resource, so it keeps to what a structural schema can say: every rule is a
//! field of its own below `spec.rules`, and the keys that users choose (controllers, classes, labels) are maps of one type.
//! All errors are collected, for whoever mends a ruleset wants to mend it once. Whether an exemption has expired is no matter
//! of reading: a ruleset does not become invalid overnight.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::Value;

use crate::{
    model::{FieldPath, Kind, Labels, Name},
    rules::{self, ParameterError, Rule, RuleId},
    source::{self, Source, SourceError},
};

use super::{
    Exemption, ExemptionId, ExemptionMatch, IN_FORCE, Mode, Modes, Profile, Ruleset,
    environment::{environment, texts},
    keys,
    node::{Errors, Node},
};

const API_VERSION: &str = "ringwall.dev/v1alpha1";
const KIND: &str = "Ruleset";
const NAME: &str = IN_FORCE;

/// Something wrong with a ruleset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}{}", .suggestion.as_ref().map(|text| format!("; {text}")).unwrap_or_default())]
pub struct RulesetError {
    /// The field at fault; of a missing one, where it should be.
    pub path: FieldPath,
    /// What is wrong.
    pub reason: String,
    /// What was probably meant, or how to mend it.
    pub suggestion: Option<String>,
}

impl RulesetError {
    /// All of them in one line.
    pub fn all(errors: &[Self]) -> String {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }
}

impl Ruleset {
    /// Reads a ruleset from its tree. What is left out is as built in. The errors are all that there are, and never none.
    pub fn parse(value: &Value) -> Result<Self, Vec<RulesetError>> {
        let mut errors = Errors::new();
        let root = Node::root(value);
        root.only(&mut errors, keys::DOCUMENT);
        if value.is_object() {
            identity(&root, &mut errors);
        }
        let ruleset = root.get("spec").map(|spec| self::spec(&spec, &mut errors)).unwrap_or_default();
        if errors.is_empty() { Ok(ruleset) } else { Err(errors) }
    }

    /// Reads a ruleset from its text, which must hold one document, and says of every error where it is, from
    /// the first line to the last.
    pub fn parse_text(source: &Source) -> Result<Self, Vec<SourceError>> {
        let mut documents = source::documents(source);
        let at_start = |reason: &str, suggestion: Option<&str>| {
            vec![SourceError {
                file: source.name.clone(),
                line: 1,
                column: 1,
                reason: reason.to_owned(),
                suggestion: suggestion.map(str::to_owned),
            }]
        };
        let document = match documents.next() {
            Some(Ok(document)) => document,
            Some(Err(error)) => return Err(vec![error]),
            None => {
                return Err(at_start(
                    "there is no ruleset in it",
                    Some("begin with apiVersion: ringwall.dev/v1alpha1"),
                ));
            }
        };
        if documents.next().is_some() {
            let suggestion = "put what belongs together into one document";
            return Err(at_start(
                "there is more than one document in it, and one ruleset is in force",
                Some(suggestion),
            ));
        }
        Self::parse(&document.value).map_err(|errors| {
            let placed = |error: RulesetError| {
                let at = document.locate(&error.path);
                let path = if error.path == FieldPath::root() { "the ruleset" } else { error.path.as_str() };
                SourceError {
                    file: at.file,
                    line: at.line,
                    column: at.column,
                    reason: format!("{path}: {}", error.reason),
                    suggestion: error.suggestion,
                }
            };
            let mut placed: Vec<SourceError> = errors.into_iter().map(placed).collect();
            placed.sort_by_key(|error| (error.line, error.column));
            placed
        })
    }
}

fn identity(root: &Node<'_>, errors: &mut Errors) {
    if let Some(version) = root.required(errors, "apiVersion", &format!("is missing: write {API_VERSION}"))
        && version != API_VERSION
    {
        root.fail_at(errors, "apiVersion", format!("{version} is not {API_VERSION}"));
    }
    if let Some(kind) = root.required(errors, "kind", &format!("is missing: write {KIND}"))
        && kind != KIND
    {
        root.fail_at(errors, "kind", format!("{kind} is not {KIND}"));
    }
    match root.get("metadata") {
        None => root.fail_at(errors, "metadata", format!("is missing: write {{name: {NAME}}}")),
        // The API server adds fields of its own to metadata.
        Some(metadata) => {
            if let Some(name) = metadata.required(errors, "name", &format!("is missing: write {NAME}"))
                && name != NAME
            {
                metadata.fail_at(errors, "name", format!("is {name}: the one ruleset in force is named {NAME}"));
            }
        }
    }
}

/// What can be read of a specification. An exemption with a mistake is left out whole: read in part it might let through more.
pub(super) fn spec(spec: &Node<'_>, errors: &mut Errors) -> Ruleset {
    spec.only(errors, keys::SPEC);
    let mut ruleset = Ruleset::default();
    if let Some(defaults) = spec.get("defaults") {
        modes(&defaults, &mut ruleset.defaults, errors);
    }
    if let Some(floor) = spec.get("floor").and_then(|floor| profile(&floor, errors)) {
        ruleset.floor = floor;
    }
    if let Some(rules) = spec.get("rules") {
        for (name, node) in rules.entries(errors) {
            if let Some(rule) = known_rule(&node, name, errors) {
                settings(rule, &node, &mut ruleset, errors);
            }
        }
    }
    if let Some(node) = spec.get("environment") {
        environment(&node, &mut ruleset.environment, errors);
    }
    if let Some(exemptions) = spec.get("exemptions") {
        let mut names = BTreeSet::new();
        let items = exemptions.items(errors);
        ruleset.exemptions = items.iter().filter_map(|node| listed_exemption(node, &mut names, errors)).collect();
    }
    ruleset
}

fn modes(node: &Node<'_>, modes: &mut Modes, errors: &mut Errors) {
    node.only(errors, keys::DEFAULTS);
    for (name, slot) in [
        (Mode::Enforce.name(), &mut modes.enforce),
        (Mode::Warn.name(), &mut modes.warn),
        (Mode::Audit.name(), &mut modes.audit),
    ] {
        if let Some(chosen) = node.get(name).and_then(|node| profile(&node, errors)) {
            *slot = chosen;
        }
    }
}

fn profile(node: &Node<'_>, errors: &mut Errors) -> Option<Profile> {
    node.one_of(errors, &Profile::ALL.map(|profile| (profile.name(), profile)))
}

/// The rule of that name, which is a key or a text.
fn known_rule(node: &Node<'_>, name: &str, errors: &mut Errors) -> Option<&'static dyn Rule> {
    let rule = rules::rule(name);
    if rule.is_none() {
        node.unknown(errors, &format!("there is no rule {name}"), name, rules::all().map(|rule| rule.info().id.0));
    }
    rule
}

/// What is set for one rule: its mode, and its parameters beside it.
fn settings(rule: &dyn Rule, node: &Node<'_>, ruleset: &mut Ruleset, errors: &mut Errors) {
    let info = rule.info();
    for (key, value) in node.entries(errors) {
        if key == keys::MODE {
            if let Some(mode) = value.one_of(errors, &Mode::ALL.map(|mode| (mode.name(), mode))) {
                ruleset.modes.insert(info.id, mode);
            }
            continue;
        }
        match ruleset.parameters.set(info, key, &value.given()) {
            Ok(()) => {}
            Err(error @ ParameterError::Unknown { .. }) => {
                let known = info.parameters.iter().map(|parameter| parameter.name).chain([keys::MODE]);
                value.unknown(errors, &error.to_string(), key, known);
            }
            Err(error) => value.fail(errors, error.to_string()),
        }
    }
}

/// An entry of the list of exemptions, which bears its name.
fn listed_exemption<'a>(node: &Node<'a>, names: &mut BTreeSet<&'a str>, errors: &mut Errors) -> Option<Exemption> {
    let before = errors.len();
    let name = node.required(errors, "name", "is missing: findings that it lets through are reported under its name");
    if let Some(name) = name
        && !names.insert(name)
    {
        node.fail_at(errors, "name", format!("{name} is taken by an exemption above"));
    }
    let known: Vec<&str> = ["name"].iter().chain(keys::EXEMPTION).copied().collect();
    let exemption = of_keys(node, ExemptionId::of_entry(name.unwrap_or_default().into()), &known, errors);
    exemption.filter(|_| errors.len() == before)
}

/// An exemption that is an object of that name; `None`, and errors, when anything is wrong with it.
pub(super) fn exemption(node: &Node<'_>, name: Name, errors: &mut Errors) -> Option<Exemption> {
    of_keys(node, ExemptionId::of_object(name), keys::EXEMPTION, errors)
}

fn of_keys(node: &Node<'_>, id: ExemptionId, known: &[&str], errors: &mut Errors) -> Option<Exemption> {
    let before = errors.len();
    node.only(errors, known);
    let rules = exempted_rules(node, errors);
    let matches = node.get("match").map(|node| matches(&node, errors)).unwrap_or_default();
    let reason = node.required(errors, "reason", "is missing: say why the finding is let through");
    let owner = node.required(errors, "owner", "is missing: say who answers for it");
    let expires = node.get("expires").and_then(|node| date(&node, errors));
    let ExemptionId { name, source } = id;
    let exemption = Exemption { name, source, rules, matches, reason: reason?.into(), owner: owner?.into(), expires };
    (errors.len() == before).then_some(exemption)
}

fn exempted_rules(node: &Node<'_>, errors: &mut Errors) -> Vec<RuleId> {
    const MISSING: &str = "must name at least one rule";
    let Some(list) = node.get("rules") else {
        node.fail_at(errors, "rules", MISSING);
        return Vec::new();
    };
    let before = errors.len();
    let items = list.items(errors);
    if items.is_empty() && errors.len() == before {
        list.fail(errors, MISSING);
    }
    let rule = |node: &Node<'_>| Some(known_rule(node, node.text(errors)?, errors)?.info().id);
    items.iter().filter_map(rule).collect()
}

fn matches(node: &Node<'_>, errors: &mut Errors) -> ExemptionMatch {
    node.only(errors, keys::MATCH);
    let namespaces = names(node, "namespaces", errors);
    let labels: Labels = node.get("labels").map(|node| texts(&node, errors).collect()).unwrap_or_default();
    let called = names(node, "names", errors);
    for (field, is_given) in [("labels", !labels.is_empty()), ("names", !called.is_empty())] {
        if is_given && namespaces.is_empty() {
            errors.push(RulesetError {
                path: node.path().field(field),
                reason: format!("{field} are self-service: whoever may write a Pod could exempt it anywhere"),
                suggestion: Some("name the namespaces beside them".to_owned()),
            });
        }
    }
    let kinds = node.get("kinds").map(|node| node.items(errors)).unwrap_or_default();
    let kinds_by_name: Vec<(&str, Kind)> = Kind::all().map(|kind| (kind.name(), kind)).collect();
    let kinds = kinds.iter().filter_map(|node| node.one_of(errors, &kinds_by_name)).collect();
    ExemptionMatch { namespaces, kinds, labels, names: called }
}

/// A list of texts.
fn names(node: &Node<'_>, field: &str, errors: &mut Errors) -> Vec<Name> {
    let items = node.get(field).map(|node| node.items(errors)).unwrap_or_default();
    items.iter().filter_map(|node| node.text(errors)).map(Name::from).collect()
}

/// A day, written as `2027-03-31`.
fn date(node: &Node<'_>, errors: &mut Errors) -> Option<Date> {
    let text = node.text(errors)?;
    // The parser of dates takes a time after it as well, which would be dropped unseen.
    let date = Some(text).filter(|text| text.len() == "2027-03-31".len()).and_then(|text| text.parse().ok());
    if date.is_none() {
        node.fail(errors, format!("{text} is no date: write the last day on which it holds, like 2027-03-31"));
    }
    date
}
