//! Ringwall's own kinds and what is written in them: the definitions, the Ruleset in force, the Exemptions.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    cluster::Fault,
    model::Kind,
    report::Check,
    upkeep::{FILE_IN_FORCE, IS_IN_FORCE},
};

use super::{
    super::facts::{Facts, Wrong},
    unread, upgrade,
};

const DEFINITIONS: &str = "definitions";
const RULESET: &str = "ruleset";
const EXEMPTIONS: &str = "exemptions";
/// The version that is read.
const VERSION: &str = "v1alpha1";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = vec![definitions(facts)];
    if let Ok(survey) = &facts.survey {
        checks.push(ruleset(facts, &survey.wrong));
        checks.extend(exemptions(facts));
    }
    checks
}

fn definitions(facts: &Facts) -> Check {
    let (mut lacking, mut different) = (Vec::new(), Vec::new());
    for (name, read) in &facts.definitions {
        match read {
            Err(fault) => {
                let settles = "grant get of customresourcedefinitions (apiextensions.k8s.io) to who asks";
                return unread(DEFINITIONS, name, fault, settles);
            }
            Ok(None) => lacking.push(format!("{name} is not there")),
            Ok(Some(definition)) => match wrong(name, definition) {
                Some(fault) => lacking.push(fault),
                None => different.extend(other(facts, name, definition)),
            },
        }
    }
    if lacking.is_empty() && different.is_empty() {
        return Check::ok(DEFINITIONS, "the CRDs of Ruleset and Exemption are there");
    }
    let why = if lacking.is_empty() {
        "What they hold counts; fields that this version alone knows are refused or dropped when somebody writes them."
    } else {
        "Objects of a kind that is not served do not count: without a Ruleset what is built in is in force, and without Exemptions nothing is let \
         through."
    };
    Check::problem(DEFINITIONS, "the CRDs are not those of this version").details(lacking).details(different).why(why).fix(format!(
        "ringwall crd | kubectl apply --server-side --field-manager=helm --force-conflicts -f -, or with the chart of this version: {}",
        upgrade(facts, "")
    ))
}

/// A schema of another version knows other fields.
fn other(facts: &Facts, name: &str, definition: &Value) -> Option<String> {
    let wanted =
        facts.wanted.iter().find(|wanted| wanted.pointer("/metadata/name").and_then(Value::as_str) == Some(name))?;
    let schema = |definition: &Value| version(definition)?.pointer("/schema/openAPIV3Schema").cloned();
    (schema(wanted) != schema(definition)).then(|| format!("{name} has the schema of another version"))
}

fn version(definition: &Value) -> Option<&Value> {
    let versions = definition.pointer("/spec/versions")?.as_array()?;
    versions.iter().find(|version| version["name"] == VERSION && version["served"] == true)
}

fn wrong(name: &str, definition: &Value) -> Option<String> {
    if version(definition).is_none() {
        return Some(format!("{name} does not serve {VERSION}"));
    }
    condition(definition, "Established").filter(|it| it["status"] != "True").map(|it| {
        let reason = it["message"].as_str().unwrap_or_default();
        format!("{name} is not established: {reason}")
    })
}

fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.pointer("/status/conditions")?.as_array()?.iter().find(|condition| condition["type"] == name)
}

/// What is in force, by what is written and by what the leader says of it.
fn ruleset(facts: &Facts, wrong: &[Wrong]) -> Check {
    if !wrong.is_empty() {
        return unreadable(wrong);
    }
    match &facts.ruleset {
        Err(Fault::Forbidden(text)) => unread(
            RULESET,
            "the Ruleset",
            &Fault::Forbidden(text.clone()),
            "grant get of rulesets (ringwall.dev) to who asks",
        ),
        Err(fault) => unread(RULESET, "the Ruleset", fault, "try again"),
        Ok(None) => {
            Check::ok(RULESET, "there is no Ruleset: what is built in is in force, unless replicas have it from a file")
        }
        Ok(Some(object)) => status(object),
    }
}

