//! The webhook configuration: whether the API server is told to ask, and what.

use std::collections::BTreeMap;

use crate::{
    model::{
        METADATA_NAME,
        kinds::asked::{self, AskedRule, Entry},
    },
    report::Check,
};

use super::{
    super::facts::{Configuration, Facts, Hook},
    install, some, unread, upgrade,
};

const CHECK: &str = "webhook-configuration";
const ENTRIES: &str = "webhook-entries";
const POLICY: &str = "failure-policy";

/// Longer keeps clients waiting for nothing; the API server allows 30.
const LONGEST: i64 = 10;
/// Ringwall answers within 4.5 seconds at the worst ([`webhook::Limits`](crate::webhook::Limits)).
const SHORTEST: i64 = 5;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let name = &facts.names.configuration;
    match facts.configuration() {
        Err(fault) => {
            let settles = "grant get and list of validatingwebhookconfigurations to who asks";
            vec![unread(CHECK, "webhook configurations", &fault, settles)]
        }
        Ok(None) => vec![
            Check::problem(CHECK, format!("there is no ValidatingWebhookConfiguration {name}"))
                .why("The API server asks Ringwall about nothing: nothing is refused, and nothing is told.")
                .fix(format!(
                    "{}; where it bears another name: ringwall doctor --webhook-configuration NAME",
                    install(facts)
                )),
        ],
        Ok(Some(configuration)) => {
            let mut checks =
                vec![astray(facts, configuration).unwrap_or_else(|| {
                    Check::ok(CHECK, format!("{name} has {} entries", configuration.webhooks.len()))
                })];
            checks.push(entries(facts, configuration));
            checks.extend(policy(facts, configuration));
            checks
        }
    }
}

/// A configuration that leads nowhere. It is called left over, to be deleted, only where nothing is found of what it leads to.
fn astray(facts: &Facts, configuration: &Configuration) -> Option<Check> {
    let (name, namespace) = (&configuration.metadata.name, &facts.names.namespace);
    let service = configuration.webhooks.iter().find_map(|hook| hook.client_config.service.as_ref())?;
    let is_there = match facts.service.as_ref()? {
        Ok(is_there) => Some(*is_there),
        Err(_) => None,
    };
    let is_answered = is_there == Some(true) && matches!(facts.ready_endpoints, Ok(1..));
    let is_unknown = facts.namespace == Ok(false);
    let is_deployed = match &facts.deployment {
        Ok(found) => Some(found.is_some() || matches!(&facts.replicas, Ok(replicas) if !replicas.is_empty())),
        Err(_) => None,
    };
    // What was looked for elsewhere may well be there.
    if service.namespace != **namespace && (is_unknown || (is_deployed == Some(false) && !is_answered)) {
        let found = if is_unknown {
            format!("the namespace {namespace}, given with -n, is not there")
        } else {
            format!("nothing of Ringwall is in {namespace}, given with -n")
        };
        return Some(
            Check::problem(CHECK, format!("{found}; the Service of {name} is in {}", service.namespace))
                .why("What is said of Ringwall's own objects is said of that namespace.")
                .fix(format!("ringwall doctor -n {}", service.namespace)),
        );
    }
    if is_answered {
        return None;
    }
    let delete = format!("kubectl delete validatingwebhookconfiguration {name}");
    let (gone, fix) = match (is_there, is_deployed) {
        _ if is_unknown => (format!("is left over: the namespace {namespace} is not there"), delete),
        (Some(false), Some(false)) => {
            (format!("is left over: there is neither its Service nor a Deployment in {namespace}"), delete)
        }
        (Some(true), Some(false)) if facts.ready_endpoints == Ok(0) => {
            (format!("is left over: nothing answers at its Service, and there is no Deployment in {namespace}"), delete)
        }
        (Some(false), Some(true)) => ("leads nowhere: its Service is not there".to_owned(), upgrade(facts, "")),
        (Some(false), None) => (
            "leads nowhere: its Service is not there".to_owned(),
            format!("{}; where Ringwall was uninstalled: {delete}", upgrade(facts, "")),
        ),
        _ => return None,
    };
    let effect = if configuration.webhooks.iter().any(Hook::fails) {
        "Nobody answers, and with failurePolicy Fail the API server refuses every request that it asks about, Pods among them."
    } else {
        "Nobody answers; with failurePolicy Ignore requests pass unjudged, each after a failed call."
    };
    Some(Check::problem(CHECK, format!("{name} {gone}")).why(effect).fix(fix))
}

