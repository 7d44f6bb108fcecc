//! `no-default-deny`: a namespace in which a new workload starts open.

use crate::{
    model::{FieldPath, Kind, Name, Object, ObjectKey, PodFacts},
    network::{Direction, Exposure, coverage, exposure},
    snapshot::{Coverage, Lookup, Need, Running},
};

use super::{
    Aspect, Breach, Context, Extent, Family, Finding, Fix, Level, Place, Rule, RuleId, RuleInfo, Subject,
    isolation::{needs, shell},
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
        if key.kind != Kind::Namespace {
            return;
        }
        let Lookup::Found(Object::Namespace(namespace)) = context.snapshot.object(key) else { return };
        if namespace.terminating {
            return;
        }
        let missing = |direction| Some((direction, denial(context, &key.name, direction).err()?));
        let missing: Vec<_> = Direction::BOTH.into_iter().filter_map(missing).collect();
        if missing.is_empty() || !has_workloads(context, &key.name) {
            return;
        }
        out.extend(missing.into_iter().map(|(direction, certain)| Breach {
            rule: INFO.id,
            family: INFO.family,
            subject: subject.clone(),
            aspect: Aspect::Direction(direction),
            extent: Extent::Count(1),
            certain: certain.and_then(|()| coverage(context.snapshot, &context.environment.plugin, &key.name)),
        }));
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        needs(context, breach)
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
        let first = context
            .snapshot
            .templates(Some(&namespace))
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

/// Whether a policy isolates every Pod for a direction, the one without labels among them; else how certain it is that none does.
/// What the policy then admits is `open`'s and `wide`'s concern.
fn denial(context: &Context<'_>, namespace: &Name, direction: Direction) -> Result<(), Coverage> {
    let nobody = PodFacts::default();
    let exposure = exposure(context.snapshot, &context.environment.plugin, namespace, &nobody, direction);
    let denies = |reading: &Exposure| {
        reading.by_plugin || reading.isolated_by.iter().any(|policy| policy.subject.pods.is_everything())
    };
    if exposure.readings().all(denies) {
        return Ok(());
    }
    let doubt = exposure.doubt.as_ref().filter(|_| exposure.readings().any(denies));
    Err(doubt.map_or(Ok(()), |doubt| Err(doubt.why.clone())))
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
    snapshot.templates(Some(namespace)).any(|object| !snapshot.is_going(object.meta()))
        || snapshot.classes(Some(namespace)).any(|(_, class)| class.pods.iter().any(runs))
}