/// A Ruleset with a fault leaves the one before in force; an Exemption with one is left out at once.
fn unreadable(wrong: &[Wrong]) -> Check {
    let has = |kind: Kind| wrong.iter().any(|wrong| wrong.key.kind == kind);
    let mut why = Vec::new();
    if has(Kind::Ruleset) {
        why.push("The Ruleset that was in force before stays until replicas start anew.");
    }
    if has(Kind::Exemption) {
        why.push("An Exemption that cannot be read is left out at once: what it let through is refused where that is enforced.");
    }
    let edit = |wrong: &Wrong| {
        let kind = wrong.key.kind.info().name.to_lowercase();
        (format!("kubectl edit {kind} {}", wrong.key.name), format!("kubectl explain {kind}.spec"))
    };
    let (edits, explanations): (BTreeSet<String>, BTreeSet<String>) = wrong.iter().map(edit).unzip();
    let joined = |commands: BTreeSet<String>| commands.into_iter().collect::<Vec<_>>().join(", ");
    Check::problem(RULESET, "not all settings can be read")
        .details(wrong.iter().map(|wrong| format!("{}: {}", wrong.key, wrong.text)))
        .why(why.join(" "))
        .fix(format!("correct it: {}; the fields are named by {}", joined(edits), joined(explanations)))
}

fn status(object: &Value) -> Check {
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default();
    let observed = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
    match (observed, condition(object, IS_IN_FORCE)) {
        (Some(observed), _) if observed != generation => {
            let message = format!("the Ruleset is of generation {generation}, and {observed} was taken in last");
            Check::problem(RULESET, message)
                .why("The leader has not said yet what became of it.")
                .fix("a moment after a change that is so; later, see leader")
        }
        (Some(_), Some(said)) if said["status"] == "True" => {
            Check::ok(RULESET, format!("the Ruleset default is in force (generation {generation})"))
        }
        (Some(_), Some(said)) if said["reason"] == FILE_IN_FORCE => {
            Check::ok(RULESET, "replicas have a ruleset from a file, which goes before the Ruleset of the cluster")
        }
        (Some(_), Some(said)) => {
            let text = |field: &str| said[field].as_str().unwrap_or_default().to_owned();
            Check::problem(RULESET, format!("the Ruleset is not in force: {}", text("reason")))
                .details([text("message")])
                .why("The one before stays in force.")
                .fix("correct it: kubectl edit ruleset default")
        }
        _ => Check::ok(RULESET, "the Ruleset default can be read; nobody has written its status yet"),
    }
}

