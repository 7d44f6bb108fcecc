//! `disabled-mtls`: what turns mutual TLS off where there would be some.

use crate::{
    encryption::mesh::{Accepts, bypasses, inbound, istio_turned_off, lowers_access, reaches_meshed},
    model::{FieldPath, MeshPolicy, Name, Object, Place, PodFacts},
    snapshot::{Coverage, Need, Snapshot},
};

use super::{
    Aspect, Breach, Context, Environment, Extent, Family, Finding, Fix, Level, Rule, RuleId, RuleInfo, Subject,
    Workload, inside,
};

/// The rule.
pub(super) struct DisabledMtls;

static INFO: RuleInfo = RuleInfo {
    id: RuleId("disabled-mtls"),
    family: Family("disabled-mtls"),
    level: Level::Baseline,
    what: "Something that turns mutual TLS off for workloads that would have it: a PeerAuthentication that says DISABLE, a DestinationRule whose \
           `tls` is DISABLE or has no mode, for a host with workloads in the mesh, a Linkerd Server whose accessPolicy lets in what the \
           namespace's default does not, and annotations by which a workload leads inbound packets past its proxy.",
    why: "The mesh goes on to show the workload as one of its own, and what is turned off is plaintext. A DestinationRule without `tls` leaves \
          mutual TLS to the mesh; `tls: {}` means DISABLE, which is the opposite. Ports that are skipped are free of every policy of the mesh.",
    sources: &[
        "https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings-TLSmode",
        "https://istio.io/latest/docs/reference/config/annotations/",
        "https://linkerd.io/2/reference/proxy-configuration/",
        "linkerd2/policy-controller/k8s/index/src/inbound/index.rs",
    ],
    parameters: &[],
    aspect: "the field",
    extent: "1",
    breaks: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop.svc.cluster.local
  trafficPolicy: {tls: {}}
",
    keeps: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  containers: [{name: web, image: example.com/web:1}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop.svc.cluster.local
  trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}}
",
    mend: "Remove what turns it off: the mode DISABLE, the `tls` of the DestinationRule (or write mode: ISTIO_MUTUAL), the accessPolicy, the \
           annotation.",
};

/// Where a policy turns mutual TLS off, how sure that is, and the fact.
fn of_policy(
    snapshot: &Snapshot,
    environment: &Environment,
    policy: &MeshPolicy,
) -> Vec<(FieldPath, Coverage, &'static str)> {
    let mut found = Vec::new();
    for path in istio_turned_off(&environment.mesh, policy) {
        found.push((path, Ok(()), "turns mutual TLS off (DISABLE)"));
    }
    if lowers_access(snapshot, &environment.mesh, policy).is_some() {
        let fact = "lets in unauthenticated clients, where the default of its namespace demands an identity";
        found.push((FieldPath::new("spec.accessPolicy"), Ok(()), fact));
    }
    let certain = match reaches_meshed(snapshot, policy) {
        Some(Ok(true)) => Ok(()),
        Some(Err(blind)) => Err(blind),
        Some(Ok(false)) | None => return found,
    };
    let crate::model::mesh::MeshSpec::Istio(crate::model::mesh::IstioSpec::DestinationRule(rule)) = &policy.spec else {
        return found;
    };
    let fact = "makes clients connect in plaintext to workloads of the mesh (DISABLE, which a tls without a mode means as well)";
    found.extend(rule.plaintext.iter().map(|path| (path.clone(), certain.clone(), fact)));
    found
}

