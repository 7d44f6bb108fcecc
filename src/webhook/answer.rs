//! From a decision to the answer that a client reads: refusals, warnings, audit annotations, within the API server's limits.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    decision::{Decision, Outcome, Reason},
    report::effects,
    rules::Finding,
};

use super::{lines, review::Answer};

/// How many refused findings a message names.
const SHOWN: usize = 10;
/// The longest line of a refusal, in characters.
const LINE: usize = 2_000;
/// The longest refusal, in bytes: API servers read answers to the end, and people do not.
const REFUSAL: usize = 16 << 10;
/// The longest audit annotation, in characters.
const ANNOTATION: usize = 1_000;

/// The key of the audit annotation that says what the change alters. No rule has this name.
const EFFECTS: &str = "effects";

/// How far the state that a decision stands on can be trusted, where that must be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    /// Why a read that could have changed the decision found nothing out.
    pub(super) reason: String,
    /// How old the snapshot may be.
    pub(super) age: Duration,
}

impl Doubt {
    /// What a reader must know of it.
    fn line(&self) -> String {
        let age = self.age.as_secs_f64();
        let state = if age < 0.1 { "the watched state".to_owned() } else { format!("a state up to {age:.1} s old") };
        format!("decided on {state}, for a live read failed: {}", lines::one_line(&self.reason))
    }
}

/// The answer for a decision.
pub(super) fn of(decision: &Decision, doubt: Option<&Doubt>) -> Answer {
    let refusal = (!decision.allow).then(|| (403, "Forbidden", refusal(decision, doubt)));
    let shown = decision.findings.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Warn(_)));
    // What the others rest on comes first, where no limit can cut it off. A refusal says it itself.
    let doubt = doubt.filter(|_| decision.allow).map(|doubt| format!("ringwall: {}", doubt.line()));
    let findings = shown.map(|(finding, outcome)| warning(finding, outcome));
    let opens = if decision.tells_effects { effects::widening(&decision.effects) } else { Vec::new() };
    let opens = opens.into_iter().map(|line| format!("ringwall: {line}"));
    let warnings: Vec<String> = doubt.into_iter().chain(findings).chain(opens).collect();
    let hidden = decision.more.iter().filter(|((_, outcome), _)| *outcome == "warn").map(|(_, count)| count).sum();
    Answer {
        allowed: decision.allow,
        refusal,
        warnings: lines::within_limits(&warnings, hidden),
        annotations: annotations(decision),
    }
}

fn refusal(decision: &Decision, doubt: Option<&Doubt>) -> String {
    let refused: Vec<&Finding> = decision
        .findings
        .iter()
        .filter(|(_, outcome)| *outcome == Outcome::Refuse)
        .map(|(finding, _)| finding)
        .collect();
    let unexplained: usize =
        decision.more.iter().filter(|((_, outcome), _)| *outcome == "refuse").map(|(_, count)| count).sum();
    let doubt = doubt.map(|doubt| lines::clip(&doubt.line(), LINE));
    // Room for the last lines.
    let mut room = REFUSAL - 100 - doubt.as_ref().map_or(0, String::len);
    let mut message: Vec<String> = Vec::new();
    for finding in refused.iter().take(SHOWN) {
        if room < lines::LINE {
            break;
        }
        let line =
            lines::finding(&format!("{}: {}", finding.rule, finding.message), finding.fix.text(), LINE.min(room));
        let Some(left) = room.checked_sub(line.len() + 1) else { break };
        room = left;
        message.push(line);
    }
    let more = refused.len() - message.len() + unexplained;
    if more > 0 {
        message.push(format!("and {more} more"));
    }
    message.extend(doubt);
    message.join("\n")
}

fn warning(finding: &Finding, outcome: &Outcome) -> String {
    // What the reader cannot see from the finding itself: that this request is not to blame for it, or
    // what comes of it.
    let aside = match outcome.reason() {
        Some(reason @ (Reason::Before | Reason::Raised | Reason::Awaited | Reason::Spared)) => {
            format!(" ({})", reason.text())
        }
        _ => String::new(),
    };
    let message = format!("{}: {}", finding.rule, finding.message);
    lines::finding(&message, &format!("{}{aside}", finding.fix.text()), lines::LINE)
}

/// One per rule: the API server makes the key from the webhook's name and the rule's.
fn annotations(decision: &Decision) -> Vec<(&'static str, String)> {
    let mut by_rule: BTreeMap<&'static str, (Option<String>, usize)> = BTreeMap::new();
    for (finding, outcome) in &decision.findings {
        let (first, count) = by_rule.entry(finding.rule.0).or_default();
        *count += 1;
        first.get_or_insert_with(|| format!("{}: {}", outcome.name(), lines::one_line(&finding.message)));
    }
    for ((rule, outcome), more) in &decision.more {
        let (first, count) = by_rule.entry(rule.0).or_default();
        *count += more;
        first.get_or_insert_with(|| (*outcome).to_owned());
    }
    let text = |first: Option<String>, count: usize| {
        let first = lines::clip(&first.unwrap_or_default(), ANNOTATION);
        if count > 1 { format!("{first} (and {} more)", count - 1) } else { first }
    };
    let altered = effects::all(&decision.effects);
    let altered =
        (!altered.is_empty()).then(|| (EFFECTS, lines::clip(&lines::one_line(&altered.join("; ")), ANNOTATION)));
    by_rule.into_iter().map(|(rule, (first, count))| (rule, text(first, count))).chain(altered).collect()
}