fn exemptions(facts: &Facts) -> Option<Check> {
    let survey = facts.survey.as_ref().ok()?;
    let count = match &facts.exemptions {
        Err(fault) => {
            return Some(unread(
                EXEMPTIONS,
                "Exemptions",
                fault,
                "grant list of exemptions (ringwall.dev) to who asks",
            ));
        }
        Ok(exemptions) => exemptions.len(),
    };
    if !survey.ended.is_empty() {
        let plural = if survey.ended.len() == 1 { "exemption has" } else { "exemptions have" };
        return Some(
            Check::problem(EXEMPTIONS, format!("{} {plural} ended", survey.ended.len()))
                .details(survey.ended.iter().map(|told| format!("{told} has ended")))
                .details(survey.unused.iter().map(|told| format!("{told} exempts nothing")))
                .why("They exempt nobody any more: what they let through is refused where it is enforced.")
                .fix("renew them with their owners, or remove them: kubectl get exemptions, and spec.exemptions of kubectl get ruleset default -o yaml"),
        );
    }
    let told = survey.unused.iter().map(|told| format!("{told} exempts nothing now, and can go"));
    let plural = if count == 1 { "Exemption" } else { "Exemptions" };
    Some(Check::ok(EXEMPTIONS, format!("{count} {plural}, none has ended")).details(told))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::world::told;
    use super::*;
    use crate::{model::ObjectKey, report::Answer};

    #[test]
    fn definitions_must_be_there_and_serve_the_version_that_is_read() {
        assert_eq!(told(checks, DEFINITIONS, |_| ()).answer, Answer::Ok);
        let check = told(checks, DEFINITIONS, |facts| {
            facts.definitions.insert("exemptions.ringwall.dev", Ok(None));
            let old = json!({"spec": {"versions": [{"name": "v1", "served": true}]}});
            facts.definitions.insert("rulesets.ringwall.dev", Ok(Some(old)));
        });
        assert_eq!(check.answer, Answer::Problem);
        assert_eq!(check.details.len(), 2, "{check:?}");
        assert!(check.why.contains("what is built in is in force"), "{check:?}");
    }

    #[test]
    fn a_definition_of_another_version_is_named() {
        let check = told(checks, DEFINITIONS, |facts| {
            let mut older = facts.wanted[0].clone();
            older["spec"]["versions"][0]["schema"] = json!({"openAPIV3Schema": {"type": "object"}});
            facts.definitions.insert("rulesets.ringwall.dev", Ok(Some(older)));
        });
        assert_eq!(check.details, ["rulesets.ringwall.dev has the schema of another version"]);
        assert!(check.why.contains("refused or dropped") && !check.why.contains("built in"), "{check:?}");
    }

    #[test]
    fn a_ruleset_that_is_refused_says_why() {
        let check = told(checks, RULESET, |facts| {
            let condition =
                json!({"type": IS_IN_FORCE, "status": "False", "reason": "Invalid", "message": "spec.flor: unknown"});
            let status = json!({"observedGeneration": 1, "conditions": [condition]});
            facts.ruleset = Ok(Some(json!({"metadata": {"generation": 1}, "status": status})));
        });
        assert_eq!(check.answer, Answer::Problem);
        assert_eq!(check.details, ["spec.flor: unknown"]);
    }

    #[test]
    fn settings_that_cannot_be_read_are_mended_where_they_are() {
        let wrong = |kind: Kind, name: &str| Wrong {
            key: ObjectKey { kind, namespace: None, name: name.into() },
            text: "spec.owner: is missing".to_owned(),
        };
        let (ruleset, exemption) = (wrong(Kind::Ruleset, "default"), wrong(Kind::Exemption, "ftp"));
        let found = |wrong: Vec<Wrong>| told(checks, RULESET, |facts| facts.survey.as_mut().unwrap().wrong = wrong);
        let check = found(vec![exemption.clone(), exemption.clone()]);
        assert_eq!(check.details[0], "Exemption ftp: spec.owner: is missing");
        assert!(check.why.contains("left out at once") && !check.why.contains("stays"), "{check:?}");
        let fix = "correct it: kubectl edit exemption ftp; the fields are named by kubectl explain exemption.spec";
        assert_eq!(check.fix, fix);
        let check = found(vec![ruleset, exemption]);
        assert!(check.why.contains("left out at once") && check.why.contains("stays"), "{check:?}");
        assert!(check.fix.contains("kubectl edit exemption ftp, kubectl edit ruleset default"), "{check:?}");
    }

    #[test]
    fn a_ruleset_whose_last_change_nobody_took_in_is_a_problem() {
        let check = told(checks, RULESET, |facts| {
            facts.ruleset = Ok(Some(json!({"metadata": {"generation": 3}, "status": {"observedGeneration": 2}})));
        });
        assert_eq!(check.answer, Answer::Problem);
    }

    #[test]
    fn ended_exemptions_are_a_problem_and_unused_ones_are_told() {
        let check =
            told(checks, EXEMPTIONS, |facts| facts.survey.as_mut().unwrap().unused.push("ftp (owner: a)".to_owned()));
        assert_eq!((check.answer, check.details.len()), (Answer::Ok, 1));
        let check =
            told(checks, EXEMPTIONS, |facts| facts.survey.as_mut().unwrap().ended.push("ftp (owner: a)".to_owned()));
        assert_eq!(check.answer, Answer::Problem);
    }
}
