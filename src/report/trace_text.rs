//! A trace as text: each path with its hops, each hop with its tiers, policies and rules, each rule with the one condition that
//! failed and the line where it is written.

use std::fmt::Write;

use crate::{
    network::{Direction, RuleFit},
    source::Locate,
    trace::{Change, Hop, NameStep, Path, Place, PolicyTold, Side, TierOutcome, Trace, Verdict},
};

use super::{change, conclusion, end, ground, located, policy, port, rule, step};

pub(super) fn render(trace: &Trace, locate: Option<&dyn Locate>) -> String {
    let mut text = Text { out: String::new(), locate };
    for (index, each) in trace.paths.iter().enumerate() {
        if index > 0 {
            text.out.push('\n');
        }
        text.path(each, trace.paths.len() > 1);
    }
    if trace.more > 0 {
        let _ = writeln!(text.out, "\nand {} more ways between Pods that differ", trace.more);
    }
    let _ = writeln!(text.out, "\nverdict: {}", conclusion(trace));
    let mut told: Vec<&Change> = Vec::new();
    for each in trace.paths.iter().flat_map(|path| &path.changes) {
        if !told.contains(&each) {
            told.push(each);
        }
    }
    text.changes(&told);
    text.out
}

struct Text<'a> {
    out: String,
    locate: Option<&'a dyn Locate>,
}

impl Text<'_> {
    fn path(&mut self, path: &Path, one_of_several: bool) {
        let port = port(path).unwrap_or_else(|| "a packet".to_owned());
        let verdict = if one_of_several { format!(": {}", path.verdict.name()) } else { String::new() };
        self.line(0, &format!("{port} from {} to {}{verdict}", end(&path.source), end(&path.destination)), None);
        for hop in &path.hops {
            match hop {
                Hop::Name(naming) => self.naming(naming),
                Hop::Side(side) => self.side(side),
                Hop::Protected(stretch) => {
                    let text = format!("protection {}: {}", stretch.stretch, stretch.protection.text());
                    self.line(1, &text, stretch.at.as_ref());
                }
            }
        }
    }

    fn naming(&mut self, naming: &NameStep) {
        let mark = match naming.verdict() {
            Verdict::Denied => "no way: ",
            Verdict::Unknown => "cannot be followed: ",
            Verdict::Allowed | Verdict::MayBeAllowed => "",
        };
        self.line(1, &format!("name: {mark}{}", step(naming)), naming.at.as_ref());
    }

    fn side(&mut self, side: &Side) {
        let way = match side.direction {
            Direction::Egress => "egress of",
            Direction::Ingress => "ingress of",
        };
        let whose = side.workload.as_ref().map_or_else(
            || match side.direction {
                Direction::Egress => "the source".to_owned(),
                Direction::Ingress => "the destination".to_owned(),
            },
            ToString::to_string,
        );
        self.line(1, &format!("{way} {whose}: {}", side.verdict.name()), None);
        self.line(2, &ground(side), side.ground.places().first());
        for tier in &side.tiers {
            let outcome = match tier.outcome {
                TierOutcome::Accepts => "a rule accepts",
                TierOutcome::Denies => "a rule denies",
                TierOutcome::Isolates => "no rule matches, and it isolates",
                TierOutcome::Passes => "a rule passes it to the next tier",
                TierOutcome::Silent => "no rule matches",
                TierOutcome::NotAsked => "not asked any more",
                TierOutcome::Uncertain => "depends on what cannot be known",
            };
            self.line(2, &format!("tier {}: {outcome}", tier.name), None);
            if tier.outcome != TierOutcome::NotAsked {
                tier.policies.iter().for_each(|policy| self.policy(policy, side.direction));
            }
        }
        for key in &side.unenforced {
            self.line(2, &format!("{key} selects it and is not enforced by this network plugin"), None);
        }
    }

    fn policy(&mut self, told: &PolicyTold, direction: Direction) {
        let partial = told.partial.as_ref().map(|reason| format!(" (may not select it: {reason})"));
        self.line(3, &format!("{}{}", told.source, partial.unwrap_or_default()), Some(&Place::of(&told.source)));
        if told.rules.is_empty() {
            self.line(4, &format!("has no {direction} rule: allows nothing"), None);
        }
        for (index, each) in told.rules.iter().enumerate() {
            let at = match &each.fit {
                RuleFit::Matches(at) | RuleFit::MayMatch(at, _) => at,
                RuleFit::Fails(failure) => &failure.at,
            };
            let place = Place { object: told.source.clone(), path: at.clone() };
            self.line(4, &format!("rule {}: {}", index + 1, rule(each)), Some(&place));
        }
    }

    fn changes(&mut self, changes: &[&Change]) {
        let mut documents = Vec::new();
        for each in changes {
            match each {
                Change::Add(added) => documents.push(policy::yaml(added)),
                other => {
                    let place = match other {
                        Change::Rule(place) => Some(place),
                        _ => None,
                    };
                    self.line(0, &format!("to allow it: {}", change(other)), place);
                }
            }
        }
        if !documents.is_empty() {
            let what = if documents.len() > 1 { "these NetworkPolicies" } else { "this NetworkPolicy" };
            let _ = write!(self.out, "to allow it: add {what}\n\n{}", documents.join("---\n"));
        }
    }

    fn line(&mut self, depth: usize, text: &str, place: Option<&Place>) {
        // Names and reasons come from objects: no sign of theirs may steer a terminal.
        let text: String = text.chars().map(|sign| if sign.is_control() { '\u{fffd}' } else { sign }).collect();
        let at = place.and_then(|place| located(self.locate, place));
        let at = at.map(|at| format!("  [{}:{}]", at.file, at.line)).unwrap_or_default();
        let _ = writeln!(self.out, "{:width$}{text}{at}", "", width = depth * 2);
    }
}