impl Rule for DisabledMtls {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn judge(&self, context: &Context<'_>, subject: &Subject, out: &mut Vec<Breach>) {
        let snapshot = context.snapshot;
        let found: Vec<(FieldPath, Coverage)> = if let Some(policy) = policy_of(snapshot, subject) {
            let found = of_policy(snapshot, context.environment, &policy);
            found.into_iter().map(|(path, certain, _)| (path, certain)).collect()
        } else {
            let Some(workload) = context.workload(subject) else { return };
            let found = bypasses(snapshot, &workload.namespace, &workload.facts);
            let loses = |key: &str| would_be_sealed(context, &workload, key);
            let found = found.into_iter().filter(|(key, _)| loses(key));
            found.map(|(key, _)| (inside::annotation(&workload, key).path, Ok(()))).collect()
        };
        out.extend(found.into_iter().map(|(path, certain)| Breach {
            rule: INFO.id,
            family: INFO.family,
            subject: subject.clone(),
            aspect: Aspect::Place(path),
            extent: Extent::Count(1),
            certain,
        }));
    }

    fn rests_on(&self, context: &Context<'_>, breach: &Breach) -> Vec<Need> {
        if policy_of(context.snapshot, &breach.subject).is_some() { Vec::new() } else { inside::needs(context, breach) }
    }

    fn explain(&self, context: &Context<'_>, breach: &Breach) -> Finding {
        let reference = breach.subject.reference(context.snapshot);
        let snapshot = context.snapshot;
        let mut finding = Finding {
            rule: INFO.id,
            aspect: breach.aspect.to_string(),
            message: format!("{reference} turns mutual TLS off"),
            why: INFO.why.to_owned(),
            fix: Fix::Words(INFO.mend.to_owned()),
            places: Vec::new(),
            subject: reference,
        };
        let Aspect::Place(path) = &breach.aspect else { return finding };
        let reference = &finding.subject;
        if let Some(policy) = policy_of(snapshot, &breach.subject) {
            let found = of_policy(snapshot, context.environment, &policy);
            let fact = found.iter().find(|(at, _, _)| at == path).map_or("turns mutual TLS off", |(_, _, fact)| *fact);
            finding.message = format!("{reference} {fact}, by {path}");
            finding.fix = Fix::Words(if path.as_str().ends_with("tls") {
                format!("remove {path}, or set its mode to ISTIO_MUTUAL")
            } else if path.as_str() == "spec.accessPolicy" {
                "remove accessPolicy, and authorize who is meant".to_owned()
            } else {
                format!("set {path} to STRICT, or remove it")
            });
            finding.places = vec![Place { object: policy.key(), path: path.clone() }];
        } else if let Some(workload) = context.workload(&breach.subject) {
            let found = bypasses(snapshot, &workload.namespace, &workload.facts);
            let found = found.into_iter().map(|(key, fact)| (key, fact, inside::annotation(&workload, key)));
            let here: Option<(&str, Name, Place)> = found.into_iter().find(|(_, _, at)| at.path == *path);
            if let Some((key, fact, place)) = here {
                finding.message = format!("{reference} turns mutual TLS off: its annotation {key} {fact}");
                finding.fix = Fix::Words(format!("remove the annotation {key} from the Pod template"));
                finding.places = vec![place];
            }
        }
        finding
    }
}

/// Whether some port would not accept plaintext without the annotation. Where all would, there is nothing to turn off.
fn would_be_sealed(context: &Context<'_>, workload: &Workload, key: &str) -> bool {
    let mut facts = PodFacts::clone(&workload.facts);
    let others = facts.mesh.annotations.iter().filter(|(other, _)| *other != key);
    facts.mesh.annotations = others.map(|(key, value)| (key.clone(), value.clone())).collect();
    let without = inbound(context.snapshot, &context.environment.mesh, &workload.namespace, &facts);
    !without.ports_where(|accepts| !matches!(accepts, Accepts::Plaintext(_))).0.is_empty()
}

/// The policy of a mesh that the subject is.
pub(super) fn policy_of(snapshot: &Snapshot, subject: &Subject) -> Option<std::sync::Arc<MeshPolicy>> {
    let Subject::Object(key) = subject else { return None };
    if !key.kind.is_mesh_policy() {
        return None;
    }
    match snapshot.object(key).found()? {
        Object::MeshPolicy(policy) => Some(policy),
        _ => None,
    }
}
