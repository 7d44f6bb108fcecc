//! `unisolated-ingress` and `unisolated-egress`: one judgement, in either direction.

use std::sync::Arc;

use crate::{
    model::{Labels, Name, NetworkPolicy, Selector},
    network::{Direction, Exposure, coverage, exposure},
    rules::{Aspect, Breach, Context, Extent, Finding, Rule, RuleInfo, Subject, Workload},
    snapshot::{Need, Snapshot},
};

use super::{FAMILY, add_policy, broken, governed, known, needs, needs_policy_first, place, retry, shown, stable};

/// The rule for a direction.
pub(in crate::rules) struct Unisolated {
    pub(in crate::rules) info: &'static RuleInfo,
    pub(in crate::rules) direction: Direction,
}

impl Rule for Unisolated {
    fn info(&self) -> &'static RuleInfo {
        self.info
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let snapshot = context.snapshot;
        let Some(workload) = governed(context, subject) else { return };
        let namespace = &workload.namespace;
        let exposure = context.exposure(subject, &workload, self.direction);
        let (extent, certain) = match broken(&exposure, |reading| !reading.is_isolated()) {
            Some((admission, certain)) => {
                (admission, certain.and_then(|()| coverage(snapshot, &context.environment.plugin, namespace)))
            }
            // What the policies that may be gone admit is no bound: without them it is everything.
            None => match known(context, namespace) {
                Ok(()) => return,
                blind => (Exposure::unisolated().admission, blind),
            },
        };
        out.push(Breach {
            rule: self.info.id,
            family: FAMILY,
            subject: subject.clone(),
            aspect: Aspect::Direction(self.direction),
            extent: Extent::Admission(extent),
            certain,
        });
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        needs(context, breach)
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let snapshot = context.snapshot;
        let reference = breach.subject.reference(snapshot);
        let namespace = breach.subject.namespace().cloned().unwrap_or_default();
        let workload = breach.subject.workload(snapshot);
        let labels = workload.as_ref().map(|workload| stable(&workload.facts.labels)).unwrap_or_default();
        let direction = self.direction;
        let message = match &workload {
            Some(workload) => {
                let exposure = exposure(snapshot, &context.environment.plugin, &namespace, &workload.facts, direction);
                if exposure.is_isolated() {
                    // Only where the policies may be gone by now.
                    format!("{reference} is still isolated for {direction}")
                } else {
                    let fact = match direction {
                        Direction::Ingress => "accepts connections from every Pod",
                        Direction::Egress => "may connect to every Pod and address",
                    };
                    let because = if context.environment.plugin.enforces_nothing() {
                        "the network plugin of this cluster enforces no policies (environment.networkPlugin)".to_owned()
                    } else {
                        because(snapshot, workload, &labels, direction)
                    };
                    let first = needs_policy_first(snapshot, &breach.subject, workload);
                    format!("{reference} {fact}: {because}{first}")
                }
            }
            None => format!("{reference} is not isolated for {direction}"),
        };
        let near = workload.as_ref().and_then(|workload| nearest(snapshot, workload, direction)).unwrap_or_default();
        Finding {
            rule: self.info.id,
            aspect: breach.aspect.to_string(),
            message,
            why: format!("{}{near}{}", self.info.why, retry(&reference)),
            fix: add_policy(self.info.id, &namespace, &labels, &reference),
            places: workload.iter().map(|workload| place(workload, "metadata.labels")).collect(),
            subject: reference,
        }
    }
}

/// Why nothing isolates it.
fn because(snapshot: &Snapshot, workload: &Workload, labels: &Labels, direction: Direction) -> String {
    let namespace = &workload.namespace;
    let policies: Vec<_> = snapshot.policies(namespace).collect();
    let selecting: Vec<&Name> = policies
        .iter()
        .filter(|policy| policy.pod_selector.matches(&workload.facts.labels))
        .map(|policy| &policy.meta.name)
        .collect();
    let other = match direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
    };
    match (policies.as_slice(), selecting.as_slice()) {
        ([], _) => format!("{namespace} has no NetworkPolicy"),
        (_, [one]) => format!("the policy {one} selects it for {other} only"),
        (_, [_, ..]) => format!("the {} policies that select it speak of {other} only", selecting.len()),
        (all, []) => {
            let (who, does) = match all {
                [one] => (format!("the policy {} in {namespace}", one.meta.name), "does not select"),
                _ => (format!("none of the {} policies in {namespace}", all.len()), "selects"),
            };
            if labels.is_empty() {
                format!("{who} {does} it, and it has no label to select it by: add one")
            } else {
                format!("{who} {does} {}", shown(labels))
            }
        }
    }
}

/// The policy that misses it by the fewest conditions, if any condition of one holds or comes close.
fn nearest(snapshot: &Snapshot, workload: &Workload, direction: Direction) -> Option<String> {
    let speaks = |policy: &&Arc<NetworkPolicy>| match direction {
        Direction::Ingress => policy.isolates_ingress,
        Direction::Egress => policy.isolates_egress,
    };
    let labels = &workload.facts.labels;
    let misses = |selector: &Selector| match selector {
        Selector::All(conditions) => conditions.iter().filter(|condition| !condition.matches(labels)).count(),
        other => usize::from(!other.matches(labels)),
    };
    let candidates = snapshot.policies(&workload.namespace).filter(speaks);
    let (count, policy) =
        candidates.map(|policy| (misses(&policy.pod_selector), policy)).min_by_key(|(count, _)| *count)?;
    (count > 0).then(|| format!(" Nearest is the policy {}, which selects {}.", policy.meta.name, policy.pod_selector))
}
