//! Whether Ringwall may do what its features need.

use std::collections::BTreeMap;

use crate::{
    model::kinds::rights::{Purpose, Right},
    report::Check,
};

use super::{
    super::facts::{Facts, Rights},
    unread, upgrade,
};

const CHECK: &str = "rights";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let settles = "grant create of subjectaccessreviews (authorization.k8s.io) to who asks, or name the account: --service-account NAME";
    vec![match &facts.rights {
        Err(fault) => unread(CHECK, "what Ringwall may do", fault, settles),
        Ok(rights) => judge(facts, rights),
    }]
}

fn judge(facts: &Facts, rights: &Rights) -> Check {
    let Rights { account, asked, missing } = rights;
    let who = format!("ServiceAccount {}/{account}", facts.names.namespace);
    // Whoever withholds Secrets has chosen so: it costs answers, and breaks nothing.
    let (chosen, missing): (Vec<&Right>, Vec<&Right>) =
        missing.iter().partition(|right| right.need == Purpose::Certificates);
    let told = chosen.iter().map(|right| {
        format!("may not {} {}: {}; helm value {}", right.verb, resource(right), right.need.text(), right.need.value())
    });
    if missing.is_empty() {
        return Check::ok(CHECK, format!("{who} may do all of the {} things that it needs", asked - chosen.len()))
            .details(told);
    }
    let lines = lines(&missing);
    let mut values: Vec<&str> = missing.iter().map(|right| right.need.value()).collect();
    values.sort_unstable();
    values.dedup();
    let fix = upgrade(facts, &format!(" --set {}", values.join(",")));
    let fix = format!("{fix}; without Helm: {}", by_hand(&missing, facts));
    let count = missing.len();
    let plural = if count == 1 { "thing" } else { "things" };
    Check::problem(CHECK, format!("{who} may not do {count} {plural} that it needs"))
        .details(lines)
        .why("RBAC forbids it.")
        .fix(fix)
}

/// One line for each resource, with the verbs and what does not work.
fn lines(missing: &[&Right]) -> Vec<String> {
    let mut verbs: BTreeMap<(String, Purpose), Vec<&str>> = BTreeMap::new();
    for right in missing {
        verbs.entry((resource(right), right.need)).or_default().push(right.verb);
    }
    let line = |((resource, need), verbs): ((String, Purpose), Vec<&str>)| {
        format!("may not {} {resource}: {}", verbs.join(", "), need.text())
    };
    verbs.into_iter().map(line).collect()
}

/// `leases.coordination.k8s.io/ringwall in ringwall`.
fn resource(right: &Right) -> String {
    let group = if right.group.is_empty() { String::new() } else { format!(".{}", right.group) };
    let subresource = right.subresource.map(|name| format!("/{name}")).unwrap_or_default();
    let name = right.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let namespace = right.namespace.as_ref().map(|namespace| format!(" in {namespace}")).unwrap_or_default();
    format!("{}{group}{subresource}{name}{namespace}", right.resource)
}

/// Where they belong, and the command that shows the first of them, for whoever mends it by hand.
fn by_hand(missing: &[&Right], facts: &Facts) -> String {
    let Some(right) = missing.first() else { return String::new() };
    let own = &facts.names.namespace;
    let role = match missing.iter().filter(|right| right.namespace.is_some()).count() {
        0 => "the ClusterRole".to_owned(),
        count if count == missing.len() => format!("the Role in {own}"),
        _ => format!("the ClusterRole, and those in {own} to the Role there"),
    };
    let group = if right.group.is_empty() { String::new() } else { format!(".{}", right.group) };
    let name = right.name.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
    let subresource = right.subresource.map(|name| format!(" --subresource={name}")).unwrap_or_default();
    let account = facts.names.account.as_deref().unwrap_or("ringwall");
    let namespace = match &right.namespace {
        Some(namespace) => format!(" -n {namespace}"),
        None => " --all-namespaces".to_owned(),
    };
    format!(
        "add them to {role}; kubectl auth can-i {} {}{group}{name}{subresource}{namespace} --as=system:serviceaccount:{own}:{account} shows when it \
         is done",
        right.verb, right.resource
    )
}

#[cfg(test)]
mod tests {
    use super::super::world;
    use super::*;
    use crate::{model::kinds::rights, report::Answer};

    fn told(missing: Vec<Right>) -> Check {
        let mut facts = world::healthy();
        facts.rights = Ok(Rights { account: "ringwall".into(), asked: 100, missing });
        checks(&facts).remove(0)
    }

    fn needed(resource: &str) -> Vec<Right> {
        let features = rights::Features {
            namespace: "ringwall".into(),
            watches_certificates: false,
            reads_secrets: true,
            lease: Some("ringwall".into()),
            certificate: None,
        };
        rights::rights(&features).into_iter().filter(|right| right.resource == resource).collect()
    }

    #[test]
    fn what_is_missing_is_named_once_per_resource_with_its_consequence() {
        let check = told(needed("pods"));
        assert_eq!(check.answer, Answer::Problem);
        assert_eq!(check.details, ["may not get, list, watch pods: no replica becomes ready without it"]);
        assert!(check.fix.contains("--reset-then-reuse-values --set rbac.create=true"), "{check:?}");
        assert!(check.fix.contains("add them to the ClusterRole; "), "{check:?}");
        assert!(check.fix.contains("kubectl auth can-i get pods --all-namespaces"), "{check:?}");
    }

    #[test]
    fn withheld_secrets_are_a_choice_that_is_told() {
        let check = told(needed("secrets"));
        assert_eq!(check.answer, Answer::Ok);
        assert!(check.details[0].contains("rbac.readSecrets=true"), "{check:?}");
    }

    #[test]
    fn a_right_in_one_namespace_says_so() {
        let check = told(needed("leases"));
        assert!(
            check.details.iter().any(|line| line.contains("leases.coordination.k8s.io ringwall in ringwall")),
            "{check:?}"
        );
        assert!(check.fix.contains("add them to the Role in ringwall; "), "{check:?}");
        let command = "kubectl auth can-i get leases.coordination.k8s.io/ringwall -n ringwall --as=";
        assert!(check.fix.contains(command), "{check:?}");
    }

    #[test]
    fn a_right_to_a_subresource_is_asked_about_as_such() {
        let rights = needed("rulesets").into_iter().filter(|right| right.subresource.is_some()).collect();
        let check = told(rights);
        let command = "kubectl auth can-i patch rulesets.ringwall.dev --subresource=status --all-namespaces";
        assert!(check.fix.contains(command), "{check:?}");
    }

    #[test]
    fn rights_of_both_sorts_belong_to_both_roles() {
        let check = told(needed("pods").into_iter().chain(needed("leases")).collect());
        assert!(
            check.fix.contains("add them to the ClusterRole, and those in ringwall to the Role there; "),
            "{check:?}"
        );
    }
}