fn entries(facts: &Facts, configuration: &Configuration) -> Check {
    let mut faults = Vec::new();
    let wanted = asked::entries();
    for entry in &wanted {
        if let Some(hook) = configuration.webhooks.iter().find(|hook| hook.name == entry.name()) {
            faults.extend(differences(facts, entry, hook));
        } else {
            let kinds = some(entry.kinds.iter().map(|info| info.unique_name));
            faults.push(format!("{} is missing: nothing is asked about {kinds}", entry.name()));
        }
    }
    let is_known = |hook: &&Hook| wanted.iter().any(|entry| entry.name() == hook.name);
    let foreign = configuration.webhooks.iter().filter(|hook| !is_known(hook));
    faults.extend(foreign.map(|hook| format!("{} is none of this version's entries", hook.name)));
    if faults.is_empty() {
        return Check::ok(ENTRIES, format!("the {} entries ask what version {} judges", wanted.len(), facts.version));
    }
    let count = faults.len();
    let plural = if count == 1 { "difference" } else { "differences" };
    Check::problem(ENTRIES, format!("{count} {plural} to what version {} asks about", facts.version))
        .details(faults)
        .why("What is not asked about is not judged; what is asked about too much may stand in the way of the cluster itself.")
        .fix(format!(
            "with the chart of this version: {}; or use the ringwall of the version that is installed",
            upgrade(facts, "")
        ))
}

fn differences(facts: &Facts, entry: &Entry, hook: &Hook) -> Vec<String> {
    let mut faults = Vec::new();
    let name = &hook.name;
    for rule in entry.rules() {
        let missing = uncovered(&rule, hook);
        if !missing.is_empty() {
            faults.push(format!("{name} does not ask about {}", some(missing.iter().map(String::as_str))));
        }
    }
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for condition in entry.conditions() {
        let is_there = |it: &super::super::facts::MatchCondition| flat(&it.expression) == flat(condition.expression);
        if !hook.match_conditions.iter().any(is_there) {
            faults.push(format!("{name} lacks the condition {} ({})", condition.name, condition.why));
        }
    }
    for namespace in ["kube-system", "kube-node-lease", facts.names.namespace.as_str()] {
        let labels = BTreeMap::from([(METADATA_NAME.to_owned(), namespace.to_owned())]);
        let mut all = hook.namespace_selector.example();
        all.extend(labels);
        if hook.namespace_selector.selects(&all) {
            faults.push(format!("{name} asks about {namespace}, whose objects must never wait for Ringwall"));
        }
    }
    if !hook.object_selector.is_empty() {
        faults.push(format!("{name} selects objects by labels, which whoever writes an object chooses"));
    }
    if hook.match_policy == "Exact" {
        faults.push(format!("{name} has matchPolicy Exact: objects of other API versions pass unjudged"));
    }
    if hook.timeout_seconds < SHORTEST || hook.timeout_seconds > LONGEST {
        let seconds = hook.timeout_seconds;
        faults.push(format!("{name} has a timeout of {seconds} s; Ringwall answers within 4.5 s, and 5 s are right"));
    }
    faults
}

/// What of a rule no rule of the entry asks about.
fn uncovered(rule: &AskedRule, hook: &Hook) -> Vec<String> {
    let lists = |list: &[String], value: &str| list.iter().any(|it| it == value || it == "*");
    let resource = |list: &[String], wanted: &str| {
        let (plural, subresource) = wanted.split_once('/').unwrap_or((wanted, ""));
        list.iter().any(|it| {
            it == wanted
                || it == "*/*"
                || (it == "*" && subresource.is_empty())
                || it.split_once('/').is_some_and(|(left, right)| {
                    !subresource.is_empty() && (left == plural || left == "*") && (right == subresource || right == "*")
                })
        })
    };
    let mut missing = Vec::new();
    for name in &rule.resources {
        for operation in rule.operations {
            let covers = |it: &super::super::facts::HookRule| {
                lists(&it.api_groups, rule.group)
                    && lists(&it.api_versions, rule.version)
                    && resource(&it.resources, name)
                    && lists(&it.operations, operation.name())
            };
            if !hook.rules.iter().any(covers) {
                let group = if rule.group.is_empty() { String::new() } else { format!(".{}", rule.group) };
                missing.push(format!("{} of {name}{group}", operation.name()));
            }
        }
    }
    missing
}