#[cfg(test)]
mod tests {
    use crate::{
        model::{Kind, ObjectKey},
        rules::{Fix, RuleId, SubjectReference},
    };

    use super::*;

    fn finding(rule: &'static str, number: usize) -> Finding {
        Finding {
            rule: RuleId(rule),
            subject: SubjectReference::of(&ObjectKey::namespaced(Kind::Pod, "shop", "web")),
            aspect: String::new(),
            message: format!("Pod shop/web-{number} is bare {}", "x".repeat(300)),
            why: String::new(),
            fix: Fix::Command("ringwall fix | kubectl apply -f -".to_owned()),
            places: Vec::new(),
        }
    }

    fn decision(outcome: &Outcome, count: usize) -> Decision {
        let findings = (0..count).map(|number| (finding("unisolated-ingress", number), outcome.clone())).collect();
        Decision { allow: *outcome != Outcome::Refuse, findings, ..Decision::default() }
    }

    #[test]
    fn a_refusal_names_the_first_ten_with_their_fix_and_counts_the_rest() {
        let mut decision = decision(&Outcome::Refuse, 10);
        decision.more.insert((RuleId("open-ingress"), "refuse"), 20);
        let (code, reason, message) = of(&decision, None).refusal.unwrap();
        assert_eq!((code, reason), (403, "Forbidden"));
        let lines: Vec<&str> = message.lines().collect();
        assert_eq!(lines.len(), 11);
        assert!(lines[..10].iter().all(|line| line.ends_with("fix: ringwall fix | kubectl apply -f -")));
        assert_eq!(lines[10], "and 20 more");
    }

    #[test]
    fn the_first_ten_warnings_all_arrive_within_the_limits() {
        let answer = of(&decision(&Outcome::Warn(Reason::Before), 30), None);
        assert!(answer.allowed && answer.refusal.is_none());
        assert!(answer.warnings.iter().all(|line| line.chars().count() <= 256));
        assert!(answer.warnings.iter().map(|line| line.chars().count()).sum::<usize>() <= 4_000);
        for number in 0..10 {
            assert!(answer.warnings[number].contains(&format!("web-{number} ")));
        }
        assert!(answer.warnings.last().unwrap().ends_with("more findings"));
    }

    #[test]
    fn a_refusal_is_never_longer_than_people_can_read() {
        for character in ["x", "é"] {
            let mut decision = decision(&Outcome::Refuse, 12);
            for (finding, _) in &mut decision.findings {
                finding.message = character.repeat(100_000);
            }
            let doubt = Doubt { reason: character.repeat(100_000), age: Duration::ZERO };
            let (_, _, message) = of(&decision, Some(&doubt)).refusal.unwrap();
            assert!(message.len() <= REFUSAL, "{}", message.len());
            let (findings, rest): (Vec<&str>, Vec<&str>) =
                message.lines().partition(|line| line.starts_with("unisolated"));
            assert!(
                !findings.is_empty()
                    && findings.iter().all(|line| line.ends_with("fix: ringwall fix | kubectl apply -f -"))
            );
            assert!(findings.iter().all(|line| line.chars().count() <= LINE));
            assert_eq!(rest[0], format!("and {} more", 12 - findings.len()));
            assert!(rest[1].starts_with("decided on the watched state") && rest.len() == 2);
        }
    }

    #[test]
    fn an_admission_on_an_old_state_says_so_even_where_warnings_are_cut() {
        let doubt = Doubt { reason: "no answer".into(), age: Duration::from_millis(3_200) };
        let answer = of(&decision(&Outcome::Warn(Reason::Before), 30), Some(&doubt));
        let said = answer.warnings.iter().filter(|line| line.contains("a state up to 3.2 s old")).count();
        assert!(answer.allowed && said == 1, "{:?}", answer.warnings);
    }

    #[test]
    fn there_is_one_annotation_for_each_rule() {
        let mut decision = decision(&Outcome::Audit(Reason::Mode), 3);
        decision
            .findings
            .push((finding("host-port", 0), Outcome::Exempt(crate::ruleset::ExemptionId::of_entry("legacy".into()))));
        let annotations = of(&decision, None).annotations;
        let keys: Vec<&str> = annotations.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["host-port", "unisolated-ingress"]);
        assert!(annotations[1].1.starts_with("audit: ") && annotations[1].1.ends_with("(and 2 more)"));
    }

    #[test]
    fn a_refusal_on_an_old_state_says_how_old_it_is() {
        let doubt =
            Doubt { reason: "the API server did not answer\nin time".into(), age: Duration::from_millis(2_500) };
        let (_, _, message) = of(&decision(&Outcome::Refuse, 1), Some(&doubt)).refusal.unwrap();
        let last = message.lines().last().unwrap();
        assert_eq!(
            last,
            "decided on a state up to 2.5 s old, for a live read failed: the API server did not answer in time"
        );
    }
}
