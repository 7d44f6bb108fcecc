//! What is enforced, and who would be refused today under a stricter profile.

use crate::report::Check;

use super::super::facts::{Count, Facts, Survey};

const CHECK: &str = "profiles";
const SEEN: &str = "state";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    match &facts.survey {
        Err(error) => {
            vec![
                Check::cannot_say(SEEN, format!("the cluster cannot be judged: {error}"))
                    .fix("run it as somebody who may read what Ringwall reads; its ClusterRole says what that is"),
            ]
        }
        Ok(survey) if !survey.blind.is_empty() => vec![
            Check::cannot_say(SEEN, "the cluster cannot be judged as a whole")
                .details(survey.blind.iter().cloned())
                .fix("run it as somebody who may list these"),
        ],
        Ok(survey) => vec![profiles(survey)],
    }
}

fn profiles(survey: &Survey) -> Check {
    let mut lines = Vec::new();
    let (mut enforced, mut now) = (0_usize, 0);
    for (name, refusals) in &survey.namespaces {
        if refusals.enforced != "privileged" {
            enforced += 1;
        }
        now += refusals.now.total();
        if refusals.restricted.total() == 0 {
            continue;
        }
        let mut parts = vec![format!("{name}: enforced {}", refusals.enforced)];
        if refusals.now.total() > 0 {
            parts.push(format!("refuses {} if it came anew", words(refusals.now)));
        }
        if refusals.enforced == "privileged" {
            parts.push(format!("baseline would refuse {}", words(refusals.baseline)));
        }
        if refusals.enforced != "restricted" {
            parts.push(format!("restricted would refuse {}", words(refusals.restricted)));
        }
        lines.push(parts.join("; "));
    }
    let total = survey.namespaces.len();
    let clean = total.saturating_sub(lines.len());
    if clean > 0 {
        let plural = if clean == 1 { "namespace has" } else { "namespaces have" };
        lines.push(format!("{clean} {plural} nothing that restricted would refuse"));
    }
    let running =
        if now > 0 { format!("; {now} of what runs there would be refused if it came anew") } else { String::new() };
    Check::ok(CHECK, format!("{enforced} of {total} namespaces enforce a profile{running}")).details(lines)
}

impl Count {
    fn total(self) -> usize {
        self.workloads + self.others
    }
}

/// `2 workloads and 1 other object`.
fn words(count: Count) -> String {
    let some = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let workloads = some(count.workloads, "workload", "workloads");
    let others = some(count.others, "other object", "other objects");
    match (count.workloads, count.others) {
        (0, 0) => "nothing".to_owned(),
        (_, 0) => workloads,
        (0, _) => others,
        _ => format!("{workloads} and {others}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::facts::Refusals;
    use super::super::world;
    use super::*;
    use crate::report::Answer;

    #[test]
    fn every_namespace_with_something_to_mend_has_a_line() {
        let mut facts = world::healthy();
        let refusals = Refusals {
            enforced: "privileged".to_owned(),
            now: Count::default(),
            baseline: Count { workloads: 1, others: 0 },
            restricted: Count { workloads: 2, others: 1 },
        };
        let survey = facts.survey.as_mut().unwrap();
        survey.namespaces.insert("shop".into(), refusals);
        survey.namespaces.insert("clean".into(), Refusals { enforced: "restricted".to_owned(), ..Refusals::default() });
        let check = checks(&facts).remove(0);
        assert_eq!(check.message, "1 of 2 namespaces enforce a profile");
        assert_eq!(
            check.details,
            [
                "shop: enforced privileged; baseline would refuse 1 workload; restricted would refuse 2 workloads and 1 other object",
                "1 namespace has nothing that restricted would refuse",
            ]
        );
    }

    #[test]
    fn what_cannot_be_seen_whole_is_not_counted() {
        let mut facts = world::healthy();
        facts.survey.as_mut().unwrap().blind.push("RBAC".to_owned());
        assert_eq!(checks(&facts)[0].answer, Answer::CannotSay);
        facts.survey = Err("gone".to_owned());
        assert_eq!(checks(&facts)[0].answer, Answer::CannotSay);
    }
}
