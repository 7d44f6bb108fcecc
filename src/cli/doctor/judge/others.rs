//! What others do that could keep Ringwall away: their webhooks, policies around it, a second Ringwall.

use std::collections::BTreeMap;

use crate::{
    model::{METADATA_NAME, kinds::asked},
    report::Check,
};

use super::{
    super::facts::{Configuration, Facts, Hook},
    some, unread, upgrade,
};

const SECOND: &str = "other-installations";
const WEBHOOKS: &str = "other-webhooks";
const POLICIES: &str = "policies-around";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut checks = Vec::new();
    let (validating, mutating) = match (&facts.validating, &facts.mutating) {
        (Ok(validating), Ok(mutating)) => (validating, mutating),
        (Err(fault), _) | (_, Err(fault)) => {
            let settles = "grant list of webhook configurations (admissionregistration.k8s.io) to who asks";
            return vec![unread(WEBHOOKS, "webhook configurations", fault, settles)];
        }
    };
    checks.extend(second(facts, validating));
    checks.push(webhooks(facts, validating, mutating));
    if let Ok(survey) = &facts.survey
        && !survey.blocked.is_empty()
    {
        let check = Check::problem(POLICIES, "policies keep the API server away from Ringwall");
        checks.push(
            check
                .details(survey.blocked.iter().cloned())
                .why("The API server is no Pod that a selector could name.")
                .fix(format!(
                    "let policies admit the addresses of API servers (docs/install.md); the chart's own: {}",
                    upgrade(facts, " --set 'networkPolicy.apiServer.cidrs={CIDR}'")
                )),
        );
    }
    checks
}

/// A configuration with entries by our names that is not the one looked at.
fn second(facts: &Facts, validating: &[Configuration]) -> Option<Check> {
    let suffix = format!(".{}", asked::DOMAIN);
    let own: Vec<String> = asked::entries().iter().map(asked::Entry::name).collect();
    let is_ours = |hook: &Hook| own.contains(&hook.name) || hook.name.ends_with(&suffix);
    let others: Vec<&str> = validating
        .iter()
        .filter(|it| it.metadata.name != *facts.names.configuration && it.webhooks.iter().any(is_ours))
        .map(|it| it.metadata.name.as_str())
        .collect();
    let first = others.first()?;
    Some(
        Check::problem(SECOND, format!("there are more webhook configurations of Ringwall: {}", some(others.iter().copied())))
            .why("Requests are judged twice, and by a configuration that nobody keeps they may be refused for want of an answer.")
            .fix(format!(
                "ringwall doctor --webhook-configuration {first} looks at that one; if it is left over: kubectl delete \
                 validatingwebhookconfiguration {first}"
            )),
    )
}

/// Webhooks without whose answer no Pod of Ringwall's is made.
fn webhooks(facts: &Facts, validating: &[Configuration], mutating: &[Configuration]) -> Check {
    let namespace = &facts.names.namespace;
    let labels = BTreeMap::from([(METADATA_NAME.to_owned(), namespace.to_string())]);
    let asks_for_pods = |hook: &Hook| {
        hook.rules.iter().any(|rule| {
            let any = |list: &[String], values: &[&str]| list.iter().any(|it| values.contains(&it.as_str()));
            any(&rule.api_groups, &["", "*"])
                && any(&rule.resources, &["pods", "*", "*/*", "pods/*"])
                && any(&rule.operations, &["CREATE", "*"])
        })
    };
    let mut found = Vec::new();
    for configuration in validating.iter().chain(mutating) {
        if configuration.metadata.name == *facts.names.configuration {
            continue;
        }
        for hook in &configuration.webhooks {
            // Other labels of the namespace may exclude it: then there is no harm in the line.
            if hook.fails() && asks_for_pods(hook) && hook.namespace_selector.selects(&labels) {
                found.push(format!("{} of {}", hook.name, configuration.metadata.name));
            }
        }
    }
    if found.is_empty() {
        return Check::ok(WEBHOOKS, format!("no other webhook has to answer before a Pod of {namespace} is made"));
    }
    let count = found.len();
    let plural = if count == 1 { "webhook has" } else { "webhooks have" };
    Check::ok(
        WEBHOOKS,
        format!("{count} other {plural} to answer before a Pod of {namespace} is made (failurePolicy Fail)"),
    )
    .details(found)
    .details([format!("while one of them is down, no replica of Ringwall is started: exclude {namespace} from them")])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::world;
    use super::*;
    use crate::report::Answer;

    fn other(name: &str, hook: &str, selector: &serde_json::Value) -> Configuration {
        serde_json::from_value(json!({
            "metadata": {"name": name},
            "webhooks": [{
                "name": hook,
                "failurePolicy": "Fail",
                "namespaceSelector": selector,
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
            }],
        }))
        .unwrap()
    }

    #[test]
    fn a_webhook_without_whose_answer_no_replica_starts_is_named() {
        let mut facts = world::healthy();
        facts.mutating = Ok(vec![other("injector", "pods.injector.example.com", &json!({}))]);
        let found = checks(&facts);
        assert_eq!(found[0].answer, Answer::Ok);
        assert_eq!(found[0].details[0], "pods.injector.example.com of injector");
        let excluded = json!({"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["ringwall"]},
        ]});
        facts.mutating = Ok(vec![other("injector", "pods.injector.example.com", &excluded)]);
        assert_eq!(checks(&facts)[0].details, Vec::<String>::new());
    }

    #[test]
    fn a_second_ringwall_is_a_problem() {
        let mut facts = world::healthy();
        facts.validating.as_mut().unwrap().push(other("old", "pods.ringwall.dev", &json!({})));
        let found = checks(&facts);
        assert_eq!((found[0].check, found[0].answer), (SECOND, Answer::Problem));
        assert!(found[0].fix.contains("kubectl delete validatingwebhookconfiguration old"), "{found:?}");
    }

    #[test]
    fn a_policy_that_keeps_the_api_server_away_is_told() {
        let mut facts = world::healthy();
        facts.survey.as_mut().unwrap().blocked.push("no address is admitted".to_owned());
        let found = checks(&facts);
        assert!(found.iter().any(|check| check.check == POLICIES && check.answer == Answer::Problem), "{found:?}");
    }
}