/// What becomes of requests without an answer.
fn policy(facts: &Facts, configuration: &Configuration) -> Option<Check> {
    let (fail, ignore): (Vec<&Hook>, Vec<&Hook>) = configuration.webhooks.iter().partition(|hook| hook.fails());
    let settings = format!("{}.{}", asked::SETTINGS, asked::DOMAIN);
    if fail.iter().any(|hook| hook.name == settings) {
        let check = Check::problem(POLICY, format!("{settings} has failurePolicy Fail"));
        let fix = format!(
            "kubectl edit validatingwebhookconfiguration {}: set failurePolicy of {settings} to Ignore, as the chart does",
            facts.names.configuration
        );
        return Some(check.why("Who mends Ringwall's settings would have to wait for Ringwall.").fix(fix));
    }
    let open: Vec<&Hook> = ignore.into_iter().filter(|hook| hook.name != settings).collect();
    Some(match (fail.is_empty(), open.is_empty()) {
        (true, false) => Check::ok(
            POLICY,
            "failurePolicy Ignore: what gets no answer passes (docs/rollout.md says when to choose Fail)",
        ),
        (false, true) => Check::ok(POLICY, "failurePolicy Fail: what gets no answer is refused"),
        (false, false) => {
            let names = some(open.iter().map(|hook| hook.name.as_str()));
            Check::ok(POLICY, format!("failurePolicy Fail, and Ignore for {names}"))
        }
        (true, true) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::world;
    use super::*;
    use crate::{cluster::Fault, report::Answer};

    fn told(change: impl FnOnce(&mut Facts)) -> Vec<Check> {
        let mut facts = world::healthy();
        change(&mut facts);
        checks(&facts)
    }

    fn hook<'a>(facts: &'a mut Facts, name: &str) -> &'a mut Hook {
        let all = facts.validating.as_mut().unwrap();
        all[0].webhooks.iter_mut().find(|hook| hook.name == format!("{name}.ringwall.dev")).unwrap()
    }

    /// Without a Deployment, and without Pods of it.
    fn uninstall(facts: &mut Facts) {
        facts.deployment = Ok(None);
        facts.replicas = Ok(Vec::new());
    }

    fn seen(checks: &[Check], check: &str) -> String {
        let found = checks.iter().find(|it| it.check == check).unwrap();
        assert_eq!(found.answer, Answer::Problem, "{found:?}");
        format!("{} {} {}", found.message, found.details.join("; "), found.fix)
    }

    #[test]
    fn the_configuration_of_the_chart_is_well() {
        assert!(told(|_| ()).iter().all(|check| check.answer == Answer::Ok), "{:?}", told(|_| ()));
    }

    #[test]
    fn without_a_configuration_nothing_is_asked() {
        let checks = told(|facts| facts.validating = Ok(Vec::new()));
        assert!(seen(&checks, CHECK).contains("there is no ValidatingWebhookConfiguration ringwall"));
    }

    #[test]
    fn a_kind_or_an_operation_that_is_not_asked_about_is_named() {
        let checks = told(|facts| {
            for rule in &mut hook(facts, "policies").rules {
                rule.operations.retain(|operation| operation != "DELETE");
            }
            facts.validating.as_mut().unwrap()[0].webhooks.retain(|hook| hook.name != "ingresses.ringwall.dev");
        });
        let text = seen(&checks, ENTRIES);
        assert!(
            text.contains("policies.ringwall.dev does not ask about DELETE of networkpolicies.networking.k8s.io"),
            "{text}"
        );
        assert!(text.contains("ingresses.ringwall.dev is missing: nothing is asked about Ingress"), "{text}");
    }

    #[test]
    fn a_condition_that_was_removed_is_named_with_its_reason() {
        let checks = told(|facts| hook(facts, "pods").match_conditions.clear());
        assert!(seen(&checks, ENTRIES).contains("pods.ringwall.dev lacks the condition changes-labels"));
    }

    #[test]
    fn namespaces_of_the_cluster_itself_must_be_left_out() {
        let checks = told(|facts| hook(facts, "pods").namespace_selector.match_expressions.clear());
        let text = seen(&checks, ENTRIES);
        assert!(text.contains("pods.ringwall.dev asks about kube-system"), "{text}");
        assert!(text.contains("asks about ringwall"), "{text}");
    }

    #[test]
    fn a_timeout_below_what_ringwall_needs_is_named() {
        let checks = told(|facts| hook(facts, "pods").timeout_seconds = 4);
        assert!(seen(&checks, ENTRIES).contains("a timeout of 4 s"));
    }

    #[test]
    fn what_an_uninstallation_left_is_told_with_the_command_that_ends_it() {
        let checks = told(|facts| {
            facts.service = Some(Ok(false));
            uninstall(facts);
            hook(facts, "pods").failure_policy = "Fail".to_owned();
        });
        let text = seen(&checks, CHECK);
        assert!(text.contains("left over") && text.contains("kubectl delete validatingwebhookconfiguration ringwall"));
        let found = checks.iter().find(|check| check.check == CHECK).unwrap();
        assert!(found.why.contains("refuses every request"), "{found:?}");
    }

    #[test]
    fn what_answers_is_not_left_over_whatever_namespace_was_given() {
        for namespace in [Ok(true), Ok(false)] {
            let checks = told(|facts| {
                uninstall(facts);
                facts.names.namespace = "ringwal".into();
                facts.namespace = namespace.clone();
            });
            assert!(checks.iter().all(|check| !check.fix.contains("kubectl delete")), "{checks:?}");
        }
        let mistyped = |facts: &mut Facts| {
            uninstall(facts);
            facts.names.namespace = "ringwal".into();
            facts.namespace = Ok(false);
        };
        let text = seen(&told(mistyped), CHECK);
        assert!(
            text.contains("the namespace ringwal, given with -n, is not there; the Service of ringwall is in ringwall")
        );
        assert!(text.contains("ringwall doctor -n ringwall"), "{text}");
    }

    #[test]
    fn what_may_be_in_another_namespace_is_not_left_over() {
        let checks = told(|facts| {
            uninstall(facts);
            facts.service = Some(Ok(false));
            facts.ready_endpoints = Ok(0);
            facts.names.namespace = "shop".into();
        });
        let text = seen(&checks, CHECK);
        assert!(text.contains("nothing of Ringwall is in shop") && !text.contains("delete"), "{text}");
    }

    #[test]
    fn a_service_that_is_missing_beside_its_deployment_is_made_anew() {
        let missing = |facts: &mut Facts| {
            facts.service = Some(Ok(false));
            facts.ready_endpoints = Ok(0);
        };
        let text = seen(&told(missing), CHECK);
        assert!(text.contains("helm upgrade ringwall") && !text.contains("delete"), "{text}");
        let text = seen(
            &told(|facts| {
                missing(facts);
                facts.deployment = Err(Fault::Forbidden("no".to_owned()));
            }),
            CHECK,
        );
        assert!(text.contains("where Ringwall was uninstalled: kubectl delete"), "{text}");
    }

    #[test]
    fn a_service_without_anything_behind_it_is_left_over() {
        let checks = told(|facts| {
            uninstall(facts);
            facts.ready_endpoints = Ok(0);
        });
        assert!(seen(&checks, CHECK).contains("there is no Deployment in ringwall"));
        let found = told(|facts| {
            facts.deployment = Ok(None);
            facts.ready_endpoints = Ok(0);
        });
        assert_eq!(found[0].answer, Answer::Ok, "replicas outside of the cluster answer to --probes");
    }

    #[test]
    fn settings_never_wait_for_ringwall() {
        let checks = told(|facts| hook(facts, "settings").failure_policy = "Fail".to_owned());
        assert!(seen(&checks, POLICY).contains("settings.ringwall.dev has failurePolicy Fail"));
    }
}
