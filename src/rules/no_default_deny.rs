//! `no-default-deny`: a namespace in which a new workload starts open.

use crate::{
    model::{FieldPath, Kind, Name, Object, ObjectKey},
    network::Direction,
    snapshot::{Lookup, Need, Running},
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    affected::templates, isolation::shell,
};

/// The rule.
pub(super) struct NoDefaultDeny;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("no-default-deny"),
    family: Family("no-default-deny"),
    level: Level::Restricted,
    what: "A Namespace with workloads and no policy that selects every Pod, for ingress or for egress.",
    why: "Policies that select by labels leave open whatever comes without those labels; a policy with an empty podSelector isolates \
          every Pod of the namespace from its first moment, those that come later included.",
    sources: &["https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies"],
    parameters: &[],
    aspect: "the direction",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: front}}}]
      ports: [{port: 8080}]
",
    keeps: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
",
    mend: "Add a policy with `podSelector: {}` and `policyTypes: [Ingress, Egress]`, after those that admit what the workloads need.",
};

impl Rule for NoDefaultDeny {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let Subject::Object(key) = subject else { return };
        let Lookup::Found(Object::Namespace(namespace)) = context.snapshot.object(key) else { return };
        if namespace.terminating {
            return;
        }
        let missing: Vec<_> =
            Direction::BOTH.into_iter().filter(|side| !is_denied(context, &key.name, *side)).collect();
        if missing.is_empty() || !has_workloads(context, &key.name) {
            return;
        }
        out.extend(missing.into_iter().map(|direction| Breach {
            rule: INFO.id,
            family: INFO.family,
            subject: subject.clone(),
            aspect: Aspect::Direction(direction),
            extent: Extent::Count(1),
            certain: context.snapshot.coverage(Kind::NetworkPolicy, Some(&key.name)),
        }));
    }

    fn rests_on(&self, _: &Context<'_>, breach: &Breach) -> Vec<Need> {
        breach.subject.namespace().map(|name| Need::List(Kind::NetworkPolicy, Some(name.clone()))).into_iter().collect()
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let namespace = breach.subject.namespace().cloned().unwrap_or_default();
        let direction = breach.aspect.direction().unwrap_or(Direction::Ingress);
        let message = format!("{reference} has workloads and no policy that selects every Pod for {direction}");
        // The Namespace, and where no file holds it, a workload that lives in it.
        let mut places = vec![Place {
            object: ObjectKey::cluster(Kind::Namespace, namespace.clone()),
            path: FieldPath::new("metadata.name"),
        }];
        let pods = context.snapshot.list(Kind::Pod, Some(&namespace));
        let first = templates(context.snapshot, Some(&namespace))
            .filter(|it| !context.snapshot.is_going(it.meta()))
            .chain(pods)
            .next();
        places.extend(first.map(|object| Place { object: object.key(), path: FieldPath::new("metadata.namespace") }));
        Finding {
            rule: INFO.id,
            subject: reference,
            aspect: breach.aspect.to_string(),
            message,
            why: INFO.why.to_owned(),
            fix: Fix::Command(format!("ringwall fix {} -n {} | kubectl apply -f -", INFO.id, shell(&namespace))),
            places,
        }
    }
}

/// Whether a policy selects every Pod for a direction. What it then admits is `open`'s and `wide`'s concern.
fn is_denied(context: &Context<'_>, namespace: &Name, direction: Direction) -> bool {
    context.snapshot.policies(namespace).any(|policy| {
        policy.pod_selector.is_everything()
            && match direction {
                Direction::Ingress => policy.isolates_ingress,
                Direction::Egress => policy.isolates_egress,
            }
    })
}

/// Whether something runs there, or will: a template that is not on its way out (itself, or with all of its owners), or a Pod that counts as running.
fn has_workloads(context: &Context<'_>, namespace: &Name) -> bool {
    let snapshot = context.snapshot;
    let runs = |name: &Name| {
        let key = ObjectKey::namespaced(Kind::Pod, namespace.clone(), name.clone());
        match snapshot.object(&key) {
            Lookup::Found(Object::Pod(pod)) => snapshot.running(&pod, context.now) == Running::Yes,
            _ => false,
        }
    };
    templates(snapshot, Some(namespace)).any(|object| !snapshot.is_going(object.meta()))
        || snapshot.classes(Some(namespace)).any(|(_, class)| class.pods.iter().any(runs))
}
