//! Rulesets and exemptions that are objects: of a cluster, or among files.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use crate::{
    model::{FieldPath, Kind, Name, Object, ObjectKey, Settings},
    snapshot::Snapshot,
};

use super::{
    Exemption, Ruleset, RulesetError,
    node::{Errors, Node},
    parse,
};

/// The name of the one ruleset that is in force.
pub const IN_FORCE: &str = "default";

/// A mistake in a `Ruleset` or an `Exemption`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, and where.
    pub error: RulesetError,
    /// The exemption whose date is past, if it is that: it is no mistake once it stands.
    pub over: Option<Name>,
}

/// Settings that say something wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which.
    pub key: ObjectKey,
    /// What is wrong with it.
    pub errors: Vec<RulesetError>,
}

impl Ruleset {
    /// Reads a `Ruleset` object: what can be read of it, and everything that is wrong with it.
    pub fn of_object(settings: &Settings) -> (Self, Vec<RulesetError>) {
        let mut errors = Errors::new();
        if settings.meta.name != IN_FORCE {
            errors.push(RulesetError {
                path: FieldPath::new("metadata.name"),
                reason: format!("is {}: the one ruleset in force is named {IN_FORCE}", settings.meta.name),
                suggestion: None,
            });
        }
        let ruleset = match &settings.spec {
            Value::Null => Self::default(),
            spec => parse::spec(&Node::at(spec, "spec"), &mut errors),
        };
        (ruleset, errors)
    }

    /// What is in force by the settings in a snapshot: the ruleset that is given, or else the one named `default` (as far as it can be
    /// read), or else what is built in; and with it every `Exemption` that can be read.
    pub fn of_snapshot(snapshot: &Snapshot, given: Option<Self>) -> (Self, Vec<Wrong>) {
        let mut wrong = Vec::new();
        let is_given = given.is_some();
        let mut ruleset = given.unwrap_or_default();
        for settings in of_kind(snapshot, Kind::Ruleset).filter(|settings| settings.meta.name == IN_FORCE && !is_given)
        {
            let (read, errors) = Self::of_object(settings);
            ruleset = read;
            if !errors.is_empty() {
                wrong.push(Wrong { key: settings.key(), errors });
            }
        }
        for settings in of_kind(snapshot, Kind::Exemption) {
            match Exemption::of_object(settings) {
                Ok(exemption) => ruleset.exemptions.push(exemption),
                Err(errors) => wrong.push(Wrong { key: settings.key(), errors }),
            }
        }
        (ruleset, wrong)
    }
}

impl Exemption {
    /// Reads an `Exemption` object, whose name is the exemption's.
    pub fn of_object(settings: &Settings) -> Result<Self, Vec<RulesetError>> {
        let mut errors = Errors::new();
        let exemption = match &settings.spec {
            Value::Null => {
                let reason = "is missing: say what is let through, why, and who answers for it".to_owned();
                errors.push(RulesetError { path: FieldPath::new("spec"), reason, suggestion: None });
                None
            }
            spec => parse::exemption(&Node::at(spec, "spec"), settings.meta.name.clone(), &mut errors),
        };
        match exemption {
            Some(exemption) if errors.is_empty() => Ok(exemption),
            _ => Err(errors),
        }
    }
}

/// Everything that is wrong with settings. With a date, what is over by then counts as well: nobody means to begin with the end.
pub fn mistakes(settings: &Settings, today: Option<Date>) -> Vec<Mistake> {
    let (errors, exemptions) = if settings.kind == Kind::Exemption {
        match Exemption::of_object(settings) {
            Ok(exemption) => (Vec::new(), vec![(FieldPath::new("spec.expires"), exemption)]),
            Err(errors) => (errors, Vec::new()),
        }
    } else {
        let (ruleset, errors) = Ruleset::of_object(settings);
        let listed = settings.spec.get("exemptions").and_then(Value::as_array);
        let place = |exemption: &Exemption| {
            let is_it = |entry: &Value| entry.get("name").and_then(Value::as_str) == Some(&*exemption.name);
            let index = listed.and_then(|list| list.iter().position(is_it)).unwrap_or_default();
            FieldPath::new("spec.exemptions").index(index).field("expires")
        };
        (errors, ruleset.exemptions.into_iter().map(|exemption| (place(&exemption), exemption)).collect())
    };
    let plain = errors.into_iter().map(|error| Mistake { error, over: None });
    let ended = exemptions.into_iter().filter_map(|(path, exemption)| {
        let last = exemption.expires.filter(|last| today.is_some_and(|today| *last < today))?;
        let reason = format!("{last} is past: an exemption that has ended lets nothing through");
        let suggestion = Some("write a day to come, or leave the exemption out".to_owned());
        Some(Mistake { error: RulesetError { path, reason, suggestion }, over: Some(exemption.name) })
    });
    plain.chain(ended).collect()
}

/// The settings of a kind.
pub fn of_kind(snapshot: &Snapshot, kind: Kind) -> impl Iterator<Item = &Arc<Settings>> {
    snapshot.list(kind, None).filter_map(|object| match object {
        Object::Settings(settings) => Some(settings),
        _ => None,
    })
}
