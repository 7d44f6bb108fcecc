//! `ignored-rules`: rules of a policy that its `policyTypes` leave without effect.

use std::sync::Arc;

use crate::{
    model::{FieldPath, Kind, NetworkPolicy, Object},
    network::Direction,
    snapshot::{Need, Snapshot},
};

use super::{Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject};

/// The rule.
pub(super) struct IgnoredRules;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("ignored-rules"),
    family: Family("ignored-rules"),
    level: Level::Baseline,
    what: "A NetworkPolicy with rules for a direction that its policyTypes leave out, or with `egress: []` and no policyTypes, which is \
           taken for isolation and is none.",
    why: "The API server accepts such rules and nobody applies them: the direction that they speak of stays open.",
    sources: &["k8s.io/api/networking/v1/types.go, PolicyTypes", "kubernetes/pkg/apis/networking/v1/defaults.go"],
    parameters: &[],
    aspect: "the direction",
    extent: "the number of rules",
    breaks: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  egress:
    - to: [{podSelector: {matchLabels: {app: database}}}]
      ports: [{port: 5432}]
",
    keeps: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: database}}}]
      ports: [{port: 5432}]
",
    mend: "Name the direction in policyTypes, or remove the rules.",
};

impl Rule for IgnoredRules {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Some(policy) = policy(context.snapshot, subject) else { return };
        for direction in Direction::BOTH {
            let count = ignored(&policy, direction);
            if count > 0 {
                out.push(Breach {
                    rule: INFO.id,
                    family: INFO.family,
                    subject: subject.clone(),
                    aspect: Aspect::Direction(direction),
                    extent: Extent::Count(count),
                    certain: Ok(()),
                });
            }
        }
    }

    fn rests_on(&self, _: &Context<'_>, _: &Breach) -> Vec<Need> {
        Vec::new()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let direction = breach.aspect.direction().unwrap_or(Direction::Egress);
        let name = direction.name();
        let written_empty = policy(context.snapshot, &breach.subject)
            .is_some_and(|policy| direction == Direction::Egress && policy.egress.is_empty());
        let (message, fix) = if written_empty {
            (
                format!(
                    "{reference} has `egress: []` and isolates nothing for egress: without policyTypes an empty list adds no isolation"
                ),
                "write policyTypes: [Ingress, Egress]".to_owned(),
            )
        } else {
            (
                format!("{reference} has {name} rules that nobody applies, for its policyTypes leave {name} out"),
                format!("name {} in spec.policyTypes, or remove spec.{name}", capitalised(direction)),
            )
        };
        let places = match &breach.subject {
            Subject::Object(key) => {
                let place = |path| Place { object: key.clone(), path: FieldPath::new(path) };
                vec![place(format!("spec.{name}")), place("spec.policyTypes".to_owned())]
            }
            Subject::Class(_) => Vec::new(),
        };
        Finding {
            rule: INFO.id,
            subject: reference,
            aspect: breach.aspect.to_string(),
            message,
            why: INFO.why.to_owned(),
            fix: Fix::Words(fix),
            places,
        }
    }
}

/// How many entries have no effect; an empty list that is taken for isolation counts as one.
fn ignored(policy: &NetworkPolicy, direction: Direction) -> u64 {
    let (applies, rules, taken) = match direction {
        Direction::Ingress => (policy.isolates_ingress, &policy.ingress, false),
        Direction::Egress => (policy.isolates_egress, &policy.egress, policy.empty_egress_ignored),
    };
    if applies { 0 } else { (rules.len() as u64).max(u64::from(taken)) }
}

fn capitalised(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "Ingress",
        Direction::Egress => "Egress",
    }
}

fn policy(snapshot: &Snapshot, subject: &Subject) -> Option<Arc<NetworkPolicy>> {
    let Subject::Object(key) = subject else { return None };
    if key.kind != Kind::NetworkPolicy {
        return None;
    }
    match snapshot.object(key).found()? {
        Object::NetworkPolicy(policy) => Some(policy),
        _ => None,
    }
}
